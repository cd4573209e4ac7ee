"""Fixtures of the browser tests: a Chromium, the running application in a demo world, a person who looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from demo_portal.people import User
from demo_portal.portal import Portal
from tests.browser.chromium import chromium, need_chromium
from tests.browser.stage import Person, Stage, running_stage
from tests.browser.visit import Visit

Visitor = Callable[..., Visit]

STATIC = Path(__file__).parents[2] / "static"
PATIENCE = 60_000  # milliseconds: what is waited for comes at once on an idle machine, and may take long on a busy one
SCRIPTS_ALONE = "http://scripts.test/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that stands in this folder needs a browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the tests of this folder; its event loop must not outlive them."""
    with chromium(need_chromium()) as found:
        yield found


@pytest.fixture(scope="package")
def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The running application and the world around it."""
    expect.set_options(timeout=PATIENCE)
    with running_stage(tmp_path_factory.mktemp("app")) as found:
        yield found


@pytest.fixture
def portal(stage: Stage) -> Iterator[Portal]:
    """A portal of this test alone: sample data, the application installed, nothing built yet."""
    made = stage.portal()
    yield made
    made.faults.clear()
    made.stop()


@pytest.fixture
def admin(portal: Portal) -> Person:
    """The portal's administrator, calling the API."""
    return Person.of(portal)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of this test alone, 1280 px wide, in Russian."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ru-RU", timezone_id="Europe/Moscow")
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def visit(context: BrowserContext, portal: Portal) -> Iterator[Visitor]:
    """Opens a tab at the portal: ``visit(user=…, lang=…)``. At the end no console may have complained, except of
    requests that a test lets fail, and no exception or rejected promise may have gone uncaught."""
    visits: list[Visit] = []

    def begin(user: User | None = None, lang: str = "ru", at: Portal | None = None) -> Visit:
        visits.append(Visit(context, at or portal, user, lang))
        return visits[-1]

    yield begin
    for each in visits:
        each.leave()
    assert [each.complaints for each in visits if each.complaints] == []
    assert [each.uncaught for each in visits if each.uncaught] == []


@pytest.fixture(scope="module")
def scripts(browser: Browser) -> Iterator[Page]:
    """An empty page from which ``import('/js/….js')`` works."""
    page = browser.new_page()
    uncaught: list[str] = []
    page.on("pageerror", lambda error: uncaught.append(f"{error.name}: {error.message}"))
    page.route(f"{SCRIPTS_ALONE}**", _serve)
    page.goto(SCRIPTS_ALONE)
    yield page
    page.close()
    assert uncaught == []


def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(SCRIPTS_ALONE)
    if path and not (STATIC / path).is_file():
        route.fulfill(status=404)
    elif path:
        route.fulfill(path=STATIC / path, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>scripts</title>", content_type="text/html")

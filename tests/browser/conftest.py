"""Fixtures of the browser tests: a Chromium, and a page that holds our scripts alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.chromium import chromium, find_chromium

STATIC = Path(__file__).parents[2] / "static"
SCRIPTS_ALONE = "http://scripts.test/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that stands in this folder needs a browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the whole run."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium was found (set CHROMIUM_PATH): the browser tests are left out")
    with chromium(path) as found:
        yield found


@pytest.fixture(scope="module")
def scripts(browser: Browser) -> Iterator[Page]:
    """An empty page from which ``import('/js/….js')`` works."""
    page = browser.new_page()
    page.route(f"{SCRIPTS_ALONE}**", _serve)
    page.goto(SCRIPTS_ALONE)
    yield page
    page.close()


def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(SCRIPTS_ALONE)
    if path:
        route.fulfill(path=STATIC / path, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>scripts</title>", content_type="text/html")

"""What the Market's moderator does: installs, looks at every page, removes, installs again; and an empty portal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from demo_portal.people import User
from demo_portal.portal import Portal
from tests.browser.stage import Person, Stage, running_stage
from tests.browser.visit import Visit, press
from tests.live import until

PUBLISHER = {
    "MARKET_APP_NAME": "Реестр счетов",
    "MARKET_LICENSOR": "ООО «Пример»",
    "MARKET_INN": "0000200017",
    "MARKET_ADDRESS": "Москва",
    "MARKET_EMAIL": "help@example.ru",
}
TABS = ("report", "history", "schedules")
ADMINISTRATORS = ("settings", "journal", "self-check")
LOADED = {
    "report": "#form-fields",
    "history": "#history tbody tr, #history .empty",
    "schedules": "#schedules tbody tr, #schedules .empty",
    "settings": "[data-testid=settings-save]",
    "journal": "#journal tbody tr",
    "self-check": "#self-check li",
}
"""What a tab shows once it has all that it asks for."""
NOT_OF_A_PORTAL = {"alembic_version", "chore", "sqlite_sequence"}
SCROLLS = """() => { const root = document.documentElement;
  return [root.scrollWidth > root.clientWidth, root.scrollHeight > root.clientHeight]; }"""
PATIENT = 60.0


@pytest.fixture(scope="module")
def published(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An application that is published in the Market."""
    with pytest.MonkeyPatch.context() as settings:
        for name, value in PUBLISHER.items():
            settings.setenv(name, value)
        with running_stage(tmp_path_factory.mktemp("published")) as stage:
            yield stage


@pytest.fixture
def alone(browser: Browser, tmp_path: Path) -> Iterator[Stage]:
    """An application that no other test uses, with its data in ``tmp_path``."""
    with running_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def slider(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of 1280 × 720, in Russian."""
    made = browser.new_context(viewport={"width": 1280, "height": 720}, locale="ru-RU", timezone_id="Europe/Moscow")
    yield made
    made.close()


def rows_of(folder: Path) -> dict[str, int]:
    """How many rows each table of the application has, those alone that have any."""
    with sqlite3.connect(f"file:{folder}/app.db?mode=ro", uri=True) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: database.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in names}
    return {name: count for name, count in counts.items() if count and name not in NOT_OF_A_PORTAL}


def files_of(folder: Path) -> list[Path]:
    return [each for place in ("reports", "work") for each in (folder / place).rglob("*") if each.is_file()]


def every_page(at: Visit, names: tuple[str, ...]) -> None:
    """Opens each tab: no bar of the frame, no dead link; the console is held against the visit at its end."""
    for name in names:
        panel = at.tab(name)
        expect(panel).to_be_visible()
        expect(panel.locator(LOADED[name]).first).to_be_visible()
        at.grown()
        at.frame.wait_for_function(f"() => !({SCROLLS})()[1]")
        assert at.frame.evaluate(SCROLLS) == [False, False], name
        assert dead_links(panel) == [], name


def dead_links(panel: Locator) -> list[str]:
    found = set(panel.locator("a[href]").evaluate_all("links => links.map((each) => each.href)"))
    return [each for each in found if requests.get(each, timeout=20).status_code != 200]


def closed(visit: Visit) -> None:
    """The visit ends, and nobody's console has complained."""
    visit.leave()
    assert (visit.errors, visit.uncaught) == ([], [])


def used(portal: Portal, slider: BrowserContext, user: User, tabs: tuple[str, ...]) -> None:
    """A person opens the app, builds a report, and looks at every page."""
    at = Visit(slider, portal, user).open()
    at.choose("period-all_time")
    at.build()
    at.done()
    every_page(at, tabs)
    closed(at)


def removed(portal: Portal, folder: Path) -> None:
    """The app is removed with its data: every table is empty of the portal, and so are the folders."""
    assert portal.uninstall(clean=True) == [200]
    until(lambda: rows_of(folder) == {"erasure": 1}, PATIENT, "all rows to go, but for the digest of the event")
    until(lambda: files_of(folder) == [], PATIENT, "all files to go")


def test_install_use_remove_and_install_again(alone: Stage, slider: BrowserContext, tmp_path: Path) -> None:
    portal = alone.portal(invoices=8, installed=False)
    closed(Visit(slider, portal).open())
    assert portal.installation().installed

    used(portal, slider, portal.admin, (*TABS, *ADMINISTRATORS))
    used(portal, slider, portal.accountant, TABS)
    accountant = Person.of(portal, portal.accountant)
    accountant.call("POST", "/saved-sets", {"name": "Мой набор", "params": {"period": "last_month"}})
    plan = {"every": "day", "time": "09:00"}
    schedule = {"name": "Ежедневно", "params": {}, "period": "yesterday", "when": plan, "deliver": []}
    accountant.call("POST", "/schedules", schedule)
    held = {"portal", "user_token", "portal_user", "portal_bucket", "report", "report_file", "saved_set", "schedule"}
    assert held <= rows_of(tmp_path).keys()
    assert files_of(tmp_path)

    removed(portal, tmp_path)
    closed(Visit(slider, portal).open())
    at = Visit(slider, portal).open()
    at.tab("history")
    expect(at.get("history-empty")).to_be_visible()
    closed(at)
    assert rows_of(tmp_path)["portal"] == 1
    assert "report" not in rows_of(tmp_path)


@pytest.mark.parametrize("path", ["/", "/app", "/install", "/legal/license", "/legal/privacy"])
def test_pages_outside_the_portal_have_no_bar_and_no_dead_link(
    published: Stage, slider: BrowserContext, path: str
) -> None:
    page, said = slider.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    answer = page.goto(f"{published.world.app.url}{path}")
    assert answer is not None
    assert answer.status == 200
    assert page.evaluate(SCROLLS)[0] is False
    links = {str(link.evaluate("link => link.href")) for link in page.locator("a[href^='/'], a[href^='http']").all()}
    assert [each for each in links if requests.get(each, timeout=20).status_code != 200] == []
    assert said == []


def test_an_empty_portal_says_what_is_missing_and_shows_a_sample(published: Stage, slider: BrowserContext) -> None:
    """Each page says what there is not and where it is made; the sample is called one wherever it is shown."""
    portal = published.world.add_portal()
    portal.install()
    at = Visit(slider, portal).open()
    expect(at.get("no-own-company")).to_contain_text("На портале нет вашей компании")
    expect(at.get("result-empty")).to_be_visible()
    expect(at.app.locator("#result").get_by_role("link", name="открыть список счетов")).to_be_visible()
    every_page(at, (*TABS, *ADMINISTRATORS))
    for code in ("invoices", "own_company", "clients"):
        check = at.app.locator(f'#self-check [data-code="{code}"]')
        expect(check.get_by_role("link", name="Открыть на портале")).to_be_visible()

    at.tab("report")
    portal.reset_counters()
    press(at.grown().get("sample"))
    shown = at.done()
    expect(at.get("sample-mark")).to_contain_text("вымышлены")
    expect(shown.get_by_test_id("total-invoices")).to_have_text("14 счетов")
    assert len(portal.calls) == 0
    assert at.app.locator("#result a[href*='/crm/']").count() == 0
    press(at.grown().get("look"))
    expect(at.app.locator("#result-rows").get_by_test_id("sample-mark")).to_be_visible()
    expect(at.app.locator("#result-rows").get_by_test_id("row").first).to_be_visible()
    assert at.app.locator("#result-rows a[href*='/crm/']").count() == 0
    at.tab("history")
    expect(at.get("history-row")).to_contain_text("Пример: данные не из вашего портала")
    every_page(at, (*TABS, *ADMINISTRATORS))
    closed(at)

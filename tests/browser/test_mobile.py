"""The application in the portal's mobile application: a telephone 360 px wide, touched by a finger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.test_access import SMALLEST, TABS
from tests.browser.visit import FRAME, Visit, press

TELEPHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 "
    "Mobile Safari/537.36 BitrixMobile/Version=55"
)
FINGER = 40
"""Pixels that a finger hits."""


@pytest.fixture
def telephone(browser: Browser, portal: Portal) -> Iterator[Visit]:
    """A tab of a telephone at the portal; no console complains."""
    portal.behave(mobile=True)
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        locale="ru-RU",
        timezone_id="Europe/Moscow",
        user_agent=TELEPHONE,
        has_touch=True,
        is_mobile=True,
    )
    at = Visit(context, portal)
    yield at
    at.leave()
    assert (at.errors, at.uncaught) == ([], [])
    context.close()


def opened(at: Visit) -> Visit:
    at.open()
    at.page.evaluate(f"document.querySelector('{FRAME}').style.width = '360px'")
    at.frame.wait_for_function("() => innerWidth === 360")
    return at


def expect_usable(at: Visit) -> None:
    """Nothing is wider than the screen, and whatever can be pressed is as large as a finger."""
    at.frame.wait_for_function("() => document.documentElement.scrollWidth <= 360")
    size, what = at.frame.evaluate(SMALLEST)
    assert size >= FINGER, (size, what)
    beside = at.frame.evaluate(
        """() => [...document.querySelectorAll("button, a.button, input, select, summary")]
            .filter((each) => each.checkVisibility() && !each.closest(".scroll, .rows-box, .visually-hidden"))
            .map((each) => [each.getBoundingClientRect(), each.outerHTML.slice(0, 80)])
            .filter(([box]) => box.width > 1 && (box.left < 0 || box.right > 360)).map(([, html]) => html)"""
    )
    assert beside == []


def test_every_tab_can_be_used(telephone: Visit, admin: Person) -> None:
    """With all that can be opened in it open."""
    admin.finished(admin.report(detailed=True))
    at = opened(telephone)
    at.done()
    at.unfold("more")
    press(at.get("set-save"))
    expect_usable(at)
    for name in TABS:
        panel = at.tab(name)
        expect(panel.get_by_text("Загружаем…")).to_have_count(0)
        expect(panel.get_by_text("Проверяем…")).to_have_count(0)
        if name == "history":
            press(at.get("history-delete"))
        if name == "settings":
            at.choose("builders-chosen")
        expect_usable(at)


def test_a_finished_report_can_be_looked_at(telephone: Visit, admin: Person) -> None:
    """Rows and pictures scroll in boxes of their own; comparing and sending fit beneath."""
    admin.finished(admin.report())
    at = opened(telephone)
    at.done()
    press(at.get("look"))
    expect(at.get("rows").locator("tbody tr").first).to_be_visible()
    expect_usable(at)
    press(at.get("compare"))
    expect(at.get("compare-with")).to_be_visible()
    expect_usable(at)


def test_receivables_can_be_used(telephone: Visit, admin: Person) -> None:
    at = opened(telephone)
    at.choose("kind-receivables")
    at.unfold("more")
    expect_usable(at)
    at.build()
    at.done()
    expect_usable(at)


def test_links_into_the_portal_are_left_to_the_telephone(telephone: Visit, admin: Person) -> None:
    """The mobile application has no slider and refuses to open one: a link opens its tab at the first touch."""
    admin.finished(admin.report())
    at = opened(telephone)
    at.done()
    link = at.get("problem").first
    expect(link).to_have_attribute("target", "_blank")
    held = (
        "link => { let held; link.addEventListener('click', event => { held = event.defaultPrevented; "
        "event.preventDefault(); }, { once: true }); link.click(); return held; }"
    )
    assert link.evaluate(held) is False


def test_downloads_open_in_a_new_tab_and_say_what_to_do_where_none_comes(telephone: Visit, admin: Person) -> None:
    """The frame of the mobile application lets no file through; another way is named."""
    admin.finished(admin.report())
    at = opened(telephone)
    at.done()
    for name in ("xlsx", "csv"):
        link = at.get(f"download-{name}")
        expect(link).to_have_attribute("target", "_blank")
        with at.context.expect_page() as tab, at.context.expect_event("download") as download:
            press(at.grown().get(f"download-{name}"))
        assert download.value.suggested_filename.endswith(f".{name}")
        tab.value.close()
    expect(at.app.get_by_text("Ничего не открылось? Отправьте отчёт в чат или на Диск")).to_be_visible()
    expect(at.get("download-in-tab")).to_have_count(0)
    at.tab("history")
    expect(at.get("history-download-xlsx").first).to_have_attribute("target", "_blank")


def test_on_a_computer_a_download_stays_in_the_frame(visit: Visitor, admin: Person) -> None:
    admin.finished(admin.report())
    at = visit().open()
    at.done()
    expect(at.get("download-xlsx")).not_to_have_attribute("target", "_blank")
    expect(at.get("download-in-tab")).to_be_visible()

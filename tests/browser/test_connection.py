"""The line and the portal behind it: what is said while they fail, and that nothing said outlives its cause."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Route, expect

from demo_portal.faults import Fault
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import Visit, answer_to, press

LISTEN = """() => {
  window.heard = [];
  const place = document.getElementById("connection");
  new MutationObserver(() => window.heard.push(place.textContent)).observe(place, { childList: true });
}"""
BUSY = {
    "type": "urn:invoice-register:problem:portal_busy",
    "title": "Битрикс24 отвечает медленно, и его ждут другие запросы.",
    "status": 503,
    "detail": "Битрикс24 отвечает медленно, и его ждут другие запросы. Повторите через несколько секунд.",
    "code": "portal_busy",
}


def first(times: int, fail: Callable[[Route], None]) -> Callable[[Route], None]:
    """Fails the first requests, then lets them pass."""
    failed: list[str] = []

    def handle(route: Route) -> None:
        if len(failed) < times:
            failed.append(route.request.url)
            fail(route)
        else:
            route.continue_()

    return handle


def lose(route: Route) -> None:
    """The line breaks under this request."""
    route.abort("connectionreset")


def test_after_the_last_try_the_page_says_what_to_press(visit: Visitor, admin: Person) -> None:
    """No further try is promised then: the part that wanted the answer has a button, and the button works."""
    admin.finished(admin.report())
    at = visit().open()
    at.page.route("**/api/v1/journal", lose)
    panel = at.tab("journal")
    expect(panel).to_contain_text("Проверьте связь и нажмите «Повторить попытку»")
    expect(at.app.locator("#connection")).to_be_empty()
    at.page.unroute("**/api/v1/journal")
    press(panel.get_by_role("button", name="Повторить попытку"))
    expect(panel.get_by_test_id("journal-row").first).to_be_visible()
    at.let_requests_fail()  # the browser itself reports what it could not reach


def test_any_good_answer_ends_the_talk_of_a_lost_connection(visit: Visitor) -> None:
    """The clock of the page stands still: not the request that was lost has come back, but another."""
    at = visit().open()
    at.frame.wait_for_load_state("networkidle")  # an answer to what opening has asked would end it at once
    at.page.clock.install()
    at.page.clock.pause_at(at.frame.evaluate("Date.now() + 10_000"))  # it goes on until the page has heard of this
    at.page.route("**/api/v1/journal", lose)
    at.tab("journal")
    expect(at.app.get_by_text("Связь потеряна")).to_be_visible()
    with at.page.expect_response(answer_to("GET", "/reports")):
        at.tab("history")
    expect(at.app.locator("#connection")).to_be_empty()
    at.let_requests_fail()  # the browser itself reports what it could not reach


def test_an_answer_that_is_an_error_ends_it_too(portal: Portal, visit: Visitor, admin: Person) -> None:
    """The report was deleted while the line was down: the line is back all the same."""
    portal.faults.always(Fault.hang(), method="crm.requisite.link.list")
    at = visit().open()
    at.frame.evaluate(LISTEN)
    at.build()
    expect(at.get("under-way")).to_be_visible()
    at.page.route("**/api/v1/reports/*-*", lose)
    expect(at.app.get_by_text("Связь потеряна")).to_be_visible()
    (report,) = admin.call("GET", "/reports")["items"]
    admin.call("DELETE", f"/reports/{report['id']}")
    at.page.unroute("**/api/v1/reports/*-*")
    expect(at.get("result-empty")).to_be_visible()
    expect(at.app.locator("#connection")).to_be_empty()
    at.let_requests_fail()  # the browser itself reports what it could not reach, and the 404


def test_a_busy_portal_is_not_called_a_lost_connection(visit: Visitor) -> None:
    """What the server says of the portal is what the page says while it waits for the next try."""
    at = visit().open()
    at.frame.evaluate(LISTEN)
    headers = {"Content-Type": "application/problem+json", "Retry-After": "1"}
    busy = first(1, lambda route: route.fulfill(status=503, headers=headers, body=json.dumps(BUSY)))
    at.page.route("**/api/v1/self-check", busy)
    expect(at.tab("self-check").locator("[data-code]").first).to_be_visible()
    heard = " ".join(at.frame.evaluate("window.heard"))
    assert "Битрикс24 отвечает медленно" in heard
    assert "через 1 секунду" in heard
    assert "Связь потеряна" not in heard
    expect(at.app.locator("#connection")).to_be_empty()
    at.let_requests_fail()  # the browser itself reports the 503


@pytest.mark.parametrize("place", ["card", "history"])
def test_download_of_a_report_deleted_elsewhere_says_so(visit: Visitor, admin: Person, place: str) -> None:
    """Another tab has deleted the report: the page says it where the link was pressed, and stays."""
    report = admin.report()
    admin.finished(report)
    at = visit().open()
    pressed = _download_link(at, place)
    admin.call("DELETE", f"/reports/{report}")
    at.grown()
    press(pressed)
    expect(at.app.get_by_text("Этого отчёта больше нет")).to_be_visible()
    at.let_requests_fail()  # the browser itself reports the 404


@pytest.mark.parametrize("place", ["card", "history"])
def test_line_goes_down_under_a_download(visit: Visitor, admin: Person, place: str) -> None:
    """In the end the page says what to press; pressing it with the line back downloads the file."""
    admin.finished(admin.report())
    at = visit().open()
    pressed = _download_link(at, place)
    at.page.route("**/api/v1/reports/*-*", lose)
    at.grown()
    press(pressed)
    again = at.app.get_by_role("button", name="Повторить попытку")
    expect(again).to_be_visible()
    expect(at.app.locator("#connection")).to_be_empty()
    at.page.unroute("**/api/v1/reports/*-*")
    at.grown()
    with at.page.expect_download() as download:
        press(again)
    assert download.value.suggested_filename.endswith(".xlsx")
    expect(again).to_have_count(0)
    at.let_requests_fail()  # the browser itself reports what it could not reach


def test_list_that_arrives_late_leaves_what_a_row_says(visit: Visitor, admin: Person) -> None:
    """Opening the tab asks for the list anew; a link in the rows that stood there is pressed before it comes."""
    admin.finished(admin.report())
    at = visit().open()
    pressed = _download_link(at, "history")
    held: list[Route] = []
    at.page.route("**/api/v1/reports", lambda route: held.append(route))  # noqa: PLW0108  Playwright marks its handlers
    at.tab("report")
    with at.page.expect_request("**/api/v1/reports"):
        at.tab("history")
    at.page.route("**/api/v1/reports/*-*", lose)
    at.grown()
    press(pressed)
    with at.page.expect_response(answer_to("GET", "/reports")):
        held.pop().continue_()
    expect(at.app.get_by_role("button", name="Повторить попытку")).to_be_visible()
    at.let_requests_fail()  # the browser itself reports what it could not reach


def _download_link(at: Visit, place: str) -> Locator:
    """Once no answer is on its way that would make it anew."""
    card = at.done()
    if place == "card":
        return card.get_by_test_id("download-xlsx")
    with at.page.expect_response(answer_to("GET", "/reports")):
        panel = at.tab("history")
    return panel.get_by_test_id("history-download-xlsx")

"""The list of earlier reports."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from demo_portal.faults import Fault
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import answer_to, press


def test_empty_history_helps(visit: Visitor) -> None:
    """With no reports yet, the history says what will be there and leads to the first one."""
    at = visit().open()
    at.tab("history")
    press(at.get("history-empty").get_by_role("button"))
    expect(at.get("build")).to_be_visible()


def test_report_is_listed_with_period_conditions_totals_and_size(visit: Visitor, admin: Person) -> None:
    """A row tells the period, the conditions in words, the totals, when it was built and how large it is."""
    admin.finished(admin.report("2026-01-01", "2026-03-31", detailed=True, paid=False))
    at = visit().open()
    at.tab("history")
    row = at.get("history-row")
    expect(row).to_contain_text("1 января – 31 марта 2026 г.")
    expect(row).to_contain_text("С товарными позициями")
    expect(row).to_contain_text("Только неоплаченные")
    expect(row).to_contain_text("готов")
    expect(row).to_contain_text("КБ")


def test_earlier_report_downloads_again(visit: Visitor, admin: Person) -> None:
    """The file of an earlier report is one click away."""
    admin.finished(admin.report())
    at = visit().open()
    at.tab("history")
    with at.page.expect_download() as download:
        press(at.get("history-download-xlsx"))
    assert download.value.suggested_filename.endswith(".xlsx")


def test_rows_of_an_earlier_report_are_one_click_away(visit: Visitor, admin: Person) -> None:
    """They open with the report that they belong to; one without invoices, or a failed one, has none to look at."""
    admin.finished(admin.report("2026-01-01", "2026-12-31"))
    admin.finished(admin.report("2020-01-01", "2020-01-31"))
    at = visit().open()
    at.tab("history")
    expect(at.get("history-row")).to_have_count(2)
    press(at.grown().get("history-look"))
    expect(at.get("about")).to_contain_text("1 января – 31 декабря 2026 г.")
    expect(at.get("row").first).to_be_visible()
    expect(at.get("look")).to_have_attribute("aria-expanded", "true")


def test_repeat_builds_the_same_report_anew(visit: Visitor, admin: Person) -> None:
    """Repeat starts a new report with the same conditions and shows it."""
    first = admin.report("2026-01-01", "2026-03-31", detailed=True)
    admin.finished(first)
    at = visit().open()
    at.tab("history")
    with at.page.expect_response(answer_to("POST", "/reports")):
        press(at.get("history-repeat"))
    at.done()
    newest, oldest = admin.call("GET", "/reports")["items"]
    assert oldest["id"] == first
    assert newest["params"] == oldest["params"]


def test_deleting_is_asked_once_more_and_then_done(visit: Visitor, admin: Person) -> None:
    """Delete asks in the row itself; confirmed, the report is gone from the list, the card and the server."""
    admin.finished(admin.report())
    at = visit().open()
    at.done()
    at.tab("history")
    press(at.get("history-delete"))
    expect(at.get("history-delete-confirm")).to_be_focused()
    press(at.app.get_by_role("button", name="Оставить"))
    expect(at.get("history-row")).to_have_count(1)
    press(at.get("history-delete"))
    press(at.get("history-delete-confirm"))
    expect(at.get("history-empty")).to_be_visible()
    at.tab("report")
    expect(at.get("result-empty")).to_be_visible()
    assert admin.call("GET", "/reports")["items"] == []


def test_question_stands_while_the_list_is_read_anew(portal: Portal, visit: Visitor, admin: Person) -> None:
    """A report that ends meanwhile does not take away the question whether to delete another."""
    admin.finished(admin.report())
    portal.faults.always(Fault.hang(), method="crm.requisite.link.list")
    admin.report("2026-01-01", "2026-03-31")
    at = visit().open()
    expect(at.get("under-way")).to_be_visible()
    with at.page.expect_response(answer_to("GET", "/reports")):
        at.tab("history")
    press(at.get("history-delete").last)
    expect(at.get("history-delete-confirm")).to_be_focused()
    with at.page.expect_response(answer_to("GET", "/reports"), timeout=30_000):
        portal.faults.clear()
    press(at.get("history-delete-confirm"))
    expect(at.get("history-row")).to_have_count(1)
    assert len(admin.call("GET", "/reports")["items"]) == 1


def test_older_reports_come_page_by_page(visit: Visitor, admin: Person) -> None:
    """Twenty reports stand on a page; the button brings the rest."""
    ids = [admin.report("2026-01-01", "2026-01-01", currency="RUB", paid=bool(number % 2)) for number in range(3)]
    for each in ids:
        admin.finished(each)
    at = visit()
    at.page.route("**/api/v1/reports", _cut)
    at.open()
    at.tab("history")
    expect(at.get("history-row")).to_have_count(2)
    press(at.get("show-more"))
    expect(at.get("history-row")).to_have_count(4)
    expect(at.get("show-more")).to_have_count(0)
    expect(at.get("history-row").nth(2).get_by_test_id("history-download-xlsx")).to_be_focused()


@pytest.mark.parametrize("held", ["history-repeat", "show-more"])
def test_list_made_anew_keeps_the_focus(portal: Portal, visit: Visitor, admin: Person, held: str) -> None:
    """A report that ends while somebody is in the list refreshes it under their hands, the focus where it was."""
    admin.finished(admin.report())
    portal.faults.always(Fault.hang(), method="crm.requisite.link.list")
    admin.report("2026-01-01", "2026-03-31")
    at = visit()
    at.page.route("**/api/v1/reports", _cut)
    at.open()
    expect(at.get("under-way")).to_be_visible()
    at.tab("history")
    expect(at.get("history-row").first).not_to_contain_text("готов")
    at.get(held).last.focus()
    portal.faults.clear()
    expect(at.get("history-row").first).to_contain_text("готов", timeout=30_000)
    expect(at.get(held).last).to_be_focused()


def _cut(route: object) -> None:
    """The first page ends after two reports; the next one begins with the second."""
    response = route.fetch()  # type: ignore[attr-defined]  # Playwright's Route
    page = response.json()
    rest = {"items": page["items"][1:], "next": None}
    target = f"{route.request.url}?before=second"  # type: ignore[attr-defined]  # Playwright's Route
    route.request.frame.page.route(target, lambda other: other.fulfill(json=rest))  # type: ignore[attr-defined]  # as above
    route.fulfill(response=response, json={"items": page["items"][:2], "next": target})  # type: ignore[attr-defined]  # as above

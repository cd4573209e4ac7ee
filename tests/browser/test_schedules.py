"""Schedules on the page: made of a report or of conditions, seen, started, paused, taken over, deleted."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person

WEEKLY = {
    "name": "Долги по понедельникам",
    "params": {"kind": "receivables"},
    "period": "as_of_run",
    "when": {"every": "week", "weekday": 1, "time": "09:00"},
}


@pytest.fixture
def accountant(portal: Portal) -> Person:
    """The accountant, calling the API."""
    return Person.of(portal, portal.accountant)


def test_a_finished_report_is_made_to_come_each_month(visit: Visitor, portal: Portal, accountant: Person) -> None:
    """The report's own conditions, without its days; it stands in the list with its next run."""
    portal.set_scopes("crm", "placement", "user_brief", "department", "im")
    accountant.finished(accountant.report("2026-01-01", "2026-12-31", detailed=True))
    at = visit(user=portal.accountant).open()
    at.done()
    at.grown().get("schedule-it").press("Enter")
    at.get("schedule-name").fill("Реестр для директора")
    at.get("schedule-day").select_option("last")
    at.get("schedule-time").fill("18:30")
    at.get("schedule-notification").press("Space")
    expect(at.get("schedule-disk")).to_be_disabled()
    at.get("schedule-save").press("Enter")
    row = at.get("schedule-row")
    expect(row).to_contain_text("Реестр для директора")
    expect(row).to_contain_text("Каждый месяц, в последний день, в 18:30")
    expect(at.get("schedule-form")).to_have_count(0)
    (made,) = accountant.call("GET", "/schedules")["items"]
    assert made["params"]["detailed"] is True
    assert not {"date_from", "date_to"} & made["params"].keys()
    assert (made["period"], made["deliver"]) == ("last_month", [{"to": "notification"}])


def test_conditions_of_the_form_are_made_to_come(visit: Visitor, portal: Portal, accountant: Person) -> None:
    """Beside the saving of a set; without a name it is not saved, and the field has the focus."""
    at = visit(user=portal.accountant).open()
    at.grown().get("set-schedule").press("Enter")
    at.get("schedule-save").press("Enter")
    expect(at.app.get_by_text("Назовите расписание.")).to_be_visible()
    expect(at.get("schedule-name")).to_be_focused()
    at.get("schedule-name").fill("Каждый рабочий день")
    at.get("schedule-every").select_option("workday")
    expect(at.app.get_by_label("Число месяца")).to_be_hidden()
    at.get("schedule-period").select_option("yesterday")
    at.get("schedule-name").press("Enter")
    expect(at.get("schedule-row")).to_contain_text("С понедельника по пятницу в 09:00")
    (made,) = accountant.call("GET", "/schedules")["items"]
    assert (made["period"], made["when"]) == ("yesterday", {"every": "workday", "time": "09:00"})


def test_a_schedule_is_started_paused_changed_and_deleted(visit: Visitor, portal: Portal, accountant: Person) -> None:
    accountant.call("POST", "/schedules", WEEKLY)
    at = visit(user=portal.accountant).open()
    at.get("tab-schedules").press("Enter")
    row = at.get("schedule-row")
    expect(row).to_contain_text("Каждую неделю, понедельник, в 09:00")
    at.get("schedule-run").press("Enter")
    expect(row).to_contain_text("Запущено")
    at.get("schedule-pause").press("Enter")
    expect(row).to_contain_text("Приостановлено")
    at.get("schedule-resume").press("Enter")
    expect(at.get("schedule-pause")).to_be_focused()
    at.get("schedule-edit").press("Enter")
    at.get("schedule-weekday").select_option("5")
    at.get("schedule-save").press("Enter")
    expect(row).to_contain_text("Каждую неделю, пятница, в 09:00")
    at.get("schedule-delete").press("Enter")
    at.get("schedule-delete-confirm").press("Enter")
    expect(at.get("schedules-empty")).to_be_visible()
    assert accountant.call("GET", "/schedules")["items"] == []


def test_an_administrator_sees_all_and_takes_over(
    visit: Visitor, portal: Portal, accountant: Person, admin: Person
) -> None:
    made = accountant.call("POST", "/schedules", WEEKLY)
    at = visit().open()
    at.get("tab-schedules").press("Enter")
    row = at.get("schedule-row")
    expect(row).to_contain_text("Кузнецова Мария")
    at.get("schedule-take-over").press("Enter")
    expect(row).to_contain_text("Смирнова Ольга")
    assert admin.call("GET", f"/schedules/{made['id']}")["owner"]["id"] == portal.admin.id

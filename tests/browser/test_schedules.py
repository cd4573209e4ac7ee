"""Schedules on the page: made of a report or of conditions, seen, started, paused, taken over, deleted."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import press

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
    press(at.grown().get("schedule-it"))
    at.get("schedule-name").fill("Реестр для директора")
    at.get("schedule-day").select_option("last")
    at.get("schedule-time").fill("18:30")
    press(at.get("schedule-notification"), "Space")
    expect(at.get("schedule-disk")).to_be_disabled()
    press(at.get("schedule-save"))
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
    press(at.grown().get("set-schedule"))
    press(at.get("schedule-save"))
    expect(at.app.get_by_text("Назовите расписание.")).to_be_visible()
    expect(at.get("schedule-name")).to_be_focused()
    at.get("schedule-name").fill("Каждый рабочий день")
    at.get("schedule-every").select_option("workday")
    expect(at.app.get_by_label("Число месяца")).to_be_hidden()
    at.get("schedule-period").select_option("yesterday")
    press(at.get("schedule-name"))
    expect(at.get("schedule-row")).to_contain_text("С понедельника по пятницу в 09:00")
    (made,) = accountant.call("GET", "/schedules")["items"]
    assert (made["period"], made["when"]) == ("yesterday", {"every": "workday", "time": "09:00"})


def test_a_schedule_is_started_paused_changed_and_deleted(visit: Visitor, portal: Portal, accountant: Person) -> None:
    accountant.call("POST", "/schedules", WEEKLY)
    at = visit(user=portal.accountant).open()
    press(at.get("tab-schedules"))
    row = at.get("schedule-row")
    expect(row).to_contain_text("Каждую неделю, понедельник, в 09:00")
    press(at.get("schedule-run"))
    expect(row).to_contain_text("Запущено")
    press(at.get("schedule-pause"))
    expect(row).to_contain_text("Приостановлено")
    press(at.get("schedule-resume"))
    expect(at.get("schedule-pause")).to_be_focused()
    press(at.get("schedule-edit"))
    at.get("schedule-weekday").select_option("5")
    press(at.get("schedule-save"))
    expect(row).to_contain_text("Каждую неделю, пятница, в 09:00")
    press(at.get("schedule-delete"))
    press(at.get("schedule-delete-confirm"))
    expect(at.get("schedules-empty")).to_be_visible()
    assert accountant.call("GET", "/schedules")["items"] == []


def test_an_administrator_sees_all_and_takes_over(
    visit: Visitor, portal: Portal, accountant: Person, admin: Person
) -> None:
    made = accountant.call("POST", "/schedules", WEEKLY)
    at = visit().open()
    press(at.get("tab-schedules"))
    row = at.get("schedule-row")
    expect(row).to_contain_text("Кузнецова Мария")
    press(at.get("schedule-take-over"))
    expect(row).to_contain_text("Смирнова Ольга")
    assert admin.call("GET", f"/schedules/{made['id']}")["owner"]["id"] == portal.admin.id

"""What administrators see besides: settings, journal, self-check."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from demo_portal import PAID, a_row
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import Visit

NO_CLIPBOARD = """() => Object.defineProperty(navigator, "clipboard", { configurable: true, value: {
  writeText: async () => { throw new Error("forbidden"); } } })"""


def test_employee_has_no_administrators_tabs(portal: Portal, visit: Visitor) -> None:
    """Settings, journal and self-check are for administrators."""
    at = visit(user=portal.accountant).open()
    expect(at.app.get_by_role("tab")).to_have_text(["Отчёт", "История"])


def test_settings_are_saved_and_hold_in_the_form(visit: Visitor, admin: Person) -> None:
    """What an administrator saves is the server's, and the form of a new report follows it."""
    at = visit().open()
    at.tab("settings")
    at.get("set-period").select_option("last_quarter")
    at.get("set-report-days").fill("30")
    at.get("set-stages").get_by_label("Частично оплачен").check()
    at.get("settings-save").click()
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")
    saved = admin.call("GET", "/settings")
    assert (saved["default_period"], saved["report_days"], saved["excluded_stages"]) == (
        "last_quarter",
        30,
        ["DT31_2:1"],
    )
    at.open()
    expect(at.get("period-last_quarter")).to_be_checked()
    at.app.get_by_text("Ещё условия").click()
    expect(at.get("stages").get_by_label("Частично оплачен")).not_to_be_checked()


def test_a_chosen_field_that_is_gone_is_said_on_the_form_and_in_the_settings(visit: Visitor) -> None:
    """Until another is chosen: then both are silent again."""

    def lose_the_field(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"gone_fields": {"paid_field": PAID}})

    at = visit()
    at.page.route("**/api/v1/options", lose_the_field)
    at.open()
    expect(at.get("form-gone")).to_contain_text("больше нет поля, выбранного как дата оплаты")
    at.tab("settings")
    expect(at.get("settings-gone")).to_contain_text("Оплаченными считаются счета на успешной стадии")
    save_settings(at)
    for place in ("settings-gone", "form-gone"):
        expect(at.get(place)).to_be_empty()


def test_wrong_setting_is_explained_beside_its_field(visit: Visitor) -> None:
    """A time zone that does not exist is refused beside the field; nothing is saved."""
    at = visit().open()
    at.tab("settings")
    at.get("set-time-zone").fill("Europe/Nowhere")
    at.get("settings-save").click()
    expect(at.get("settings-note")).to_contain_text("Настройки не сохранены")
    expect(at.get("set-time-zone")).to_have_attribute("aria-invalid", "true")
    expect(at.get("set-time-zone")).to_be_focused()
    at.errors.clear()  # the browser itself reports the 422


def test_only_chosen_employees_may_build(portal: Portal, visit: Visitor) -> None:
    """With chosen builders, an employee who is not among them is told so instead of failing.

    They are chosen in the portal's own dialogue; where the application may not ask who works where, of employees alone.
    """
    portal.set_scopes("crm", "placement")
    portal.install()
    at = visit().open()
    at.tab("settings")
    at.choose("builders-chosen")
    pick(at, portal.accountant.full_name)
    expect(at.get("builders-list")).to_contain_text(portal.accountant.full_name)
    save_settings(at)
    other = visit(user=portal.manager).open()
    expect(other.app.get_by_text("Формировать отчёты могут только сотрудники")).to_be_visible()
    expect(other.get("build")).to_have_attribute("aria-disabled", "true")
    allowed = visit(user=portal.accountant).open()
    expect(allowed.get("build")).not_to_have_attribute("aria-disabled", "true")


def test_departments_are_chosen_in_the_portals_dialogue(portal: Portal, visit: Visitor, admin: Person) -> None:
    """A department chosen there lets its employees build, and its name stays known; anything else is left out aloud."""
    at = visit().open()
    at.tab("settings")
    at.choose("builders-chosen")
    pick(at, "Бухгалтерия", "Все авторизованные пользователи")
    expect(at.app.get_by_text("Не добавлено: Все авторизованные пользователи.")).to_be_visible()
    save_settings(at)
    builders = admin.call("GET", "/settings")["builders"]
    assert builders == {"mode": "chosen", "users": [], "departments": [2], "names": {"D2": "Бухгалтерия"}}
    at.open()
    at.tab("settings")
    expect(at.get("builders-list")).to_contain_text("Бухгалтерия")
    allowed = visit(user=portal.accountant).open()
    expect(allowed.get("build")).not_to_have_attribute("aria-disabled", "true")
    other = visit(user=portal.manager).open()
    expect(other.get("build")).to_have_attribute("aria-disabled", "true")


def pick(at: Visit, *names: str) -> None:
    """Chooses these in the portal's dialogue."""
    at.get("builders-pick").click()
    for name in names:
        at.page.locator("dialog .user-row", has_text=name).click()
    at.page.locator("dialog > .button").click()


def save_settings(at: Visit) -> None:
    """Saves the settings and sees that they are."""
    at.get("settings-save").click()
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")


def test_journal_tells_who_did_what(visit: Visitor, admin: Person) -> None:
    """The journal has a line for a report that was built, with the person and the period."""
    admin.finished(admin.report("2026-01-01", "2026-03-31"))
    at = visit().open()
    at.tab("journal")
    row = at.get("journal-row").first
    expect(row).to_contain_text("Запуск отчёта")
    expect(row).to_contain_text("1 января – 31 марта 2026 г.")


def test_self_check_passes_on_a_healthy_portal(visit: Visitor) -> None:
    """On a portal where all is well every check says so."""
    at = visit().open()
    at.tab("self-check")
    expect(at.get("self-check")).to_contain_text("Всё в порядке.")


def test_self_check_says_what_to_do(portal: Portal, visit: Visitor) -> None:
    """A placement that has vanished is named, with what to do about it."""
    portal.installation().placements.pop()
    at = visit().open()
    at.tab("self-check")
    expect(at.get("self-check")).to_contain_text("требует внимания")
    expect(at.get("self-check").locator("li.failed .sub")).not_to_be_empty()


@pytest.mark.parametrize(("pressed", "period"), [("settings_mine", "last_quarter"), ("settings_theirs", "this_year")])
def test_settings_that_another_administrator_has_changed_are_not_overwritten_unseen(
    visit: Visitor, admin: Person, pressed: str, period: str
) -> None:
    """The page says so and offers theirs alone, or theirs with what was typed here; then saving works."""
    at = visit().open()
    at.tab("settings")
    at.get("set-period").select_option("last_quarter")
    theirs = admin.call("GET", "/settings") | {"default_period": "this_year", "report_days": 33}
    admin.call("PUT", "/settings", theirs)
    at.get("settings-save").click()
    expect(at.get("settings-note")).to_contain_text("Настройки тем временем изменил другой администратор")
    assert admin.call("GET", "/settings") == theirs
    at.grown().get(pressed).click()
    expect(at.get("set-report-days")).to_have_value("33")
    expect(at.get("set-period")).to_have_value(period)
    expect(at.get("settings-save")).to_be_focused()
    at.grown().get("settings-save").click()
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")
    assert admin.call("GET", "/settings") == theirs | {"default_period": period}
    at.errors.clear()  # the browser itself reports the 412


def test_a_portal_is_questioned_in_detail_and_the_result_can_be_copied(portal: Portal, visit: Visitor) -> None:
    """A table of what the portal answered; where the frame has no clipboard, the text stands there selected."""
    portal.behave(owner_lists="refused")
    portal.crm.add_invoice(company_id=portal.crm.add_company("ООО «Тайна»"), rows=[a_row(name="Секрет")])
    at = visit().open()
    at.frame.evaluate(NO_CLIPBOARD)
    at.tab("self-check")
    at.get("probe-start").click()
    expect(at.get("probe-copy")).to_be_visible(timeout=60_000)
    expect(at.get("probe-note")).to_contain_text("Готово")
    expect(at.get("probe").locator("[data-outcome=one_by_one]")).to_contain_text("счёт за счётом")
    at.grown().get("probe-copy").click()
    text = at.get("probe-text").input_value()
    assert "crm.item.productrow.list | list of owners | 400 | " in text
    assert [each for each in (portal.domain, "Тайна", "Секрет") if each in text] == []
    assert at.frame.evaluate("document.activeElement.selectionEnd") == len(text)

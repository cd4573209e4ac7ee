"""What administrators see besides: settings, journal, self-check."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from demo_portal import PAID, a_row
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import Visit, press, tick

NO_CLIPBOARD = """() => Object.defineProperty(navigator, "clipboard", { configurable: true, value: {
  writeText: async () => { throw new Error("forbidden"); } } })"""


def test_employee_has_no_administrators_tabs(portal: Portal, visit: Visitor) -> None:
    """Settings, journal and self-check are for administrators."""
    at = visit(user=portal.accountant).open()
    expect(at.app.get_by_role("tab")).to_have_text(["Отчёт", "История", "Расписания"])


def test_settings_are_saved_and_hold_in_the_form(visit: Visitor, admin: Person) -> None:
    """What an administrator saves is the server's, and the form of a new report follows it."""
    at = visit().open()
    at.tab("settings")
    at.get("set-period").select_option("last_quarter")
    at.get("set-report-days").fill("30")
    tick(at.get("set-stages").get_by_label("Частично оплачен"))
    tick(at.app.get_by_label("Ускоренная выгрузка"))
    press(at.grown().get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")
    saved = admin.call("GET", "/settings")
    assert (saved["default_period"], saved["report_days"], saved["excluded_stages"], saved["fetch_mode"]) == (
        "last_quarter",
        30,
        ["DT31_2:1"],
        "batch",
    )
    at.open()
    expect(at.get("period-last_quarter")).to_be_checked()
    at.unfold("more")
    expect(at.get("stages").get_by_label("Частично оплачен")).not_to_be_checked()


@pytest.mark.parametrize(
    ("lang", "question", "kept"),
    [
        ("ru", "По какому часовому поясу считать дни портала?", "Дни считаются по поясу"),
        ("en", "In which time zone", "Days"),
    ],
)
def test_the_guessed_time_zone_is_asked_for_and_kept_by_one_click(
    visit: Visitor, admin: Person, lang: str, question: str, kept: str
) -> None:
    """Then nobody is asked again; another zone may be typed, one that does not exist is refused in words."""
    guess = admin.call("GET", "/settings")["time_zone"]
    at = visit(lang=lang).open()
    expect(at.get("zone")).to_contain_text(question)
    expect(at.get("zone-guess")).to_have_value(guess)
    if lang == "en":
        at.get("zone-guess").fill("Mars/Olympus")
        press(at.get("zone-keep"))
        expect(at.get("zone")).to_contain_text("There is no such time zone.")
        at.let_requests_fail()  # the browser tells of the refusal
        at.get("zone-guess").fill("Asia/Omsk")
    press(at.get("zone-keep"))
    expect(at.get("zone")).to_contain_text(kept)
    assert admin.call("GET", "/settings")["time_zone"] == ("Asia/Omsk" if lang == "en" else guess)
    at.open()
    expect(at.get("zone")).to_be_empty()


def test_what_counts_as_paid_is_asked_at_the_first_opening_and_kept_by_one_click(visit: Visitor) -> None:
    """It says which field was found; then nobody is asked again."""
    at = visit().open()
    question = at.get("paid-question")
    expect(question).to_contain_text("Оплаченным считается счёт с датой в поле «Дата оплаты». Верно?")
    press(at.grown().get("zone-keep"))
    expect(at.get("zone")).to_contain_text("Дни считаются по поясу")
    at.open()
    expect(question).to_contain_text("Верно?")  # to say which zone is right was no answer
    press(at.grown().get("paid-right"))
    expect(question).to_contain_text("Изменить можно в настройках")
    at.open()
    expect(question).to_be_empty()


def test_what_counts_as_paid_is_changed_in_the_settings(visit: Visitor, admin: Person) -> None:
    """The question leads to the field, and is answered when the settings are saved."""
    at = visit().open()
    press(at.grown().get("paid-change"))
    expect(at.get("set-paid-field")).to_be_focused()
    at.get("set-paid-field").select_option(label="Не выбрано")
    save_settings(at)
    expect(at.get("paid-question")).to_be_empty()
    assert admin.call("GET", "/settings")["paid_field"] is None


def test_chosen_employees_with_nobody_among_them_are_asked_about(visit: Visitor, admin: Person) -> None:
    """It may be meant, and mostly is not."""
    at = visit().open()
    at.tab("settings")
    at.choose("builders-chosen")
    press(at.grown().get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("формировать отчёты смогут только администраторы")
    expect(at.get("builders-choose")).to_be_focused()
    assert admin.call("GET", "/settings")["builders"]["mode"] == "everybody"
    press(at.get("builders-choose"))
    expect(at.get("builders-add")).to_be_focused()
    press(at.get("settings-save"))
    press(at.get("builders-nobody"))
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")
    assert admin.call("GET", "/settings")["builders"]["mode"] == "chosen"


def test_what_was_typed_in_the_settings_can_be_taken_back(visit: Visitor) -> None:
    at = visit().open()
    at.tab("settings")
    days, kept = at.get("set-report-days"), at.get("set-report-days").input_value
    expect(days).not_to_have_value("")
    before = kept()
    days.fill("12")
    at.choose("builders-administrators")
    press(at.grown().get("settings-cancel"))
    expect(days).to_have_value(before)
    expect(at.get("builders-everybody")).to_be_checked()
    expect(at.get("settings-note")).to_contain_text("показаны сохранённые настройки")


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


def test_the_buttons_of_a_long_form_stay_in_sight(visit: Visitor) -> None:
    """The portal's page scrolls, not the frame; at its end they stand at the foot of the form."""
    at = visit()
    at.page.set_viewport_size({"width": 1280, "height": 600})
    at.open()
    at.tab("settings")
    expect(at.get("settings-save")).to_be_visible()
    bar = at.app.locator("#settings .form-actions")
    expect(bar).to_have_class(re.compile("form-actions-up"))
    box = at.get("settings-save").bounding_box()
    assert box is not None
    assert 400 < box["y"] + box["height"] <= 600
    at.page.mouse.move(640, 300)
    at.page.mouse.wheel(0, 5000)
    expect(bar).not_to_have_class(re.compile("form-actions-up"))
    expect(at.get("settings-save")).to_be_in_viewport()


def test_wrong_settings_are_explained_beside_their_fields_at_once(visit: Visitor) -> None:
    """A time zone that does not exist and a term that is too long; nothing is saved, the first has the focus."""
    at = visit().open()
    at.tab("settings")
    at.get("set-time-zone").fill("Europe/Nowhere")
    at.get("set-report-days").fill("4000")
    press(at.grown().get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("Настройки не сохранены")
    expect(at.get("set-time-zone")).to_have_attribute("aria-invalid", "true")
    expect(at.get("set-time-zone")).to_be_focused()
    expect(at.get("set-report-days")).to_have_attribute("aria-invalid", "true")
    expect(at.app.get_by_text("От 1 до 3650 дней.")).to_be_visible()
    at.let_requests_fail()  # the browser itself reports the 422


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
    press(at.get("builders-pick"))
    for name in names:
        at.page.locator("dialog .user-row", has_text=name).click()
    at.page.locator("dialog > .button").click()


def save_settings(at: Visit) -> None:
    """Saves the settings and sees that they are."""
    press(at.grown().get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")


def test_journal_tells_who_did_what(visit: Visitor, admin: Person) -> None:
    """The journal has a line for a report that was built, with the person and the period."""
    admin.finished(admin.report("2026-01-01", "2026-03-31"))
    at = visit().open()
    at.tab("journal")
    row = at.get("journal-row").first
    expect(row).to_contain_text("Запуск отчёта")
    expect(row).to_contain_text("1 января – 31 марта 2026 г.")


def test_journal_names_nobody_who_was_forgotten(visit: Visitor) -> None:
    """Their lines stay, and say neither a name nor that the application did it."""
    at = visit().open()
    line = {"id": 1, "at": "2026-03-01T09:00:00.000Z", "user": {"id": -1, "name": ""}, "report_id": None, "details": {}}
    actions = {"report_created": "Запуск отчёта", "user_forgotten": "Стёрты данные сотрудника"}
    forgotten = [line | {"action": action, "title": title} for action, title in actions.items()]
    at.page.route("**/api/v1/journal", lambda route: route.fulfill(json={"items": forgotten, "next": None}))
    at.tab("journal")
    rows = at.get("journal-row")
    expect(rows).to_contain_text(["Сотрудник, чьи данные стёрты", "Стёрты данные сотрудника"])


def test_journal_is_narrowed_and_saved(visit: Visitor, admin: Person) -> None:
    """Times are the portal's, and the clock is named; the file has what is shown."""
    admin.finished(admin.report("2026-01-01", "2026-03-31", paid=False))
    settings = admin.call("GET", "/settings")
    admin.call("PUT", "/settings", settings | {"time_zone": "Asia/Vladivostok", "report_days": 30})
    at = visit().open()
    panel = at.tab("journal")
    expect(panel).to_contain_text("По времени портала (UTC+10)")
    rows = at.get("journal-row")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Срок хранения отчётов: 90 дней → 30 дней")
    at.get("journal-kind").select_option("reports")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("1 января – 31 марта 2026 г. · Только неоплаченные")
    with at.page.expect_download() as saved:
        press(at.get("journal-csv"))
    text = saved.value.path().read_text(encoding="utf-8-sig")
    assert (saved.value.suggested_filename, text.count("\n")) == ("journal.csv", 2)
    at.get("journal-user").select_option(label=admin.call("GET", "/me")["user"]["name"])
    at.get("journal-to").fill("2020-01-01")
    expect(at.get("journal")).to_contain_text("За эти дни ничего такого не было.")


def test_time_zone_is_found_by_city_and_by_difference(visit: Visitor, admin: Person) -> None:
    """By mouse and by keyboard; a city that was typed and not chosen is meant all the same."""
    at = visit().open()
    at.tab("settings")
    field, city = at.get("set-time-zone"), at.get("set-time-zone-city")
    expect(city).to_have_text("Москва, UTC+3")
    field.fill("+7")
    offered = at.get("set-time-zone-list").get_by_role("option")
    expect(offered.filter(has_text="Новосибирск")).to_have_text("Новосибирск · Asia/Novosibirsk · UTC+7")
    field.fill("yekater")
    expect(offered).to_have_count(1)
    field.press("ArrowDown")
    expect(offered).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(field).to_have_value("Asia/Yekaterinburg")
    expect(city).to_have_text("Екатеринбург, UTC+5")
    field.fill("омск")
    expect(offered.first).to_contain_text("Омск")
    field.press("Tab")
    expect(field).to_have_value("Asia/Omsk")
    save_settings(at)
    assert admin.call("GET", "/settings")["time_zone"] == "Asia/Omsk"
    expect(at.app.locator("[data-clock]").first).to_have_text("По времени портала (UTC+6)")


def test_self_check_passes_on_a_healthy_portal(visit: Visitor) -> None:
    """On a portal where all is well every check says so."""
    at = visit().open()
    at.tab("self-check")
    expect(at.get("self-check")).to_contain_text("Всё в порядке.")


def test_self_check_says_what_to_do(portal: Portal, visit: Visitor) -> None:
    """A right that the application was not given is named, with what to do about it."""
    portal.set_scopes("crm")
    at = visit().open()
    at.tab("self-check")
    expect(at.get("self-check")).to_contain_text("требует внимания")
    expect(at.get("self-check").locator("li.failed .sub").first).not_to_be_empty()


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
    press(at.grown().get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("Настройки тем временем изменил другой администратор")
    assert admin.call("GET", "/settings") == theirs
    press(at.grown().get(pressed))
    expect(at.get("set-report-days")).to_have_value("33")
    expect(at.get("set-period")).to_have_value(period)
    expect(at.get("settings-save")).to_be_focused()
    press(at.grown().get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")
    assert admin.call("GET", "/settings") == theirs | {"default_period": period}
    at.let_requests_fail()  # the browser itself reports the 412


def test_a_portal_is_questioned_in_detail_and_the_result_can_be_copied(portal: Portal, visit: Visitor) -> None:
    """A table of what the portal answered; where the frame has no clipboard, the text stands there selected."""
    portal.behave(owner_lists="refused")
    portal.crm.add_invoice(company_id=portal.crm.add_company("ООО «Тайна»"), rows=[a_row(name="Секрет")])
    at = visit().open()
    at.frame.evaluate(NO_CLIPBOARD)
    at.tab("self-check")
    press(at.get("probe-start"))
    expect(at.get("probe-copy")).to_be_visible(timeout=60_000)
    expect(at.get("probe-note")).to_contain_text("Готово")
    expect(at.get("probe").locator("[data-outcome=one_by_one]")).to_contain_text("счёт за счётом")
    press(at.grown().get("probe-copy"))
    text = at.get("probe-text").input_value()
    assert "crm.item.productrow.list | list of owners | 400 | " in text
    assert [each for each in (portal.domain, "Тайна", "Секрет") if each in text] == []
    assert at.frame.evaluate("document.activeElement.selectionEnd") == len(text)

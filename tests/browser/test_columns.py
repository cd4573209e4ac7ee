"""The columns of a register are chosen and put in order, kept with a set, and an administrator's are everybody's."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from demo_portal.crm.fields import custom_field
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import Visit, answer_to, press

USUAL = [
    "number",
    "inn",
    "counterparty",
    "amount",
    "vat",
    "date",
    "shipped_date",
    "paid_date",
    "currency",
    "stage",
    "kpp",
    "due_date",
    "responsible",
]
PROJECT = "ufCrm_SMART_INVOICE_1"


def opened(at: Visit, details: str = "columns-more") -> Visit:
    at.unfold(details)
    return at.grown()


def expect_chosen(at: Visit, codes: list[str], root: str = "columns") -> None:
    """These columns are chosen, in this order."""
    columns = at.get(f"{root}-chosen").get_by_test_id("column")
    expect(columns).to_have_count(len(codes))
    for place, code in enumerate(codes):
        expect(columns.nth(place)).to_have_attribute("data-code", code)


def act(at: Visit, code: str, what: str, root: str = "columns") -> None:
    press(at.get(f"{root}-chosen").locator(f'[data-code="{code}"] [data-do="{what}"]'))


def ordered(at: Visit) -> dict[str, Any]:
    """What the page asks for when the button orders a report, once that is done."""
    with at.page.expect_response(answer_to("POST", "/reports")) as answer:
        at.build()
    at.done()
    body: dict[str, Any] = answer.value.request.post_data_json
    return body


def asked(at: Visit) -> Any:
    """The columns of the report that the button orders."""
    with at.page.expect_response(answer_to("POST", "/reports")) as answer:
        at.build()
    return answer.value.json()["params"]["columns"]


def test_columns_are_found_added_moved_and_removed_by_the_keyboard(portal: Portal, visit: Visitor) -> None:
    """What cannot be chosen is grey and says why; the file then has these columns in this order."""
    portal.crm.add_custom_field(custom_field("UF_CRM_SMART_INVOICE_1", "string", "Проект"))
    portal.crm.add_custom_field(custom_field("UF_CRM_SMART_INVOICE_2", "file", "Скан договора"))
    at = opened(visit().open())
    expect(at.get("columns-count")).to_have_text("(обычные)")
    expect_chosen(at, USUAL)
    at.get("columns-search").fill("скан")
    expect(at.get("columns-left")).to_contain_text("Поля такого типа в таблице не показать.")
    expect(at.get("columns-left").get_by_role("button")).to_have_count(0)
    at.get("columns-search").fill("проек")
    press(at.get("columns-left").get_by_role("button", name="Добавить: Проект"))
    expect_chosen(at, [*USUAL, PROJECT])
    act(at, PROJECT, "up")
    expect(at.get("columns-chosen").locator(f'[data-code="{PROJECT}"] [data-do="up"]')).to_be_focused()
    for code in USUAL[4:]:
        act(at, code, "remove")
    act(at, "inn", "down")
    expect(at.get("columns-count")).to_have_text("(выбрано 5)")
    assert asked(at) == ["number", "counterparty", "inn", "amount", PROJECT]
    expect(at.done()).to_be_visible()


def test_columns_are_dragged(visit: Visitor) -> None:
    at = opened(visit().open())
    row = at.get("columns-chosen").get_by_test_id("column")
    row.nth(3).drag_to(row.nth(0))
    expect_chosen(at, ["amount", "number", "inn", "counterparty", *USUAL[4:]])


def test_the_usual_columns_come_back_with_one_click(visit: Visitor) -> None:
    at = opened(visit().open())
    act(at, "inn", "remove")
    press(at.get("columns-reset"))
    expect(at.get("columns-count")).to_have_text("(обычные)")
    expect_chosen(at, USUAL)
    assert asked(at) is None


def test_columns_are_kept_with_a_set(visit: Visitor, admin: Person) -> None:
    """What the portal no longer has is left out and said."""
    codes = ["amount", "ufCrmGone", "number"]
    params = {"period": "last_month", "columns": codes}
    admin.call("POST", "/saved-sets", {"name": "Для 1С", "params": params, "shared": False})
    at = opened(visit().open())
    at.get("saved-set").select_option(label="Для 1С")
    expect_chosen(at, ["amount", "number"])
    expect(at.get("columns-more")).to_contain_text("Этих столбцов больше нет, они убраны: ufCrmGone.")
    act(at, "number", "up")
    press(at.get("set-edit"))
    press(at.get("set-confirm"))
    expect(at.app.get_by_text("Набор «Для 1С» сохранён.")).to_be_visible()
    assert admin.call("GET", "/saved-sets")["items"][0]["params"]["columns"] == ["number", "amount"]


def test_a_report_names_the_set_that_its_columns_come_from(visit: Visitor, admin: Person) -> None:
    """Until they are changed; the page knows it after a reload, and the set that is made anew has its own name."""
    admin.call("POST", "/saved-sets", {"name": "Для 1С", "params": {"columns": ["number", "amount"]}, "shared": False})
    at = opened(visit().open())
    assert ordered(at)["set_name"] is None
    at.get("saved-set").select_option(label="Для 1С")
    assert ordered(at)["set_name"] == "Для 1С"
    expect(at.get("about")).to_contain_text("Столбцы набора «Для 1С»")
    at = opened(at.open())
    expect(at.get("saved-set").locator("option:checked")).to_have_text("Для 1С")
    assert ordered(at)["set_name"] == "Для 1С"
    act(at, "number", "down")
    assert ordered(at)["set_name"] is None
    press(at.get("set-save"))
    at.get("set-name").fill("По менеджерам")
    press(at.get("set-name"))
    expect(at.app.get_by_text("Набор «По менеджерам» сохранён.")).to_be_visible()
    assert ordered(at)["set_name"] == "По менеджерам"
    assert all("set_name" not in each["params"] for each in admin.call("GET", "/saved-sets")["items"])


def test_an_administrators_columns_are_everybodys(portal: Portal, visit: Visitor, admin: Person) -> None:
    at = visit().open()
    at.tab("settings")
    opened(at, "set-columns-more")
    for code in USUAL[2:]:
        act(at, code, "remove", "set-columns")
    expect_chosen(at, ["number", "inn"], "set-columns")
    with at.page.expect_response(answer_to("PUT", "/settings")):
        press(at.get("settings-save"))  # a click may land beside it while the frame grows
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")
    assert admin.call("GET", "/settings")["columns"] == ["number", "inn"]
    other = opened(visit(user=portal.accountant).open())
    expect(other.get("columns-count")).to_have_text("(обычные)")
    expect_chosen(other, ["number", "inn"])
    assert asked(other) == ["number", "inn"]

"""Sets of settings by name."""

from __future__ import annotations

from playwright.sync_api import expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import press


def test_set_keeps_the_form_under_a_name(visit: Visitor) -> None:
    """What is chosen is saved under a name, and choosing the name brings it back after a reload."""
    at = visit().open()
    at.choose("period-last_quarter")
    at.choose("detailed")
    at.unfold("more")
    at.get("paid").select_option("false")
    press(at.get("set-save"))
    at.get("set-name").fill("Неоплаченные")
    press(at.get("set-name"))
    expect(at.app.get_by_text("Набор «Неоплаченные» сохранён.")).to_be_visible()
    at.open()
    at.choose("period-this_month")
    at.get("saved-set").select_option(label="Неоплаченные")
    expect(at.get("period-last_quarter")).to_be_checked()
    expect(at.get("detailed")).to_be_checked()
    expect(at.get("paid")).to_have_value("false")


def test_set_without_a_name_is_not_saved(visit: Visitor, admin: Person) -> None:
    """A set needs a name: the page asks for it and keeps the field in focus."""
    at = visit().open()
    press(at.get("set-save"))
    press(at.get("set-confirm"))
    expect(at.app.get_by_text("Назовите набор.")).to_be_visible()
    expect(at.get("set-name")).to_be_focused()
    assert admin.call("GET", "/saved-sets")["items"] == []


def test_own_set_is_changed_and_deleted(visit: Visitor, admin: Person) -> None:
    """One's own set can be renamed and deleted; deleting is asked once more."""
    admin.call("POST", "/saved-sets", {"name": "Для 1С", "params": {"period": "last_month"}, "shared": False})
    at = visit().open()
    at.get("saved-set").select_option(label="Для 1С")
    press(at.get("set-edit"))
    at.get("set-name").fill("Реестр для 1С")
    press(at.get("set-confirm"))
    expect(at.get("saved-set").locator("option:checked")).to_have_text("Реестр для 1С")
    press(at.get("set-delete"))
    press(at.get("set-delete-confirm"))
    expect(at.get("saved-set")).not_to_contain_text("Реестр для 1С")
    assert admin.call("GET", "/saved-sets")["items"] == []


def test_shared_set_is_there_for_others_but_not_theirs_to_change(portal: Portal, visit: Visitor, admin: Person) -> None:
    """An administrator's shared set can be chosen by an employee, who cannot change, delete or share."""
    admin.call("POST", "/saved-sets", {"name": "Для всех", "params": {"period": "last_year"}, "shared": True})
    at = visit(user=portal.accountant).open()
    at.get("saved-set").select_option(label="Для всех")
    expect(at.get("period-last_year")).to_be_checked()
    expect(at.get("set-edit")).to_be_hidden()
    expect(at.get("set-delete")).to_be_hidden()
    press(at.get("set-save"))
    expect(at.get("set-shared")).to_have_count(0)


def test_shared_set_is_changed_by_another_administrator(portal: Portal, visit: Visitor, admin: Person) -> None:
    """An administrator changes and deletes a set that another one has shared: its maker may be gone."""
    admin.call("POST", "/saved-sets", {"name": "Для всех", "params": {"period": "last_year"}, "shared": True})
    portal.accountant.admin = True
    at = visit(user=portal.accountant).open()
    at.get("saved-set").select_option(label="Для всех")
    press(at.get("set-edit"))
    expect(at.get("set-shared")).to_be_checked()
    at.get("set-name").fill("Для каждого")
    press(at.get("set-confirm"))
    expect(at.get("saved-set").locator("option:checked")).to_have_text("Для каждого")
    assert [each["name"] for each in admin.call("GET", "/saved-sets")["items"]] == ["Для каждого"]
    press(at.get("set-delete"))
    press(at.get("set-delete-confirm"))
    expect(at.get("saved-set")).not_to_contain_text("Для каждого")
    assert admin.call("GET", "/saved-sets")["items"] == []

"""Where the paid amount comes from, on the settings page and in the form of a register."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from demo_portal.crm.fields import custom_field
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import Visit, press

MONEY = "ufCrmPaidSum"


@pytest.fixture
def partly(portal: Portal) -> None:
    """The last invoice is paid in part, by a field and by a payment alike."""
    portal.crm.add_custom_field(custom_field("UF_CRM_PAID_SUM", "money", "Оплачено по счёту"))
    made = portal.crm.add_invoice(number="П-1", opportunity="100", stage="DT31_2:N", **{MONEY: "30.50|RUB"})
    portal.crm.add_payment(made, "30.50")


def settings(visit: Visitor, lang: str = "ru") -> Visit:
    at = visit(lang=lang).open()
    at.tab("settings")
    return at


@pytest.mark.usefixtures("partly")
def test_an_administrator_sees_the_last_invoices_before_choosing_a_source(visit: Visitor, admin: Person) -> None:
    at = settings(visit)
    expect(at.get("payment-sources")).to_contain_text("Счёт оплачен целиком или не оплачен совсем")
    expect(at.get("set-amount-field")).to_be_hidden()
    press(at.grown().get("payment-show"))
    first = at.get("payment-row").first
    expect(first).to_contain_text("не оплачен")
    at.choose("payment-source-payments")
    expect(first).to_contain_text("оплачен частично")
    expect(at.get("payment-row")).to_have_count(10)
    at.choose("payment-source-field")
    expect(at.get("payment-row")).to_have_count(0)
    at.grown().get("set-amount-field").select_option(MONEY)
    for text in ("П-1", "100,00", "30,50", "69,50", "оплачен частично"):
        expect(first).to_contain_text(text)
    press(at.grown().get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")
    saved = admin.call("GET", "/settings")
    assert (saved["payment_source"], saved["paid_amount_field"]) == ("field", MONEY)


@pytest.mark.usefixtures("partly")
def test_a_source_without_its_field_is_refused_at_the_field(visit: Visitor) -> None:
    at = settings(visit)
    at.choose("payment-source-field")
    press(at.grown().get("settings-save"))
    expect(at.get("set-amount-field")).to_have_attribute("aria-invalid", "true")
    expect(at.app.get_by_text("Выберите поле, в котором стоит оплаченная сумма.")).to_be_visible()
    at.let_requests_fail()  # the browser itself reports the 422


def test_the_words_are_english_too(visit: Visitor) -> None:
    at = settings(visit, "en")
    expect(at.get("payment-sources")).to_contain_text("Where the paid amount comes from")
    expect(at.get("payment-sources")).to_contain_text("by the date of payment above, or by its stage")


def test_a_register_is_narrowed_by_what_is_paid_in_part_and_left(visit: Visitor, admin: Person) -> None:
    """Whatever the source is: a set may hold it, or a report that is repeated."""
    at = visit().open()
    expect(at.get("paid").locator("option")).to_have_text(
        ["Все", "Только оплаченные", "Только неоплаченные", "Оплаченные частично", "Есть остаток"]
    )
    at.choose("period-all_time")
    at.unfold("more")
    at.grown().get("paid").select_option("remainder")
    press(at.grown().get("build"))
    at.done()
    expect(at.get("result")).to_contain_text("Есть остаток")
    assert admin.call("GET", "/reports")["items"][0]["params"]["paid"] == "remainder"

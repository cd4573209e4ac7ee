"""Receivables on a day, on the page: chosen, built, read, downloaded, repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import expect

from demo_portal import PAID
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person, Stage, portal_day
from tests.browser.visit import answer_to, press, tick

FAILED = {"DT31_2:D", "DT31_7:D", "DT31_7:D2"}


def test_who_owes_how_much_today(stage: Stage, visit: Visitor, tmp_path: Path) -> None:
    """The workbook and the page have the remainders that the portal's own invoices add up to."""
    portal = stage.portal(invoices=200)
    at = visit(at=portal).open()
    at.choose("kind-receivables")
    expect(at.get("period")).to_be_hidden()
    expect(at.get("estimate-count")).to_be_visible()
    at.build()
    at.done()
    with at.page.expect_download() as download:
        press(at.get("download-xlsx"))
    assert download.value.suggested_filename.startswith("Задолженность на ")
    download.value.save_as(tmp_path / "debts.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "debts.xlsx")["Задолженность"]
    lines = list(sheet.iter_rows(values_only=True))
    titles = next(line for line in lines if line[0] == "Номер")
    table = (dict(zip(titles, line, strict=True)) for line in lines[lines.index(titles) + 1 :])
    rows = [
        row for row in table if row["Стадия"]
    ]  # an invoice without a number has its row too; a subtotal has no stage
    expected = owed_on(at.get("as-of").input_value(), portal)
    assert sum_by_currency((row["Валюта"], Decimal(str(row["Остаток"]))) for row in rows) == expected
    shown = re.sub(r"[^0-9,]", "", at.get("debt-total-RUB").inner_text()).replace(",", ".")
    assert Decimal(shown) == expected["RUB"]
    expect(at.get("about")).to_contain_text("Задолженность на")
    at.tab("history")
    with at.page.expect_response(answer_to("POST", "/reports")) as repeated:
        press(at.get("history-repeat").first)
    assert repeated.value.json()["params"]["as_of"] == at.get("as-of").input_value()
    at.done()
    expect(at.get("as-of")).to_be_visible()


def owed_on(day: str, portal: Portal) -> dict[str, Decimal]:
    """Currency → what is open on the day by the payment date, which the app has guessed at its installation."""
    return sum_by_currency(
        (each["currencyId"], Decimal(str(each["opportunity"] or 0)))
        for each in portal.crm.invoices
        if each["begindate"]
        and each["begindate"][:10] <= day
        and each["stageId"] not in FAILED
        and (not each[PAID] or each[PAID][:10] > day)
    )


def sum_by_currency(found: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Sums above 0 by currency."""
    sums: dict[str, Decimal] = {}
    for currency, amount in found:
        if amount > 0:
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return {currency: amount.quantize(Decimal("0.01")) for currency, amount in sums.items()}


def test_the_page_shows_ranges_and_the_largest_debtors(stage: Stage, visit: Visitor) -> None:
    """Each range stands as words, sum and share beside the bar; a debtor's name leads to its card in the portal."""
    portal = stage.portal(invoices=200)
    admin = Person.of(portal)
    admin.call("PUT", "/settings", {**admin.call("GET", "/settings"), "receivables_borders": [10, 45]})
    at = visit(at=portal).open()
    at.choose("kind-receivables")
    expect(at.get("borders")).to_have_value("10, 45")
    at.build()
    shown = at.done().get_by_test_id("debts-RUB")
    expect(shown.get_by_test_id("debt-oldest-RUB").locator("xpath=preceding-sibling::dt")).to_have_text(
        "Больше 45 дней"
    )
    expect(shown.locator(".ranges li > :first-child")).to_have_text(
        ["Срок не наступил", "1–10 дней", "11–45 дней", "Больше 45 дней", "Без срока"]
    )
    report = admin.call("GET", "/reports")["items"][0]
    rows = shown.get_by_test_id("debtors").locator("tbody tr")
    expect(rows).to_have_count(10)
    largest = next(each for each in report["summary"]["debtors"] if each["currency"] == "RUB")
    expect(rows.first.locator("a")).to_have_text(largest["counterparty"])
    expect(rows.first.locator("a")).to_have_attribute(
        "href", f"{portal.url}/crm/company/details/{largest['company_id']}/"
    )
    late = next(place for place, each in enumerate(report["summary"]["debtors"]) if each["oldest_days"])
    expect(rows.nth(late)).to_contain_text("просрочено на")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("60, 30", "Каждая граница должна быть больше предыдущей"),
        ("", "Укажите от одной до 5 границ"),
        ("1 2 3 4 5 6", "Укажите от одной до 5 границ"),
        ("30, месяц", "Граница срока — целое число дней"),
    ],
)
def test_wrong_borders_are_said_at_their_field(visit: Visitor, typed: str, said: str) -> None:
    at = visit().open()
    at.choose("kind-receivables")
    at.get("borders").fill(typed)
    press(at.get("borders"))
    expect(at.app.locator("#borders-error")).to_contain_text(said)
    at.let_requests_fail()  # the browser names the answer 422


def test_a_day_that_has_not_come_is_said_at_its_field(visit: Visitor) -> None:
    at = visit().open()
    at.choose("kind-receivables")
    at.get("as-of").fill((portal_day() + timedelta(days=3)).isoformat())
    press(at.get("as-of"))
    expect(at.app.locator("#as-of-error")).to_contain_text("Этот день ещё не наступил")
    at.let_requests_fail()


def test_a_set_of_receivables_is_of_the_day_on_which_it_is_used(visit: Visitor, admin: Person) -> None:
    at = visit().open()
    at.choose("kind-receivables")
    at.get("as-of").fill("2026-01-31")
    at.get("due-days").fill("5")
    at.get("borders").fill("15, 45")
    press(at.get("set-save"))
    at.get("set-name").fill("Должники")
    press(at.get("set-name"))
    expect(at.app.locator("#set-note")).to_contain_text("Должники")
    [kept] = admin.call("GET", "/saved-sets")["items"]
    wanted = {"kind": "receivables", "due": {"from": "due_date", "days": 5}, "borders": [15, 45]}
    assert {name: kept["params"][name] for name in wanted} == wanted
    at.open()
    expect(at.get("kind-register")).to_be_checked()
    at.get("saved-set").select_option(label="Должники")
    expect(at.get("borders")).to_have_value("15, 45")
    expect(at.get("as-of")).to_have_value(portal_day().isoformat())


def test_the_cards_of_a_company_a_deal_and_a_contact_tell_what_the_client_owes(stage: Stage, visit: Visitor) -> None:
    """One line of figures, the open invoices with their due dates in words, and when the figures were taken."""
    portal = stage.portal(invoices=0)
    company, contact = portal.crm.add_company("ООО «Должник»"), portal.crm.add_contact()
    for number, days in (("12", 12), ("0", 0), ("-3", -3), ("100", 100)):
        due = portal_day() - timedelta(days=days)
        made = portal.crm.add_invoice(number=number, company_id=company, date="2026-01-10", due=due.isoformat())
        portal.crm.invoices.change(made, opportunity="100.00", isManualOpportunity="Y")
    undated = portal.crm.add_invoice(number="без", company_id=None, contact_id=contact, date="2026-01-10", due=None)
    portal.crm.invoices.change(undated, opportunity="70.00", isManualOpportunity="Y")
    deal = portal.crm.add_deal("Поставка", companyId=company)

    at = visit(at=portal).open_card(f"/crm/deal/details/{deal}/")
    expect(at.get("client-debt-RUB")).to_have_text(
        "Должны всего 400,00 ₽, просрочено 200,00 ₽, самое давнее на 100 дней, больше 90 дней 100,00 ₽"
    )
    rows = at.get("open-invoice")
    expect(rows.locator("th")).to_contain_text(
        ["просрочено на 100 дней", "просрочено на 12 дней", "срок сегодня", "срок через 3 дня"]
    )
    expect(rows.first.locator("a")).to_have_attribute("href", re.compile(r"/crm/type/31/details/\d+/$"))
    expect(at.get("debts-when")).to_contain_text("Данные: сегодня")
    expect(at.get("scope-company")).to_be_visible()

    at = visit(at=portal, lang="en").open_card(f"/crm/company/details/{company}/")
    expect(at.get("client-debt-RUB")).to_contain_text("Owes ₽400.00")
    expect(at.get("open-invoice").nth(1)).to_contain_text("overdue by 12 days")
    expect(at.get("company-table")).to_be_visible()

    at = visit(at=portal).open_card(f"/crm/contact/details/{contact}/")
    expect(at.get("client-debt-RUB")).to_contain_text("Должны всего 70,00 ₽")
    expect(at.get("open-invoice")).to_contain_text("без срока")


def test_an_administrator_does_without_a_tab(visit: Visitor) -> None:
    at = visit().open()
    at.tab("settings")
    tick(at.get("set-CRM_DEAL_DETAIL_TAB"), checked=False)
    press(at.get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("Настройки сохранены")
    assert Person.of(at.portal).call("GET", "/settings")["tabs_off"] == ["CRM_DEAL_DETAIL_TAB"]
    assert "CRM_DEAL_DETAIL_TAB" not in {each.code for each in at.portal.installation().placements}

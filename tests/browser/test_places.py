"""Where the application was opened decides what it offers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from demo_portal import PAID
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person, portal_day
from tests.browser.visit import answer_to, press


def company_with_invoices(portal: Portal) -> int:
    """A company that has been invoiced."""
    return next(int(each["companyId"]) for each in reversed(list(portal.crm.invoices)) if each["companyId"])


def test_company_card_offers_that_company(portal: Portal, visit: Visitor, admin: Person) -> None:
    """In a company's card the report covers that company, and a table shows its months."""
    company = company_with_invoices(portal)
    at = visit().open_card(f"/crm/company/details/{company}/")
    expect(at.get("scope-company")).to_be_checked()
    expect(at.get("company-table").get_by_role("row")).not_to_have_count(1)
    at.choose("period-this_year")
    at.build()
    at.done()
    assert admin.call("GET", "/reports")["items"][0]["params"]["company_id"] == company


BARS = "rows => rows.map(row => [...row.children].map(bar => Math.round(bar.getBoundingClientRect().width)))"


def test_companys_months_have_bars_in_proportion_and_figures_for_a_screen_reader(
    portal: Portal, visit: Visitor
) -> None:
    """Both sums of a month are drawn against the highest sum of all; the row itself names the month and both sums."""
    company = portal.crm.add_company("ООО «Полоски»")
    days = [portal_day().replace(day=1), portal_day().replace(day=1) - timedelta(days=1)]
    for day, amount, paid in ((days[0], "400", True), (days[1], "100", False)):
        invoice = portal.crm.add_invoice(number=amount, date=f"{day:%Y-%m-%d}", company_id=company)
        portal.crm.invoices.change(invoice, opportunity=amount, currencyId="RUB", **{PAID: f"{day}" if paid else None})
    at = visit().open_card(f"/crm/company/details/{company}/")
    rows = at.get("company-table").get_by_role("row")
    expect(rows).to_have_count(13)
    bars = at.get("bars").evaluate_all(BARS)
    full, empty = bars[-1], bars[0]
    assert full[0] == full[1] > 40
    assert bars[-2] == [pytest.approx(full[0] / 4, abs=1), 0]
    assert empty == [0, 0]
    assert re.sub(r"\s", " ", rows.last.inner_text()).endswith("400,00 ₽ 400,00 ₽")
    assert at.get("bars").first.get_attribute("aria-hidden") == "true"


def test_companys_months_are_in_the_portals_base_currency(portal: Portal, visit: Visitor) -> None:
    """Not in roubles where the portal counts in another currency; without invoices in it, the card names it."""
    portal.crm.add_currency("BYN", base=True)
    invoiced, other = (portal.crm.add_company(name) for name in ("ООО «Минск»", "ООО «Другая валюта»"))
    today = f"{portal_day():%Y-%m-%d}"
    for company, amount, currency in ((invoiced, "400", "BYN"), (invoiced, "7", "RUB"), (other, "9", "RUB")):
        invoice = portal.crm.add_invoice(number=amount, date=today, company_id=company)
        portal.crm.invoices.change(invoice, opportunity=amount, currencyId=currency)
    at = visit().open_card(f"/crm/company/details/{invoiced}/")
    last = at.get("company-table").get_by_role("row").last
    expect(last).to_contain_text(re.compile(r"400,00\sр\."))
    at.open_card(f"/crm/company/details/{other}/")
    expect(at.app.locator("#company-body")).to_contain_text("не выставляли счетов в валюте BYN")


def test_company_card_lets_one_take_all(portal: Portal, visit: Visitor, admin: Person) -> None:
    """The company is only a suggestion: all invoices are one click away."""
    at = visit().open_card(f"/crm/company/details/{company_with_invoices(portal)}/")
    at.choose("scope-all")
    at.build()
    at.done()
    assert admin.call("GET", "/reports")["items"][0]["params"]["company_id"] is None


def test_invoice_card_offers_that_invoice_and_its_company(portal: Portal, visit: Visitor, admin: Person) -> None:
    """In an invoice's card the report is that invoice, whatever its date; its company is the next choice."""
    invoice = next(each for each in portal.crm.invoices if each["companyId"] and each["begindate"])
    at = visit().open_card(f"/crm/type/31/details/{invoice['id']}/")
    expect(at.get("scope-invoice")).to_be_checked()
    expect(at.get("period")).to_be_hidden()
    at.build()
    expect(at.done().get_by_test_id("total-invoices")).to_have_text("1 счёт")
    at.choose("scope-company")
    expect(at.get("period")).to_be_visible()
    with at.page.expect_response(answer_to("POST", "/reports")) as started:
        at.build()
    assert started.value.json()["params"]["company_id"] == invoice["companyId"]
    assert admin.call("GET", "/reports")["items"][-1]["params"]["invoice_id"] == invoice["id"]


@pytest.mark.parametrize("path", ["/crm/type/31/list/category/0/", "/report/analytics/"])
def test_lists_offer_the_portals_default(visit: Visitor, admin: Person, path: str) -> None:
    """Above the invoice list and in analytics the application offers everything, for the portal's usual period."""
    at = visit()
    at.page.goto(at.address(path))
    if "list" in path:
        at.page.locator("#list-toolbar").click()
        at.page.locator("[data-open-app]").click()
    else:
        at.page.locator("[data-placement-item]").click()
    expect(at.get("build")).to_be_visible()  # a slider keeps its height, so the frame does not grow
    expect(at.get("scope")).to_be_hidden()
    expect(at.get(f"period-{admin.call('GET', '/settings')['default_period']}")).to_be_checked()


def test_mobile_application_opens_invoices_in_a_new_tab(portal: Portal, visit: Visitor, admin: Person) -> None:
    """Where the portal refuses its slider, a problem's link leads to the invoice in a new tab; from then on it is a
    plain link, for the browser to follow."""
    portal.behave(mobile=True)
    admin.finished(admin.report())
    at = visit().open()
    at.done()
    link = at.get("problem").first
    address = link.get_attribute("href")
    for _ in range(2):
        with at.context.expect_page() as opened:
            press(at.grown().get("problem").first)
        opened.value.wait_for_url(f"{address}**")
        opened.value.close()
    held = (
        "link => { let held; link.addEventListener('click', event => { held = event.defaultPrevented; "
        "event.preventDefault(); }, { once: true }); link.click(); return held; }"
    )
    assert link.evaluate(held) is False


def test_slider_of_fixed_height_shows_the_report_that_was_begun(visit: Visitor) -> None:
    """A slider keeps the frame's height whatever the page asks for: the page scrolls in it, and the report that a
    click has begun comes into sight."""
    at = visit()
    at.page.set_viewport_size({"width": 700, "height": 640})
    at.page.goto(at.address("/crm/type/31/list/category/0/"))
    at.page.locator("#list-toolbar").click()
    at.page.locator("[data-open-app]").click()
    expect(at.get("build")).to_be_visible()
    expect(at.get("result-empty")).to_be_visible()
    press(at.get("build"))
    at.done()
    expect(at.get("download-xlsx")).to_be_in_viewport()

"""What people come for, in clicks: each click is counted, and there may not be more of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from openpyxl import load_workbook
from playwright.sync_api import Request, expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person, portal_day
from tests.browser.visit import Visit, answer_to, press

CLICKS = (
    "() => { window.clicks = 0; addEventListener('click', (e) => { window.clicks += e.isTrusted ? 1 : 0; }, true); }"
)


BESIDE = """() => [...document.querySelectorAll(".figure dd")].filter((each) => {
  const range = document.createRange();
  range.selectNodeContents(each);
  return range.getBoundingClientRect().right > document.querySelector("#result-body").getBoundingClientRect().right;
}).map((each) => each.textContent)"""


def counting(at: Visit) -> Visit:
    """Counts from here on what is clicked in the application."""
    at.frame.evaluate(CLICKS)
    return at


def clicks(at: Visit) -> int:
    """What was clicked; a choice in a list or by the keyboard is a click too."""
    found = at.frame.evaluate("() => window.clicks")
    assert isinstance(found, int)
    return found


def a_customer(portal: Portal) -> int:
    """A customer with three invoices of other years, one of them paid, beside the sample's."""
    company = portal.crm.add_company("ООО «Электрощит Самара»")
    portal.crm.add_requisite(company_id=company, inn="7707083893", name="ООО «Электрощит Самара»")
    for day, stage in (("2024-03-05", "DT31_2:P"), ("2025-07-01", "DT31_2:P"), ("2023-01-09", "DT31_2:N")):
        portal.crm.add_invoice(number=f"{day}/Э", date=day, company_id=company, stage=stage, opportunity=100)
    return company


def test_last_month_is_one_click(visit: Visitor) -> None:
    at = counting(visit().open())
    at.grown().get("build").click()
    at.done()
    assert clicks(at) == 1


def test_unpaid_invoices_of_one_company_are_four_clicks(portal: Portal, visit: Visitor, admin: Person) -> None:
    """The ready-made set, more conditions, the company among those found, the button."""
    company = a_customer(portal)
    at = counting(visit().open())
    at.get("saved-set").select_option(label="Неоплаченные на сегодня")
    at.unfold("more")
    at.get("counterparty").fill("щит сам")
    at.app.get_by_role("option", name="ООО «Электрощит Самара» · ИНН 7707083893").click()
    at.build()
    expect(at.done()).to_contain_text("3 счёта")
    expect(at.get("about")).to_have_text("За всё время · Компания: ООО «Электрощит Самара» · Только неоплаченные")
    assert clicks(at) <= 3  # and the choice of the set
    params = admin.call("GET", "/reports")["items"][0]["params"]
    assert (params["company_id"], params["paid"], params["date_from"]) == (company, False, "2000-01-01")


def test_counterparty_is_chosen_by_keyboard_and_taken_off_again(portal: Portal, visit: Visitor) -> None:
    a_customer(portal)
    at = visit().open()
    at.unfold("more")
    field = at.get("counterparty")
    field.fill("щит сам")
    offered = at.get("counterparty-list").get_by_role("option")
    expect(offered).to_have_count(1)
    field.press("ArrowDown")
    expect(offered).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(at.get("counterparty-chip")).to_contain_text("ООО «Электрощит Самара»")
    expect(at.get("counterparty-off")).to_be_focused()
    press(at.get("counterparty-off"))
    expect(at.get("counterparty-chip")).to_have_count(0)
    expect(field).to_be_focused()
    field.fill("нет такой компании")
    expect(at.get("counterparty-list")).to_contain_text("Ничего не найдено")


def test_set_saved_in_a_companys_card_keeps_the_company(portal: Portal, visit: Visitor) -> None:
    """Chosen elsewhere it shows the company, which can be taken off; in the card it is the card's own company."""
    company = a_customer(portal)
    card = f"/crm/company/details/{company}/"
    at = visit().open_card(card)
    press(at.get("set-save"))
    at.get("set-name").fill("По Электрощиту")
    press(at.get("set-name"))
    expect(at.get("saved-set").locator("option:checked")).to_have_text("По Электрощиту")
    at.open()
    at.get("saved-set").select_option(label="По Электрощиту")
    at.unfold("more")
    expect(at.get("counterparty-chip")).to_contain_text("ООО «Электрощит Самара»")
    at.open_card(card)
    at.choose("scope-all")
    at.get("saved-set").select_option(label="По Электрощиту")
    expect(at.get("scope-company")).to_be_checked()


def test_next_month_is_the_same_set_once_more(portal: Portal, visit: Visitor, admin: Person) -> None:
    """A set with a period by name is chosen and built: two clicks, whatever the month."""
    admin.call("POST", "/saved-sets", {"name": "Для 1С", "params": {"period": "last_month"}, "shared": False})
    at = counting(visit().open())
    at.get("saved-set").select_option(label="Для 1С")
    at.build()
    at.done()
    assert clicks(at) <= 1  # and the choice of the set


def test_a_report_of_the_history_is_repeated_by_two_clicks(visit: Visitor, admin: Person) -> None:
    """The tab and the button: the conditions are those of then."""
    admin.finished(admin.report("2026-01-01", "2026-01-31", paid=False))
    at = counting(visit().open())
    at.tab("history")
    with at.page.expect_response(answer_to("POST", "/reports")):
        press(at.grown().get("history-repeat"))
    at.done()
    assert clicks(at) == 2
    again, before = (each["params"] for each in admin.call("GET", "/reports")["items"])
    assert again == before


def test_best_manager_is_two_clicks(portal: Portal, visit: Visitor, tmp_path: Path) -> None:
    """Last month's workbook has the responsible persons, whoever has invoiced the most at the top."""
    last_month = portal_day().replace(day=1) - timedelta(days=1)
    for person, amount in ((portal.accountant, 400), (portal.manager, 9_000_000)):
        invoice = portal.crm.add_invoice(number=f"М-{amount}", date=f"{last_month:%Y-%m-%d}", opportunity=amount)
        portal.crm.invoices.change(invoice, assignedById=person.id, currencyId="RUB")
    at = counting(visit().open())
    at.build()
    at.done()
    with at.page.expect_download() as download:
        press(at.get("download-xlsx"))
    download.value.save_as(tmp_path / "register.xlsx")
    assert clicks(at) == 2  # the page opens with the last month, as it was left to the defaults
    sheet = load_workbook(tmp_path / "register.xlsx")["По ответственным"]
    header = next(row for row in sheet.iter_rows() if row[0].value == "Ответственный")
    best = sheet.cell(header[0].row + 1, 1).value
    assert sorted(str(best).split()) == sorted(portal.manager.full_name.split())


def test_vat_of_the_quarter_is_a_ready_made_set(visit: Visitor, admin: Person) -> None:
    at = counting(visit().open())
    at.get("saved-set").select_option(label="НДС за квартал")
    expect(at.get("period-last_quarter")).to_be_checked()
    expect(at.get("detailed")).to_be_checked()
    expect(at.get("set-delete")).to_be_hidden()
    at.build()
    at.done()
    assert admin.call("GET", "/reports")["items"][0]["params"]["detailed"] is True
    assert clicks(at) == 1  # and the choice of the set


def test_an_inn_is_mended_in_the_clients_card(portal: Portal, visit: Visitor) -> None:
    """Each problem leads to its invoice, one of an ИНН to the client too."""
    company = portal.crm.add_company("ООО «Опечатка»")
    portal.crm.add_requisite(company_id=company, inn="7707083894", name="ООО «Опечатка»")
    portal.crm.add_invoice(number="О-1", date=f"{portal_day():%Y-%m-%d}", company_id=company)
    at = visit().open()
    at.choose("period-this_month")
    at.build()
    at.done()
    group = at.get("problem-group").filter(has=at.app.locator("summary", has_text="ИНН"))
    if group.get_attribute("open") is None:
        at.grown()
        press(group.locator("summary"))
    line = group.get_by_role("listitem").filter(has_text="О-1")
    card = line.get_by_role("link", name="карточка клиента")
    expect(card).to_have_attribute("href", f"{portal.url}/crm/company/details/{company}/")
    expect(line.get_by_test_id("problem")).to_contain_text("О-1")
    expect(at.get("repeat")).to_have_text("Обновить")


def test_sums_of_nine_digits_stay_within_the_card(portal: Portal, visit: Visitor) -> None:
    """At 1280 × 720, and where the card has 266 px."""
    for number in range(3):
        day = f"{portal_day():%Y-%m-%d}"
        invoice = portal.crm.add_invoice(number=f"Б-{number}", date=day)
        portal.crm.invoices.change(invoice, opportunity=987_654_321.99, taxValue=178_101_598.98, currencyId="RUB")
    at = visit()
    at.page.set_viewport_size({"width": 1280, "height": 720})
    at.open()
    at.choose("period-this_month")
    at.build()
    at.done()
    for width in ("auto", "266px"):
        at.frame.evaluate("width => { document.querySelector('#result').style.width = width; }", width)
        assert at.frame.evaluate(BESIDE) == []


def test_own_dates_are_chosen_again_within_the_month(visit: Visitor) -> None:
    """The same report is often built twice; in the next month the usual period is what one wants."""
    at = visit().open()
    at.choose("period-own")
    at.get("date-from").fill("2026-03-02")
    at.get("date-to").fill("2026-03-05")
    at.build()
    expect(at.get("about")).to_contain_text("2–5 марта")
    at.open()
    expect(at.get("period-own")).to_be_checked()


def test_opening_costs_few_requests_and_little_data(visit: Visitor) -> None:
    """The first time at most ten of 60 KB as they come over the line, with BX24.js; from then on three that reach the
    application: the page, the form's data, the estimate."""
    at = visit()
    met: list[Request] = []
    app = at.portal.world.app.url

    def meet(request: Request) -> None:
        met.append(request)

    at.page.on("requestfinished", meet)

    def opened() -> list[Request]:
        met.clear()
        at.open()
        expect(at.get("estimate-count")).to_be_visible()
        return [each for each in met if each.url.startswith(app) or "/bx24" in each.url.lower()]

    first = opened()
    assert len(first) <= 10, [each.url for each in first]
    assert sum(each.sizes()["responseBodySize"] for each in first) <= 60_000
    again = [urlsplit(each.url).path for each in opened() if each.url.startswith(app) and "/assets/" not in each.url]
    assert again == ["/app", "/api/v1/options", "/api/v1/reports/preview"]

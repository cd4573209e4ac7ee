"""The whole way: install, open, build, download; and what the page says on it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openpyxl
from playwright.sync_api import Frame, expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person, Stage, portal_day
from tests.browser.visit import Visit, press

FAILED = {"DT31_2:D", "DT31_7:D", "DT31_7:D2"}
YEAR = portal_day().year


def test_from_the_installation_to_the_right_sums(stage: Stage, visit: Visitor, tmp_path: Path) -> None:
    """Installed, opened, one click: the downloaded workbook has the portal's invoices of the year and their sums."""
    portal = stage.portal(invoices=120, installed=False)
    at = visit(at=portal).open()
    assert portal.installation().installed
    at.choose("period-this_year")
    at.choose("detailed")
    at.build()
    at.done()
    with at.page.expect_download() as download:
        press(at.get("download-xlsx"))
    download.value.save_as(tmp_path / "register.xlsx")
    with at.page.expect_download() as download:
        press(at.get("download-csv"))
    assert download.value.suggested_filename.endswith(".csv")
    rows, totals = _brief(tmp_path / "register.xlsx")
    expected = _invoices_of_the_year(portal)
    assert sorted(rows) == sorted(str(each["accountNumber"] or "") for each in expected)
    assert totals == _sums(expected)
    shown = at.get("total-amount-RUB").inner_text().replace("\u00a0", "").replace("\u202f", "")
    assert shown == f"{totals['RUB']:.2f}₽".replace(".", ",")


def _brief(path: Path) -> tuple[list[str], dict[str, Decimal]]:
    """Numbers of the rows of «Краткий», and «Всего счетов на сумму» by currency."""
    workbook = openpyxl.load_workbook(path)
    assert "Полный" in workbook.sheetnames
    sheet = workbook["Краткий"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(index for index, row in enumerate(cells) if row[0] == "Номер")
    name, amount, currency = (cells[head].index(title) for title in ("Контрагент", "Сумма", "Валюта"))
    first = next(index for index, row in enumerate(cells) if row[name] == "Всего счетов на сумму")
    rows = [str(row[0] or "") for row in cells[head + 1 : first] if any(cell is not None for cell in row)]
    labels = [row for row in cells[first:] if row[name] == "Всего счетов на сумму"]
    return rows, {row[currency]: Decimal(str(row[amount])) for row in labels}


def _invoices_of_the_year(portal: Portal) -> list[dict[str, Any]]:
    of_year = (each for each in portal.crm.invoices if str(each["begindate"] or "").startswith(str(YEAR)))
    return [each for each in of_year if each["stageId"] not in FAILED]


def _sums(invoices: list[dict[str, Any]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for each in invoices:
        currency = each["currencyId"]
        sums[currency] = sums.get(currency, Decimal(0)) + Decimal(str(each["opportunity"] or 0))
    return {currency: amount.quantize(Decimal("0.01")) for currency, amount in sums.items()}


def test_period_of_the_last_choice_is_chosen_again(portal: Portal, visit: Visitor) -> None:
    """Who built a report for last year finds last year and the product rows chosen when the page opens again; others
    find what the settings say."""
    at = visit().open()
    at.choose("period-last_year")
    at.choose("detailed")
    at.build()
    at.done()
    at.open()
    expect(at.get("period-last_year")).to_be_checked()
    expect(at.get("detailed")).to_be_checked()
    other = visit(user=portal.accountant).open()
    expect(other.get("period-last_month")).to_be_checked()
    expect(other.get("detailed")).not_to_be_checked()


def test_precheck_counts_invoices_and_time(visit: Visitor) -> None:
    """Before building, the page says how many invoices there are and how long it will take."""
    at = visit().open()
    at.choose("period-this_year")
    expect(at.get("estimate-count")).to_have_text(re.compile(r"^\d+ сч[её]т(а|ов)?, около \d+ секунд$"))


def test_precheck_says_why_there_is_nothing(visit: Visitor) -> None:
    """For a period without invoices the page says so, and what to change."""
    at = visit().open()
    at.choose("period-own")
    at.get("date-from").fill("1999-01-01")
    at.get("date-to").fill("1999-01-31")
    at.get("date-to").blur()
    expect(at.get("estimate")).to_contain_text("За этот период нет счетов")


def test_precheck_counts_what_has_no_date_to_choose_it_by(portal: Portal, visit: Visitor) -> None:
    """Invoices without the chosen date are in no period: the page says how many, and names the field by its title."""
    listed = sorted(portal.crm.invoices, key=lambda each: each["stageId"] in FAILED)
    for number, each in enumerate(listed):
        portal.crm.invoices.change(each["id"], begindate=None if number < 7 else "2019-03-31")
    at = visit().open()
    at.choose("period-last_month")
    expect(at.get("estimate")).to_contain_text("За этот период нет счетов")
    expect(at.get("estimate")).to_contain_text("У 7 счетов не заполнено поле «Дата выставления».")


def test_own_dates_that_cross_are_explained_beside_the_field(visit: Visitor) -> None:
    """A last day before the first starts nothing: the field says what is wrong and has the focus."""
    at = visit().open()
    at.choose("period-own")
    at.get("date-from").fill("2026-02-01")
    at.get("date-to").fill("2026-01-01")
    at.build()
    expect(at.get("date-to")).to_have_attribute("aria-invalid", "true")
    expect(at.get("date-to")).to_be_focused()
    expect(at.app.get_by_text("Последний день раньше первого")).to_be_visible()
    expect(at.get("under-way")).to_have_count(0)


def test_file_can_be_had_in_a_new_tab(portal: Portal, visit: Visitor, admin: Person) -> None:
    """Under the buttons stands a link to the same file in a new tab, for who got none in the frame: as it stands while
    it is young, with a new signature once it is old. It follows the format that was asked for last."""
    report = admin.finished(admin.report())
    at = visit()
    at.page.clock.install()
    at.open().done()
    link = at.get("download-in-tab")
    expect(link).to_have_text("Файл не пришёл? Откройте в новой вкладке")
    expect(link).to_have_attribute("target", "_blank")
    asked: list[str] = []
    at.page.on("request", lambda each: asked.append(each.url) if each.url.endswith(report["id"]) else None)
    assert _downloaded_in_a_tab(at).endswith(".xlsx")
    assert asked == []
    at.page.clock.fast_forward("09:00")
    link.evaluate("link => { link.href = link.href + '-spent'; }")
    assert _downloaded_in_a_tab(at).endswith(".xlsx")
    assert len(asked) == 1
    expect(link).not_to_have_attribute("href", re.compile("spent"))
    with at.page.expect_download():
        press(at.get("download-csv"))
    assert _downloaded_in_a_tab(at).endswith(".csv")


def _downloaded_in_a_tab(at: Visit) -> str:
    """Clicks the link. → the name of the file that the new tab gets."""
    with at.context.expect_page() as opened, at.context.expect_event("download") as download:
        press(at.grown().get("download-in-tab"))
    name: str = download.value.suggested_filename
    opened.value.close()
    return name


def test_problem_opens_its_invoice_in_a_slider(visit: Visitor) -> None:
    """The first problems are named, and each leads to its invoice in the portal's slider."""
    at = visit().open()
    at.choose("period-own")
    at.get("date-from").fill("2020-01-01")
    at.get("date-to").fill("2029-12-31")
    at.build()
    at.done()
    problems = at.get("problems")
    expect(problems).to_contain_text("проблем")
    link = problems.get_by_role("link").first
    address = link.get_attribute("href") or ""
    assert address.startswith(f"{at.portal.url}/crm/type/31/details/")
    press(link)
    expect(at.page.locator(".slider-path")).to_have_text(urlsplit(address).path)


def test_english_portal_reads_english(visit: Visitor, admin: Person) -> None:
    """With LANG=en every word of the page's own is English, on every tab."""
    admin.finished(admin.report())
    at = visit(lang="en").open()
    expect(at.get("build")).to_have_text("Build report")
    expect(at.app.get_by_label("With product rows")).to_be_visible()
    expect(at.get("estimate")).to_contain_text("invoice")
    at.done()
    for name in ("report", "history", "settings", "journal", "self-check"):
        panel = at.tab(name)
        expect(panel.get_by_text("Loading…")).to_have_count(0)
        expect(panel.get_by_text("Checking…")).to_have_count(0)
        assert _cyrillic(at.frame) == []


def test_english_report_is_quoted_in_english(portal: Portal, visit: Visitor, admin: Person) -> None:
    """The page orders reports in its own language. One of the other language is quoted as it is, and says so."""
    portal.crm.add_invoice(number="", date="2026-03-01")
    at = visit(lang="en").open()
    at.choose("period-all_time")
    at.build()
    at.done()
    problems = at.get("problems")
    expect(problems).to_contain_text("There is no number. Fill it in on the invoice's card.")
    expect(problems.locator("[lang=ru]")).to_have_count(0)
    expect(at.app.get_by_text("Quoted from the workbook")).to_have_count(0)
    with at.page.expect_download() as download:
        press(at.get("download-xlsx"))
    assert download.value.suggested_filename.startswith("Invoice register")
    at = visit().open()
    at.done()
    expect(at.get("problems").locator("[lang=en]").first).to_be_visible()
    expect(at.app.get_by_text("Цитаты из книги Excel: она по-английски.")).to_be_visible()


def _cyrillic(frame: Frame) -> list[str]:
    """Texts of the page's own with Cyrillic letters. Not its own: the portal's names, and what is quoted."""
    found: list[str] = frame.evaluate(
        """() => {
            const others = "#stages, #set-stages, [lang=ru], [data-testid=problem], option, #journal td:nth-child(2),"
                + "[data-code^=ufCrm]";
            const walker = document.createTreeWalker(document.querySelector("#page"), NodeFilter.SHOW_TEXT);
            const found = [];
            while (walker.nextNode()) {
                const { parentElement, textContent } = walker.currentNode;
                if (!parentElement.offsetParent || parentElement.closest(others)) continue;
                if (/[а-яё]/i.test(textContent.replace(/“[^”]*”/g, ""))) found.push(textContent);
            }
            return found;
        }"""
    )
    return found

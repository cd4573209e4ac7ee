"""The main job over real HTTP: install, open the tab, build a report, download it, check the sums."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from demo_portal import DemoWorld, Portal
from demo_portal.data import sample
from tests.live import live_app


@dataclass(frozen=True)
class Built:
    """A finished report over the whole sample: its JSON, its workbook, and the portal with what the report asked."""

    portal: Portal
    report: dict[str, Any]
    workbook: CalamineWorkbook

    def table(self, name: str, first: str = "Номер") -> list[dict[str, Any]]:
        """The rows of a sheet's table, from the header row that holds ``first`` to the first empty row, by headers."""
        lines = self.workbook.get_sheet_by_name(name).to_python()
        start = next(number for number, line in enumerate(lines) if first in line)
        rows = itertools.takewhile(lambda line: any(cell != "" for cell in line), lines[start + 1 :])
        return [dict(zip(lines[start], row, strict=True)) for row in rows]

    @property
    def invoices(self) -> list[dict[str, Any]]:
        """The portal's own invoices that belong into the report."""
        failed = {each["STATUS_ID"] for each in self.portal.crm.statuses if each["SEMANTICS"] == "F"}
        return [each for each in self.portal.crm.invoices if each["begindate"] and each["stageId"] not in failed]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Install, open the tab, build, download. The plan is Enterprise: its bucket holds the report without waiting."""
    folder = tmp_path_factory.mktemp("main way")
    with DemoWorld() as world, live_app(world, folder) as app:
        portal = world.add_portal()
        portal.make_enterprise()
        sample.fill(portal.crm, today=date(2026, 11, 24))
        portal.install(app.url)
        page = app.page(portal)
        page.get("/options")
        portal.calls.clear()
        report = page.build(date_from="2022-01-01", date_to="2027-12-31", detailed=True)
        file = page.download(report["download_url"], folder / "register.xlsx")
        yield Built(portal, report, CalamineWorkbook.from_path(str(file)))


def test_from_install_to_workbook(built: Built) -> None:
    """Every invoice of the sample is in the workbook, with few calls, and the sums are those of the portal's data."""
    portal, invoices = built.portal, built.invoices
    assert built.report["summary"]["invoices"] == len(invoices)
    rubles = sum(
        (Decimal(str(each["opportunity"] or 0)) for each in invoices if each["currencyId"] == "RUB"), Decimal()
    )
    total = next(each for each in built.report["summary"]["totals"] if each["currency"] == "RUB")
    assert Decimal(total["amount"]) == rubles
    assert len(built.table("Краткий")) == len(invoices)
    rows = len(built.table("Полный"))
    requisites = len(portal.calls.of("crm.requisite.list"))
    pages = 2 * math.ceil(len(invoices) / 50) + math.ceil(rows / 50)
    assert len(portal.calls) <= pages + requisites + 12, portal.calls.by_method
    assert portal.bucket.rejected == 0


def kopecks(value: Any) -> Decimal:
    """A figure of the portal's data or of a cell, to kopecks, half up; nothing counts as 0."""
    return Decimal(str(value or 0)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def by_currency(rows: Iterable[Any], currency: str, figure: Callable[[Any], Decimal]) -> dict[str, Decimal]:
    """Sums of ``figure`` by what stands under ``currency``."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row[currency]] += figure(row)
    return dict(sums)


def row_amount(row: Any) -> Decimal:
    """Price × quantity of a product row of the portal."""
    return kopecks(Decimal(str(row["price"])) * Decimal(str(row["quantity"])))


def row_vat(row: Any) -> Decimal:
    """The VAT inside a product row of the portal."""
    rate = Decimal(str(row["taxRate"] or 0))
    return kopecks(row_amount(row) * rate / (100 + rate))


def test_the_sheets_agree_with_each_other_and_with_the_portal(built: Built) -> None:
    """Sums of all four sheets, by currency, reckoned here straight from the portal's data."""
    portal, invoices = built.portal, built.invoices
    currency_of = {each["id"]: each["currencyId"] for each in invoices}
    rows = [
        {**each, "currency": currency_of[each["ownerId"]]} for each in portal.crm.rows if each["ownerId"] in currency_of
    ]

    expected = by_currency(invoices, "currencyId", lambda each: kopecks(each["opportunity"]))
    vat = by_currency(invoices, "currencyId", lambda each: kopecks(each["taxValue"]))
    assert len(expected) > 1, "the sample has several currencies"
    brief, buyers = built.table("Краткий"), built.table("По контрагентам", "ИНН")
    assert by_currency(brief, "Валюта", lambda each: kopecks(each["Сумма"])) == expected
    assert by_currency(buyers, "Валюта", lambda each: kopecks(each["Сумма"])) == expected
    assert (
        by_currency(buyers, "Валюта", lambda each: kopecks(each["Оплачено"]) + kopecks(each["Не оплачено"])) == expected
    )
    in_cells = by_currency(brief, "Валюта", lambda each: kopecks(0 if each["НДС"] == "нет" else each["НДС"]))
    assert in_cells == vat == by_currency(buyers, "Валюта", lambda each: kopecks(each["НДС"]))

    rates, full = built.table("По ставкам НДС", "Ставка НДС"), built.table("Полный")
    assert by_currency(rates, "Валюта", lambda each: kopecks(each["Сумма"])) == expected
    assert by_currency(rates, "Валюта", lambda each: kopecks(each["НДС"])) == vat
    of_rows = [each for each in rates if each["Ставка НДС"] != "Вне строк товаров"]
    assert by_currency(of_rows, "Валюта", lambda each: kopecks(each["Сумма"])) == by_currency(
        rows, "currency", row_amount
    )
    assert by_currency(of_rows, "Валюта", lambda each: kopecks(each["НДС"])) == by_currency(rows, "currency", row_vat)
    assert sum(kopecks(each["Сумма"]) for each in full) == sum(map(row_amount, rows))
    assert sum(kopecks(0 if each["НДС"] == "нет" else each["НДС"]) for each in full) == sum(map(row_vat, rows))

"""The main job over real HTTP: install, open the tab, build a report, download it, check the sums."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from demo_portal import DemoWorld
from demo_portal.data import sample
from tests.live import LiveApp, live_app


@pytest.fixture
def world() -> Iterator[DemoWorld]:
    with DemoWorld() as world:
        yield world


@pytest.fixture
def app(world: DemoWorld, tmp_path: Path) -> Iterator[LiveApp]:
    with live_app(world, tmp_path) as app:
        yield app


def table(path: Path, name: str, first: str = "Номер") -> list[dict[str, Any]]:
    """The rows of a sheet's table (from the header row that holds ``first`` to the first empty row), by its headers."""
    lines = list(load_workbook(path)[name].iter_rows(values_only=True))
    start = next(number for number, line in enumerate(lines) if first in line)
    rows = []
    for line in lines[start + 1 :]:
        if not any(cell is not None for cell in line):
            break
        rows.append(dict(zip(lines[start], line, strict=True)))
    return rows


def test_from_install_to_workbook(app: LiveApp, world: DemoWorld, tmp_path: Path) -> None:
    """Every invoice of the sample is in the workbook, with few calls, and the sums are those of the portal's data."""
    portal = world.add_portal()
    sample.fill(portal.crm, today=date(2026, 11, 24))
    portal.install(app.url)
    page = app.page(portal)
    page.get("/options")
    portal.calls.clear()
    report = page.build(date_from="2022-01-01", date_to="2027-12-31", detailed=True)
    failed = {each["STATUS_ID"] for each in portal.crm.statuses if each["SEMANTICS"] == "F"}
    invoices = [each for each in portal.crm.invoices if each["begindate"] and each["stageId"] not in failed]
    assert report["summary"]["invoices"] == len(invoices)
    rubles = sum(
        (Decimal(str(each["opportunity"] or 0)) for each in invoices if each["currencyId"] == "RUB"), Decimal()
    )
    total = next(each for each in report["summary"]["totals"] if each["currency"] == "RUB")
    assert Decimal(total["amount"]) == rubles
    workbook = page.download(report["download_url"], tmp_path / "register.xlsx")
    assert len(table(workbook, "Краткий")) == len(invoices)
    rows = len(table(workbook, "Полный"))
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


def test_the_sheets_agree_with_each_other_and_with_the_portal(app: LiveApp, world: DemoWorld, tmp_path: Path) -> None:
    """Sums of all four sheets, by currency, reckoned here straight from the portal's data (issue 3)."""
    portal = world.add_portal()
    portal.bucket.enabled = False
    sample.fill(portal.crm, today=date(2026, 11, 24))
    portal.install(app.url)
    page = app.page(portal)
    report = page.build(date_from="2022-01-01", date_to="2027-12-31", detailed=True)
    workbook = page.download(report["download_url"], tmp_path / "register.xlsx")
    failed = {each["STATUS_ID"] for each in portal.crm.statuses if each["SEMANTICS"] == "F"}
    invoices = [each for each in portal.crm.invoices if each["begindate"] and each["stageId"] not in failed]
    currency_of = {each["id"]: each["currencyId"] for each in invoices}
    rows = [
        {**each, "currency": currency_of[each["ownerId"]]} for each in portal.crm.rows if each["ownerId"] in currency_of
    ]

    expected = by_currency(invoices, "currencyId", lambda each: kopecks(each["opportunity"]))
    vat = by_currency(invoices, "currencyId", lambda each: kopecks(each["taxValue"]))
    assert len(expected) > 1, "the sample has several currencies"
    brief, buyers = table(workbook, "Краткий"), table(workbook, "По контрагентам", "ИНН")
    assert by_currency(brief, "Валюта", lambda each: kopecks(each["Сумма"])) == expected
    assert by_currency(buyers, "Валюта", lambda each: kopecks(each["Сумма"])) == expected
    assert (
        by_currency(buyers, "Валюта", lambda each: kopecks(each["Оплачено"]) + kopecks(each["Не оплачено"])) == expected
    )
    in_cells = by_currency(brief, "Валюта", lambda each: kopecks(0 if each["НДС"] == "нет" else each["НДС"]))
    assert in_cells == vat == by_currency(buyers, "Валюта", lambda each: kopecks(each["НДС"]))

    rates, full = table(workbook, "По ставкам НДС", "Ставка НДС"), table(workbook, "Полный")
    assert by_currency(rates, "Валюта", lambda each: kopecks(each["Сумма"])) == by_currency(
        rows, "currency", row_amount
    )
    assert by_currency(rates, "Валюта", lambda each: kopecks(each["НДС"])) == by_currency(rows, "currency", row_vat)
    assert sum(kopecks(each["Сумма"]) for each in full) == sum(map(row_amount, rows))
    assert sum(kopecks(0 if each["НДС"] == "нет" else each["НДС"]) for each in full) == sum(map(row_vat, rows))

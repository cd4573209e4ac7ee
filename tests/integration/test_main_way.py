"""The main job over real HTTP: install, open the tab, build a report, download it, check the sums."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
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


def table(path: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a sheet's table (down to the first empty row), by its headers."""
    lines = list(load_workbook(path)[name].iter_rows(values_only=True))
    start = next(number for number, line in enumerate(lines) if line[0] == "Номер")
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

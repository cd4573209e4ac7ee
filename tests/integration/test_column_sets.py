"""Two sets of columns over the demo portal, their workbooks read by three programs that are not ours."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from demo_portal import Portal
from demo_portal.crm.fields import custom_field
from demo_portal.data import sample
from tests.integration.house import Visitor
from tests.integration.workshop import Process, Workshop

SOFFICE = shutil.which("soffice")
YEAR = {"date_from": "2026-01-01", "date_to": "2026-12-31"}
FORMULA = "=СУММ(A1:A9)"
BY_MANAGER = "ufCrm_SMART_INVOICE_{}"
SETS = {
    "Для 1С": "number date inn kpp counterparty amount vat vat_rates currency my_company my_company_inn paid_date "
    "paid_amount outstanding payment_status id",
    "По менеджерам": "responsible number counterparty amount currency outstanding stage deal title comment created "
    + " ".join(BY_MANAGER.format(place) for place in range(1, 6)),
}
CUSTOM = {
    1: ("string", FORMULA),
    2: ("double", "1234.5"),
    3: ("money", "100.50|RUB"),
    4: ("date", "2026-05-09T03:00:00+03:00"),
    5: ("boolean", "Y"),
}
"""The portal's own fields, and what every third invoice has in them."""

Cells = dict[tuple[str, int, int], Any]


@pytest.fixture(scope="module")
def portal(shop: Workshop) -> Portal:
    portal = shop.portal()
    sample.fill(portal.crm, today=date(2026, 11, 24), invoices=120)
    for place, (kind, value) in CUSTOM.items():
        portal.crm.add_custom_field(custom_field(f"UF_CRM_SMART_INVOICE_{place}", kind, f"Поле {kind}"))
        for each in list(portal.crm.invoices)[::3]:
            portal.crm.invoices.change(each["id"], **{BY_MANAGER.format(place): value})
    return portal


@pytest.fixture(scope="module", params=SETS)
def workbook(
    request: pytest.FixtureRequest,
    shop: Workshop,
    process: Process,
    portal: Portal,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The workbook of the year with the columns of the saved set of this name."""
    visitor: Visitor = shop.house.visitor(portal)
    params = {"columns": SETS[request.param].split()}
    saved = visitor.call("POST", "/saved-sets", json={"name": request.param, "params": params}).json
    chosen = saved["params"]["columns"]
    ordered = visitor.call("POST", "/reports", json={**YEAR, "columns": chosen, "set_name": saved["name"]})
    ended = shop.work_on(process, ordered.json["id"], portal)
    path = tmp_path_factory.mktemp("set") / "register.xlsx"
    with shop.files.open(next(each.name for each in ended.record.files if each.format == "xlsx")) as file:
        path.write_bytes(file.read())
    return path


def by_openpyxl(path: Path) -> Cells:
    """The cells that are not empty, as openpyxl reads them."""
    return known(
        (sheet.title, cell.row, cell.column, cell.value)
        for sheet in load_workbook(path, data_only=True)
        for row in sheet.iter_rows()
        for cell in row
    )


def by_calamine(path: Path) -> Cells:
    """As python-calamine reads them."""
    book = CalamineWorkbook.from_path(path)
    return known(
        (name, row, column, value)
        for name in book.sheet_names
        for row, line in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False), 1)
        for column, value in enumerate(line, 1)
    )


def by_libreoffice(path: Path) -> Cells:
    """As LibreOffice has understood them: what it writes into a file of its own kind, formulas reckoned anew."""
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", "ods", "--outdir", str(path.parent), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return by_calamine(path.with_suffix(".ods"))


def known(cells: Iterator[tuple[str, int, int, Any]]) -> Cells:
    """The cells that are not empty: numbers as floats, a moment at midnight as its day."""
    return {(sheet, row, column): _plain(value) for sheet, row, column, value in cells if value not in (None, "")}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        return value.date()
    return round(float(value), 6) if isinstance(value, int | float) and not isinstance(value, bool) else value


def test_openpyxl_and_calamine_read_the_same_cells(workbook: Path) -> None:
    """Texts, numbers and days, under a title block that names the set; what looks like a formula is a text."""
    cells = by_openpyxl(workbook)
    assert cells == by_calamine(workbook)
    brief = [value for (sheet, _, _), value in cells.items() if sheet == "Краткий"]
    assert any("Столбцы листа «Краткий»: набор «" in str(each) for each in brief)
    assert {type(each) for each in brief} == {str, float, date}
    assert ("Поле string" in brief) == (FORMULA in brief)


@pytest.mark.skipif(SOFFICE is None, reason="left out: LibreOffice (soffice) is not installed")
def test_libreoffice_reads_the_same_cells(workbook: Path) -> None:
    assert by_libreoffice(workbook) == by_openpyxl(workbook)

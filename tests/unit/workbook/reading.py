"""Reads a finished workbook three ways: openpyxl, python-calamine, and the XML itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

NAMESPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def opened(path: Path) -> Workbook:
    """The workbook as openpyxl reads it."""
    return load_workbook(path)


@dataclass
class Table:
    """The table of one sheet: the row of its header, the titles, the cells of each row by title, what is below."""

    sheet: Worksheet
    header_row: int
    titles: list[str]
    rows: list[dict[str, Cell]]
    below: list[dict[str, Cell]]

    def values(self) -> list[dict[str, Any]]:
        """The table's values by title."""
        return [{title: cell.value for title, cell in row.items()} for row in self.rows]


def table(book: Workbook, name: str) -> Table:
    """The table of the sheet ``name``, found by the texts of its header; the filter says where it ends."""
    sheet = book[name]
    header_row = next(row for row in range(1, sheet.max_row + 1) if _is_header(sheet, row))
    titles = [cell.value for cell in sheet[header_row]]
    end = int(sheet.auto_filter.ref.rpartition(":")[2].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    rows = [dict(zip(titles, cells, strict=True)) for cells in sheet.iter_rows(min_row=header_row + 1)]
    size = end - header_row
    return Table(sheet, header_row, titles, rows[:size], rows[size:])


def _is_header(sheet: Worksheet, row: int) -> bool:
    return {"Номер", "Валюта", "ИНН", "Ответственный"} & {cell.value for cell in sheet[row][:2]} != set()


def title_block(book: Workbook, name: str) -> list[str]:
    """The lines above the table."""
    sheet = book[name]
    lines = (sheet.cell(row, 1).value for row in range(1, table(book, name).header_row))
    return [line for line in lines if line]


def calamine_rows(path: Path, name: str) -> list[list[Any]]:
    """The sheet as python-calamine reads it, from its first row on."""
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python(skip_empty_area=False)


def part(path: Path, name: str) -> bytes:
    """One part of the package."""
    with ZipFile(path) as package:
        return package.read(name)


def digits(path: Path, cell: str, sheet: int = 1) -> str | None:
    """What stands in ``<v>`` of one cell, as the file has it."""
    root = ElementTree.fromstring(part(path, f"xl/worksheets/sheet{sheet}.xml"))
    return root.findtext(f".//m:c[@r='{cell}']/m:v", namespaces=NAMESPACE)

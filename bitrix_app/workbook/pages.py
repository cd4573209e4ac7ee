"""One table that may be longer than a sheet of Excel: ``Полный``, then ``Полный (2)``, ``Полный (3)``…"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitrix_app.errors import WorkbookLimitError
from bitrix_app.processing.columns import Value
from bitrix_app.processing.model import Problem
from bitrix_app.processing.totals import RegisterTotals
from bitrix_app.workbook.cells import SharedStrings
from bitrix_app.workbook.head import Head
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.sheets import Sheet
from bitrix_app.workbook.stream import SheetStream
from bitrix_app.workbook.styles import RowStyle, SheetColumn, StyleBook


@dataclass(frozen=True, slots=True)
class Limits:
    """``rows``: rows of a sheet (Excel specifications and limits); beyond them a second sheet goes on.
    ``sheet_bytes``: length of one sheet's rows in the file; Excel reads no sheet of 4 GiB, and a quarter of that is
    a sheet that still opens. ``sheets``: how many sheets we write before saying that the report is too large.
    ``all_bytes``: length of the rows of all sheets together (contract §9)."""

    rows: int = 1_048_576
    sheet_bytes: int = 1 << 30
    sheets: int = 64
    all_bytes: int = 2 << 30


EXCEL = Limits()


@dataclass(frozen=True, slots=True)
class WorkbookContext:
    """What every sheet of one workbook shares: the folder of its streams, the report's header and totals, styles,
    limits, and the shared strings."""

    folder: Path
    header: RegisterHeader
    totals: RegisterTotals
    styles: StyleBook
    limits: Limits
    strings: SharedStrings


class PagedTable:
    """The sheets of one table, each with the title block and the header row; ``reserve`` rows of each are kept free
    for what goes under the table."""

    def __init__(
        self, sheet: Sheet[Any], columns: Sequence[SheetColumn], context: WorkbookContext, reserve: int = 0
    ) -> None:
        self._sheet = sheet
        self._columns = columns
        self._context = context
        self._last_row = context.limits.rows - reserve
        self._head = Head(sheet, columns, context.header, context.totals, context.styles)
        codes = [column.code for column in columns]
        self._frozen = codes.index(sheet.frozen) + 1 if sheet.frozen in codes[:-1] else 0
        self.pages: list[SheetStream] = []
        self.page = self._start_sheet()

    def add(self, values: Sequence[Value], style: RowStyle, level: int = 0) -> tuple[Problem, ...]:
        """A row of the table, on a new sheet when this one is full; ``level``: how deep it stands in an outline.

        Returns what Excel could not hold as it is; raises ``WorkbookLimitError`` when there are too many sheets,
        ``SheetsTooHeavyError`` when all sheets together are too heavy.
        """
        if self.page.row >= self._last_row or self.page.size >= self._context.limits.sheet_bytes:
            self.page = self._start_sheet()
        return self.page.add(values, style, level)

    def finish(self) -> None:
        """What can be told when the last row is there."""
        self._head.finish(self.pages)

    def close(self) -> None:
        """Write what is pending; harmless when repeated."""
        for page in self.pages:
            page.close()

    def _start_sheet(self) -> SheetStream:
        number = len(self.pages) + 1
        if number > self._context.limits.sheets:
            raise WorkbookLimitError(f"«{self._sheet.name}» does not fit into {number - 1} sheets", sheets=number - 1)
        if self.pages:
            self.pages[-1].close()
        name = self._sheet.name if number == 1 else f"{self._sheet.name} ({number})"
        context = self._context
        page = SheetStream(context.folder, name, self._columns, context.strings, self._frozen)
        self.pages.append(page)
        self._head.write(page, number)
        return page

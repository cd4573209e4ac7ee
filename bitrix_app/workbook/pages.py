"""One table that may be longer than a sheet of Excel: ``Полный``, then ``Полный (2)``, ``Полный (3)``…"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitrix_app.errors import WorkbookLimitError
from bitrix_app.processing.columns import Value
from bitrix_app.processing.model import Problem
from bitrix_app.workbook.header import RegisterHeader, title_lines
from bitrix_app.workbook.sheets import Sheet
from bitrix_app.workbook.stream import SheetStream
from bitrix_app.workbook.styles import RowStyle, SheetColumn, StyleBook


@dataclass(frozen=True, slots=True)
class Limits:
    """``rows``: rows of a sheet (Excel specifications and limits); beyond them a second sheet goes on.
    ``sheet_bytes``: length of one sheet's rows in the file; Excel reads no sheet of 4 GiB, and a quarter of that is
    a sheet that still opens. ``sheets``: how many sheets we write before saying that the report is too large."""

    rows: int = 1_048_576
    sheet_bytes: int = 1 << 30
    sheets: int = 64


EXCEL = Limits()


@dataclass(frozen=True, slots=True)
class WorkbookContext:
    """What every sheet of one workbook shares: the folder of its streams, the report's header, styles, limits."""

    folder: Path
    header: RegisterHeader
    styles: StyleBook
    limits: Limits


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
        self.pages: list[SheetStream] = []
        self.page = self._start_sheet()

    def add(self, values: Sequence[Value], style: RowStyle) -> tuple[Problem, ...]:
        """A row of the table, on a new sheet when this one is full.

        Returns what Excel could not hold as it is; raises ``WorkbookLimitError`` when there are too many sheets.
        """
        if self.page.row >= self._last_row or self.page.size >= self._context.limits.sheet_bytes:
            self.page = self._start_sheet()
        return self.page.add(values, style)

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
        page = SheetStream(self._context.folder, name, self._columns)
        self.pages.append(page)
        self._head(page, "" if number == 1 else f" (продолжение, лист {number})")
        return page

    def _head(self, page: SheetStream, continued: str) -> None:
        styles = self._context.styles
        for index, line in enumerate(self._lines(continued)):
            page.add_line(line, styles.line if index else styles.title)
        page.add_line("", styles.line, height=6)
        page.add_header(styles.header)

    def _lines(self, continued: str) -> Iterable[str]:
        width = sum(column.narrow for column in self._columns)
        return title_lines(self._context.header, f"{self._sheet.about}{continued}", width, self._sheet.legend)

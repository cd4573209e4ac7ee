"""One table that may be longer than a sheet of Excel: ``Полный``, then ``Полный (2)``, ``Полный (3)``…"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bitrix_app.errors import WorkbookLimitError
from bitrix_app.processing.model import Problem
from bitrix_app.workbook.cells import Cell
from bitrix_app.workbook.columns import Column
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.limits import Limits
from bitrix_app.workbook.stream import SheetStream
from bitrix_app.workbook.styles import RowStyle, StyleBook
from bitrix_app.workbook.titles import title_lines


@dataclass(frozen=True, slots=True)
class Table:
    """What a sheet is: its ``name``, what it is ``about`` (for the title), its columns, its legend in words."""

    name: str
    about: str
    columns: tuple[Column, ...]
    legend: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What every sheet of one workbook shares: the folder of its streams, the report's header, styles, limits."""

    folder: Path
    header: RegisterHeader
    styles: StyleBook
    limits: Limits


class PagedTable:
    """The sheets of one table, each with the title block and the header row; ``reserve`` rows of each are kept free
    for what goes under the table."""

    def __init__(self, table: Table, desk: Desk, reserve: int = 0) -> None:
        self._table = table
        self._desk = desk
        self._last_row = desk.limits.rows - reserve
        self.pages: list[SheetStream] = []
        self.page = self._turn()

    def add(self, values: Sequence[Cell], style: RowStyle) -> tuple[Problem, ...]:
        """A row of the table, on a new sheet when this one is full.

        Returns what Excel could not hold as it is; raises ``WorkbookLimitError`` when there are too many sheets.
        """
        if self.page.row >= self._last_row or self.page.size >= self._desk.limits.sheet_bytes:
            self.page = self._turn()
        return self.page.add(values, style)

    def close(self) -> None:
        """Write what is pending; harmless when repeated."""
        for page in self.pages:
            page.close()

    def _turn(self) -> SheetStream:
        number = len(self.pages) + 1
        if number > self._desk.limits.sheets:
            raise WorkbookLimitError(f"«{self._table.name}» does not fit into {number - 1} sheets", sheets=number - 1)
        if self.pages:
            self.pages[-1].close()
        name = self._table.name if number == 1 else f"{self._table.name} ({number})"
        page = SheetStream(self._desk.folder, name, self._table.columns)
        self.pages.append(page)
        self._head(page, "" if number == 1 else f" (продолжение, лист {number})")
        return page

    def _head(self, page: SheetStream, continued: str) -> None:
        styles = self._desk.styles
        for index, line in enumerate(self._lines(continued)):
            page.add_line(line, styles.line if index else styles.title)
        page.add_line("", styles.line, height=6)
        page.add_header(styles.header)

    def _lines(self, continued: str) -> Iterable[str]:
        width = sum(column.narrow for column in self._table.columns)
        return title_lines(self._desk.header, f"{self._table.about}{continued}", width, self._table.legend)

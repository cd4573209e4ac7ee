"""Fonts, fills, borders and number formats. openpyxl makes the styles; rows take only their numbers.

Colour is never the only sign: an unpaid row is in italics too, a row without VAT says «нет», alternate invoices
differ in their ``Номер``. The legend of a sheet says so in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils.indexed_list import IndexedList

from bitrix_app.workbook.columns import Column, Kind

FONT = "Arial"
SIZE = 10

_LINE = Side(style="thin", color="FFBFBFBF")
_GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)

RowStyle = tuple[int, ...]
"""The style numbers of one row's cells, column by column."""


@dataclass(frozen=True, slots=True)
class RowFormat:
    """What sets one row off from another: ``fill`` is RGB in hexadecimal."""

    fill: str | None = None
    bold: bool = False
    italic: bool = False
    grid: bool = True


PLAIN = RowFormat()
SHADED = RowFormat(fill="F2F2F2")
UNPAID = RowFormat(fill="FCE4D6", italic=True)
WITHOUT_VAT = RowFormat(fill="DDEBF7")
TOTAL = RowFormat(bold=True, grid=False)


class StyleBook:
    """The styles of one workbook: asks openpyxl for each style once and hands out its number."""

    def __init__(self, workbook: Workbook) -> None:
        # The first font is the one that widths of columns are measured in; openpyxl has no public way to choose it.
        workbook._fonts = IndexedList([Font(name=FONT, size=SIZE)])  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        self._sheet = workbook.worksheets[0]
        self.title = self._number(Font(name=FONT, size=14, bold=True))
        self.line = self._number(Font(name=FONT, size=SIZE))
        self.legend = self._number(Font(name=FONT, size=9, color="FF595959"))
        self.header = self._header()
        self.link = self._link()

    def row(
        self, columns: tuple[Column, ...], row_format: RowFormat, instead: Mapping[str, RowFormat] | None = None
    ) -> RowStyle:
        """The style numbers of a row of these columns; ``instead`` gives single columns, by title, another format."""
        others = instead or {}
        return tuple(self._cell(column.kind, others.get(column.title, row_format)) for column in columns)

    def _cell(self, kind: Kind, row_format: RowFormat) -> int:
        return self._number(
            Font(name=FONT, size=SIZE, bold=row_format.bold, italic=row_format.italic),
            fill=row_format.fill,
            number_format=kind.number_format,
            alignment=Alignment(horizontal=kind.horizontal, vertical="top", wrap_text=kind.wrapped),
            grid=row_format.grid,
        )

    def _header(self) -> int:
        return self._number(
            Font(name=FONT, size=SIZE, bold=True),
            fill="D9D9D9",
            alignment=Alignment(horizontal="center", vertical="center", wrap_text=True),
            grid=True,
        )

    def _link(self) -> int:
        return self._number(
            Font(name=FONT, size=SIZE, color="FF0563C1", underline="single"),
            number_format=Kind.TEXT.number_format,
            alignment=Alignment(horizontal="left", vertical="top", wrap_text=True),
            grid=True,
        )

    def _number(
        self,
        font: Font,
        *,
        fill: str | None = None,
        number_format: str = "General",
        alignment: Alignment | None = None,
        grid: bool = False,
    ) -> int:
        cell = WriteOnlyCell(self._sheet)
        cell.font = font
        cell.number_format = number_format
        if fill is not None:
            cell.fill = PatternFill("solid", start_color=fill)
        if alignment is not None:
            cell.alignment = alignment
        if grid:
            cell.border = _GRID
        return int(cell.style_id)

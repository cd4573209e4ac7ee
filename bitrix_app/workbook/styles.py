"""How cells look. openpyxl makes the styles; rows take only their numbers.

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
class Look:
    """What sets one row off from another: ``fill`` is RGB in hexadecimal."""

    fill: str | None = None
    bold: bool = False
    italic: bool = False
    grid: bool = True


PLAIN = Look()
SHADED = Look(fill="F2F2F2")
UNPAID = Look(fill="FCE4D6", italic=True)
WITHOUT_VAT = Look(fill="DDEBF7")
TOTAL = Look(bold=True, grid=False)


class StyleBook:
    """The styles of one workbook: asks openpyxl for each look once and hands out its number."""

    def __init__(self, workbook: Workbook) -> None:
        # The first font is the one that widths of columns are measured in; openpyxl has no public way to choose it.
        workbook._fonts = IndexedList([Font(name=FONT, size=SIZE)])  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        self._sheet = workbook.worksheets[0]
        self.title = self._number(Font(name=FONT, size=14, bold=True))
        self.line = self._number(Font(name=FONT, size=SIZE))
        self.legend = self._number(Font(name=FONT, size=9, color="FF595959"))
        self.header = self._header()
        self.link = self._link()

    def row(self, columns: tuple[Column, ...], look: Look, instead: Mapping[str, Look] | None = None) -> RowStyle:
        """The style numbers of a row of these columns; ``instead`` gives single columns, by title, another look."""
        looks = instead or {}
        return tuple(self._cell(column.kind, looks.get(column.title, look)) for column in columns)

    def _cell(self, kind: Kind, look: Look) -> int:
        return self._number(
            Font(name=FONT, size=SIZE, bold=look.bold, italic=look.italic),
            fill=look.fill,
            number_format=kind.number_format,
            alignment=Alignment(horizontal=kind.horizontal, vertical="top", wrap_text=kind.wrapped),
            grid=look.grid,
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

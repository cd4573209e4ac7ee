"""How columns, rows and cells look: number formats and widths of the kinds of columns, fonts, fills, borders.

openpyxl makes the styles; rows take only their numbers. Colour is never the only sign: an unpaid row is in italics too,
a row without VAT says «нет», alternate invoices differ in their ``Номер``. The legend of a sheet says so in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.indexed_list import IndexedList

from bitrix_app.processing.columns import Column, Kind

FONT = "Arial"
SIZE = 10

_LINE = Side(style="thin", color="FFBFBFBF")
_GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)

RowStyle = tuple[int, ...]
"""The style numbers of one row's cells, column by column."""


@dataclass(frozen=True, slots=True)
class KindFormat:
    """How a kind of value looks: its number format in Excel's own notation, how it lies in the cell, and the widths,
    in characters, between which a column follows its contents.

    Every text is wrapped: one that is longer than its column would be cut by the next cell, on paper for good.
    """

    number_format: str
    horizontal: str
    narrow: int
    wide: int = 30
    wrapped: bool = False


KIND_FORMATS: Mapping[Kind, KindFormat] = {
    Kind.TEXT: KindFormat("@", "left", narrow=12, wrapped=True),
    Kind.LABEL: KindFormat("@", "center", narrow=10, wide=14, wrapped=True),
    Kind.MONEY: KindFormat("#,##0.00", "right", narrow=13),
    Kind.PRICE: KindFormat("#,##0.00####", "right", narrow=12),
    Kind.WHOLE: KindFormat("#,##0", "right", narrow=10),
    Kind.QUANTITY: KindFormat("#,##0.0#####", "right", narrow=13),
    Kind.DATE: KindFormat("dd.mm.yyyy", "center", narrow=13),
}

Widths = Mapping[str, tuple[int, int]]
"""Column code → its narrowest and widest, in characters; a column that is not named goes by its kind."""

WIDTHS: Widths = {
    "number": (11, 24),
    "inn": (14, 22),
    "kpp": (11, 14),
    "counterparty": (29, 42),
    "vat": (11, 30),
    "currency": (10, 12),
    "stage": (12, 26),
    "responsible": (17, 32),
    "vat_rates": (13, 24),
    "rate": (13, 24),
    "product": (30, 60),
    "oldest_due": (22, 30),
    "field": (20, 30),
    "message": (80, 110),
}


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column as a sheet shows it; ``narrow`` and ``wide`` bound its width, in characters."""

    code: str
    title: str
    kind: Kind
    narrow: int
    wide: int
    wrapped: bool

    def width(self, longest: int) -> float:
        """The width for contents of at most ``longest`` characters, with room for the edges and for the spaces between
        thousands."""
        spaces = max(longest - 4, 0) // 3 if KIND_FORMATS[self.kind].horizontal == "right" else 0
        return min(max(longest + spaces + 2, self.narrow), self.wide)

    def lines(self, text: str) -> int:
        """How many lines ``text`` takes in this column at its widest."""
        room = int((self.wide - 1) / _letter_width(text))
        return sum(_wrapped_lines(line, room) for line in text.split("\n"))


def sheet_columns(columns: Sequence[Column[Any]], widths: Widths | None = None) -> tuple[SheetColumn, ...]:
    """The columns of a sheet; ``widths`` are those that it has of its own."""
    return tuple(_sheet_column(each, {**WIDTHS, **(widths or {})}) for each in columns)


def _sheet_column(column: Column[Any], widths: Widths) -> SheetColumn:
    kind = KIND_FORMATS[column.kind]
    narrow, wide = widths.get(column.code, (kind.narrow, kind.wide))
    return SheetColumn(column.code, column.title, column.kind, narrow, wide, kind.wrapped)


def letters(columns: Sequence[SheetColumn]) -> tuple[str, ...]:
    """The letters of these columns in a sheet: ``("A", "B", …)``."""
    return tuple(get_column_letter(index) for index in range(1, len(columns) + 1))


def shown_length(text: str) -> int:
    """The length of the longest line of ``text``, in digits, which the widths of columns are measured in."""
    return ceil(max(map(len, text.split("\n"))) * _letter_width(text))


def _letter_width(text: str) -> float:
    """Average width of a letter, in digits of the same font. Measured for Cyrillic in Arial: 0.91 to 0.99, capitals
    1.25; of a text in capitals only its letters count so, a document's number is mostly digits."""
    if not text.isupper():
        return 1.0
    return 1 + 0.25 * sum(map(str.isalpha, text)) / len(text)


def _wrapped_lines(line: str, room: int) -> int:
    lines, used = 1, 0
    for word in line.split(" "):
        length = len(word)
        if used and used + 1 + length > room:
            lines, used = lines + 1, 0
        used += length + (1 if used else 0)
        if used > room:  # a word longer than a line is broken
            lines, used = lines + (used - 1) // room, (used - 1) % room + 1
    return lines


@dataclass(frozen=True, slots=True)
class RowFormat:
    """What sets one row off from another: ``fill`` is RGB in hexadecimal. ``cells`` gives single columns, by code,
    another format, ``kinds`` another kind."""

    fill: str | None = None
    bold: bool = False
    italic: bool = False
    grid: bool = True
    cells: Mapping[str, RowFormat] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)


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
        self.header = self._header()
        self.link = self._link()

    def row(self, columns: Sequence[SheetColumn], row_format: RowFormat) -> RowStyle:
        """The style numbers of a row of these columns."""
        return tuple(
            self._cell(row_format.kinds.get(each.code, each.kind), row_format.cells.get(each.code, row_format))
            for each in columns
        )

    def _cell(self, kind: Kind, row_format: RowFormat) -> int:
        look = KIND_FORMATS[kind]
        return self._number(
            Font(name=FONT, size=SIZE, bold=row_format.bold, italic=row_format.italic),
            fill=row_format.fill,
            number_format=look.number_format,
            alignment=Alignment(horizontal=look.horizontal, vertical="top", wrap_text=look.wrapped),
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
            number_format=KIND_FORMATS[Kind.TEXT].number_format,
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

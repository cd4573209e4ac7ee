"""How columns, rows and cells look: number formats and widths of the kinds of columns, fonts, fills, borders.

openpyxl makes the styles; rows take only their numbers. Colour is never the only sign: what marks an unpaid invoice
stands in cells that say so (no payment date, the stage), an overdue date is bold, an invoice without VAT says «нет»,
alternate invoices differ in their ``Номер``. The legend of a sheet says so in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
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
SMALL = 8
INDENT = 1.5
"""What Excel's indent of 1 takes, in digits."""

_GREY, _BLUE, _RED, _DARK = "FF6B7280", "FF1F4E79", "FFB42318", "FF1F2937"
_ROW_LINE = Border(bottom=Side(style="hair", color="FF9CA3AF"))
_HEADER_LINES = Border(top=Side(style="thin", color=_BLUE), bottom=Side(style="thin", color=_BLUE))

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
    Kind.LABEL: KindFormat("@", "center", narrow=8, wide=14, wrapped=True),
    Kind.MONEY: KindFormat("#,##0.00", "right", narrow=12),
    Kind.PRICE: KindFormat("#,##0.00####", "right", narrow=11),
    Kind.WHOLE: KindFormat("#,##0", "right", narrow=8),
    Kind.ID: KindFormat("0", "right", narrow=8),
    Kind.QUANTITY: KindFormat("#,##0.0#####", "right", narrow=12),
    Kind.DATE: KindFormat("dd.mm.yyyy", "center", narrow=11),
}

Widths = Mapping[str, tuple[int, int]]
"""Column code → its narrowest and widest, in characters; a column that is not named goes by its kind."""

WIDTHS: Widths = {
    "number": (9, 24),
    "inn": (14, 20),
    "kpp": (11, 14),
    "counterparty": (26, 32),
    "vat": (10, 30),
    "currency": (8, 12),
    "stage": (12, 18),
    "responsible": (13, 18),
    "vat_rates": (12, 14),
    "my_company": (14, 24),
    "rate": (12, 24),
    "product": (28, 50),
    "oldest_due": (15, 30),
    "field": (18, 30),
    "message": (80, 110),
    "payment_status": (13, 20),
    "my_company_inn": (14, 22),
    "deal": (17, 40),
    "title": (17, 40),
    "comment": (24, 60),
}

MUTED = frozenset({"inn", "kpp", "currency", "stage", "responsible", "vat_rates", "unit"})
"""Columns that one looks up rather than reads: grey."""


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
        horizontal = KIND_FORMATS[self.kind].horizontal
        spaces = max(longest - 4, 0) // 3 if horizontal == "right" else 0
        edges = INDENT + 1 if horizontal == "left" else 1.5
        return min(max(ceil(longest + spaces + edges), self.narrow), self.wide)

    def lines(self, text: str) -> int:
        """How many lines ``text`` takes in this column at its widest."""
        room = self.wide - 1 - INDENT
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
    return ceil(max(map(_width, text.split("\n"))))


_DIGIT = 556
"""Width of a digit in thousandths of the font's size."""
_GLYPHS = {
    222: "'il|",
    278: " !,./:;I[]\\ft",
    333: "()-r`",
    365: "г",
    458: "зт",
    500: "cksvxyzJсух",
    521: "ьч",
    556: "авдео",
    604: "З",
    635: "УТ",
    667: "ABEKPSVXYАБВЕКЛРХЭЪъ&",
    722: "CDHNRUwГНПСИЙЦ",
    750: "юы",
    778: "GOQОФЧ",
    833: "MmМ",
    889: "%Ы",
    944: "WЖШЩ",
    823: "фшщжм",
    1010: "ЮЯ№@—…",
}
_WIDTHS = {glyph: width / _DIGIT for width, glyphs in _GLYPHS.items() for glyph in glyphs}
"""Widths of Arial's characters that differ from a digit's; rounded up where several share a line."""


def _width(text: str) -> float:
    return sum(map(_WIDTHS.get, text, repeat(1.0)))


def _wrapped_lines(line: str, room: float) -> int:
    lines, used = 1, 0.0
    space = _WIDTHS[" "]
    for word in line.split(" "):
        length = _width(word)
        if used and used + space + length > room:
            lines, used = lines + 1, 0
        used += length + (space if used else 0)
        if used > room:  # a word longer than a line is broken
            lines, used = lines + int(used / room), used % room
    return lines


@dataclass(frozen=True, slots=True)
class RowFormat:
    """What sets one row off from another: ``fill`` and ``color`` (of its text) are RGB in hexadecimal. ``cells`` gives
    single columns, by code, another format, ``kinds`` another kind. ``line``: the hair line under it."""

    fill: str | None = None
    color: str | None = None
    bold: bool = False
    line: bool = True
    cells: Mapping[str, RowFormat] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)


PLAIN = RowFormat()
SHADED = RowFormat(fill="F3F6FA")
UNPAID = RowFormat(fill="FDE8E6", color=_DARK)
OVERDUE = RowFormat(color=_RED, bold=True)
WITHOUT_VAT = RowFormat(fill="DDEBF7")
TOTAL = RowFormat(color=_DARK, bold=True, line=False)
FILTERED = RowFormat(color=_BLUE, line=False)
LINK = RowFormat(color="FF0563C1")
SUBTOTAL = RowFormat(fill="E9EEF5", color=_DARK, bold=True)


class StyleBook:
    """The styles of one workbook: asks openpyxl for each style once and hands out its number."""

    def __init__(self, workbook: Workbook) -> None:
        # The first font is the one that widths of columns are measured in; openpyxl has no public way to choose it.
        workbook._fonts = IndexedList([Font(name=FONT, size=SIZE)])  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        self._sheet = workbook.worksheets[0]
        self._known: dict[tuple[object, ...], int] = {}
        self.title = self._number(Font(name=FONT, size=14, bold=True, color=_DARK))
        self.line = self._number(Font(name=FONT, size=SMALL, color=_GREY))
        self.signature = self._number(Font(name=FONT, size=SIZE), alignment=_aligned("left", vertical="bottom"))
        right, left = _aligned("right", vertical="center"), _aligned("left", vertical="center")
        self.figure_title = self._number(Font(name=FONT, size=SMALL, color=_GREY), alignment=right)
        self.figures_title = self._number(Font(name=FONT, size=SMALL, color=_GREY), alignment=left)
        money, bold = KIND_FORMATS[Kind.MONEY].number_format, Font(name=FONT, size=SIZE, bold=True, color=_DARK)
        self.figure = self._number(bold, number_format=money, alignment=right)
        self.figure_overdue = self._number(
            Font(name=FONT, size=SIZE, bold=True, color=_RED), number_format=money, alignment=right
        )
        self.figure_label = self._number(bold, alignment=left)

    def row(self, columns: Sequence[SheetColumn], row_format: RowFormat, *, linked: str | None = None) -> RowStyle:
        """The style numbers of a row of these columns; the one with the code ``linked`` holds a link."""
        return tuple(self._cell(each, row_format, is_link=each.code == linked) for each in columns)

    def header(self, columns: Sequence[SheetColumn]) -> RowStyle:
        """The style numbers of the header row: each title stands as its column's values do."""
        return tuple(self._header(KIND_FORMATS[each.kind]) for each in columns)

    def _cell(self, column: SheetColumn, row_format: RowFormat, *, is_link: bool) -> int:
        kind = row_format.kinds.get(column.code, column.kind)
        cell = row_format.cells.get(column.code) or row_format
        color = LINK.color if is_link else cell.color or (_GREY if column.code in MUTED else None)
        fill = cell.fill or row_format.fill
        key = (kind, color, cell.bold, is_link, fill, row_format.line)
        number = self._known.get(key)
        if number is None:
            look = KIND_FORMATS[kind]
            number = self._known[key] = self._number(
                Font(name=FONT, size=SIZE, bold=cell.bold, color=color, underline="single" if is_link else None),
                fill=fill,
                number_format=look.number_format,
                alignment=_aligned(look.horizontal, wrapped=look.wrapped),
                border=_ROW_LINE if row_format.line else None,
            )
        return number

    def _header(self, look: KindFormat) -> int:
        return self._number(
            Font(name=FONT, size=SMALL, bold=True, color=_BLUE),
            fill="EAF2FA",
            alignment=_aligned(look.horizontal, vertical="center", wrapped=True),
            border=_HEADER_LINES,
        )

    def _number(
        self,
        font: Font,
        *,
        fill: str | None = None,
        number_format: str = "General",
        alignment: Alignment | None = None,
        border: Border | None = None,
    ) -> int:
        cell = WriteOnlyCell(self._sheet)
        cell.font = font
        cell.number_format = number_format
        if fill is not None:
            cell.fill = PatternFill("solid", start_color=fill)
        if alignment is not None:
            cell.alignment = alignment
        if border is not None:
            cell.border = border
        return int(cell.style_id)


def _aligned(horizontal: str, vertical: str = "top", *, wrapped: bool = False) -> Alignment:
    return Alignment(
        horizontal=horizontal, vertical=vertical, wrap_text=wrapped, indent=1 if horizontal == "left" else 0
    )

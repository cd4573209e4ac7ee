"""The rows and hyperlinks of one sheet, written to files as they come: memory does not grow with them.

openpyxl makes everything of a workbook but these rows (`package.py` joins the two): written by ourselves they cost a
tenth of its time, and a Decimal keeps its digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from html import escape
from pathlib import Path

from openpyxl.utils import get_column_letter

from bitrix_app.processing.columns import Value
from bitrix_app.processing.model import Problem
from bitrix_app.workbook.cells import ENCODERS, DoesNotFitError, SharedStrings, fit
from bitrix_app.workbook.styles import RowStyle, SheetColumn, letters, shown_length

_ROWS_HELD = 256
_KNOWN = 1024
"""Cached cells a column: names, units and rates repeat."""
_SHORT = 200
"""Longest text, in characters, that is cached: bounds the memory of the cache."""
_FILTER_BUTTON = 2.5
LINE_HEIGHT = 13
"""Height of a row of one line, in points."""
_TALLEST = 409
"""Greatest height of a row in Excel, in points."""


def _text_cell(strings: SharedStrings, column: SheetColumn, text: str) -> tuple[str, int, int]:
    """The cell of ``text``, its width as it is shown, and the lines that it takes.

    Raises DoesNotFitError.
    """
    body, width = strings.cell(text)
    if column.wrapped and (len(text) > column.wide - 3 or "\n" in text or text.isupper()):
        return body, max(width, shown_length(text)), column.lines(text)
    return body, width, 1


class SheetStream:
    """One sheet's rows: lines of the title block, the header of the table, the table, lines under it.

    After ``close`` the file ``rows`` holds the content of ``<sheetData>``, ``widths`` the columns' widths,
    ``header_row`` and ``table_end`` the first and last row of the table, ``row`` the last row of all. A row that can be
    made at the end only (``late_row``) belongs at ``late_at`` bytes of the file. ``merged`` holds ranges that are one
    cell, ``height`` is that of all rows in points, ``break_before`` the row that begins a new page.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        columns: Sequence[SheetColumn],
        strings: SharedStrings,
        frozen: int = 0,
    ) -> None:
        """``frozen``: so many columns stay in sight."""
        self.name = name
        self.frozen = frozen
        self._budget = strings.budget
        self._strings = strings
        self.columns = columns
        self.letters = letters(columns)
        self.rows = folder / f"{name}.rows"
        self.links = Links(folder, name)
        self.row = 0
        self.header_row = 0
        self.table_end = 0
        self.size = 0
        self.merged: list[str] = []
        self.late_at = 0
        self.late_row = ""
        self.break_before = 0
        self._taller = 0.0
        self.levels = 0
        self._level = 0
        self._longest = [0] * len(columns)
        self._text_cells = [lru_cache(_KNOWN)(partial(_text_cell, strings, column)) for column in columns]
        self._pending: list[str] = []
        self._file = self.rows.open("wb")

    @property
    def widths(self) -> tuple[float, ...]:
        """The width of each column, in characters: what its cells hold, and its longest word in the header."""
        return tuple(
            max(column.width(longest), column.narrow, _longest_word(column.title) + _FILTER_BUTTON)
            for column, longest in zip(self.columns, self._longest, strict=True)
        )

    def add_line(self, text: str, style: int, height: float | None = None) -> None:
        """A line of the title block in the first column; it runs over the empty cells beside it."""
        self.add_cells([(0, text, style)], height)

    @property
    def height(self) -> float:
        """The height of all rows so far, in points."""
        return self.row * LINE_HEIGHT + self._taller

    def leave_row(self) -> int:
        """Leave a row to be made at the end (``late_row``). → its number."""
        self._flush()
        self.late_at = self.size
        self.row += 1
        return self.row

    def add_cells(self, cells: Iterable[tuple[int, Value, int]], height: float | None = None) -> None:
        """A row of single cells (column, value, style) outside the table; they don't widen their columns."""
        self.row += 1
        self._write(self.row_of_cells(self.row, cells, height))

    def row_of_cells(self, row: int, cells: Iterable[tuple[int, Value, int]], height: float | None = None) -> str:
        """Such a row as XML."""
        written = (self.cell(place, row, style, value) for place, value, style in cells)
        tall = "" if height is None else f' ht="{height}" customHeight="1"'
        self._taller += 0 if height is None else height - LINE_HEIGHT
        return f'<row r="{row}"{tall}>{"".join(written)}</row>'

    def cell(self, place: int, row: int, style: int, value: Value) -> str:
        """One cell as XML; what Excel cannot hold as it is, as it can."""
        value, _ = fit(value)
        body, _ = self._strings.cell(value) if isinstance(value, str) else ENCODERS[type(value)](value)
        return f'<c r="{get_column_letter(place + 1)}{row}" s="{style}"{body}'

    def merge(self, row: int, spans: Iterable[tuple[int, int]]) -> None:
        """Make one cell of each span of columns in this row."""
        self.merged += (
            f"{get_column_letter(first + 1)}{row}:{get_column_letter(last + 1)}{row}" for first, last in spans
        )

    def widen(self, place: int, length: int) -> None:
        """A figure of so many characters stands in this column outside the table."""
        self._longest[place] = max(self._longest[place], length)

    def add_header(self, style: RowStyle) -> None:
        """The header row of the table."""
        longest = self._longest.copy()
        self._add([column.title for column in self.columns], style, lines=2)
        self._longest = longest
        self.header_row = self.table_end = self.row

    def add(self, values: Sequence[Value], style: RowStyle, level: int = 0) -> tuple[Problem, ...]:
        """A row of the table, so deep in an outline. What Excel cannot hold is written as it can, and named in the
        problems returned."""
        problems: tuple[Problem, ...] = ()
        self._level = level
        self.levels = max(self.levels, level)
        try:
            self._add(values, style)
        except DoesNotFitError:
            problems = self._add_fitted(values, style)
        self.table_end = self.row
        self._level = 0
        return problems

    def add_below(self, values: Sequence[Value], style: RowStyle) -> None:
        """A row under the table, outside its filter."""
        end = self.table_end
        self.add(values, style)
        self.table_end = end

    def skip(self) -> None:
        """Leave a row empty."""
        self.row += 1

    def close(self) -> None:
        """Write what is pending; harmless when repeated."""
        self.links.close()
        if not self._file.closed:
            self._flush()
            self._file.close()

    def discard(self) -> None:
        """Remove the files: the rows have been copied to where they belong."""
        for path in (self.rows, self.links.elements, self.links.relations):
            path.unlink(missing_ok=True)

    def _add_fitted(self, values: Sequence[Value], style: RowStyle) -> tuple[Problem, ...]:
        fitted = [fit(value) for value in values]
        self._add([value for value, _ in fitted], style)
        notes = zip(self.columns, fitted, strict=True)
        return tuple(Problem(column.title, message) for column, (_, message) in notes if message is not None)

    def _add(self, values: Sequence[Value], style: RowStyle, lines: int = 1) -> None:
        """The hot loop of the whole export: some millions of cells go through it. The row is as high as its highest
        text, and ``lines`` at least: Excel finds heights itself, LibreOffice does not."""
        row = str(self.row + 1)
        longest = self._longest
        cells = [""]
        for index, value in enumerate(values):
            if type(value) is str:
                if len(value) <= _SHORT:
                    body, width, high = self._text_cells[index](value)
                else:
                    body, width, high = _text_cell(self._strings, self.columns[index], value)
                if high > lines:  # noqa: PLR1730 - max() costs a call in the hot loop
                    lines = high
            else:
                body, width = ENCODERS[type(value)](value)
            if width > longest[index]:  # noqa: PLR1730 - as above
                longest[index] = width
            cells.append(f'<c r="{self.letters[index]}{row}" s="{style[index]}"{body}')
        tall = ""
        if lines != 1:
            height = min(lines * LINE_HEIGHT, _TALLEST)
            self._taller += height - LINE_HEIGHT
            tall = f' ht="{height}"'
        outline = f' outlineLevel="{self._level}"' if self._level else ""
        cells[0] = f'<row r="{row}"{tall}{outline}>'
        cells.append("</row>")
        self.row += 1
        self._write("".join(cells))

    def _write(self, markup: str) -> None:
        self._pending.append(markup)
        if len(self._pending) >= _ROWS_HELD:
            self._budget.charge(self._flush())

    def _flush(self) -> int:
        """→ how many bytes were written."""
        written = self._file.write("".join(self._pending).encode())
        self.size += written
        self._pending.clear()
        return written


def _longest_word(title: str) -> int:
    return max(map(len, title.split()))


CELLS_LIMIT = 65_530
"""Hyperlinks that one sheet of Excel takes (Excel specifications and limits); later rows stay without one."""

ADDRESS_LIMIT = 2_079
"""Characters of an address that Excel follows."""

NAMESPACE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
)


class Links:
    """Links of the rows of one sheet, top down; neighbouring rows with the same address share one link."""

    def __init__(self, folder: Path, name: str) -> None:
        self.elements = folder / f"{name}.links"
        self.relations = folder / f"{name}.rels"
        self.cells = 0
        self._elements = self.elements.open("w", encoding="utf-8")
        self._relations = self.relations.open("w", encoding="utf-8")
        self._relations.write(_HEAD)
        self._number = 0
        self._open: tuple[str, str, int, int] | None = None

    def takes(self, address: str) -> bool:
        """False when Excel would not take one more link to ``address`` (not http, too long, too many links)."""
        return self.cells < CELLS_LIMIT and _is_followed(address)

    def add(self, letter: str, row: int, address: str) -> None:
        """Link one cell to an address that ``takes`` has agreed to."""
        self.cells += 1
        if self._open is not None and self._open[:2] == (letter, address) and self._open[3] == row - 1:
            self._open = (*self._open[:3], row)
        else:
            self._write_open()
            self._open = (letter, address, row, row)

    def close(self) -> None:
        """Write what is pending and end both files; harmless when repeated."""
        if self._elements.closed:
            return
        self._write_open()
        self._relations.write("</Relationships>")
        self._elements.close()
        self._relations.close()

    def _write_open(self) -> None:
        if self._open is None:
            return
        letter, address, first, last = self._open
        self._open = None
        self._number += 1
        cells = f"{letter}{first}" if first == last else f"{letter}{first}:{letter}{last}"
        self._elements.write(f'<hyperlink ref="{cells}" r:id="rId{self._number}"/>')
        self._relations.write(
            f'<Relationship Id="rId{self._number}" Type="{NAMESPACE}/hyperlink" '
            f'Target="{escape(address)}" TargetMode="External"/>'
        )


_is_web = re.compile(r"https?://[^\s\x00-\x20\ud800-\udfff\ufffe\uffff]+").fullmatch


def _is_followed(address: str) -> bool:
    return len(address) <= ADDRESS_LIMIT and _is_web(address) is not None

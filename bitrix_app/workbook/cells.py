"""A value as the XML of one cell, digit for digit: no binary float, no formula, nothing that breaks the file.

``ENCODERS`` is the table: type of the value → function that gives the rest of the ``<c …`` element after its style
attribute, and its length in characters (of a number: without spaces, with two decimals at least). A text stands in the
workbook's table of shared strings: ``text_item`` gives its item there. A value that Excel cannot hold as what it is
raises ``DoesNotFitError``; ``fit`` then says what to write in its place and which words to tell the reader. Of a text
only what XML forbids is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any

from bitrix_app.errors import SheetsTooHeavyError
from bitrix_app.processing.columns import Value
from bitrix_app.processing.parsing import date_in_words
from bitrix_app.texts import tr

FIRST_DATE = date(1900, 3, 1)
"""The first day whose serial number Excel and LibreOffice agree on: Excel counts a 29 February 1900 that never was,
and knows nothing before 1900."""

TEXT_LIMIT = 32_767
"""UTF-16 units that one cell of Excel holds (Excel specifications and limits)."""

_DAY_ZERO = date(1899, 12, 30).toordinal()
_SURELY_FITS = TEXT_LIMIT // 2
_DIGITS_LIMIT = 255
BLANK = "/>"
_BLANK = (BLANK, 0)
_ZERO = ("><v>0</v></c>", 4)


class DoesNotFitError(ValueError):
    """Excel cannot hold this value as what it is (too long a text, a date before 1900, a number out of range)."""


def _blank(_: None) -> tuple[str, int]:
    return _BLANK


def text_item(value: str) -> tuple[str, int]:
    """The content of ``value``'s item in the table of shared strings (CT_Rst), empty where nothing is left of it, and
    its length. Raises DoesNotFitError."""
    width = len(value)
    if width > _SURELY_FITS and utf16_length(value) > TEXT_LIMIT:
        raise DoesNotFitError
    if is_special(value):
        return _special_text(value)
    return (f'<t xml:space="preserve">{value}</t>', width) if value else ("", 0)


def _special_text(value: str) -> tuple[str, int]:
    width = max(map(len, value.split("\n")))
    pieces = [f'<t xml:space="preserve">{piece}</t>' for piece in runs(value) if piece]
    if not pieces:
        return "", 0
    return pieces[0] if len(pieces) == 1 else "".join(f"<r>{piece}</r>" for piece in pieces), width


def _number(value: Decimal) -> tuple[str, int]:
    if not value.is_finite():
        raise DoesNotFitError
    if not value:
        return _ZERO
    if not -_DIGITS_LIMIT < value.adjusted() < _DIGITS_LIMIT:
        raise DoesNotFitError
    digits = str(value)
    if "E" in digits:  # str() is quicker than format(), and differs in the exponent alone
        digits = format(value, "f")
    if len(digits) > _DIGITS_LIMIT:
        raise DoesNotFitError
    return f"><v>{digits}</v></c>", len(digits) if "." in digits else len(digits) + 3


def _count(value: int) -> tuple[str, int]:
    return f"><v>{value}</v></c>", len(str(value)) + 3


@lru_cache(4096)
def _date(value: date) -> tuple[str, int]:
    if value < FIRST_DATE:
        raise DoesNotFitError
    return f"><v>{value.toordinal() - _DAY_ZERO}</v></c>", 10


ENCODERS: Mapping[type, Callable[[Any], tuple[str, int]]] = {
    NoneType: _blank,
    Decimal: _number,
    int: _count,
    date: _date,
}


def fit(value: Value) -> tuple[Value, str | None]:
    """``value`` as Excel can hold it, and what to tell the reader when that differs from ``value`` (else ``None``)."""
    try:
        if isinstance(value, str):
            text_item(value)
        else:
            ENCODERS[type(value)](value)
    except DoesNotFitError:
        return _instead(value)
    return value, None


def _instead(value: Value) -> tuple[str, str]:
    if isinstance(value, str):
        return cut(value), tr(
            "Текст длиннее 32 767 знаков, больше ячейка Excel не вмещает: записано начало. Сократите текст в Битрикс24."
        )
    if isinstance(value, date):
        return date_in_words(value), tr(
            "Дата {day} раньше 1900 года, Excel таких дат не хранит: записана текстом. Исправьте дату в Битрикс24.",
            day=date_in_words(value),
        )
    return cut(str(value)), tr("Число не помещается в ячейку Excel: записано текстом. Исправьте его в Битрикс24.")


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Outside the ``Char`` production of XML 1.0: control characters, lone surrogates, U+FFFE and U+FFFF."""

_LOOKS_ESCAPED = re.compile("(?<=_)(?=x[0-9A-Fa-f]{4}_)")
"""``_x0041_`` is how Excel itself writes a character by its code (ECMA-376, ST_Xstring): a place inside typed text that
looks like it. The look-ahead lets ``_x0041_x0042_`` match twice."""

_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})


def clean(text: str) -> str:
    """``text`` without the characters that XML forbids (control characters, lone surrogates, U+FFFE, U+FFFF)."""
    return text if text.isprintable() else _FORBIDDEN.sub("", text)


is_special = re.compile('[&<>"\r\n\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_x').search
"""A match when a text is not one plain line: cleaning or escaping might change it, or it has several lines."""


def escape(text: str) -> str:
    """``text`` as XML content: cleaned, a carriage return kept."""
    return clean(text).translate(_MARKUP)


def runs(text: str) -> list[str]:
    """``escape(text)`` in pieces none of which holds ``_xHHHH_``: as runs of one text they are shown as typed.

    Excel's own way, the underscore as ``_x005F_``, is undone by Excel, but not by every reader.
    """
    return _LOOKS_ESCAPED.split(escape(text))


def utf16_length(text: str) -> int:
    """Length of ``text`` in UTF-16 units, as Excel counts it: an emoji is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, limit: int = TEXT_LIMIT) -> str:
    """The beginning of the cleaned ``text`` that is at most ``limit`` UTF-16 units long; no character is halved."""
    return clean(text).encode("utf-16-le")[: limit * 2].decode("utf-16-le", errors="ignore")


_KNOWN = 16_384
"""Texts that are found again: names, units and stages repeat. One that comes back later gets a second item."""
_SHORT = 200
"""Longest text, in characters, that is found again: bounds the memory."""
_ITEMS_HELD = 1024
_CHUNK = 1 << 20
_HEAD = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
)


class SheetBudget:
    """The bytes that are left for the rows and texts of all sheets of one workbook."""

    def __init__(self, most: int) -> None:
        self._left = most

    def charge(self, written: int) -> None:
        """So many bytes more were written. Raises SheetsTooHeavyError when there are too many."""
        self._left -= written
        if self._left < 0:
            raise SheetsTooHeavyError


class SharedStrings:
    """The table of shared strings of one workbook: each text stands there, a cell holds its place in it.

    Excel keeps texts so itself, and previews on telephones read nothing else. Source: ECMA-376, SharedStringTable.
    Texts are written to a file as they come: memory does not grow with them. ``budget``: what the file
    and the sheets may still weigh."""

    def __init__(self, folder: Path, budget: SheetBudget) -> None:
        self._path = folder / "strings"
        self.budget = budget
        self._count = 0
        self._pending: list[str] = []
        self._file = self._path.open("wb")
        self._known = lru_cache(_KNOWN)(self._added)

    def cell(self, text: str) -> tuple[str, int]:
        """What a cell of this text has after its style attribute, and the text's length. Raises DoesNotFitError."""
        return self._known(text) if len(text) <= _SHORT else self._added(text)

    def chunks(self) -> Iterator[bytes]:
        """The part ``xl/sharedStrings.xml``; no text may come after it."""
        self._flush()
        self._file.close()
        yield _HEAD
        with self._path.open("rb") as file:
            yield from iter(lambda: file.read(_CHUNK), b"")
        yield b"</sst>"

    def close(self) -> None:
        """Ends the file; harmless when repeated."""
        self._file.close()

    def _added(self, text: str) -> tuple[str, int]:
        content, width = text_item(text)
        if not content:
            return BLANK, 0
        self._pending.append(f"<si>{content}</si>")
        if len(self._pending) >= _ITEMS_HELD:
            self._flush()
        self._count += 1
        return f' t="s"><v>{self._count - 1}</v></c>', width

    def _flush(self) -> None:
        self.budget.charge(self._file.write("".join(self._pending).encode()))
        self._pending.clear()

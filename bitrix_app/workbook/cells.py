"""A value as the XML of one cell, digit for digit: no binary float, no formula, nothing that breaks the file.

``ENCODERS`` is the table: type of the value → function that gives the rest of the ``<c …`` element after its style
attribute, and its length in characters (of a number: without spaces, with two decimals at least). A value that Excel
cannot hold as what it is raises ``DoesNotFitError``; ``fit`` then says what to write in its place and which words to
tell the reader. Of a text only what XML forbids is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import Any

from bitrix_app.processing.columns import Value
from bitrix_app.processing.parsing import date_in_words

FIRST_DATE = date(1900, 3, 1)
"""The first day whose serial number Excel and LibreOffice agree on: Excel counts a 29 February 1900 that never was,
and knows nothing before 1900."""

TEXT_LIMIT = 32_767
"""UTF-16 units that one cell of Excel holds (Excel specifications and limits)."""

_DAY_ZERO = date(1899, 12, 30).toordinal()
_SURELY_FITS = TEXT_LIMIT // 2
_DIGITS_LIMIT = 255
_BLANK = ("/>", 0)
_ZERO = ("><v>0</v></c>", 4)


class DoesNotFitError(ValueError):
    """Excel cannot hold this value as what it is (too long a text, a date before 1900, a number out of range)."""


def _blank(_: None) -> tuple[str, int]:
    return _BLANK


def _text(value: str) -> tuple[str, int]:
    width = len(value)
    if width > _SURELY_FITS and utf16_length(value) > TEXT_LIMIT:
        raise DoesNotFitError
    if is_special(value):
        return _special_text(value)
    if not value:
        return _BLANK
    return f' t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>', width


def _special_text(value: str) -> tuple[str, int]:
    width = max(map(len, value.split("\n")))
    pieces = [f'<t xml:space="preserve">{piece}</t>' for piece in runs(value) if piece]
    if not pieces:
        return _BLANK
    content = pieces[0] if len(pieces) == 1 else "".join(f"<r>{piece}</r>" for piece in pieces)
    return f' t="inlineStr"><is>{content}</is></c>', width


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


def _date(value: date) -> tuple[str, int]:
    if value < FIRST_DATE:
        raise DoesNotFitError
    return f"><v>{value.toordinal() - _DAY_ZERO}</v></c>", 10


ENCODERS: Mapping[type, Callable[[Any], tuple[str, int]]] = {
    NoneType: _blank,
    str: _text,
    Decimal: _number,
    int: _count,
    date: _date,
}


def fit(value: Value) -> tuple[Value, str | None]:
    """``value`` as Excel can hold it, and what to tell the reader when that differs from ``value`` (else ``None``)."""
    try:
        ENCODERS[type(value)](value)
    except DoesNotFitError:
        return _instead(value)
    return value, None


def _instead(value: Value) -> tuple[str, str]:
    if isinstance(value, str):
        return cut(value), (
            f"Текст длиннее {TEXT_LIMIT:,} знаков, больше ячейка Excel не вмещает: записано начало. "
            "Сократите текст в Битрикс24."
        ).replace(",", " ", 1)
    if isinstance(value, date):
        return date_in_words(value), (
            f"Дата {date_in_words(value)} раньше 1900 года, Excel таких дат не хранит: записана текстом. "
            "Исправьте дату в Битрикс24."
        )
    return cut(str(value)), ("Число не помещается в ячейку Excel: записано текстом. Исправьте его в Битрикс24.")


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Outside the ``Char`` production of XML 1.0: control characters, lone surrogates, U+FFFE and U+FFFF."""

_LOOKS_ESCAPED = re.compile("(?<=_)(?=x[0-9A-Fa-f]{4}_)")
"""``_x0041_`` is how Excel itself writes a character by its code (ECMA-376, ST_Xstring): a place inside typed text that
looks like it. The look-ahead lets ``_x0041_x0042_`` match twice."""

_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})


def clean(text: str) -> str:
    """``text`` without the characters that XML forbids (control characters, lone surrogates, U+FFFE, U+FFFF)."""
    return _FORBIDDEN.sub("", text)


is_special = re.compile('[&<>"\r\n\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_x').search
"""A match when a text is not one plain line: cleaning or escaping might change it, or it has several lines."""


def escape(text: str) -> str:
    """``text`` as XML content: cleaned, a carriage return kept."""
    return clean(text).translate(_MARKUP)


def runs(text: str) -> list[str]:
    """``escape(text)`` in pieces none of which holds ``_xHHHH_``: as runs of one text they are shown as typed.

    Excel's own way, the underscore as ``_x005F_``, would do for Excel; openpyxl does not undo it in inline strings.
    """
    return _LOOKS_ESCAPED.split(escape(text))


def utf16_length(text: str) -> int:
    """Length of ``text`` in UTF-16 units, as Excel counts it: an emoji is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, limit: int = TEXT_LIMIT) -> str:
    """The beginning of the cleaned ``text`` that is at most ``limit`` UTF-16 units long; no character is halved."""
    return clean(text).encode("utf-16-le")[: limit * 2].decode("utf-16-le", errors="ignore")

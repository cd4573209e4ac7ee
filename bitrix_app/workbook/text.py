"""Text of a name as a cell may hold it: what XML forbids is dropped, nothing else of it is lost."""

from __future__ import annotations

import re

TEXT_LIMIT = 32_767
"""UTF-16 units that one cell of Excel holds (Excel specifications and limits)."""

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

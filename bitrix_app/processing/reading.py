"""Plain values out of the portal's JSON: texts and ids. Numbers and dates have modules of their own.

A reader returns ``None`` for an empty value and raises UnreadableError for one that it cannot read; whoever calls it
turns that into a Problem.
"""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal
from typing import Any

from bitrix_app.processing.model import Raw

SHOWN = 60
_ID_DIGITS = 18
_NUMBER_DIGITS = 40
_NUMBER_BITS = 130
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp", "Zs"})


class UnreadableError(ValueError):
    """A value that the portal gave cannot be read; the message shows it («abc»), shortened."""

    def __init__(self, value: object) -> None:
        super().__init__(shown(value))


def shown(value: object) -> str:
    """Any value as a few words for a person: ``«abc»``; a list or an object by its kind."""
    if isinstance(value, str):
        return f"«{value[:SHOWN]}…»" if len(value) > SHOWN else f"«{value}»"
    if isinstance(value, bool):
        return "«да»" if value else "«нет»"
    if isinstance(value, int | float | Decimal):
        return f"«{value}»" if _is_short(value) else "«непригодное число»"
    return "«список»" if isinstance(value, list | tuple) else "«набор полей»"


def is_blank(text: str) -> bool:
    """Whether nothing of ``text`` would be seen in a cell: spaces, control and format characters, lone surrogates."""
    if text.isprintable():
        return not text.strip()
    return all(unicodedata.category(each) in _INVISIBLE for each in text)


def text_of(value: Any) -> str | None:
    """A text as it stands, spaces included; ``None`` when there is nothing to see in it.

    A number becomes its digits (an exchange may deliver numbers of documents so). Raises UnreadableError.
    """
    if isinstance(value, str):
        return None if is_blank(value) else value
    if value is None:
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and _is_short(value):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    raise UnreadableError(value)


def text_in(record: Raw, name: str) -> str | None:
    """A text of a record; ``None`` when it is empty or no text."""
    try:
        return text_of(record.get(name))
    except UnreadableError:
        return None


def id_of(value: Any) -> int | None:
    """A portal's id, number or text; ``None`` for none (empty, 0) and for what is no id."""
    if isinstance(value, str):
        text = value.strip()
        readable = len(text) <= _ID_DIGITS and text.isascii() and text.isdigit()
        return (int(text) or None) if readable else None
    if isinstance(value, Decimal) and _is_short(value) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < 10**_ID_DIGITS else None
    return None


def _is_short(number: float | Decimal) -> bool:
    """Whether a number is finite and can be written out in a few dozen digits."""
    if isinstance(number, int):
        return number.bit_length() <= _NUMBER_BITS
    if isinstance(number, float):
        return math.isfinite(number)
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and -_NUMBER_DIGITS <= exponent <= number.adjusted() <= _NUMBER_DIGITS

"""Numbers out of the portal's JSON: quantities, prices, rates, places in an order. Always Decimal, never a float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from bitrix_app.processing.reading import UnreadableError

WHOLE_DIGITS = 18
"""A number of more digits before the point is nobody's money or quantity; refusing it also keeps the arithmetic
and the texts of numbers short, whatever exponent somebody writes."""
PLACES = 40
"""A number (but 0) whose first digit comes later after the point is unreadable for the same reason."""
DIGITS = 60
"""The most digits of a readable number."""

EXACT = Context(prec=4 * DIGITS, rounding=ROUND_HALF_UP)
"""Wide enough for the product of any two readable numbers, so that rounding to kopecks is the only rounding.
Arithmetic leaves flags in it that nobody reads."""
_READABLE = Context(prec=DIGITS, rounding=ROUND_HALF_UP)
_TEXT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?")
_TEXT_LIMIT = 2 * DIGITS
_INTEGER_BITS = 4 * DIGITS


def number_of(value: Any) -> Decimal | None:
    """A number as the portal writes it: a JSON number or a decimal text (``"1234.50"``); ``None`` when empty.

    A float (only a hand-made record has one) goes by its shortest text: 0.1 is 0.1. Raises UnreadableError for
    anything else: a truth value, NaN, an infinity, other text, a number out of ``WHOLE_DIGITS`` and ``PLACES``.
    """
    if value is None:
        return None
    number = _decimal(value)
    if number is None:
        return None
    if not number:
        return Decimal(0)
    if not number.is_finite() or not -PLACES <= number.adjusted() < WHOLE_DIGITS or _READABLE.plus(number) != number:
        raise UnreadableError(value)
    return number


def order_of(value: Any) -> tuple[bool, int | Decimal]:
    """A key for the portal's ``sort`` and ``id``, numbers or their texts; what is empty or unreadable comes last."""
    if type(value) is int:  # nearly always; half a million product rows are sorted by two of these
        return False, value
    try:
        number = number_of(value)
    except UnreadableError:
        number = None
    return number is None, number or 0


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return _decimal_of_text(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > _INTEGER_BITS:
        raise UnreadableError(value)
    return Decimal(value)


def _decimal_of_text(value: str) -> Decimal | None:
    text = value.strip()
    if not text:
        return None
    if len(text) > _TEXT_LIMIT or not _TEXT.fullmatch(text):
        raise UnreadableError(value)
    return Decimal(text)

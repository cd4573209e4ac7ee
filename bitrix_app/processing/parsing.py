"""Reads single values out of the portal's JSON: texts, ids, calendar dates. Numbers are read in ``money``.

A reader returns ``None`` for an empty value and raises UnreadableError for one that it cannot read; the caller makes a
Problem of it. Which day a date or a moment is: ``bitrix_app/dates.py``.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from datetime import date, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any

from bitrix_app.dates import date_as_written, date_in_zone
from bitrix_app.entities import decoded
from bitrix_app.processing.model import Raw
from bitrix_app.texts import quoted, tr

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
        return quoted(f"{value[:SHOWN]}…" if len(value) > SHOWN else value)
    if isinstance(value, bool):
        return quoted(tr("да") if value else tr("нет"))
    if isinstance(value, int | float | Decimal):
        return quoted(value if _is_short(value) else tr("непригодное число"))
    return quoted(tr("список") if isinstance(value, list | tuple) else tr("набор полей"))


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


def name_of(value: Any) -> str | None:
    """A name as ``text_of`` reads it, entities of HTML decoded. Raises UnreadableError."""
    text = text_of(value)
    return text if text is None else decoded(text)


def name_in(record: Raw, name: str) -> str | None:
    """A name of a record; ``None`` when it is empty or no text."""
    text = text_in(record, name)
    return text if text is None else decoded(text)


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


def date_of(value: Any) -> date | None:
    """The calendar date of a field of type ``date``; ``None`` when empty. Of a multiple field, the first that is set.

    Raises UnreadableError.
    """
    return _date(value, date_as_written)


def moment_of(value: Any) -> date | None:
    """The calendar date of a moment as written. A field of our tables that names this reader is read in the portal's
    time zone: by ``moment_reader``, once the zone is known."""
    return date_of(value)


def moment_reader(zone: tzinfo) -> Callable[[Any], date | None]:
    """Reads the calendar date in ``zone`` of a field of type ``datetime``; else as ``date_of``."""
    return partial(_date, read=partial(date_in_zone, zone=zone))


def _date(value: Any, read: Callable[[str], date]) -> date | None:
    if value is None or value == "" or value is False:  # an empty multiple field comes as False from old methods
        return None
    if isinstance(value, list | tuple):
        return _first_of(value, read)
    if not isinstance(value, str):
        raise UnreadableError(value)
    try:
        return read(value.strip()) if value.strip() else None
    except ValueError as error:
        raise UnreadableError(value) from error


def date_in_words(day: date) -> str:
    """``31.03.2026``, four digits of the year whatever it is."""
    return f"{day.day:02}.{day.month:02}.{day.year:04}"


def _first_of(values: list[Any] | tuple[Any, ...], read: Callable[[str], date]) -> date | None:
    for each in values:
        if isinstance(each, list | tuple):
            raise UnreadableError(values)
        day = _date(each, read)
        if day is not None:
            return day
    return None

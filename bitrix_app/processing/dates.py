"""Calendar dates out of the portal's JSON: the date that is written, whatever offset stands behind it.

The portal writes ``2026-03-31`` and ``2026-03-31T03:00:00+03:00`` (data types of its REST API). ``31.03.2026`` is read
too: exchanges put it into custom fields, and it can mean nothing else.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from bitrix_app.processing.reading import UnreadableError

FIRST_YEAR = 1900
"""Excel knows no earlier day; the portal's earlier ones are artefacts of an empty date (``0000-00-00``)."""
_TIME = r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})" + _TIME)
_RUSSIAN = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})" + _TIME)


def date_of(value: Any) -> date | None:
    """The calendar date as written; ``None`` when empty. Of a multiple field, the first date that is set.

    ``2026-03-31T23:59:59+03:00`` is 31 March. Raises UnreadableError.
    """
    if value is None or value == "" or value is False:  # an empty multiple field comes as False from old methods
        return None
    if isinstance(value, list | tuple):
        return _first_of(value)
    if isinstance(value, str):
        return _date_of_text(value)
    raise UnreadableError(value)


def is_set(value: Any) -> bool:
    """Whether a date field holds anything at all, readable or not."""
    try:
        return date_of(value) is not None
    except UnreadableError:
        return True


def date_in_words(day: date) -> str:
    """``31.03.2026``."""
    return f"{day:%d.%m.%Y}"


def _first_of(values: list[Any] | tuple[Any, ...]) -> date | None:
    for each in values:
        if isinstance(each, list | tuple):
            raise UnreadableError(values)
        day = date_of(each)
        if day is not None:
            return day
    return None


def _date_of_text(value: str) -> date | None:
    text = value.strip()
    if not text:
        return None
    year, month, day = _parts(text)
    if year < FIRST_YEAR:
        raise UnreadableError(value)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise UnreadableError(value) from error


def _parts(text: str) -> tuple[int, int, int]:
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _RUSSIAN.fullmatch(text):
        day, month, year = found.groups()
    else:
        raise UnreadableError(text)
    return int(year), int(month), int(day)

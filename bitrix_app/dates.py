"""Which calendar date a date or a moment of the portal's JSON is.

Sources: data types of the portal's REST API (``2026-03-31``, ``2026-03-31T03:00:00+03:00``); its server sends a field
of type ``date`` as midnight shifted by the server's own offset, and a ``datetime`` in the server's zone, not the
portal's (rest ``classes/general/rest_util.php``). ``31.03.2026`` is read too, because exchanges write it into custom
fields and it can mean nothing else.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache

from bitrix_app.texts import tr

FIRST_YEAR = 1900
"""Excel knows no earlier day; the portal's earlier ones are artefacts of an empty date (``0000-00-00``)."""

_TIME = (
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_ISO = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})" + _TIME)
_RUSSIAN = re.compile(r"(?P<day>[0-9]{2})\.(?P<month>[0-9]{2})\.(?P<year>[0-9]{4})" + _TIME)


FIRST_THINKABLE = date(1990, 1, 1)
"""No invoice of a portal is older."""
THINKABLE_YEARS = 20
"""So far from the report's day a date may be; a year further away is a typing error."""


def last_thinkable(today: date) -> date:
    """The last day that a date of an invoice may be."""
    return date(min(today.year + THINKABLE_YEARS, date.max.year), 12, 31)


def is_thinkable(day: date, today: date | None) -> bool:
    """Whether a date of an invoice can be meant: 0206 and 2062 are 2026 with a typing error."""
    return day >= FIRST_THINKABLE and (today is None or day <= last_thinkable(today))


@lru_cache(4096)  # a report's dates are few; what raises is not kept
def date_as_written(text: str) -> date:
    """Of a field of type ``date``: the calendar date as written, except where the moment is midnight in UTC on another
    date, then that one (contract §4): ``2026-03-30T19:00:00-05:00`` is 31 March, ``2026-03-31T00:00:00+03:00`` too.

    Raises ValueError for what is no date, or before FIRST_YEAR.
    """
    day, moment = _read(text)
    in_utc = None if moment is None else _in(moment, UTC)
    return _kept(in_utc.date() if in_utc is not None and in_utc.time() == time() else day)


def date_in_zone(text: str, zone: tzinfo) -> date:
    """Of a field of type ``datetime``: the calendar date in ``zone``; as written where no offset is told.

    Raises ValueError for what is no date, or before FIRST_YEAR.
    """
    day, moment = _read(text)
    there = None if moment is None else _in(moment, zone)
    return _kept(day if there is None else there.date())


def _read(text: str) -> tuple[date, datetime | None]:
    """The date as written, and the moment where an offset tells it. Raises ValueError."""
    found = _ISO.fullmatch(text) or _RUSSIAN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    if found["offset"] is None:
        return day, None
    at = time(
        int(found["hour"]),
        int(found["minute"]),
        int(found["second"] or 0),
        int((found["fraction"] or "").ljust(6, "0")[:6]),
    )
    return day, datetime.combine(day, at, _offset(found["offset"]))


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _in(moment: datetime, zone: tzinfo) -> datetime | None:
    """The moment in a zone; ``None`` where that is beyond the calendar's ends."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return None


def _kept(day: date) -> date:
    if day.year < FIRST_YEAR:
        raise ValueError(day)
    return day


_MONTHS = (
    *("январь", "февраль", "март", "апрель", "май", "июнь"),
    *("июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"),
)
_PARTS = {12: "за {year} год", 6: "за {part}-е полугодие {year} г.", 3: "за {part}-й квартал {year} г."}


def period_in_words(first: date, last: date) -> str:
    """A period, both days included, as a title has it (in the report's language): «за октябрь 2026 г.», «за 3-й
    квартал 2026 г.», «за 2026 год», else its two days."""
    whole = first.day == 1 and (last.month != (last + timedelta(days=1)).month if last < date.max else True)
    months = last.month - first.month + 1 if whole and first.year == last.year else 0
    year = f"{first.year:04}"
    if months == 1:
        return tr("за {month} {year} г.", month=tr(_MONTHS[first.month - 1]), year=year)
    if months in _PARTS and (first.month - 1) % months == 0:
        return tr(_PARTS[months], part=(first.month - 1) // months + 1, year=year)
    if first == last:
        return tr("за {day}", day=_day(first))
    return tr("с {first} по {last}", first=_day(first), last=_day(last))


def _day(day: date) -> str:
    return f"{day:%d.%m}.{day.year:04}"

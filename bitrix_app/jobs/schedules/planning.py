"""When a schedule runs, and which days its report is of (contract §7): pure arithmetic over calendar days and zones.

The days come from dateutil's recurrence rules (RFC 5545), the moments from ``zoneinfo``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule

AS_OF_RUN = "as_of_run"
RUN_PERIODS = ("yesterday", "last_week", "last_month", "last_quarter", "this_month", "year_to_date")
EVERY = ("day", "workday", "week", "month", "quarter")
LAST_DAY = "last"
WORKDAYS = tuple(range(5))
QUARTERS_BEGIN, QUARTERS_END = (1, 4, 7, 10), (3, 6, 9, 12)
LONGEST_GAP = timedelta(days=100)
"""Longer than from one moment of any schedule to the next."""
HOUR = timedelta(hours=1)
SPREAD_SECONDS, SECONDS_A_PORTAL = 20 * 60, 3
"""Starts are spread over three seconds for each other portal with schedules, over twenty minutes at most: a portal
that is alone starts at its planned moment."""


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name; UTC where this machine has none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def next_run(when: Mapping[str, Any], zone: ZoneInfo, after: datetime) -> datetime:
    """The first planned moment after ``after``; both aware, the answer in UTC.

    ``when``: ``{every, day, weekday, time}`` of contract §7.
    """
    return next(moment for moment in _moments(when, zone, after) if moment > after)


def latest_run(when: Mapping[str, Any], zone: ZoneInfo, planned: datetime, now: datetime) -> datetime:
    """The last planned moment that is not after ``now``; ``planned`` where none has followed it."""
    latest = planned
    for moment in _moments(when, zone, max(planned, now - LONGEST_GAP)):
        if moment > now:
            return latest
        latest = max(latest, moment)
    raise AssertionError("a schedule never ends")


def _moments(when: Mapping[str, Any], zone: ZoneInfo, around: datetime) -> Iterator[datetime]:
    """Planned moments in their order, from at least two days before ``around`` on."""
    hour, minute = (int(part) for part in when["time"].split(":"))
    first = around.astimezone(zone).date() - timedelta(days=2)
    for day in rrule(dtstart=datetime.combine(first, time()), **_rule(when)):
        yield moment_of(datetime.combine(day.date(), time(hour, minute)), zone)


def _rule(when: Mapping[str, Any]) -> dict[str, Any]:
    every = when["every"]
    if every == "day":
        return {"freq": DAILY}
    if every == "workday":
        return {"freq": WEEKLY, "byweekday": WORKDAYS}
    if every == "week":
        return {"freq": WEEKLY, "byweekday": when["weekday"] - 1}
    if every == "month":
        return {"freq": MONTHLY, **_day_of_month(when["day"])}
    months = QUARTERS_END if when["day"] == LAST_DAY else QUARTERS_BEGIN
    return {"freq": MONTHLY, "bymonth": months, **_day_of_month(when["day"])}


def _day_of_month(day: int | str) -> dict[str, Any]:
    """The day, or the last of a month that lacks it: of 28 to ``day`` the last one that the month has."""
    if day == LAST_DAY:
        return {"bymonthday": -1}
    number = int(day)
    if number <= 28:
        return {"bymonthday": number}
    return {"bymonthday": tuple(range(28, number + 1)), "bysetpos": -1}


def moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a clock's time, in UTC: the first one where it comes twice; the next full hour that exists where
    it is skipped."""
    if not _exists(local, zone):
        local = local.replace(minute=0) + HOUR
        while not _exists(local, zone):
            local += HOUR
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    there = local.replace(tzinfo=zone).astimezone(UTC)
    return there.astimezone(zone).replace(tzinfo=None) == local


def start_offset(member_id: str, others: int) -> timedelta:
    """How long after its planned moments a portal's schedules start: the same for each of them.

    ``others``: how many other portals have active schedules.
    """
    share = int.from_bytes(hashlib.sha256(member_id.encode()).digest()[:4]) / 2**32
    return timedelta(seconds=int(share * min(SPREAD_SECONDS, others * SECONDS_A_PORTAL)))


def days_of_run(period: str, day: date) -> dict[str, date]:
    """The days of a report that runs on ``day``, by the names that a report's body has for them.

    ``period``: one of RUN_PERIODS (both days included; weeks begin on Monday), or AS_OF_RUN.
    """
    if period == AS_OF_RUN:
        return {"as_of": day}
    first, last = _bounds(period, day)
    return {"date_from": first, "date_to": last}


def _bounds(period: str, day: date) -> tuple[date, date]:
    month = day.replace(day=1)
    if period == "yesterday":
        return day - timedelta(days=1), day - timedelta(days=1)
    if period == "last_week":
        monday = day - timedelta(days=day.weekday() + 7)
        return monday, monday + timedelta(days=6)
    if period == "this_month":
        return month, day
    if period == "year_to_date":
        return day.replace(month=1, day=1), day
    if period == "last_month":
        return _earlier(month, 1), month - timedelta(days=1)
    quarter = month.replace(month=(day.month - 1) // 3 * 3 + 1)
    return _earlier(quarter, 3), quarter - timedelta(days=1)


def _earlier(month: date, months: int) -> date:
    number = month.year * 12 + month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)

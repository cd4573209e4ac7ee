"""When schedules run, by tables of cases; which days their reports are of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.jobs.schedules.planning import (
    EVERY,
    SPREAD_SECONDS,
    days_of_run,
    latest_run,
    next_run,
    start_offset,
    zone_of,
)

DAY = {"every": "day", "time": "09:00"}
NINE = {"time": "09:00"}


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("when", "after", "expected"),
    [
        (DAY, "2026-03-10 08:59", "2026-03-10 09:00"),
        (DAY, "2026-03-10 09:00", "2026-03-11 09:00"),
        (DAY, "2026-12-31 09:01", "2027-01-01 09:00"),
        ({"every": "workday", **NINE}, "2026-03-13 10:00", "2026-03-16 09:00"),  # Friday → Monday
        ({"every": "workday", **NINE}, "2026-03-14 08:00", "2026-03-16 09:00"),
        ({"every": "week", "weekday": 1, **NINE}, "2026-03-16 08:00", "2026-03-16 09:00"),
        ({"every": "week", "weekday": 7, **NINE}, "2026-03-16 08:00", "2026-03-22 09:00"),
        ({"every": "month", "day": 1, **NINE}, "2026-03-01 09:00", "2026-04-01 09:00"),
        ({"every": "month", "day": 31, **NINE}, "2026-01-31 09:00", "2026-02-28 09:00"),
        ({"every": "month", "day": 31, **NINE}, "2028-01-31 09:00", "2028-02-29 09:00"),
        ({"every": "month", "day": 31, **NINE}, "2026-03-31 09:00", "2026-04-30 09:00"),
        ({"every": "month", "day": 30, **NINE}, "2026-03-01 00:00", "2026-03-30 09:00"),
        ({"every": "month", "day": 29, **NINE}, "2026-02-01 00:00", "2026-02-28 09:00"),
        ({"every": "month", "day": "last", **NINE}, "2026-02-01 00:00", "2026-02-28 09:00"),
        ({"every": "month", "day": "last", **NINE}, "2026-12-31 09:00", "2027-01-31 09:00"),
        ({"every": "quarter", "day": 1, **NINE}, "2026-01-01 09:00", "2026-04-01 09:00"),
        ({"every": "quarter", "day": 10, **NINE}, "2026-03-31 00:00", "2026-04-10 09:00"),
        ({"every": "quarter", "day": 31, **NINE}, "2026-02-01 00:00", "2026-04-30 09:00"),  # April has no 31st
        ({"every": "quarter", "day": "last", **NINE}, "2026-01-01 00:00", "2026-03-31 09:00"),
        ({"every": "quarter", "day": "last", **NINE}, "2026-03-31 09:00", "2026-06-30 09:00"),
        ({"every": "quarter", "day": "last", **NINE}, "2026-10-01 00:00", "2026-12-31 09:00"),
    ],
)
def test_the_next_run_of_each_rule(when: dict[str, Any], after: str, expected: str) -> None:
    zone = ZoneInfo("Europe/Moscow")
    assert next_run(when, zone, local(after, "Europe/Moscow")) == local(expected, "Europe/Moscow")


@pytest.mark.parametrize(
    ("zone", "clock", "after", "expected"),
    [
        # skipped: the next full hour that exists
        ("Europe/Berlin", "02:30", "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),
        ("Europe/Berlin", "02:00", "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),
        ("America/New_York", "02:59", "2026-03-07T12:00-05:00", "2026-03-08T03:00-04:00"),
        ("America/Santiago", "00:15", "2026-09-05T12:00-04:00", "2026-09-06T01:00-03:00"),  # midnight does not exist
        ("Australia/Lord_Howe", "02:15", "2026-10-03T12:00+10:30", "2026-10-04T03:00+11:00"),  # half an hour is skipped
        ("Pacific/Apia", "09:00", "2011-12-29T10:00-10:00", "2011-12-31T00:00+14:00"),  # a day is skipped
        # twice: the first time
        ("Europe/Berlin", "02:30", "2026-10-24T12:00+02:00", "2026-10-25T02:30+02:00"),
        ("America/New_York", "01:30", "2026-10-31T12:00-04:00", "2026-11-01T01:30-04:00"),
        ("Australia/Lord_Howe", "01:45", "2026-04-04T12:00+11:00", "2026-04-05T01:45+11:00"),
        # and not a second time
        ("Europe/Berlin", "02:30", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"),
        # odd zones
        ("Asia/Kathmandu", "09:00", "2026-03-10T09:00+05:45", "2026-03-11T09:00+05:45"),
        ("Pacific/Kiritimati", "00:00", "2026-03-10T00:00+14:00", "2026-03-11T00:00+14:00"),
        ("Etc/GMT+12", "23:59", "2026-03-10T00:00-12:00", "2026-03-10T23:59-12:00"),
    ],
)
def test_daylight_saving_and_odd_zones(zone: str, clock: str, after: str, expected: str) -> None:
    found = next_run({"every": "day", "time": clock}, ZoneInfo(zone), datetime.fromisoformat(after))
    assert found == datetime.fromisoformat(expected)


@given(
    zone=st.sampled_from(sorted(available_timezones())),
    every=st.sampled_from(EVERY),
    day=st.one_of(st.integers(1, 31), st.just("last")),
    weekday=st.integers(1, 7),
    clock=st.times().map(lambda each: f"{each:%H:%M}"),
    after=st.integers(631_152_000, 2_114_380_800),  # 1990 to 2037
)
def test_in_any_zone_a_run_follows_within_a_period(  # noqa: PLR0917 # hypothesis gives them by name
    zone: str, every: str, day: int | str, weekday: int, clock: str, after: int
) -> None:
    when = {"every": every, "day": day, "weekday": weekday, "time": clock}
    moment = datetime.fromtimestamp(after, UTC)
    found = next_run(when, ZoneInfo(zone), moment)
    assert (
        timedelta() < found - moment < timedelta(days={"day": 3, "workday": 5, "week": 9, "month": 33}.get(every, 95))
    )
    assert latest_run(when, ZoneInfo(zone), found, found) == found
    assert next_run(when, ZoneInfo(zone), found - timedelta(microseconds=1)) == found


@pytest.mark.parametrize(
    ("planned", "now", "expected"),
    [
        ("2026-03-10 09:00", "2026-03-10 09:00", "2026-03-10 09:00"),
        ("2026-03-10 09:00", "2026-03-11 08:59", "2026-03-10 09:00"),
        ("2026-03-10 09:00", "2026-03-13 12:00", "2026-03-13 09:00"),  # three were missed
        ("2020-03-10 09:00", "2026-03-13 08:00", "2026-03-12 09:00"),
    ],
)
def test_after_a_standstill_the_latest_run_is_due(planned: str, now: str, expected: str) -> None:
    zone = "Europe/Moscow"
    found = latest_run(DAY, ZoneInfo(zone), local(planned, zone), local(now, zone))
    assert found == local(expected, zone)


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("Mars/Olympus") == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        ("yesterday", "2026-03-01", "2026-02-28", "2026-02-28"),
        ("last_week", "2026-03-16", "2026-03-09", "2026-03-15"),
        ("last_week", "2026-03-15", "2026-03-02", "2026-03-08"),
        ("last_month", "2026-01-01", "2025-12-01", "2025-12-31"),
        ("last_month", "2028-03-31", "2028-02-01", "2028-02-29"),
        ("last_quarter", "2026-01-10", "2025-10-01", "2025-12-31"),
        ("last_quarter", "2026-12-31", "2026-07-01", "2026-09-30"),
        ("this_month", "2026-03-10", "2026-03-01", "2026-03-10"),
        ("year_to_date", "2026-03-10", "2026-01-01", "2026-03-10"),
    ],
)
def test_the_days_of_a_register(period: str, day: str, first: str, last: str) -> None:
    found = days_of_run(period, date.fromisoformat(day))
    assert found == {"date_from": date.fromisoformat(first), "date_to": date.fromisoformat(last)}


def test_receivables_are_of_the_day_of_the_run() -> None:
    assert days_of_run("as_of_run", date(2026, 3, 10)) == {"as_of": date(2026, 3, 10)}


def test_one_portal_starts_at_once_and_many_over_twenty_minutes() -> None:
    assert start_offset("alone", 0) == timedelta()
    assert start_offset("stable", 499) == start_offset("stable", 499)
    offsets = [start_offset(f"portal {number}", 499).total_seconds() for number in range(500)]
    minutes = {int(each // 60) for each in offsets}
    assert min(offsets) >= 0
    assert max(offsets) < SPREAD_SECONDS
    assert minutes == set(range(20))

"""A date is the calendar date as the portal writes it or as its server has shifted it; a moment, that in the zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing import DataProcessor, FieldMapping, ProcessingContext
from bitrix_app.processing.parsing import UnreadableError, date_in_words, date_of, moment_reader

MARCH_31 = date(2026, 3, 31)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-31",
        "2026-03-31T00:00:00+03:00",
        "2026-03-31T03:00:00+03:00",
        "2026-03-30T19:00:00-05:00",
        "2026-03-30T12:00:00-12:00",
        "2026-03-31T14:00:00+14:00",
        "30.03.2026 19:00:00-05:00",
        "2026-03-31T23:59:59+03:00",
        "2026-03-31T00:00:00-11:00",
        "2026-03-31T00:00:00+14:00",
        "2026-03-31T00:00:00Z",
        "2026-03-31T00:00:00+0300",
        "2026-03-31T00:00:00.000000+03:00",
        "2026-03-31T00:00",
        "2026-03-31 12:30:00",
        " 2026-03-31 ",
        "31.03.2026",
        "31.03.2026 12:30:00",
        ["2026-03-31T03:00:00+03:00", "2026-05-01T03:00:00+03:00"],
        ["", None, "2026-03-31"],
    ],
)
def test_date_is_the_one_that_is_written_or_midnight_in_utc(value: Any) -> None:
    assert date_of(value) == MARCH_31


@pytest.mark.parametrize("value", [None, "", "   ", [], [None], ["", " "], False])
def test_an_empty_date_is_unknown(value: Any) -> None:
    assert date_of(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "0000-00-00",
        "-0001-11-30T00:00:00+00:00",
        "1899-12-31",
        "2026-02-30",
        "2026-13-01",
        "31.04.2026",
        "2026-3-1",
        "20260331",
        "2026-03-31Tnoon",
        "2026-03-31T00:00:00+03:00 or so",
        "٢٠٢٦-٠٣-٣١",
        "tomorrow",
        1774904400,
        True,
        {},
        {"date": "2026-03-31"},
        [["2026-03-31"]],
        ["tomorrow", "2026-03-31"],
    ],
)
def test_what_is_no_date_is_unreadable(value: Any) -> None:
    with pytest.raises(UnreadableError):
        date_of(value)


def test_date_in_words_is_as_russians_write_it() -> None:
    assert date_in_words(date(2026, 1, 9)) == "09.01.2026"


OFFSETS = st.integers(min_value=-12 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DAYS = st.dates(min_value=date(1900, 1, 2), max_value=date(9999, 12, 30))


@given(DAYS, OFFSETS)
def test_no_server_moves_a_date(day: date, server: timezone) -> None:
    """Midnight in UTC told at the server's offset, or midnight there, is the day itself."""
    shifted = datetime.combine(day, time(), UTC).astimezone(server).isoformat()
    assert date_of(shifted) == date_of(day.isoformat()) == date_of(date_in_words(day)) == day


@given(DAYS, st.times(), OFFSETS)
def test_a_date_at_another_time_is_the_one_that_is_written(day: date, at: time, server: timezone) -> None:
    written = datetime.combine(day, at, server)
    in_utc = written.astimezone(UTC)
    assert date_of(written.isoformat()) == (in_utc.date() if in_utc.time() == time() else day)


@given(DAYS, st.times(), OFFSETS, OFFSETS)
def test_a_moment_is_its_day_in_the_portals_zone(day: date, at: time, server: timezone, own: timezone) -> None:
    """Wherever the server stands."""
    moment = datetime.combine(day, at, own)
    assert moment_reader(own)(moment.astimezone(server).isoformat()) == day


def test_a_moment_without_an_offset_is_the_day_that_is_written() -> None:
    for written in ("2026-03-31T23:59:59", "2026-03-31", "31.03.2026 00:10:00"):
        assert moment_reader(ZoneInfo("Asia/Vladivostok"))(written) == MARCH_31


def test_a_moment_beyond_the_calendar_is_the_day_that_is_written() -> None:
    assert moment_reader(UTC)("9999-12-31T23:00:00-05:00") == date(9999, 12, 31)


@pytest.mark.parametrize("value", ["2026-03-31T25:00:00+03:00", "2026-03-31T00:00:00+99:99"])
def test_a_moment_that_is_none_is_unreadable(value: str) -> None:
    for read in (date_of, moment_reader(UTC)):
        with pytest.raises(UnreadableError):
            read(value)


@pytest.mark.parametrize(("zone", "day"), [("Europe/Moscow", 1), ("America/New_York", 31), ("Asia/Almaty", 1)])
def test_each_date_is_read_by_its_fields_type(zone: str, day: int) -> None:
    """The same text is one day of a date and another of a moment; only the mapping tells which it is."""
    mapping = FieldMapping(
        "begindate", "ufCrmShipped", "ufCrmPaid", datetime_fields=frozenset({"ufCrmPaid"}), zone=ZoneInfo(zone)
    )
    raw = dict.fromkeys(("begindate", "closedate", "ufCrmShipped", "ufCrmPaid"), "2026-03-31T23:30:00+00:00")
    [found] = DataProcessor(ProcessingContext(fields=mapping)).process_invoice_batch([raw])
    assert {found.date, found.invoice_date, found.due_date, found.shipped_date} == {MARCH_31}
    assert found.paid_date is not None
    assert found.paid_date.day == day


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_empty_or_unreadable(text: str) -> None:
    try:
        day = date_of(text)
    except UnreadableError:
        return
    assert day is None or isinstance(day, date)

"""A date is the calendar date as the portal writes it, whatever offset stands behind it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing.parsing import UnreadableError, date_in_words, date_of

MARCH_31 = date(2026, 3, 31)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-31",
        "2026-03-31T00:00:00+03:00",
        "2026-03-31T03:00:00+03:00",
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
def test_date_is_the_one_that_is_written(value: Any) -> None:
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


@given(st.dates(min_value=date(1900, 1, 1)), st.times(), OFFSETS | st.just(UTC))
def test_no_offset_moves_a_date(day: date, at: time, offset: timezone) -> None:
    written = datetime.combine(day, at, offset).isoformat()
    assert date_of(written) == date_of(day.isoformat()) == date_of(date_in_words(day)) == day


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_empty_or_unreadable(text: str) -> None:
    try:
        day = date_of(text)
    except UnreadableError:
        return
    assert day is None or isinstance(day, date)

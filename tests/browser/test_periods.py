"""Periods by name, counted from the portal's today."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

RANGES = """async ([name, today]) => {
  const { rangeOf } = await import("/js/periods.js");
  const { from, to } = rangeOf(name, today);
  return [from, to];
}"""
NAME = """async ([from, to, today]) => (await import("/js/periods.js")).nameOf(from, to, today)"""


@pytest.mark.parametrize(
    ("name", "today", "first", "last"),
    [
        ("this_month", "2026-03-15", "2026-03-01", "2026-03-31"),
        ("this_month", "2028-02-29", "2028-02-01", "2028-02-29"),
        ("last_month", "2026-03-01", "2026-02-01", "2026-02-28"),
        ("last_month", "2026-01-31", "2025-12-01", "2025-12-31"),
        ("this_quarter", "2026-05-31", "2026-04-01", "2026-06-30"),
        ("last_quarter", "2026-01-01", "2025-10-01", "2025-12-31"),
        ("last_quarter", "2026-12-31", "2026-07-01", "2026-09-30"),
        ("this_year", "2026-12-31", "2026-01-01", "2026-12-31"),
        ("last_year", "2026-01-01", "2025-01-01", "2025-12-31"),
    ],
)
def test_named_period_covers_whole_months(scripts: Page, name: str, today: str, first: str, last: str) -> None:
    """A named period runs from the first day of its first month to the last day of its last."""
    assert scripts.evaluate(RANGES, [name, today]) == [first, last]


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("2026-03-01", "2026-03-31", "this_month"),
        ("2025-01-01", "2025-12-31", "last_year"),
        ("2026-03-01", "2026-03-30", "own"),
        ("2024-01-01", "2024-12-31", "own"),
    ],
)
def test_dates_find_their_name_again(scripts: Page, first: str, last: str, name: str) -> None:
    """Dates that are exactly a named period of today are shown under its name, others as own dates."""
    assert scripts.evaluate(NAME, [first, last, "2026-03-15"]) == name

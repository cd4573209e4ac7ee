"""A period as a title has it."""

from __future__ import annotations

from datetime import date

import pytest

from bitrix_app.dates import period_in_words


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "за октябрь 2026 г."),
        (date(2028, 2, 1), date(2028, 2, 29), "за февраль 2028 г."),
        (date(2026, 7, 1), date(2026, 9, 30), "за 3-й квартал 2026 г."),
        (date(2026, 7, 1), date(2026, 12, 31), "за 2-е полугодие 2026 г."),
        (date(2026, 1, 1), date(2026, 12, 31), "за 2026 год"),
        (date(2026, 10, 5), date(2026, 10, 5), "за 05.10.2026"),
        (date(2026, 2, 1), date(2026, 4, 30), "с 01.02.2026 по 30.04.2026"),
        (date(2026, 10, 1), date(2026, 10, 30), "с 01.10.2026 по 30.10.2026"),
        (date(2025, 10, 1), date(2026, 10, 31), "с 01.10.2025 по 31.10.2026"),
        (date(1, 1, 1), date(9999, 12, 31), "с 01.01.0001 по 31.12.9999"),
    ],
)
def test_whole_months_quarters_and_years_have_names(first: date, last: date, words: str) -> None:
    """Anything else is told by its two days."""
    assert period_in_words(first, last) == words

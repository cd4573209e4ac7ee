"""How sums, dates, sizes and numbers of things read in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page

SAID = """async ([lang, method, values]) => {
  const { I18n } = await import("/js/i18n.js");
  const forms = {
    one: { invoices: "{n} счёт" }, few: { invoices: "{n} счёта" },
    many: { invoices: "{n} счетов" }, other: { invoices: "{n} invoices" },
  };
  const i18n = new I18n({ lang, texts: { "size.kb": "{n} КБ", "size.mb": "{n} МБ" }, forms });
  return i18n[method](...values);
}"""


def said(page: Page, lang: str, method: str, *values: Any) -> str:
    """What ``i18n.method(*values)`` says, with plain spaces."""
    text: str = page.evaluate(SAID, [lang, method, list(values)])
    return re.sub(r"[\u00a0\u202f\u2009]", " ", text)


@pytest.mark.parametrize(
    ("lang", "value", "currency", "text"),
    [
        ("ru", "1234567.89", "RUB", "1 234 567,89 ₽"),
        ("ru", "0.00", "RUB", "0,00 ₽"),
        ("ru", "-12.50", "USD", "-12,50 $"),
        ("ru", "99999999999999.99", "RUB", "99 999 999 999 999,99 ₽"),
        ("ru", "10.00", "", "10,00"),
        ("en", "1234567.89", "RUB", "₽1,234,567.89"),
    ],
)
def test_sum_reads_as_the_language_writes_it(scripts: Page, lang: str, value: str, currency: str, text: str) -> None:
    """A sum keeps every kopeck and has the currency's sign."""
    assert said(scripts, lang, "money", value, currency) == text


@pytest.mark.parametrize(
    ("lang", "first", "last", "text"),
    [
        ("ru", "2026-03-01", "2026-03-31", "1–31 марта 2026 г."),
        ("ru", "2026-03-05", "2026-03-05", "5 марта 2026 г."),
        ("en", "2026-01-01", "2026-03-31", "1 January – 31 March 2026"),
    ],
)
def test_range_of_dates_is_one_phrase(scripts: Page, lang: str, first: str, last: str, text: str) -> None:
    """Two dates read as one period, with what they share said once."""
    assert said(scripts, lang, "range", first, last) == text


IN_ZONE = """async ([zone, iso, now]) => {
  const { I18n } = await import("/js/i18n.js");
  const i18n = new I18n({ lang: "ru", texts: {}, forms: {}, zone });
  return [i18n.moment(iso, new Date(now)), i18n.clock(new Date(now))];
}"""


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Europe/Moscow", ["вчера, 23:30", "UTC+3"]),
        ("Asia/Kolkata", ["сегодня, 02:00", "UTC+5:30"]),
        ("America/New_York", ["сегодня, 15:30", "UTC-5"]),
        ("Mars/Olympus", ["вчера, 20:30", "UTC+0"]),
    ],
)
def test_moment_is_told_by_the_portals_clock(scripts: Page, zone: str, told: list[str]) -> None:
    """Whatever the reader's own clock is; by UTC where the browser does not know the zone."""
    moments = [zone, "2026-12-01T20:30:00Z", "2026-12-02T04:00:00Z"]
    assert scripts.evaluate(IN_ZONE, moments) == told


MOMENT = """async ([lang, iso, now]) => {
  const { I18n } = await import("/js/i18n.js");
  return new I18n({ lang, texts: {}, forms: {} }).moment(iso, new Date(now));
}"""


@pytest.mark.parametrize(
    ("lang", "iso", "text"),
    [
        ("ru", "2026-03-01T00:05:00", "сегодня, 00:05"),
        ("ru", "2026-02-28T23:55:00", "вчера, 23:55"),
        ("ru", "2026-02-27T19:06:00", "27 февр., 19:06"),
        ("ru", "2025-12-31T19:06:00", "31 дек. 2025 г., 19:06"),
        ("en", "2026-03-01T19:06:00", "today, 19:06"),
        ("en", "2026-02-28T09:06:00", "yesterday, 09:06"),
    ],
)
def test_moment_near_is_said_in_words(scripts: Page, lang: str, iso: str, text: str) -> None:
    """Today and yesterday have names; an earlier day its date, with the year when it is another."""
    assert re.sub(r"\s", " ", scripts.evaluate(MOMENT, [lang, iso, "2026-03-01T12:00:00"])) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1 счёт"), (22, "22 счёта"), (482, "482 счёта"), (1011, "1 011 счетов")]
)
def test_number_of_things_has_its_plural(scripts: Page, number: int, text: str) -> None:
    """Russian has three plural forms."""
    assert said(scripts, "ru", "count", "invoices", number) == text


@pytest.mark.parametrize(("size", "text"), [(120, "1 КБ"), (48211, "48 КБ"), (1310720, "1,3 МБ")])
def test_size_is_short(scripts: Page, size: int, text: str) -> None:
    """A file's size is said in the unit that keeps it short."""
    assert said(scripts, "ru", "size", size) == text

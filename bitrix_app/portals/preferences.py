"""The portal's settings: what they are where nobody has chosen, and the guesses of a first install."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

DEFAULT_TIME_ZONE = "Europe/Moscow"
PERIODS = ("this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year")
SHIPPED_TITLES = ("дата отгрузки", "shipping date", "shipment date")
PAID_TITLES = ("дата оплаты", "payment date")


def default_settings() -> dict[str, Any]:
    """The settings of a portal whose administrator has not chosen anything."""
    return {
        "date_field": "begindate",
        "shipped_field": None,
        "paid_field": None,
        "excluded_stages": [],
        "time_zone": DEFAULT_TIME_ZONE,
        "default_period": "last_month",
        "builders": {"mode": "everybody", "users": [], "departments": [], "names": {}},
        "report_days": 90,
        "journal_days": 365,
    }


def complete_settings(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The stored settings with defaults for what is missing or None, without what is no setting."""
    return {name: default if stored.get(name) is None else stored[name] for name, default in default_settings().items()}


def guess_field(date_fields: Mapping[str, str], wanted: tuple[str, ...]) -> str | None:
    """The custom date field whose title says what is wanted: the exact title first, else one that begins with it.

    A title that merely contains it may mean the opposite («Плановая дата оплаты»). ``date_fields``: name → title.
    Standard fields are never guessed: none of them means shipping or payment.
    """
    titles = {name: title.strip().casefold() for name, title in date_fields.items() if name.startswith("ufCrm")}
    for phrase in wanted:
        exact = [name for name, title in titles.items() if title == phrase]
        longer = [name for name, title in titles.items() if title.startswith(phrase)]
        if exact or longer:
            return (exact or longer)[0]
    return None


def guessed_settings(date_fields: Mapping[str, str], time_zone: str) -> dict[str, Any]:
    """The settings of a first install: default ones, with the guesses and the administrator's time zone, where it is
    one: reports are dated in it."""
    return {
        **default_settings(),
        "shipped_field": guess_field(date_fields, SHIPPED_TITLES),
        "paid_field": guess_field(date_fields, PAID_TITLES),
        "time_zone": time_zone if time_zone in available_timezones() else DEFAULT_TIME_ZONE,
    }

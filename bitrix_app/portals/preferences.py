"""The portal's settings: what they are where nobody has chosen, and the guesses of a first install."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from zoneinfo import available_timezones

DEFAULT_TIME_ZONE = "Europe/Moscow"
PERIODS = ("this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year")
MAPPED_FIELDS = ("date_field", "shipped_field", "paid_field")
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


def gone_fields(settings: Mapping[str, Any], known: Collection[str]) -> dict[str, str]:
    """Settings whose field is not, or no longer, among the portal's date fields → the field's name.

    The portal drops unknown names of ``select`` in silence, so that such a field would read like an empty one.
    """
    usual = default_settings()
    chosen = {each: settings[each] for each in MAPPED_FIELDS if settings[each] != usual[each]}
    return {each: str(name) for each, name in chosen.items() if name not in known}


def settings_in_force(settings: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Complete settings with the usual choice in place of fields that the portal no longer has (contract §4)."""
    usual = default_settings()
    return {**settings, **{each: usual[each] for each in gone_fields(settings, known)}}


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

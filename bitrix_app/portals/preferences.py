"""The portal's settings: what they are where nobody has chosen, and the guesses of a first install."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from bitrix_app.storage import LONGEST_JOURNAL_DAYS

DEFAULT_TIME_ZONE = "Europe/Moscow"
PERIODS = ("this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year", "all_time")
FETCH_MODES = LIST, BATCH = "list", "batch"
"""How reports ask the portal: call by call, or by its method ``batch`` (contract §8)."""
PAYMENT_SOURCES = BY_DATE, BY_FIELD, BY_PAYMENTS = "date", "field", "payments"
"""Where the paid amount comes from: the payment date or stage, a field of the invoice, the portal's payments (contract
§6)."""
AMOUNT_FIELD = "paid_amount_field"
"""The setting that names the field of the paid amount."""
TABS = ("CRM_COMPANY_DETAIL_TAB", "CRM_DEAL_DETAIL_TAB", "CRM_CONTACT_DETAIL_TAB")
"""Tabs of cards that an administrator may do without."""
SWITCHED_OFF = "tabs_off"
"""The setting that names those of them that are not to be."""
ZONE_GUESSED = "time_zone_guessed"
"""Stands among the stored settings of an installation until an administrator has kept or changed the zone."""
PAID_GUESSED = "paid_field_guessed"
"""The same of the field of the payment date, or of that none was found."""
GUESSES = {"time_zone": ZONE_GUESSED, "paid_field": PAID_GUESSED}
"""Settings that are guessed at an installation → what stands among the stored ones until they are confirmed."""
ZONES_BY_HOURS = {
    2: "Europe/Kaliningrad",
    3: "Europe/Moscow",
    4: "Europe/Samara",
    5: "Asia/Yekaterinburg",
    6: "Asia/Omsk",
    7: "Asia/Novosibirsk",
    8: "Asia/Irkutsk",
    9: "Asia/Yakutsk",
    10: "Asia/Vladivostok",
    11: "Asia/Magadan",
    12: "Asia/Kamchatka",
}
"""A zone for the hours east of UTC: Russia's, which have no summer time."""
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
        "columns": None,
        "receivables_borders": [30, 60, 90],
        SWITCHED_OFF: [],
        "builders": {"mode": "everybody", "users": [], "departments": [], "names": {}},
        "report_days": 90,
        "journal_days": 365,
        "fetch_mode": LIST,
        "payment_source": BY_DATE,
        AMOUNT_FIELD: None,
    }


def complete_settings(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The stored settings with defaults for what is missing or None, without what is no setting. A journal that was to
    be kept for longer than is allowed is kept as long as is allowed."""
    usual = default_settings()
    found = {name: default if stored.get(name) is None else stored[name] for name, default in usual.items()}
    return {**found, "journal_days": min(found["journal_days"], LONGEST_JOURNAL_DAYS)}


def gone_fields(settings: Mapping[str, Any], dates: Collection[str], amounts: Collection[str]) -> dict[str, str]:
    """Settings whose field is not, or no longer, among the portal's date fields, or the fields that may hold the paid
    amount → the field's name.

    The portal drops unknown names of ``select`` in silence, so that such a field would read like an empty one.
    """
    usual = default_settings()
    chosen = {each: settings[each] for each in MAPPED_FIELDS if settings[each] != usual[each]}
    gone = {each: str(name) for each, name in chosen.items() if name not in dates}
    name = settings[AMOUNT_FIELD]
    is_gone = settings["payment_source"] == BY_FIELD and name not in amounts
    return {**gone, AMOUNT_FIELD: str(name)} if is_gone else gone


def settings_in_force(
    settings: Mapping[str, Any], dates: Collection[str], amounts: Collection[str] = ()
) -> dict[str, Any]:
    """Complete settings with the usual choice in place of fields that the portal no longer has (contract §4); without
    the field of the paid amount, payment goes by the date (contract §6)."""
    usual = default_settings()
    gone = gone_fields(settings, dates, amounts)
    instead = {each: usual[each] for each in gone}
    return {**settings, **instead, **({"payment_source": BY_DATE} if AMOUNT_FIELD in gone else {})}


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


def guess_zone(profile: str, offset: timedelta | None) -> str:
    """The portal's time zone: the administrator's, where the profile tells one, else one for the offset that the
    portal dates its answers with."""
    zones = available_timezones()
    if profile in zones:
        return profile
    if offset is None:
        return DEFAULT_TIME_ZONE
    hours, rest = divmod(offset, timedelta(hours=1))
    fixed = f"Etc/GMT{-hours:+d}" if hours else "UTC"  # POSIX: west of Greenwich is positive
    zone = ZONES_BY_HOURS.get(hours, fixed)
    return zone if zone in zones and not rest else DEFAULT_TIME_ZONE


def guessed_zone(stored: Mapping[str, Any]) -> str | None:
    """The time zone that was guessed and that no administrator has kept or changed yet; None where one has."""
    return str(complete_settings(stored)["time_zone"]) if stored.get(ZONE_GUESSED) else None


def is_paid_guessed(stored: Mapping[str, Any]) -> bool:
    """Whether what counts as paid was guessed, and no administrator has kept or changed it yet."""
    return bool(stored.get(PAID_GUESSED))


def open_guesses(stored: Mapping[str, Any], confirmed: str | None) -> dict[str, bool]:
    """What still stands among the stored settings once the guess of the setting ``confirmed``, or None for all, is
    confirmed."""
    return {mark: True for name, mark in GUESSES.items() if confirmed not in (None, name) and stored.get(mark)}


def guessed_settings(date_fields: Mapping[str, str], time_zone: str) -> dict[str, Any]:
    """The settings of a first install: default ones, with the guesses."""
    return {
        **default_settings(),
        "shipped_field": guess_field(date_fields, SHIPPED_TITLES),
        "paid_field": guess_field(date_fields, PAID_TITLES),
        "time_zone": time_zone,
        **dict.fromkeys(GUESSES.values(), True),
    }

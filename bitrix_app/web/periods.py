"""Periods by name, reckoned on calendar dates from the portal's today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bitrix_app.portals import PERIODS
from bitrix_app.web.i18n import translate as _

MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}


def today_in(zone: str, now: float) -> date:
    """The calendar date in a time zone (UTC where the zone is unknown); ``now`` in seconds since 1970."""
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.fromtimestamp(now, UTC).date()
    return datetime.fromtimestamp(now, info).date()


def range_of(period: str, today: date) -> tuple[date, date]:
    """The first and last day of a period (one of PERIODS), both included."""
    which, _, unit = period.partition("_")
    months = MONTHS_IN[unit]
    first = (today.year * 12 + today.month - 1) // months * months - (months if which == "last" else 0)
    return _first_day(first), _first_day(first + months) - timedelta(days=1)


def period_titles() -> dict[str, str]:
    """The periods' names in the reader's language, by id."""
    titles = (
        _("This month"),
        _("Last month"),
        _("This quarter"),
        _("Last quarter"),
        _("This year"),
        _("Last year"),
    )
    return dict(zip(PERIODS, titles, strict=True))


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)

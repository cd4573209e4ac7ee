"""Time zones to choose from: by city in Russian and English, and by what their clocks show now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import get_timezone_location
from flask import Blueprint

from bitrix_app.texts import ENGLISH, LANGUAGES, RUSSIAN
from bitrix_app.web.i18n import current_language
from bitrix_app.web.services import services

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def add_to(api: Blueprint) -> None:
    """Adds the address."""
    api.add_url_rule("/time-zones", view_func=list_zones)


def list_zones() -> dict[str, Any]:
    """Zones from west to east: ``name``, ``city`` in the reader's language, ``other``: the city in the other one,
    ``offset``: minutes east of UTC at this moment."""
    now = datetime.fromtimestamp(services().clock(), UTC)
    mine = current_language()
    other = ENGLISH if mine == RUSSIAN else RUSSIAN
    found = [
        {"name": name, "city": cities[mine], "other": cities[other], "offset": _minutes(name, now)}
        for name, cities in _cities().items()
    ]
    return {"items": sorted(found, key=lambda each: (each["offset"], each["city"]))}


@cache
def _cities() -> dict[str, dict[str, str]]:
    """Zones that are named by a city, and UTC; names of other kinds (``Etc/GMT-3``, ``W-SU``) are taken when typed."""
    names = sorted(each for each in available_timezones() if each.partition("/")[0] in AREAS)
    cities = {name: {lang: _city(name, lang) for lang in LANGUAGES} for name in names}
    return {**cities, "UTC": dict.fromkeys(LANGUAGES, "UTC")}


def _city(name: str, lang: str) -> str:
    try:
        return get_timezone_location(name, locale=lang, return_city=True)
    except LookupError:  # newer than Babel's data
        return name.rpartition("/")[2].replace("_", " ")


def _minutes(name: str, now: datetime) -> int:
    return (ZoneInfo(name).utcoffset(now) or timedelta()) // timedelta(minutes=1)

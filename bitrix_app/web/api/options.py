"""``GET /options``: what the form offers, as this user's portal has it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from bitrix_app.portals import complete_settings
from bitrix_app.portals.catalog import USER_SCOPES
from bitrix_app.web.periods import period_titles, range_of, today_in
from bitrix_app.web.services import services
from bitrix_app.web.session import session


def add_to(api: Blueprint) -> None:
    """Adds the address."""
    api.add_url_rule("/options", view_func=options)


def options() -> dict[str, Any]:
    """Date fields, stages, own companies, employees, currencies, periods."""
    whose = session().portal, session().user_id
    catalogs = services().catalogs
    return {
        "date_fields": [
            {"name": each.name, "title": each.title, "type": each.type} for each in catalogs.date_fields(*whose)
        ],
        "categories": [{"id": each.id, "title": each.title} for each in catalogs.categories(*whose)],
        "stages": [
            {"id": each.id, "title": each.title, "semantics": each.semantics, "category_id": each.category_id}
            for each in catalogs.stages(*whose)
        ],
        "my_companies": [{"id": each.id, "title": each.title} for each in catalogs.my_companies(*whose)],
        "assignees": [{"id": each.id, "name": each.title} for each in catalogs.assignees(*whose)],
        "knows_departments": bool(session().portal.scopes & USER_SCOPES),
        "currencies": list(catalogs.currencies(*whose)),
        "periods": _periods(),
    }


def _periods() -> list[dict[str, str]]:
    zone = complete_settings(session().portal.settings)["time_zone"]
    today = today_in(zone, services().clock())
    found = []
    for period, title in period_titles().items():
        first, last = range_of(period, today)
        found.append({"id": period, "title": title, "date_from": first.isoformat(), "date_to": last.isoformat()})
    return found

"""``GET /me``: who the page belongs to, and what they may do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from bitrix_app.portals import complete_settings
from bitrix_app.web.periods import today_in
from bitrix_app.web.services import services
from bitrix_app.web.session import session


def add_to(api: Blueprint) -> None:
    """Adds the address."""
    api.add_url_rule("/me", view_func=me)


def me() -> dict[str, Any]:
    """The user as the portal describes them now, the portal, the last choice in the form."""
    portal, user_id = session().portal, session().user_id
    user = services().access.user(portal, user_id)
    zone = complete_settings(portal.settings)["time_zone"]
    return {
        "user": {"id": user.id, "name": user.name, "is_admin": user.is_admin},
        "portal": {"member_id": portal.member_id, "domain": portal.domain},
        "lang": session().lang,
        "may_build": services().access.has_report_access(portal, user_id),
        "last_choice": services().users.last_choice(portal.id, user_id),
        "today": today_in(zone, services().clock()).isoformat(),
    }

"""``GET /self-check``: is everything in order in this portal; for administrators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from bitrix_app.portals import self_check
from bitrix_app.web.check_words import check_in_words
from bitrix_app.web.services import services
from bitrix_app.web.session import session


def add_to(api: Blueprint) -> None:
    """Adds the address."""
    api.add_url_rule("/self-check", view_func=check_portal)


def check_portal() -> dict[str, Any]:
    """The checks, each with what was found and what to do."""
    portal, user_id = session().portal, session().user_id
    user = services().access.require_admin(portal, user_id)
    with services().clients.interactive(portal, user_id) as client:
        checks = self_check(client, portal, services().embedding, user.time_zone)
    return {"checks": [check_in_words(check) for check in checks]}

"""``GET`` and ``PUT /settings``: the portal's settings; only an administrator changes them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals import complete_settings
from bitrix_app.web.bodies import json_body
from bitrix_app.web.schemas import SettingsSchema, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session
from bitrix_app.web.texts import translate as _

FIELDS = ("date_field", "shipped_field", "paid_field")


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/settings", view_func=read_settings)
    api.add_url_rule("/settings", view_func=write_settings, methods=["PUT"])


def read_settings() -> dict[str, Any]:
    """The settings, with defaults where nobody has chosen."""
    return complete_settings(session().portal.settings)


def write_settings() -> dict[str, Any]:
    """Replaces the settings; what this version's page does not send stays as it is."""
    portal, user_id = session().portal, session().user_id
    services().access.require_admin(portal, user_id)
    chosen = load(SettingsSchema, json_body(request))
    before = complete_settings(portal.settings)
    after = {**before, **chosen}
    _check_fields(after)
    _check_stages(after["excluded_stages"], before["excluded_stages"])
    services().portals.save_settings(portal.id, after)
    session().note("settings_changed", fields=", ".join(name for name in after if after[name] != before[name]))
    return after


def _check_fields(settings: dict[str, Any]) -> None:
    known = {each.name for each in services().catalogs.date_fields(session().portal, session().user_id)}
    wrong = {name: [_no_date_field()] for name in FIELDS if settings[name] is not None and settings[name] not in known}
    if wrong:
        raise RejectedRequestError(422, "validation_failed", errors=wrong)


def _check_stages(chosen: list[str], before: list[str]) -> None:
    """A stage that the portal has deleted since may stay; another must be there."""
    new = set(chosen) - set(before)
    if new and new - {each.id for each in services().catalogs.stages(session().portal, session().user_id)}:
        raise RejectedRequestError(422, "validation_failed", errors={"excluded_stages": [_("There is no such stage.")]})


def _no_date_field() -> str:
    return _("Invoices of this portal have no such date field.")

"""The portal's own: what the form offers, settings, self-check, journal; the latter three for administrators."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, json, jsonify, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import RejectedRequestError, SettingsChangedError
from bitrix_app.portals import MAPPED_FIELDS, complete_settings, gone_fields, self_check
from bitrix_app.portals.catalog import USER_SCOPES
from bitrix_app.portals.probe import heading
from bitrix_app.web.i18n import RUSSIAN, current_language
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.messages import check_message
from bitrix_app.web.pages import address
from bitrix_app.web.present import audit_entry
from bitrix_app.web.schemas import ProbeSchema, SettingsSchema, json_body, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session

BEFORE = re.compile(r"[0-9]{1,9}")


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/options", view_func=options)
    api.add_url_rule("/settings", view_func=read_settings)
    api.add_url_rule("/settings", view_func=write_settings, methods=["PUT"])
    api.add_url_rule("/self-check", view_func=check_portal)
    api.add_url_rule("/probe", view_func=probe_portal, methods=["POST"])
    api.add_url_rule("/journal", view_func=read_journal)


def options() -> dict[str, Any]:
    """Date fields, stages, own companies, employees, currencies; chosen fields that the portal no longer has."""
    whose = session().portal, session().user_id
    catalogs = services().catalogs
    date_fields = catalogs.date_fields(*whose)
    known = {each.name for each in date_fields}
    return {
        "date_fields": [{"name": each.name, "title": each.title, "type": each.type} for each in date_fields],
        "gone_fields": gone_fields(complete_settings(session().portal.settings), known),
        "categories": [{"id": each.id, "title": each.title} for each in catalogs.categories(*whose)],
        "stages": [
            {"id": each.id, "title": each.title, "semantics": each.semantics, "category_id": each.category_id}
            for each in catalogs.stages(*whose)
        ],
        "my_companies": [{"id": each.id, "title": each.title} for each in catalogs.my_companies(*whose)],
        "assignees": [{"id": each.id, "name": each.title} for each in catalogs.assignees(*whose)],
        "knows_departments": bool(session().portal.scopes & USER_SCOPES),
        "currencies": list(catalogs.currencies(*whose)),
    }


def read_settings() -> Response:
    """The settings, with defaults where nobody has chosen; their ``ETag`` is what a ``PUT`` names in ``If-Match``."""
    return _tagged(complete_settings(session().portal.settings))


def write_settings() -> Response:
    """Replaces the settings; what this version's page does not send stays as it is.

    Raises SettingsChangedError (412) when ``If-Match`` names other settings than those that would be replaced, unless
    they are what is asked for already (RFC 9110, 13.1.1: the answer to the first try was lost). Without ``If-Match``
    they are replaced whatever they are.
    """
    portal, user_id = session().portal, session().user_id
    services().access.require_admin(portal, user_id)
    chosen = load(SettingsSchema, json_body(request))
    before = complete_settings(portal.settings)
    replaced = {**before, **chosen}
    after = complete_settings(replaced)
    if request.if_match and not request.if_match.contains(_tag(before)):
        if after == before:
            return _tagged(before)
        raise SettingsChangedError
    _check_fields(after)
    _check_stages(after["excluded_stages"], before["excluded_stages"])
    services().portals.save_settings(portal.id, replaced, expected=portal.settings if request.if_match else None)
    session().note("settings_changed", fields=", ".join(name for name in after if after[name] != before[name]))
    return _tagged(after)


def _tag(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:32]


def _tagged(settings: Mapping[str, Any]) -> Response:
    answer = jsonify(settings)
    answer.set_etag(_tag(settings))
    return answer


def _check_fields(settings: dict[str, Any]) -> None:
    known = {each.name for each in services().catalogs.date_fields(session().portal, session().user_id)}
    chosen = {name: settings[name] for name in MAPPED_FIELDS if settings[name] is not None}
    wrong = {name: [_no_date_field()] for name, field in chosen.items() if field not in known}
    if wrong:
        raise RejectedRequestError(422, "validation_failed", errors=wrong)


def _check_stages(chosen: list[str], before: list[str]) -> None:
    """A stage that the portal has deleted since may stay; another must be there."""
    new = set(chosen) - set(before)
    if new and new - {each.id for each in services().catalogs.stages(session().portal, session().user_id)}:
        raise RejectedRequestError(422, "validation_failed", errors={"excluded_stages": [_("There is no such stage.")]})


def _no_date_field() -> str:
    return _("Invoices of this portal have no such date field.")


def check_portal() -> dict[str, Any]:
    """The checks, each with what was found and what to do."""
    portal, user_id = session().portal, session().user_id
    user = services().access.require_admin(portal, user_id)
    with services().clients.interactive(portal, user_id) as client:
        checks = self_check(client, portal, services().embedding, user.time_zone)
    return {"checks": [check_message(check) for check in checks]}


def probe_portal() -> dict[str, Any]:
    """One step of a probe: what was asked and answered, and with what to go on; ``next`` is None after the last."""
    portal, user_id = session().portal, session().user_id
    services().access.require_admin(portal, user_id)
    asked = load(ProbeSchema, json_body(request))
    rate_limits().probe(portal.id)
    step = services().probe.step(portal, user_id, asked["start"], asked["spent"])
    is_russian = current_language() == RUSSIAN
    return {
        "rows": [
            {
                "method": row.method,
                "way": row.way,
                "ok": row.ok,
                "status": row.status,
                "code": row.code,
                "milliseconds": row.milliseconds,
                "rows": row.rows,
                "outcome": row.outcome.code,
                "therefore": row.outcome.ru if is_russian else row.outcome.en,
            }
            for row in step.rows
        ],
        "text": ("" if asked["start"] else heading(portal)) + step.text,
        "next": step.following,
        "spent": step.spent,
    }


def read_journal() -> ResponseReturnValue:
    """The portal's journal, newest first."""
    portal = session().portal
    services().access.require_admin(portal, session().user_id)
    before = request.args.get("before")
    if before is not None and not BEFORE.fullmatch(before):
        raise RejectedRequestError(422, "validation_failed", errors={"before": [_("There is no such page.")]})
    entries, following = services().audit_log.page(portal.id, int(before) if before else None)
    return {
        "items": [audit_entry(each) for each in entries],
        "next": address(f"/api/v1/journal?before={following}") if following else None,
    }

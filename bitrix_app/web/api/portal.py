"""The portal's own: what the form offers, settings, self-check; the latter two for administrators."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, json, jsonify, request

from bitrix_app.errors import RejectedRequestError, SettingsChangedError
from bitrix_app.jobs import columns_of, unknown_column
from bitrix_app.portals import (
    AMOUNT_FIELD,
    BY_FIELD,
    GUESSES,
    MAPPED_FIELDS,
    SWITCHED_OFF,
    Payment,
    complete_settings,
    gone_fields,
    note_app_info,
    open_guesses,
    self_check,
)
from bitrix_app.portals.catalog import USER_SCOPES
from bitrix_app.portals.probe import heading
from bitrix_app.texts import RUSSIAN, speaking
from bitrix_app.web.api.journal_words import changes
from bitrix_app.web.api.payments import wrong_amount_field
from bitrix_app.web.headers import origin_of
from bitrix_app.web.i18n import current_language
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.messages import COLUMN_REASONS, NO_COLUMN, check_message
from bitrix_app.web.schemas import NOT_OFFERED, ProbeSchema, SettingsSchema, json_body, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/options", view_func=options)
    api.add_url_rule("/settings", view_func=read_settings)
    api.add_url_rule("/settings", view_func=write_settings, methods=["PUT"])
    api.add_url_rule("/self-check", view_func=check_portal)
    api.add_url_rule("/probe", view_func=probe_portal, methods=["POST"])


def options() -> dict[str, Any]:
    """What the form offers, columns among it, and chosen fields that the portal no longer has."""
    whose = session().portal, session().user_id
    catalogs = services().catalogs
    fields, settings = catalogs.fields(*whose), complete_settings(session().portal.settings)
    dates, amounts = ({each.name for each in some} for some in (fields.dates, fields.amounts))
    with speaking(current_language()):
        offered = columns_of(fields)
    return {
        "date_fields": [{"name": each.name, "title": each.title, "type": each.type} for each in fields.dates],
        "amount_fields": [{"name": each.name, "title": each.title, "type": each.type} for each in fields.amounts],
        "gone_fields": gone_fields(settings, dates, amounts),
        "categories": [{"id": each.id, "title": each.title} for each in catalogs.categories(*whose)],
        "stages": [
            {"id": each.id, "title": each.title, "semantics": each.semantics, "category_id": each.category_id}
            for each in catalogs.stages(*whose)
        ],
        "my_companies": [{"id": each.id, "title": each.title} for each in catalogs.my_companies(*whose)],
        "assignees": [{"id": each.id, "name": each.title} for each in catalogs.assignees(*whose)],
        "knows_departments": bool(session().portal.scopes & USER_SCOPES),
        "currencies": list(catalogs.currencies(*whose)),
        "columns": [
            {
                "code": each.code,
                "title": each.title,
                "type": each.type,
                "group": each.group,
                "default": each.default,
                "reason": each.reason and _(COLUMN_REASONS[each.reason]),
            }
            for each in offered
        ],
    }


def read_settings() -> Response:
    """The settings, with defaults where nobody has chosen; their ``ETag`` is what a ``PUT`` names in ``If-Match``."""
    return _tagged(complete_settings(session().portal.settings))


def write_settings() -> Response:
    """Replaces the settings; what this version's page does not send stays as it is.

    Raises SettingsChangedError (412) when ``If-Match`` names other settings than those that would be replaced, unless
    they are what is asked for already (RFC 9110, 13.1.1: the answer to the first try was lost). Without ``If-Match``
    they are replaced whatever they are. ``confirms=`` names the one guess of the installation that this
    answers; without it all are answered.
    """
    portal, user_id = session().portal, session().user_id
    services().access.require_admin(portal, user_id)
    confirmed = request.args.get("confirms")
    if confirmed is not None and confirmed not in GUESSES:
        raise RejectedRequestError(422, "validation_failed", errors={"confirms": [_(NOT_OFFERED)]})
    chosen = load(SettingsSchema, json_body(request))
    before = complete_settings(portal.settings)
    replaced = {**before, **chosen}
    after = complete_settings(replaced)
    if request.if_match and not request.if_match.contains(_tag(before)):
        if after == before:
            return _tagged(before)
        raise SettingsChangedError
    if wrong := _wrong_for_portal(after, before):
        raise RejectedRequestError(422, "validation_failed", errors=wrong)
    if after[SWITCHED_OFF] != before[SWITCHED_OFF]:
        with services().clients.interactive(portal, user_id) as client:
            services().embedding.bind_placements(client, after[SWITCHED_OFF])
    kept = replaced | open_guesses(portal.settings, confirmed)
    services().portals.save_settings(portal.id, kept, expected=portal.settings if request.if_match else None)
    if after["time_zone"] != before["time_zone"]:
        services().scheduling.plan_anew(replace(portal, settings=replaced))
    session().note("settings_changed", changes=changes(before, after))
    return _tagged(after)


def _tag(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:32]


def _tagged(settings: Mapping[str, Any]) -> Response:
    answer = jsonify(settings)
    answer.set_etag(_tag(settings))
    return answer


def _wrong_for_portal(after: dict[str, Any], before: dict[str, Any]) -> dict[str, list[str]]:
    """What the portal's data refuse of new settings, of all fields at once."""
    return {
        **_wrong_fields(after),
        **_wrong_amount_field(after, before),
        **_wrong_stages(after["excluded_stages"], before["excluded_stages"]),
        **_wrong_columns(after["columns"], before["columns"]),
    }


def _wrong_fields(settings: dict[str, Any]) -> dict[str, list[str]]:
    known = {each.name for each in services().catalogs.date_fields(session().portal, session().user_id)}
    chosen = {name: settings[name] for name in MAPPED_FIELDS if settings[name] is not None}
    return {name: [_no_date_field()] for name, field in chosen.items() if field not in known}


def _wrong_amount_field(settings: dict[str, Any], before: dict[str, Any]) -> dict[str, list[str]]:
    """The field of the paid amount holds money or a number, and is there where the paid amount is taken from it. One
    that is only remembered may have been deleted since."""
    name, is_used = settings[AMOUNT_FIELD], settings["payment_source"] == BY_FIELD
    if not is_used and name in (None, before[AMOUNT_FIELD]):
        return {}
    return wrong_amount_field(name, services().catalogs.fields(session().portal, session().user_id))


def _wrong_stages(chosen: list[str], before: list[str]) -> dict[str, list[str]]:
    """A stage that the portal has deleted since may stay; another must be there."""
    new = set(chosen) - set(before)
    if new and new - {each.id for each in services().catalogs.stages(session().portal, session().user_id)}:
        return {"excluded_stages": [_("There is no such stage.")]}
    return {}


def _wrong_columns(chosen: list[str] | None, before: list[str] | None) -> dict[str, list[str]]:
    """A column whose field the portal has deleted since may stay; another must be there."""
    new = [each for each in chosen or () if each not in (before or ())]
    if new and (unknown := unknown_column(new, services().catalogs.fields(session().portal, session().user_id))):
        return {"columns": [_(NO_COLUMN) % {"value": unknown}]}
    return {}


def _no_date_field() -> str:
    return _("Invoices of this portal have no such date field.")


def check_portal() -> dict[str, Any]:
    """The checks, each with what was found and what to do."""
    portal, user_id = session().portal, session().user_id
    user = services().access.require_admin(portal, user_id)

    def note(info: Mapping[str, Any]) -> Payment:
        return note_app_info(services().portals, portal.id, info, services().clock())

    with services().clients.interactive(portal, user_id) as client:
        checks = self_check(client, portal, services().embedding, user.time_zone, note)
    return {"checks": [check_message(check, origin_of(portal.client_endpoint)) for check in checks]}


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
                "way": row.way.ru if is_russian else row.way.en,
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

"""Sending a finished report: what the form offers, chats and folders to choose from, and the sending (contract §7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals import CHAT, DISK, NOTIFICATION, folders, missing_scope, recent_chats
from bitrix_app.web.api.schedule_body import MOST_TARGETS, TargetSchema
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.present import ReportPresenter
from bitrix_app.web.schemas import LARGEST_ID, TOO_LONG, StrictSchema, json_body, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session

TARGETS = (NOTIFICATION, CHAT, DISK)
PARENT = re.compile(r"[0-9]{1,10}")


class SendSchema(StrictSchema):
    """``POST /reports/{id}/send``."""

    deliver = fields.List(
        fields.Nested(TargetSchema), validate=validate.Length(min=1, max=MOST_TARGETS, error=TOO_LONG), required=True
    )


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/reports/<uuid:report_id>/send", view_func=send_report, methods=["POST"])
    api.add_url_rule("/targets", view_func=list_targets)
    api.add_url_rule("/targets/chats", view_func=list_chats)
    api.add_url_rule("/targets/folders", view_func=list_folders)


def send_report(report_id: UUID) -> ResponseReturnValue:
    """Sends a finished report; how it goes is told in its ``deliveries``."""
    portal, user_id = session().portal, session().user_id
    deliver = load(SendSchema, json_body(request))["deliver"]
    record = session().reports.get(str(report_id))
    if record is None:
        raise RejectedRequestError(404, "not_found")
    if record.status != "done":
        raise RejectedRequestError(409, "report_not_done")
    rate_limits().report(portal.id, user_id)
    services().delivering.send(portal, record, deliver)
    session().note("report_sent", record.id, to=", ".join(sorted({each["to"] for each in deliver})))
    return ReportPresenter(portal, user_id).report(session().reports.get(record.id) or record), 202


def list_targets() -> dict[str, Any]:
    """Where reports can be sent, in words, and why not where they can't."""
    words: Mapping[str, tuple[str, str]] = {
        NOTIFICATION: (_("A notification to me"), _("A line with the result and a link to the report.")),
        CHAT: (_("A file into a chat"), _("Whoever is in the chat will see the file.")),
        DISK: (_("A file into a folder of the Drive"), _("Whoever may read the folder will see the file.")),
    }
    return {"items": [_target(to, *words[to]) for to in TARGETS]}


def _target(to: str, title: str, hint: str) -> dict[str, Any]:
    scope = missing_scope(session().portal, to)
    return {"to": to, "title": title, "hint": hint, "available": scope is None, "reason": scope and no_scope(scope)}


def no_scope(scope: str) -> str:
    """Why a target can't be chosen, and what an administrator does about it."""
    return _(
        "The portal has not granted the application the permission “%(scope)s”. An administrator can: Developer "
        "resources (or Market), the application's card, permissions, tick “%(scope)s”, save, reinstall, "
        "open the application.",
        scope=scope,
    )


def list_chats() -> dict[str, Any]:
    """The user's latest group chats."""
    portal, user_id = session().portal, session().user_id
    with services().clients.interactive(portal, user_id) as client:
        return {"items": [{"id": each.id, "title": each.title} for each in recent_chats(client)]}


def list_folders() -> dict[str, Any]:
    """Folders of a folder (``parent``); without it the storages of the Drive."""
    portal, user_id, parent = session().portal, session().user_id, request.args.get("parent")
    if parent is not None and not (PARENT.fullmatch(parent) and 0 < int(parent) <= LARGEST_ID):
        raise RejectedRequestError(422, "validation_failed", errors={"parent": [_("There is no such folder.")]})
    with services().clients.interactive(portal, user_id) as client:
        found = folders(client, user_id, int(parent) if parent else None)
    return {"items": [{"id": each.id, "title": each.title} for each in found]}

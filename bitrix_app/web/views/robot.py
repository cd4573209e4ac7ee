"""``POST /robot``: a run of the robot of automation rules, sent by the portal's queue server. Stored, then answered in
plain text: whose pair came with it is asked afterwards, by a worker.

Source: ``bizproc/bizproc-robot/index`` (the fields), ``api-reference/events/safe-event-handlers`` (the application
token).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, request

from bitrix_app.errors import AppError, ForeignEventError, MissingFieldError, NotInstalledError, RejectedRequestError
from bitrix_app.portals import bracketed, require_token
from bitrix_app.storage import PortalRecord, RobotRequest
from bitrix_app.web.schemas import form_body
from bitrix_app.web.services import services

PROPERTY = re.compile(r"properties\[([A-Za-z][A-Za-z0-9_]{0,39})\](?:\[[^\]]{0,20}\])?")
MOST_PROPERTIES = 50
LONGEST = 200
MOST_WAITING = 10_000
"""Runs of one portal that wait for their report."""
RETRY_SECONDS = 600

log = structlog.get_logger("web")


def add_to(app: Flask) -> None:
    """Adds the address."""
    app.add_url_rule("/robot", endpoint="robot", view_func=receive, methods=["POST"])


def receive() -> Response:
    """Stores the run of a portal that knows its application token. The same run twice is harmless."""
    form = form_body(request)
    try:
        portal, run = _portal(form), _run(form)
        if services().robot_runs.waiting(portal.id) >= MOST_WAITING:
            raise RejectedRequestError(429, "too_many_requests", retry_after=RETRY_SECONDS)
        is_new = services().robot_runs.receive(portal.id, run)
    except AppError as error:
        log.warning("robot_run_refused", code=error.code)
        raise
    log.info("robot_run_received", portal_id=portal.id, is_new=is_new)
    if is_new:
        services().ordering.wake()
    return Response("ok\n", mimetype="text/plain")


def _portal(form: Mapping[str, str]) -> PortalRecord:
    """Raises MissingFieldError, ForeignEventError, NotInstalledError."""
    auth = bracketed(form, "auth")
    for name in ("member_id", "application_token"):
        if not auth.get(name, "").strip():
            raise MissingFieldError(field=f"auth[{name}]")
    if not services().portals.has_application_token(auth["member_id"], auth["application_token"]):
        raise ForeignEventError
    portal = services().portals.by_member_id(auth["member_id"])
    if portal is None or portal.removed:
        raise NotInstalledError
    return portal


def _run(form: Mapping[str, str]) -> RobotRequest:
    """Raises MissingFieldError, MalformedFieldError."""
    auth, token = bracketed(form, "auth"), form.get("event_token", "")
    require_token("event_token", token)
    require_token("auth[access_token]", auth.get("access_token", ""))
    if auth.get("refresh_token"):
        require_token("auth[refresh_token]", auth["refresh_token"])
    waits = form.get("use_subscription", "Y").upper() != "N"
    return RobotRequest(token, auth["access_token"], auth.get("refresh_token", ""), _properties(form), waits)


def _properties(form: Mapping[str, str]) -> dict[str, Any]:
    """The robot's properties; what is there several times, in brackets, as a list."""
    found: dict[str, Any] = {}
    for key, value in form.items():
        name = PROPERTY.fullmatch(key)
        if name is None or (name[1] not in found and len(found) >= MOST_PROPERTIES):
            continue
        short = value[:LONGEST]
        if key.count("[") == 1:
            found[name[1]] = short
        elif isinstance(found.setdefault(name[1], []), list) and len(found[name[1]]) < MOST_PROPERTIES:
            found[name[1]].append(short)
    return found

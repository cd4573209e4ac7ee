"""``POST /events``: what the portal reports. Answered in plain text: no person reads it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog
from flask import Flask, Response, request

from bitrix_app.errors import AppError
from bitrix_app.portals import Event
from bitrix_app.portals.events import INSTALLED, UNINSTALLED
from bitrix_app.storage import Files
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.schemas import form_body
from bitrix_app.web.services import services

NOBODY = 0

log = structlog.get_logger("web")


def add_to(app: Flask) -> None:
    """Adds the address."""
    app.add_url_rule("/events", endpoint="events", view_func=receive, methods=["POST"])


def receive() -> Response:
    """Believes the event or refuses it; files are deleted beside the request.

    Only an install makes us ask the authorization server, so only that is counted: a flood must not cost us the one
    uninstall that the portal sends.
    """
    event = Event.from_form(form_body(request))
    try:
        files = _received(event)
    except AppError as error:
        log.warning("event_refused", event_name=event.name[:40], code=error.code)
        raise
    if event.name == UNINSTALLED:
        _note_uninstall(event.auth.get("member_id", ""))
    if files:
        delete_files_later(services().files, files)
    log.info("event_received", event_name=event.name[:40])
    return Response("ok\n", mimetype="text/plain")


def _received(event: Event) -> list[str]:
    if event.name != INSTALLED:
        return services().events.receive(event)
    with rate_limits().confirmation(request.remote_addr or "", event.auth.get("access_token", "")) as network:
        services().events.install(event, network)
    return []


def _note_uninstall(member_id: str) -> None:
    """A line in the audit log, where the portal's data are kept for its return. The event names nobody."""
    portal = services().portals.by_member_id(member_id)
    if portal is not None:
        services().audit_log.add(portal.id, NOBODY, "", "uninstalled")


def delete_files_later(files: Files, names: Sequence[str]) -> None:
    """A portal may have thousands of files, and its event wants an answer at once."""
    threading.Thread(target=files.delete_all, args=(names,), name="delete-files", daemon=True).start()

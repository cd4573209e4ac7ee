"""``POST /events``: what the portal reports. Answered in plain text: no person reads it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

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
ANSWER_SECONDS = 0.8
"""A portal wants the answer to its event within a second."""

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
    _install(event)
    return []


def _install(event: Event) -> None:
    """An install waits for the authorization server and for the portal; what takes too long goes on after the answer.

    Nothing that is not confirmed may be stored, so a process that ends meanwhile loses the event: installing the
    application once more brings the same. Raises what the install raises in time.
    """
    limits, events, address = rate_limits(), services().events, request.remote_addr or ""

    def install() -> None:
        with limits.confirmation(address, event.auth.get("access_token", "")) as network:
            events.install(event, network)

    behind = ThreadPoolExecutor(1, thread_name_prefix="install-event")
    installed = behind.submit(install)
    behind.shutdown(wait=False)
    try:
        installed.result(ANSWER_SECONDS)
    except TimeoutError:
        installed.add_done_callback(_log_failure)


def _log_failure(installed: Future[None]) -> None:
    error = installed.exception()
    if isinstance(error, AppError):
        log.warning("event_failed", event_name=INSTALLED, code=error.code)
    elif error is not None:
        log.error("event_failed", event_name=INSTALLED, code=AppError.code, exc_info=error)


def _note_uninstall(member_id: str) -> None:
    """A line in the audit log, where the portal's data are kept for its return. The event names nobody."""
    portal = services().portals.by_member_id(member_id)
    if portal is not None:
        services().audit_log.add(portal.id, NOBODY, "", "uninstalled")


def delete_files_later(files: Files, names: Sequence[str]) -> None:
    """A portal may have thousands of files, and its event wants an answer at once."""
    threading.Thread(target=files.delete_all, args=(names,), name="delete-files", daemon=True).start()

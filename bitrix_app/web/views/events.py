"""``POST /events``: what the portal reports. Answered in plain text: no person reads it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import structlog
from flask import Flask, Response, request

from bitrix_app.errors import AppError
from bitrix_app.portals import Event
from bitrix_app.portals.events import INSTALLED, UPDATED
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.schemas import form_body
from bitrix_app.web.services import services

ANSWER_SECONDS = 0.8
"""A portal wants the answer to its event within a second."""

log = structlog.get_logger("web")


def add_to(app: Flask) -> None:
    """Adds the address."""
    app.add_url_rule("/events", endpoint="events", view_func=receive, methods=["POST"])


def receive() -> Response:
    """Believes the event or refuses it, and begins what it asks for.

    Only an install or update makes us ask the authorization server about a token that came in, so only these are
    counted and refused: a flood must not cost us the one uninstall that the portal sends.
    """
    event = Event.from_form(form_body(request))
    try:
        if event.name == INSTALLED or (event.name == UPDATED and event.auth.get("access_token")):
            _do(event.name, _confirmed(event))
        else:
            work = services().events.receive(event)
            if work is not None and rate_limits().has_room_for_event(event.auth.get("member_id", ""), event.name):
                _do(event.name, work)
    except AppError as error:
        log.warning("event_refused", event_name=event.name[:40], code=error.code)
        raise
    log.info("event_received", event_name=event.name[:40])
    return Response("ok\n", mimetype="text/plain")


def _confirmed(event: Event) -> Callable[[], None]:
    """An install or update waits for the authorization server and for the portal.

    Nothing that is not confirmed may be stored, so a process that ends meanwhile loses the event: installing the
    application once more brings the same.
    """
    limits, events, address = rate_limits(), services().events, request.remote_addr or ""

    def work() -> None:
        with limits.confirmation(address, event.auth.get("access_token", "")) as network:
            (events.install if event.name == INSTALLED else events.update)(event, network)

    return work


def _do(name: str, work: Callable[[], None]) -> None:
    """What takes too long goes on after the answer. Raises what the work raises in time."""
    behind = ThreadPoolExecutor(1, thread_name_prefix="event")
    done = behind.submit(work)
    behind.shutdown(wait=False)
    try:
        done.result(ANSWER_SECONDS)
    except TimeoutError:
        done.add_done_callback(partial(_log_failure, name))


def _log_failure(name: str, done: Future[None]) -> None:
    error = done.exception()
    if isinstance(error, AppError):
        log.warning("event_failed", event_name=name, code=error.code)
    elif error is not None:
        log.error("event_failed", event_name=name, code=AppError.code, exc_info=error)

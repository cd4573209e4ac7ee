"""For whoever comes by: ``GET /``, ``/app``, ``/install`` say what this is; three other addresses say how it is."""

from __future__ import annotations

import structlog
from flask import Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from bitrix_app.errors import AppError, RejectedRequestError
from bitrix_app.metrics import opens
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.pages import page_values
from bitrix_app.web.services import services

TOLD_EVERY_SECONDS = 60.0

log = structlog.get_logger("web")


def add_to(app: Flask) -> None:
    """Adds the addresses."""
    app.extensions["not_ready_told"] = {}
    for path in ("/", "/app", "/install"):  # without a form of the portal's: a direct link, the Market's cabinet
        app.add_url_rule(path, endpoint="landing", view_func=landing, methods=["GET"])
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=metrics)


def landing() -> str:
    """A page that says what this is and that it opens inside Bitrix24."""
    return render_template(
        "message.html",
        **page_values(),
        title=_("Invoice register"),
        text=_("This application makes an Excel register of the invoices in your Bitrix24."),
        advice=_("It opens inside Bitrix24: in the left menu, above the list of invoices, in the card of a company."),
        code=None,
    )


def healthz() -> ResponseReturnValue:
    """200 while the process lives."""
    return {"status": "ok"}


def readyz() -> ResponseReturnValue:
    """200, or 503 naming what is down."""
    works = {"database": _database_answers(), "queue": _queue_answers(), "worker": not services().worker_broken()}
    down = [name for name, well in works.items() if not well]
    return ({"status": "unavailable", "down": down}, 503) if down else {"status": "ok"}


def metrics() -> Response:
    """Prometheus' text; there only when METRICS_TOKEN is set, for those who bring it."""
    if not opens(services().settings.metrics_token, request.headers.get("Authorization", "")):
        raise RejectedRequestError(404, "not_found")
    return Response(services().render_metrics(), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        services().db.ping()
    except (AppError, SQLAlchemyError):
        _tell("database_not_ready")
        return False
    return True


def _queue_answers() -> bool:
    try:
        services().ping_queue()
    except AppError:
        _tell("queue_not_ready")
        return False
    return True


def _tell(event: str) -> None:
    """Logs the exception that is being handled, with its traceback, once a minute: anybody may ask how we are."""
    told: dict[str, float] = current_app.extensions["not_ready_told"]
    now = services().clock()
    if now - told.get(event, 0.0) >= TOLD_EVERY_SECONDS:
        told[event] = now
        log.exception(event)

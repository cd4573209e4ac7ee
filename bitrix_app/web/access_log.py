"""A request id on every answer, and one line a request in the log. Never a path with a token in it, never a query."""

from __future__ import annotations

import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

HEADER = "X-Request-Id"
QUIET = {"/healthz", "/readyz", "/metrics"}

log = structlog.get_logger("web")


def install_access_log(app: Flask) -> None:
    """Makes ids and lines."""

    @app.before_request
    def begin() -> None:
        g.began = time.monotonic()
        g.request_id = str(uuid4())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[HEADER] = g.get("request_id", "")
        rule = request.url_rule.rule if request.url_rule else "-"
        level = log.debug if rule in QUIET or rule.startswith("/static") else log.info
        level(
            "request",
            method=request.method,
            route=rule,
            status=response.status_code,
            seconds=round(time.monotonic() - g.get("began", time.monotonic()), 3),
            **_whose(),
        )
        return response


def _whose() -> dict[str, object]:
    found = g.get("session")
    whose = {"portal_id": found.portal.id, "user_id": found.user_id} if found else {}
    return {**whose, "code": g.error_code} if "error_code" in g else whose

"""The Flask application: put together here, with what every request passes (path prefix, size limit, access log)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from flask_babel import Babel
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals import end_request
from bitrix_app.web.api import make_api
from bitrix_app.web.assets import ASSETS, install_assets
from bitrix_app.web.errors import API_PREFIX, install_errors
from bitrix_app.web.headers import install_headers
from bitrix_app.web.i18n import current_language
from bitrix_app.web.limits import MEMORY, RATE_LIMITS, RateLimits
from bitrix_app.web.schemas import API_BYTES, FORM_BYTES, LARGEST_ID, cap_body
from bitrix_app.web.services import SERVICES, Services
from bitrix_app.web.session import SIGNED_TOKENS, SignedTokens
from bitrix_app.web.views import add_views

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = Path(__file__).resolve().parent / "translations"
REQUEST_ID = "X-Request-Id"
QUIET = {"/healthz", "/readyz", "/metrics"}

log = structlog.get_logger("web")


def create_app(services: Services) -> Flask:
    """The application over these services. Several may live in one process: none keeps anything in a module."""
    settings = services.settings
    app = Flask("bitrix_app", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["number"] = NumberConverter
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions[SERVICES] = services
    app.extensions[SIGNED_TOKENS] = SignedTokens(settings.secret_keys, services.clock)
    app.extensions[RATE_LIMITS] = RateLimits(MEMORY if settings.embedded_queue else settings.queue_url)
    Babel(
        app,
        default_locale="en",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=current_language,
    )
    install_access_log(app)
    app.extensions[ASSETS] = install_assets(app, ROOT / "static", urlsplit(settings.app_url).path.rstrip("/"))
    install_headers(app, settings)
    install_errors(app)
    app.before_request(services.clients.begin_request)
    app.teardown_request(lambda _error: end_request())
    app.before_request(_cap_body)
    app.register_blueprint(make_api(settings.app_url))
    add_views(app)
    app.wsgi_app = Prefix(app.wsgi_app, settings.app_url)  # type: ignore[method-assign]  # Flask's own way to wrap it
    if settings.proxy_hops:  # the address to count by, nothing else: links are made from APP_URL
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=0, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign]
    return app


def install_access_log(app: Flask) -> None:
    """Access log: a request id on each answer, one line a request; never a query, never a path with a token in it."""

    @app.before_request
    def begin() -> None:
        g.began = time.monotonic()
        g.request_id = str(uuid4())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[REQUEST_ID] = g.get("request_id", "")
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


class Prefix:
    """WSGI middleware: SCRIPT_NAME is the path of APP_URL, PATH_INFO what follows it."""

    def __init__(self, app: WSGIApplication, app_url: str) -> None:
        self._app = app
        self._prefix = urlsplit(app_url).path.rstrip("/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Passes the request on with its path set right."""
        if self._prefix:
            path = environ.get("PATH_INFO", "")
            if path == self._prefix or path.startswith(f"{self._prefix}/"):
                environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
            environ["SCRIPT_NAME"] = self._prefix
        return self._app(environ, start_response)


class NumberConverter(BaseConverter):
    """A positive number that may be an id: ``<number:id>``. Any other text is another address (404)."""

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """The number. Raises NotFound for one that no column of ours holds (routing's own ValidationError would end
        in 405)."""
        number = int(value)
        if number > LARGEST_ID:
            raise NotFound
        return number


def _cap_body() -> None:
    cap_body(request, API_BYTES if request.path.startswith(API_PREFIX) else FORM_BYTES)
    if "\0" in request.path:
        raise RejectedRequestError(404, "not_found")

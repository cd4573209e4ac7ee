"""The Flask application: put together here, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, request
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from bitrix_app.errors import RejectedRequestError
from bitrix_app.web.access_log import install_access_log
from bitrix_app.web.api import make_api
from bitrix_app.web.api.description import describe
from bitrix_app.web.bodies import API_BYTES, FORM_BYTES, cap_body
from bitrix_app.web.headers import install_headers
from bitrix_app.web.language import current_language
from bitrix_app.web.limits import MEMORY, Floodgate
from bitrix_app.web.numbers import NumberConverter
from bitrix_app.web.prefix import Prefix
from bitrix_app.web.problems import API_PREFIX, install_errors
from bitrix_app.web.services import EXTENSION, Parts, Services
from bitrix_app.web.tokens import SignedTokens
from bitrix_app.web.views import add_views

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = Path(__file__).resolve().parent / "translations"


def create_app(services: Services) -> Flask:
    """The application over these services. Several may live in one process: none keeps anything in a module."""
    settings = services.settings
    app = Flask("bitrix_app", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["number"] = NumberConverter
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions[EXTENSION] = Parts(
        services=services,
        signed=SignedTokens(settings.secret_keys, services.clock),
        floodgate=Floodgate(MEMORY if settings.embedded_queue else settings.queue_url),
        openapi=describe(settings.app_url),
    )
    Babel(
        app,
        default_locale="en",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=current_language,
    )
    install_access_log(app)
    install_headers(app, settings)
    install_errors(app)
    app.before_request(services.clients.begin_request)
    app.teardown_request(lambda _error: services.clients.end_request())
    app.before_request(_cap_body)
    app.register_blueprint(make_api())
    add_views(app)
    app.wsgi_app = Prefix(app.wsgi_app, settings.app_url)  # type: ignore[method-assign]  # Flask's own way to wrap it
    if settings.proxy_hops:  # the address to count by, nothing else: links are made from APP_URL
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=0, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign]
    return app


def _cap_body() -> None:
    cap_body(request, API_BYTES if request.path.startswith(API_PREFIX) else FORM_BYTES)
    if "\0" in request.path:
        raise RejectedRequestError(404, "not_found")

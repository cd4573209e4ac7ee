"""Each error leaves by one door: problem+json on the API, a readable page elsewhere, with its status and headers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response, abort
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import MethodNotAllowed

from bitrix_app import errors
from bitrix_app.errors import AppError, RejectedRequestError
from bitrix_app.web.app import ROOT
from bitrix_app.web.assets import ASSETS, install_assets
from bitrix_app.web.errors import install_errors, status_of
from bitrix_app.web.services import SERVICES

API = "/api/v1/thing"
PAGE = "/app"
SECRET = "select token from user_token"


@pytest.fixture
def raising(app: Flask) -> dict[str, Exception]:
    """What the next request raises."""
    made: dict[str, Exception] = {}

    def fail() -> Response:
        raise made["error"]

    app.template_folder = str(ROOT / "templates")
    app.extensions[SERVICES] = SimpleNamespace(settings=SimpleNamespace(app_url="https://app.example"))
    app.extensions[ASSETS] = install_assets(app, ROOT / "static", "")
    install_errors(app)
    app.add_url_rule(API, endpoint="api", view_func=fail)
    app.add_url_rule(PAGE, endpoint="page", view_func=fail)
    app.add_url_rule("/api/v1/gone", view_func=lambda: abort(410))
    return made


@pytest.fixture
def client(app: Flask, raising: dict[str, Exception]) -> FlaskClient:
    """A browser of the application, reading English."""
    made = app.test_client()
    made.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return made


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (errors.MissingFieldError(), 400, None),
        (errors.ForeignTokenError(), 401, None),
        (errors.AdminRequiredError(), 403, None),
        (errors.InsufficientScopeError("crm.item.list"), 403, None),
        (errors.PortalDeletedError("crm.item.list"), 403, None),
        (errors.SettingsChangedError(), 412, None),
        (errors.IdempotencyKeyReusedError(), 422, None),
        (errors.UnexpectedAnswerError("crm.item.list"), 502, None),
        (errors.PortalUnavailableError("crm.item.list"), 503, "30"),
        (errors.AuthorizationServerUnavailableError(), 503, "10"),
        (errors.SettingsError("no key"), 500, None),
        (RejectedRequestError(429, "too_many_requests", retry_after=17), 429, "17"),
        (RejectedRequestError(404, "not_found"), 404, None),
        (OperationalError(SECRET, {}, Exception()), 503, "30"),
        (PoolTimeoutError(), 503, "30"),
        (ZeroDivisionError(SECRET), 500, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_is_a_problem_on_the_api_and_a_page_elsewhere(
    client: FlaskClient, raising: dict[str, Exception], error: Exception, status: int, retry_after: str | None
) -> None:
    raising["error"] = error
    problem, page = client.get(API), client.get(PAGE)
    assert (problem.status_code, page.status_code) == (status, status)
    assert (problem.mimetype, page.mimetype) == ("application/problem+json", "text/html")
    assert problem.json["status"] == status
    assert problem.json["type"] == f"urn:invoice-register:problem:{problem.json['code']}"
    assert problem.json["detail"].startswith(problem.json["title"])
    assert problem.json["code"] in page.text
    assert SECRET not in problem.text + page.text
    for answer in (problem, page):
        assert answer.headers.get("Retry-After") == retry_after


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (400, "MissingField MalformedField"),
        (401, "ForeignToken InvalidGrant ExpiredToken InvalidToken"),
        (403, "NotInstalled AdminRequired ReportAccess ForeignEvent AccessDenied InsufficientScope UserAccess"),
        (403, "PaymentRequired PortalDeleted AppUninstalled"),
        (412, "SettingsChanged"),
        (422, "InvalidArgument InvalidParameters IdempotencyKeyReused"),
        (500, "App Settings"),
        (502, "UnexpectedAnswer"),
        (503, "PortalBusy AuthorizationServer AuthorizationServerUnavailable Portal PortalUnavailable Report"),
    ],
)
def test_whose_fault_it_is_decides_the_status(status: int, kinds: str) -> None:
    """The caller's 4xx, ours 500, the portal's 502 or 503."""
    for name in kinds.split():
        kind = getattr(errors, f"{name}Error")
        assert status_of(kind.__new__(kind)) == status, name


def every_error(kind: type[AppError] = AppError) -> set[type[AppError]]:
    return {kind}.union(*(every_error(child) for child in kind.__subclasses__()))


@pytest.mark.parametrize(
    "kind",
    sorted((each for each in every_error() if each.__module__ == errors.__name__), key=lambda each: each.__name__),
)
def test_an_error_keeps_its_own_code(client: FlaskClient, raising: dict[str, Exception], kind: type[AppError]) -> None:
    """However its class is made, no error falls through to the one for what nobody expected."""
    error = kind.__new__(kind)
    AppError.__init__(error)
    vars(error).update({"status": 409, "code": "portal_quota"} if kind is RejectedRequestError else {})
    vars(error).update(retry_after=None, errors={}, fields={})
    raising["error"] = error
    assert client.get(API).json["code"] == error.code


def test_only_the_api_asks_for_a_session_token(client: FlaskClient, raising: dict[str, Exception]) -> None:
    raising["error"] = errors.ForeignTokenError()
    assert client.get(API).headers["WWW-Authenticate"] == "Bearer"
    assert "WWW-Authenticate" not in client.get(PAGE).headers


def test_wrong_fields_are_named_in_the_readers_language(client: FlaskClient, raising: dict[str, Exception]) -> None:
    fields: dict[str, Any] = {"date_from": ["Write a date as YYYY-MM-DD."]}
    raising["error"] = RejectedRequestError(422, "validation_failed", errors=fields)
    assert client.get(API).json["errors"] == fields
    raising["error"] = RejectedRequestError(404, "not_found")
    assert "errors" not in client.get(API).json


def test_what_flask_refuses_is_a_problem_too(client: FlaskClient, raising: dict[str, Exception]) -> None:
    """A status that has no words of its own is a bad request; what may be sent instead is still told."""
    refused = client.post(API)
    assert (refused.status_code, refused.json["code"]) == (405, "method_not_allowed")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert client.get("/api/v1/nowhere").json["code"] == "not_found"
    assert (client.get("/api/v1/gone").status_code, client.get("/api/v1/gone").json["code"]) == (410, "bad_request")
    raising["error"] = MethodNotAllowed(valid_methods=["PUT"])
    assert client.get(API).headers["Allow"] == "PUT"

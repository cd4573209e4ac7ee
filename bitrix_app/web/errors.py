"""What becomes of an error: ``application/problem+json`` on the API (RFC 9457), a readable page elsewhere.

One table says which error is which status. Nothing of an unexpected error reaches the reader but its code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import structlog
from flask import Flask, Response, g, json, render_template, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from bitrix_app import errors
from bitrix_app.errors import (
    AppError,
    AuthorizationServerError,
    AuthorizationServerUnavailableError,
    InvalidParametersError,
    PortalBusyError,
    RejectedRequestError,
)
from bitrix_app.web.messages import message_for, reasons
from bitrix_app.web.pages import page_values

PROBLEM_TYPE = "application/problem+json"
API_PREFIX = "/api/"

STATUS_BY_ERROR: Mapping[type[AppError], int] = {
    errors.MissingFieldError: 400,
    errors.MalformedFieldError: 400,
    errors.NotInstalledError: 403,
    errors.AdminRequiredError: 403,
    errors.ReportAccessError: 403,
    errors.ForeignEventError: 403,
    errors.PortalBusyError: 503,
    errors.AuthorizationServerError: 503,
    errors.ForeignTokenError: 401,
    errors.InvalidGrantError: 401,
    errors.ExpiredTokenError: 401,
    errors.InvalidTokenError: 401,
    errors.PortalError: 503,
    errors.AccessDeniedError: 403,
    errors.InsufficientScopeError: 403,
    errors.UserAccessError: 403,
    errors.PaymentRequiredError: 403,
    errors.PortalDeletedError: 403,
    errors.PortalAddressError: 403,
    errors.InvalidArgumentError: 422,
    errors.UnexpectedAnswerError: 502,
    errors.AppUninstalledError: 403,
    errors.InvalidParametersError: 422,
    errors.IdempotencyKeyReusedError: 422,
    errors.TooManyReportsError: 429,
    errors.PortalQuotaError: 409,
    errors.TooManySchedulesError: 409,
    errors.ScheduleOwnerError: 409,
    errors.ChatUnavailableError: 409,
    errors.FolderUnavailableError: 409,
    errors.DeliveryError: 503,
    errors.ReportError: 503,
    errors.SettingsChangedError: 412,
    errors.AppError: 500,
}
"""Errors that are not refusals of ours; a child that is not named goes by its nearest parent."""

CODE_BY_STATUS: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "service_unavailable",
}
RETRY_SECONDS = 30
CONFIRM_AGAIN_SECONDS = 10
EXPECTED = (PortalBusyError, AuthorizationServerUnavailableError)
"""Neither says more than that others are slow: the request's line in the log is enough."""

log = structlog.get_logger("web")


def install_errors(app: Flask) -> None:
    """Error handlers: for our errors, Flask's and the database's; any other is a 500 whose cause only the log tells."""
    app.register_error_handler(AppError, _answer_app_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(DBAPIError, _answer_database_error)
    app.register_error_handler(PoolTimeoutError, _answer_database_error)
    app.register_error_handler(Exception, _answer_unexpected_error)


def status_of(error: AppError) -> int:
    """HTTP status of an error: its own where it has one, else that of its nearest ancestor in STATUS_BY_ERROR."""
    if isinstance(error, RejectedRequestError):
        return error.status
    return next(STATUS_BY_ERROR[each] for each in type(error).__mro__ if each in STATUS_BY_ERROR)


def refusal(error: RejectedRequestError) -> Response:
    """Response to a refused request, with ``Retry-After`` and, on the API, ``WWW-Authenticate`` where they belong."""
    answer = _answer(error.status, error.code, error.params, error.errors)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401 and request.path.startswith(API_PREFIX):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _answer_app_error(error: AppError) -> Response:
    if not isinstance(error, RejectedRequestError):
        status = status_of(error)
        retry_after = _retry_after(error) if status == 503 else None
        if status >= 500 and not isinstance(error, EXPECTED):
            log.warning("request_failed", code=error.code, exc_info=error)
        fields = reasons(error.fields) if isinstance(error, InvalidParametersError) else None
        error = RejectedRequestError(status, error.code, retry_after=retry_after, errors=fields, **error.params)
    g.error_code = error.code
    return refusal(error)


def _retry_after(error: AppError) -> int:
    if isinstance(error, PortalBusyError):
        return error.retry_after
    return CONFIRM_AGAIN_SECONDS if isinstance(error, AuthorizationServerError) else RETRY_SECONDS


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code = CODE_BY_STATUS.get(status, "bad_request" if status < 500 else AppError.code)
    answer = _answer(status, code, {"expected": "application/json"}, {})
    for name, value in error.get_headers(request.environ):
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value
    g.error_code = code
    return answer


def _answer_database_error(error: Exception) -> Response:
    log.error("database_failed", exc_info=error)
    g.error_code = "service_unavailable"
    return refusal(RejectedRequestError(503, "service_unavailable", retry_after=RETRY_SECONDS))


def _answer_unexpected_error(error: Exception) -> Response:
    log.critical("request_crashed", exc_info=error)
    g.error_code = AppError.code
    return _answer(500, AppError.code, {}, {})


def _answer(status: int, code: str, params: Mapping[str, object], fields: Mapping[str, list[str]]) -> Response:
    message = message_for(code, params)
    if request.path.startswith(API_PREFIX):
        problem = {
            "type": f"urn:invoice-register:problem:{re.sub('[^a-z0-9_]', '', code)}",
            "title": message.text,
            "status": status,
            "detail": f"{message.text} {message.advice}",
            "code": code,
        }
        if fields:
            problem["errors"] = dict(fields)
        return Response(json.dumps(problem), status, mimetype=PROBLEM_TYPE)
    page = render_template(
        "message.html", **page_values(), title=message.text, text=message.text, advice=message.advice, code=code
    )
    return Response(page, status, mimetype="text/html")

"""Classifying responses: which error an answer is, and what is done about each error, as two tables.

Sources: ``error-codes``, ``limits``, ``settings/oauth/error-codes``, and each method's own page. The portal's error
code is looked at before the HTTP status: 503 is both QUERY_LIMIT_EXCEEDED and OVERLOAD_LIMIT.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from bitrix_app.bitrix24.parsing import number, whole
from bitrix_app.bitrix24.transport import Exchange, Failure
from bitrix_app.bitrix24.types import Answer
from bitrix_app.errors import (
    AccessDeniedError,
    AppError,
    AuthorizationServerUnavailableError,
    ExpiredTokenError,
    GiveUpError,
    HandlerAddressError,
    InsufficientScopeError,
    InvalidArgumentError,
    InvalidTokenError,
    OperationTimeLimitError,
    OverloadLimitError,
    PaymentRequiredError,
    PortalAddressError,
    PortalDeletedError,
    PortalError,
    PortalMovedError,
    PortalUnavailableError,
    QueryLimitExceededError,
    UnexpectedAnswerError,
    UnknownMethodError,
    UnknownPlacementError,
    UserAccessError,
)

CODES: Mapping[str, type[PortalError]] = {
    "QUERY_LIMIT_EXCEEDED": QueryLimitExceededError,
    "OPERATION_TIME_LIMIT": OperationTimeLimitError,
    "EXPIRED_TOKEN": ExpiredTokenError,
    "INTERNAL_SERVER_ERROR": PortalUnavailableError,
    "ERROR_UNEXPECTED_ANSWER": PortalUnavailableError,
    "OVERLOAD_LIMIT": OverloadLimitError,
    "PORTAL_DELETED": PortalDeletedError,
    "PAYMENT_REQUIRED": PaymentRequiredError,
    "ACCESS_DENIED": AccessDeniedError,
    "INVALID_CREDENTIALS": AccessDeniedError,
    "ALLOWED_ONLY_INTRANET_USER": AccessDeniedError,
    "INSUFFICIENT_SCOPE": InsufficientScopeError,
    "USER_ACCESS_ERROR": UserAccessError,
    "NO_AUTH_FOUND": InvalidTokenError,
    "INVALID_TOKEN": InvalidTokenError,
    "AUTHORIZATION_ERROR": InvalidTokenError,
    "INVALID_ARG_VALUE": InvalidArgumentError,
    "ERROR_ARGUMENT": InvalidArgumentError,
    "REQUIRED_ARG_MISSING": InvalidArgumentError,
    "100": InvalidArgumentError,
    "ERROR_METHOD_NOT_FOUND": UnknownMethodError,
    "ERROR_PLACEMENT_NOT_FOUND": UnknownPlacementError,
    "ERROR_WRONG_HANDLER_URL": HandlerAddressError,
}
"""The portal's error code, in upper case → what it means."""

STATUSES: Mapping[int, type[PortalError]] = {
    401: InvalidTokenError,
    402: PaymentRequiredError,
    403: AccessDeniedError,
    429: QueryLimitExceededError,
}
"""For a code that is not in ``CODES``; others: 5xx is PortalUnavailableError, the rest GiveUpError."""

FAILURES: Mapping[Failure, type[PortalError]] = {
    Failure.NO_ANSWER: PortalUnavailableError,
    Failure.NOT_JSON: PortalUnavailableError,
    Failure.MOVED: PortalMovedError,
    Failure.UNSAFE: UnexpectedAnswerError,
    Failure.ADDRESS_REFUSED: PortalAddressError,
}


class Action(Enum):
    """What is done about an error."""

    SLOW_DOWN = auto()
    PAUSE_METHOD = auto()
    RENEW_TOKEN = auto()
    ASK_ADDRESS = auto()
    TRY_AGAIN = auto()
    GIVE_UP = auto()


ACTIONS: Mapping[type[AppError], Action] = {
    QueryLimitExceededError: Action.SLOW_DOWN,
    OperationTimeLimitError: Action.PAUSE_METHOD,
    ExpiredTokenError: Action.RENEW_TOKEN,
    PortalMovedError: Action.ASK_ADDRESS,
    PortalUnavailableError: Action.TRY_AGAIN,
    AuthorizationServerUnavailableError: Action.TRY_AGAIN,
}
"""Everything else is given up at once."""

_CODE = re.compile(r"[A-Za-z0-9_. -]{1,64}")
_FIELD = re.compile(r"field '[<>=!@%]*([A-Za-z0-9_]{1,64})'")
"""The portal names a refused field with the prefix of its condition."""
_REFUSED = re.compile(r"\s*(access denied|insufficient permissions)", re.IGNORECASE)
_NO_REST_IN_PLAN = re.compile(r"commercial plan|коммерческ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Timing:
    """The answer's ``time``: seconds of work spent by this method, when some are forgotten, and the portal's clock
    (Unix seconds). None where the answer does not tell."""

    operating: Decimal | None = None
    reset_at: int | None = None
    finished_at: int | None = None


def action_for(error: AppError) -> Action:
    """What is done about this error."""
    return ACTIONS.get(type(error), Action.GIVE_UP)


def judge(exchange: Exchange) -> Answer:
    """The good answer in an exchange. Raises the PortalError that it is otherwise."""
    body, status = exchange.body, exchange.status or 0
    if exchange.failure is not None:
        raise _error(FAILURES[exchange.failure], exchange)
    if isinstance(body, dict) and "error" in body and (body["error"] or "result" not in body):
        raise _told_error(exchange)
    if status >= 400:
        raise _error(_by_status(status), exchange)
    if not isinstance(body, dict) or "result" not in body:
        raise _error(UnexpectedAnswerError, exchange)
    timing = timing_of(exchange)
    return Answer(
        result=body["result"],
        total=whole(body.get("total")),
        next=whole(body.get("next")),
        operating=timing.operating,
        operating_reset_at=timing.reset_at,
        offset=_offset(body.get("time")),
    )


def _offset(time: Any) -> timedelta | None:
    """From UTC, of the portal's server (by version: of the user) [data-types, time]."""
    try:
        return datetime.fromisoformat(time["date_start"]).utcoffset()
    except (KeyError, TypeError, ValueError):
        return None


def timing_of(exchange: Exchange) -> Timing:
    """What the exchange tells about operating time; error answers may tell it too."""
    time = exchange.body.get("time") if isinstance(exchange.body, dict) else None
    if not isinstance(time, dict):
        return Timing()
    finish = number(time.get("finish"))
    return Timing(
        operating=number(time.get("operating")),
        reset_at=whole(time.get("operating_reset_at")),
        finished_at=None if finish is None else int(finish),
    )


def portal_code(exchange: Exchange) -> str:
    """The portal's own error code, ``""`` for none or for something that cannot be one."""
    if not isinstance(exchange.body, dict) or isinstance(exchange.body.get("error"), (dict, list, bool)):
        return ""
    code = str(exchange.body.get("error") or "").strip()
    return code if _CODE.fullmatch(code) else ""


def _told_error(exchange: Exchange) -> PortalError:
    """The error that the body names: by its code, then by the description of a code that says nothing, then by the
    HTTP status."""
    code = portal_code(exchange).upper().rstrip(".").replace(" ", "_")
    description = str(exchange.body.get("error_description") or "")[:500]
    kind = CODES.get(code)
    if kind is None:
        kind = AccessDeniedError if _REFUSED.match(description) else _by_status(exchange.status or 0)
    if kind is AccessDeniedError and _NO_REST_IN_PLAN.search(description):
        kind = PaymentRequiredError
    named = _FIELD.search(description) if kind is InvalidArgumentError else None
    return _error(kind, exchange, **({"field": named.group(1)} if named else {}))


def _by_status(status: int) -> type[PortalError]:
    return PortalUnavailableError if status >= 500 else STATUSES.get(status, GiveUpError)


def _error(kind: type[PortalError], exchange: Exchange, **params: Any) -> PortalError:
    return kind(method=exchange.method, status=exchange.status, portal_code=portal_code(exchange), **params)

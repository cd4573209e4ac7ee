"""The authorization servers: whose token is this, and a new pair for a spent one.

Bitrix24 has two, and a portal belongs to one of them. Only the roots that the settings name are ever called: what a
request says chooses among them at most. Sources: contract §2 "Trust", "Two authorization servers";
``settings/oauth/auto-renewal``, ``settings/oauth/error-codes``,
``settings/cloud-and-on-premise/security-recommendations``. Whose a token is, is asked by GET with the token in the
query: the query stays out of logs, and errors keep no cause that could hold it. Renewals go by POST, whose form no log
keeps.
"""

from __future__ import annotations

import hmac
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from marshmallow import ValidationError

from bitrix_app.bitrix24.addresses import checked_endpoint
from bitrix_app.bitrix24.http import HttpClient, HttpResponse, Limits, NoAnswerError, OversizedError
from bitrix_app.bitrix24.parsing import AppInfoSchema, NotJsonError, RenewalSchema, UnsafeJsonError, parse_json
from bitrix_app.bitrix24.records import authorization_record
from bitrix_app.bitrix24.types import CallObserver, RenewedPair, TokenOwner
from bitrix_app.errors import (
    AppError,
    AuthorizationServerError,
    AuthorizationServerUnavailableError,
    ForeignTokenError,
    InvalidGrantError,
    PaymentRequiredError,
    PortalDeletedError,
    PortalError,
    UserAccessError,
)

A = TypeVar("A")

_MAX_BYTES = 2**20
_HEADERS = {"Accept": "application/json", "User-Agent": "bitrix-invoice-register"}
_FORM = {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
_CLOSED: Mapping[str, type[PortalError]] = {
    "PAYMENT_REQUIRED": PaymentRequiredError,
    "PORTAL_DELETED": PortalDeletedError,
    "USER_ACCESS_ERROR": UserAccessError,
}
"""Codes that say that a portal, or its application to this user, is closed, whatever the token is worth."""
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")
_SECONDS_OF_LIFE = 3600
_QUERY = re.compile(r"\?[^\s'\")]*")
_LOGGERS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


def root_of(endpoint: str, roots: Sequence[str]) -> str | None:
    """The one of ``roots`` that a ``SERVER_ENDPOINT`` such as ``https://oauth.bitrix.info/rest/`` names exactly; None
    for anything else."""
    return next((each for each in roots if endpoint in {each, f"{each}/", f"{each}/rest", f"{each}/rest/"}), None)


class AuthorizationServer:
    """The servers at ``roots``, one or two. Safe to use from several threads; at most ``at_once`` of them ask at once,
    the others wait for a place, as long as an answer may take. How many threads of the web process may come here at
    all is not decided here.

    Times are seconds. ``ca_bundle``: a PEM file of authorities to trust beside the public ones; ``observer`` is told
    of each call, with its tokens. Close it when done.
    """

    def __init__(
        self,
        *,
        roots: Sequence[str],
        client_id: str,
        client_secret: str,
        allow_http: bool = False,
        at_once: int = 24,
        connect_timeout: float = 3.0,
        total_timeout: float = 8.0,
        ca_bundle: str = "",
        clock: Callable[[], float] = time.time,
        observer: CallObserver | None = None,
    ) -> None:
        keep_queries_out_of_logs()
        self._roots = tuple(each.rstrip("/") for each in roots)
        self._client_id = client_id
        self._client_secret = client_secret
        self._allow_http = allow_http
        self._places = threading.BoundedSemaphore(at_once)
        self._patience = total_timeout
        self._clock = clock
        self._observer = observer
        limits = Limits(connect=connect_timeout, read=total_timeout, total=total_timeout, max_bytes=_MAX_BYTES)
        self._http = HttpClient(limits, hosts=len(self._roots), connections=at_once, ca_bundle=ca_bundle)

    def confirm(self, access_token: str, told: str = "", remembered: str | None = None) -> TokenOwner:
        """Whose token this is. ``told``: the ``SERVER_ENDPOINT`` that came with it; where it names one of the roots,
        that one is asked alone, else all are, the ``remembered`` one first, until one knows the token.

        Raises PaymentRequiredError, PortalDeletedError and UserAccessError where the portal is closed to its owner;
        ForeignTokenError for one that is forged, expired, another application's, or belongs to a portal whose
        address we do not call; AuthorizationServerUnavailableError when there is no answer that says so: a root that
        is silent might have known it.
        """
        chosen = root_of(told, self._roots)
        roots = [chosen] if chosen else sorted(self._roots, key=lambda each: each != remembered)
        return _first_good(roots, lambda root: self._confirm(root, access_token))

    def _confirm(self, root: str, access_token: str) -> TokenOwner:
        status, body = self._body(self._send(root, "GET", "/rest/app.info", {"auth": access_token}))
        if status >= 400 or "error" in body:
            raise ForeignTokenError("the authorization server does not know this access token")
        info = self._load(AppInfoSchema(), body.get("result"))
        if not hmac.compare_digest(info["client_id"].encode("utf-8", "replace"), self._client_id.encode()):
            raise ForeignTokenError("the access token belongs to another application")
        if info["expires"] is not None and info["expires"] <= self._clock():
            raise ForeignTokenError("the access token has expired")
        return self._owner(info, root)

    def renew(self, refresh_token: str, remembered: str | None = None) -> RenewedPair:
        """A new pair; ``refresh_token`` is spent by it. The ``remembered`` root is asked alone; where it is none of
        ours, all are, until one renews it.

        Raises InvalidGrantError, AuthorizationServerUnavailableError; PaymentRequiredError, PortalDeletedError and
        UserAccessError where the portal is closed; AuthorizationServerError for any other refusal.
        """
        roots = [remembered] if remembered in self._roots else self._roots
        return _first_good(roots, lambda root: self._renew(root, refresh_token))

    def _renew(self, root: str, refresh_token: str) -> RenewedPair:
        answer = self._send(
            root,
            "POST",
            "/oauth/token/",
            {
                "grant_type": "refresh_token",
                "client_id": self._client_id,
                "client_secret": self._client_secret,
                "refresh_token": refresh_token,
            },
        )
        status, body = self._body(answer)
        if status >= 400 or "error" in body:
            raise _refusal(status, body)
        pair = self._load(RenewalSchema(), body)
        lifetime, expires = pair.pop("expires_in"), pair.pop("expires")
        pair["client_endpoint"] = self._endpoint(pair["client_endpoint"], AuthorizationServerUnavailableError)
        pair["root"] = root_of(pair.pop("server_endpoint") or "", self._roots) or root
        return RenewedPair(**pair, expires_at=expires or int(self._clock()) + (lifetime or _SECONDS_OF_LIFE))

    def ping(self, root: str) -> HttpResponse:
        """The answer of one of the roots to a question without a token: whether it can be reached, and what time it
        has there.

        Raises AuthorizationServerUnavailableError when no answer came.
        """
        return self._send(root, "GET", "/rest/app.info", {})

    def close(self) -> None:
        """Closes the kept connections."""
        self._http.close()

    def _owner(self, info: Mapping[str, Any], root: str) -> TokenOwner:
        install = info["install"]
        endpoint = self._endpoint(install["client_endpoint"], ForeignTokenError)
        domain = install["domain"] or ""
        return TokenOwner(
            member_id=install["member_id"],
            client_endpoint=endpoint,
            domain=domain if _DOMAIN.fullmatch(domain) else urlsplit(endpoint).netloc,
            user_id=info["user_id"],
            scopes=info["scope"] if info["scope"] is not None else install["scope"] or frozenset(),
            expires_at=info["expires"],
            root=root,
            app_version=install["version"] or "",
        )

    def _endpoint(self, address: str, refusal: type[AppError]) -> str:
        try:
            return checked_endpoint(address, allow_http=self._allow_http)
        except ValueError as error:
            raise refusal(f"the portal's address is not accepted: {error}") from None

    def _load(self, schema: AppInfoSchema | RenewalSchema, value: Any) -> dict[str, Any]:
        try:
            loaded: dict[str, Any] = schema.load(value)
        except ValidationError as error:
            wrong = ", ".join(sorted(map(str, error.messages_dict)))
        else:
            return loaded
        raise AuthorizationServerUnavailableError(f"the authorization server's answer has a wrong {wrong}")

    def _body(self, response: HttpResponse) -> tuple[int, dict[str, Any]]:
        """Status and body of an answer that is JSON and no failure of the server. Raises the Unavailable error; what
        says that the portal is closed, whatever its status."""
        _raise_closed(response)
        if response.status >= 500 or response.status in {408, 429} or 300 <= response.status < 400:
            raise AuthorizationServerUnavailableError(f"the authorization server answered {response.status}")
        try:
            body = parse_json(response.content)
        except (NotJsonError, UnsafeJsonError) as error:
            raise AuthorizationServerUnavailableError(f"the authorization server's answer is {error}") from None
        if not isinstance(body, dict):
            raise AuthorizationServerUnavailableError("the authorization server's answer is no object")
        return response.status, body

    def _send(self, root: str, verb: str, path: str, fields: Mapping[str, str]) -> HttpResponse:
        """The answer to one request; the fields go in the query of a GET, in the form of a POST. Raises the
        Unavailable error."""
        if not self._places.acquire(timeout=self._patience):
            raise AuthorizationServerUnavailableError("too many requests wait for the authorization server")
        started, response = time.monotonic(), None
        try:
            if verb == "GET":
                response = self._http.request(verb, f"{root}{path}", headers=_HEADERS, query=fields)
            else:
                response = self._http.request(verb, f"{root}{path}", headers=_FORM, body=urlencode(fields).encode())
        except (NoAnswerError, OversizedError) as error:
            raise AuthorizationServerUnavailableError(f"no answer: {error}") from None
        finally:
            self._places.release()
            if self._observer:
                seconds = time.monotonic() - started
                self._observer.answered(authorization_record(f"{root}{path}", fields, response, seconds))
        return response


def _first_good(roots: Sequence[str], ask: Callable[[str], A]) -> A:
    """The answer of the first root that gives one. Where none does, silence says more than a refusal (who is silent
    might have known), and a spent token more than another refusal."""
    failures: list[AuthorizationServerError] = []
    for root in roots:
        try:
            return ask(root)
        except AuthorizationServerError as error:
            failures.append(error)
    tellings = AuthorizationServerUnavailableError, InvalidGrantError, AuthorizationServerError
    raise next(each for kind in tellings for each in failures if isinstance(each, kind))


def _raise_closed(response: HttpResponse) -> None:
    try:
        body = parse_json(response.content)
    except (NotJsonError, UnsafeJsonError):
        return
    code = _code_of(body) if isinstance(body, dict) else ""
    if code.upper() in _CLOSED:
        raise _CLOSED[code.upper()](method="oauth", status=response.status, portal_code=code)


def _code_of(body: Mapping[str, Any]) -> str:
    code = body.get("error")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _refusal(status: int, body: Mapping[str, Any]) -> AppError:
    code = _code_of(body)
    if code.lower() == "invalid_grant":
        return InvalidGrantError("the refresh token is spent or has lapsed")
    return AuthorizationServerError(f"the authorization server refused to renew: {code or status}", server_code=code)


class _QueryFilter(logging.Filter):
    """Cuts the query off every address, and all that an unreadable answer said, in a record of urllib3."""

    def filter(self, record: logging.LogRecord) -> bool:
        told = "an answer whose headers cannot be read" if record.exc_info else record.getMessage()
        record.msg, record.args, record.exc_info = _QUERY.sub("?…", told), None, None
        return True


_FILTER = _QueryFilter()


def keep_queries_out_of_logs() -> None:
    """Makes urllib3 log addresses without their query, at any level. Harmless to repeat."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)

"""The door of a portal's REST: bucket, faults, token, scope, operating time, then the method itself."""

from __future__ import annotations

import json
import time as real_time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from demo_portal import rest
from demo_portal.errors import PortalFault
from demo_portal.people import App, User
from demo_portal.rest.batch import BatchEndedError, batch
from demo_portal.rest.calls import CallRecord
from demo_portal.rest.context import Call
from demo_portal.server.http import Reply, Request, json_reply

if TYPE_CHECKING:
    from demo_portal.portal import Portal

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
}


@dataclass(slots=True)
class _Visit:
    """What is known of one HTTP request so far."""

    method: str
    params: dict[str, Any]
    token: str
    auth_in: str
    json: bool
    webhook_user: User | None = None
    user_id: int | None = None
    code: str = ""
    body: dict[str, Any] | None = None
    status: int = 200


def serve(portal: Portal, request: Request, path: str) -> Reply:
    """Answer a request whose path after ``/rest/`` is ``path``."""
    if request.method == "OPTIONS":
        return Reply(204, headers=dict(_CORS))
    portal.calls.begin()
    visit = _Visit("", {}, "", "", request.content_type == "application/json")
    reply = Reply(drop=True)
    try:
        _read(portal, request, path, visit)
        _watch_secrets(portal, request)
        portal.world.sleep(portal.pace.latency_of(visit.method))
        reply = _answer(portal, visit)
    finally:
        portal.calls.end(
            CallRecord(
                method=visit.method,
                params=visit.params,
                user_id=visit.user_id,
                status=reply.status,
                code=visit.code,
                auth_in=visit.auth_in,
                json=visit.json,
                at=portal.world.clock(),
            )
        )
    reply.headers.update(_CORS)
    return reply


def _read(portal: Portal, request: Request, path: str, visit: _Visit) -> None:
    parts = [part for part in path.split("/") if part]
    if len(parts) == 3 and parts[0].isdigit():
        visit.auth_in = "webhook"
        if parts[1] == portal.webhook_secret:
            visit.webhook_user = portal.users.get(int(parts[0]))
    visit.method = (parts[-1] if parts else "").removesuffix(".json").lower()
    try:
        fields = request.fields()
    except ValueError:
        fields = {}
    visit.params = {**request.query, **fields}
    token = visit.params.pop("auth", None)
    if token and not visit.auth_in:
        visit.auth_in = "body" if "auth" in fields else "query"
    bearer = request.headers.get("authorization", "")
    if not token and bearer.lower().startswith("bearer "):
        token, visit.auth_in = bearer[7:], "header"
    visit.token = str(token or "")


def _watch_secrets(portal: Portal, request: Request) -> None:
    for app in portal.world.apps.values():
        secret = app.client_secret.encode()
        if secret in request.body or app.client_secret in request.raw_query:
            portal.calls.secrets_seen += 1


def _answer(portal: Portal, visit: _Visit) -> Reply:
    if not portal.bucket.admit():
        return _failure(visit, PortalFault("QUERY_LIMIT_EXCEEDED"))
    try:
        reply = portal.faults.answer(
            visit.method, visit.params, lambda: _truth(portal, visit), lambda: _value(portal, visit)
        )
    except BatchEndedError as ended:
        reply, visit.status = ended.reply, ended.reply.status
    if not visit.code and (reply.status >= 400 or reply.drop):
        visit.code = f"fault {portal.faults.fired[-1][0]}" if portal.faults.fired else "fault"
    return reply


def _truth(portal: Portal, visit: _Visit) -> Reply:
    body = _value(portal, visit)
    return json_reply(body, visit.status)


def _value(portal: Portal, visit: _Visit) -> dict[str, Any]:
    """The right answer's body, computed once; an error's body too."""
    if visit.body is None:
        try:
            visit.body = _carried_out(portal, visit)
        except PortalFault as failure:
            _failure(visit, failure)
    return visit.body or {}


def _failure(visit: _Visit, failure: PortalFault) -> Reply:
    visit.code, visit.status = failure.code or "error", failure.status
    visit.body = {"error": failure.code, "error_description": failure.description}
    return json_reply(visit.body, failure.status)


def _carried_out(portal: Portal, visit: _Visit) -> dict[str, Any]:
    user, app, scopes = _caller(portal, visit)
    visit.user_id = user.id
    started = portal.world.clock()

    call = Call(portal, user, app, scopes, visit.method, visit.params, visit.webhook_user is not None)
    if visit.method == "batch":
        return {**batch(call, _Commands(portal, call, visit)).body(), "time": _time(portal, started)}
    return _run(portal, call)


class _Commands:
    """The commands of one batch, each with its faults, its work and its place in the record of calls.

    The portal works through them one after another and ends the whole after its time limit.
    """

    def __init__(self, portal: Portal, call: Call, visit: _Visit) -> None:
        self._portal = portal
        self._call = call
        self._visit = visit
        self._worked = 0.0

    def __call__(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The body of one command. Raises PortalFault, and BatchEndedError where all that comes is something else."""
        visit = _Visit(method.lower(), dict(params), "", "body", self._visit.json, user_id=self._call.user.id)
        instead = self._portal.faults.instead(
            visit.method,
            params,
            lambda: json_reply(self._value(visit), visit.status),
            lambda: self._value(visit),
            in_batch=True,
        )
        if instead is None:
            body, status = self._value(visit), visit.status
        else:
            body, status = _told(instead), instead.status
        self._record(visit, body, status)
        if "error" in body:
            raise PortalFault(str(body["error"]), str(body.get("error_description") or ""), status)
        return body

    def _value(self, visit: _Visit) -> dict[str, Any]:
        if visit.body is None:
            started = self._portal.world.clock()
            self._work(visit.method)
            try:
                call = replace(self._call, method=visit.method, params=visit.params)
                visit.body = _run(self._portal, call, started)
            except PortalFault as failure:
                _failure(visit, failure)
        return visit.body or {}

    def _work(self, method: str) -> None:
        seconds = self._portal.pace.execution_of(method)
        self._worked += seconds
        self._portal.world.sleep(seconds)
        if self._worked > self._portal.pace.time_limit:
            raise BatchEndedError(self._portal.pace.out_of_time())

    def _record(self, visit: _Visit, body: Mapping[str, Any], status: int) -> None:
        code = str(body["error"] or "error") if "error" in body else ""
        now = self._portal.world.clock()
        self._portal.calls.command(
            CallRecord(visit.method, visit.params, visit.user_id, status, code, visit.auth_in, visit.json, now)
        )


def _told(reply: Reply) -> dict[str, Any]:
    """The body of what a command was answered with. Raises BatchEndedError for what ends the whole request: no JSON,
    a lost connection."""
    if reply.drop or reply.cut or not isinstance(reply.body, bytes):
        raise BatchEndedError(reply)
    try:
        body = json.loads(reply.body, parse_float=Decimal)
    except ValueError:
        raise BatchEndedError(reply) from None
    if not isinstance(body, dict) or not {"result", "error"} & body.keys():
        raise BatchEndedError(reply)
    return body


def _caller(portal: Portal, visit: _Visit) -> tuple[User, App, frozenset[str]]:
    """Whose call it is. Raises PortalFault for a token that does not open this portal."""
    if visit.webhook_user is not None:
        app = portal.world.app
        return visit.webhook_user, app, app.scopes
    pair = portal.world.tokens.by_access(visit.token)
    if pair is None or pair.member_id != portal.member_id:
        raise PortalFault("NO_AUTH_FOUND")
    if not portal.world.tokens.is_alive(pair):
        raise PortalFault("expired_token")
    user = portal.users.get(pair.user_id)
    if user is None or not user.active or not user.may_open_app:
        raise PortalFault("user_access_error")
    return user, portal.world.apps[pair.client_id], frozenset(pair.scope.split(","))


def _run(portal: Portal, call: Call, started: float | None = None) -> dict[str, Any]:
    started, ticks = portal.world.clock() if started is None else started, real_time.perf_counter()
    entry = rest.find(call)
    if not portal.operating.admit(call.method):
        raise PortalFault("OPERATION_TIME_LIMIT")
    answer = entry.run(call)
    return {**answer.body(), "time": _time(portal, started, real_time.perf_counter() - ticks, call.method)}


def _time(portal: Portal, started: float, processing: float = 0.0, method: str = "") -> dict[str, Any]:
    finish = portal.world.clock()
    worked = portal.pace.execution_of(method) if method else 0.0
    times: dict[str, Any] = {
        "start": started,
        "finish": finish,
        "duration": max(finish - started, processing),
        "processing": processing,
        "date_start": _iso(portal, started),
        "date_finish": _iso(portal, finish),
    }
    if method and portal.operating.enabled:
        stand = portal.operating.add(method, worked)
        times["operating_reset_at"] = stand.reset_at
        times["operating"] = stand.spent
    return times


def _iso(portal: Portal, moment: float) -> str:
    return datetime.fromtimestamp(moment, portal.zone).isoformat(timespec="seconds")

"""What an exchange leaves for the REST log: what was asked, and of the answer its counts and its error, never records.

Calls to the authorization servers too: their path stands in the method's place, after the server's name.
Sources: ``settings/how-to-call-rest-api/batch`` (``result_error``, ``result_total``, ``result_next``), ``error-codes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bitrix_app.bitrix24.http import HttpResponse
from bitrix_app.bitrix24.parsing import NotJsonError, UnsafeJsonError, parse_json, whole
from bitrix_app.bitrix24.responses import portal_code, timing_of
from bitrix_app.bitrix24.transport import Exchange
from bitrix_app.bitrix24.types import CallRecord, Told

LONGEST_DESCRIPTION = 2000
"""Characters of an error's description: the portal chooses its length."""
LONGEST_MEMBER_ID = 64


def record_of(exchange: Exchange, params: Mapping[str, Any]) -> CallRecord:
    """The record of one exchange. ``params``: as they were asked with, without the token."""
    commands = params.get("cmd", {})
    return CallRecord(
        method=exchange.method,
        status=exchange.status,
        portal_code=portal_code(exchange),
        duration=exchange.duration,
        operating=timing_of(exchange).operating,
        sent_bytes=exchange.sent_bytes,
        received_bytes=exchange.received_bytes,
        request_id=exchange.request_id,
        commands=tuple(sorted({said.partition("?")[0] for said in commands.values()})),
        params=params,
        failure=exchange.failure.name.lower() if exchange.failure else "",
        told=_told(exchange.body),
        parts=_parts(exchange.body, commands) if commands else {},
    )


def authorization_record(
    address: str, params: Mapping[str, str], answer: HttpResponse | None, seconds: float
) -> CallRecord:
    """The record of one call to an authorization server, ``answer`` None where none came. The portal is the one that
    the answer names. ``params`` hold tokens: whoever writes them down masks them."""
    place = urlsplit(address)
    try:
        body = parse_json(answer.content) if answer else None
    except (NotJsonError, UnsafeJsonError):
        body = None
    told = body if isinstance(body, dict) else {}
    result = told.get("result")
    install = result.get("install") if isinstance(result, dict) else None
    owner = install if isinstance(install, dict) else told
    return CallRecord(
        method=f"{place.netloc}{place.path}",
        status=answer.status if answer else None,
        portal_code=portal_code(Exchange("", None, body=told)),
        duration=seconds,
        operating=None,
        sent_bytes=0,
        received_bytes=len(answer.content) if answer else 0,
        request_id="",
        params=params,
        failure="" if answer else "no_answer",
        told=Told(error=_description(told)),
        member_id=str(owner.get("member_id") or "")[:LONGEST_MEMBER_ID],
    )


def _told(body: Any) -> Told:
    if not isinstance(body, dict):
        return Told()
    return Told(_rows(body.get("result")), whole(body.get("total")), whole(body.get("next")), _description(body))


def _parts(body: Any, commands: Mapping[str, str]) -> dict[str, Told]:
    """Of each command of a batch; what the answer leaves out is empty."""
    result = body.get("result") if isinstance(body, dict) else None
    if not isinstance(result, dict):
        return {}
    names = {"result": "result", "total": "result_total", "next": "result_next", "error": "result_error"}
    parts = {ours: part for ours, theirs in names.items() if isinstance(part := result.get(theirs), dict)}
    return {key: _part({ours: part[key] for ours, part in parts.items() if key in part}) for key in commands}


def _part(body: dict[str, Any]) -> Told:
    error = body.get("error")
    return _told({**body, **error} if isinstance(error, dict) else body)


def _rows(result: Any) -> int | None:
    """How many records a result has; None where it is no list, nor holds a single one."""
    if isinstance(result, dict):
        if result and all(each.isdigit() for each in result):
            return len(result)
        lists = [each for each in result.values() if isinstance(each, list)]
        return len(lists[0]) if len(lists) == 1 else None
    return len(result) if isinstance(result, list) else None


def _description(body: Mapping[str, Any]) -> str:
    error = body.get("error")
    if isinstance(error, dict):
        text = " ".join(str(error[name]) for name in ("code", "message") if name in error)
    else:
        code, description = str(error or ""), str(body.get("error_description") or "")
        text = ": ".join(each for each in (code, description) if each)
    return text[:LONGEST_DESCRIPTION]

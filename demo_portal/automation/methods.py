"""bizproc.robot.* and bizproc.event.send.

Pages: bizproc/bizproc-robot/bizproc-robot-add, -update, -list, -delete, bizproc-event-send, index. Robots are for
administrators and for applications only; an answer is judged by its token, whoever sends it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from demo_portal.automation import Robot
from demo_portal.errors import PortalFault
from demo_portal.rest.context import Answer, Call

_CODE = re.compile(r"[A-Za-z0-9._-]+")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_INVALID = "ERROR_ACTIVITY_VALIDATION_FAILURE"
_FIELDS = (
    "HANDLER",
    "AUTH_USER_ID",
    "USE_SUBSCRIPTION",
    "NAME",
    "DESCRIPTION",
    "PROPERTIES",
    "RETURN_PROPERTIES",
    "DOCUMENT_TYPE",
    "FILTER",
    "USE_PLACEMENT",
)


def robot_list(call: Call) -> Answer:
    """bizproc.robot.list: codes of the application's robots."""
    return Answer(list(_robots(call)))


def robot_add(call: Call) -> Answer:
    """bizproc.robot.add: a second one with the same code is an error."""
    robots = _robots(call)
    if not call.params:
        raise PortalFault(_INVALID, "Empty data!")
    code = _code(call)
    fields = _fields(call, {name.upper(): value for name, value in call.params.items()}, whole=True)
    if code in robots:
        raise PortalFault("ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
    robots[code] = Robot(code, fields)
    return Answer(True)


def robot_update(call: Call) -> Answer:
    """bizproc.robot.update: the fields that are given; the others stay."""
    robots, code = _robots(call), _code(call)
    if code not in robots:
        raise PortalFault("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    given = {name.upper(): value for name, value in call.mapping("FIELDS", "fields").items()}
    fields = _fields(call, given, whole=False)
    if not fields:
        raise PortalFault(_INVALID, "No fields to update")
    robots[code].fields.update(fields)
    return Answer(True)


def robot_delete(call: Call) -> Answer:
    """bizproc.robot.delete."""
    robots, code = _robots(call), _code(call)
    if robots.pop(code, None) is None:
        raise PortalFault("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    return Answer(True)


def event_send(call: Call) -> Answer:
    """bizproc.event.send: true for a process that waits no more, too; it does not change then."""
    token = call.text("EVENT_TOKEN", "event_token")
    robot = _own(call).get(_code_of_run(call, token))
    known = (robot.fields.get("RETURN_PROPERTIES") or {}) if robot is not None else {}
    values = call.mapping("RETURN_VALUES", "return_values")
    if not call.portal.automation.answered(token, values, call.text("LOG_MESSAGE", "log_message"), known):
        raise PortalFault("ACCESS_DENIED", "Access denied!")
    return Answer(True)


def _code_of_run(call: Call, token: str) -> str:
    return next((each.code for each in call.portal.automation.runs if each.token == token), "")


def _own(call: Call) -> dict[str, Robot]:
    return call.portal.installation(call.app).robots


def _robots(call: Call) -> dict[str, Robot]:
    """The application's, for an administrator."""
    if call.by_webhook:
        raise PortalFault("ACCESS_DENIED", "Access denied! Application context required")
    call.need_admin()
    return _own(call)


def _code(call: Call) -> str:
    code = call.text("CODE", "code")
    if not code:
        raise PortalFault(_INVALID, "Empty activity code!")
    if not _CODE.fullmatch(code):
        raise PortalFault(_INVALID, "Wrong activity code!")
    return code


def _fields(call: Call, given: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    fields = {name: given[name] for name in _FIELDS if name in given}
    if whole or "HANDLER" in fields:
        _check_handler(call, str(fields.get("HANDLER") or ""))
    if (whole or "NAME" in fields) and not fields.get("NAME"):
        raise PortalFault(_INVALID, "Empty activity NAME!")
    for each in ("PROPERTIES", "RETURN_PROPERTIES"):
        if each in fields:
            fields[each] = _properties(fields[each])
    if "FILTER" in fields and not isinstance(fields["FILTER"], Mapping):
        raise PortalFault(_INVALID, "Wrong activity FILTER!")
    kind = fields.get("DOCUMENT_TYPE")
    if kind is not None and not (isinstance(kind, list) and len(kind) == 3 and all(kind)):
        raise PortalFault(_INVALID, "Wrong activity DOCUMENT_TYPE!")
    return fields


def _check_handler(call: Call, handler: str) -> None:
    parts = urlsplit(handler)
    if parts.hostname and parts.scheme not in {"http", "https"}:
        raise PortalFault("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
    if not parts.hostname or (call.portal.ways.dotted_hosts and parts.hostname.find(".") < 1):
        raise PortalFault("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")


def _properties(given: Any) -> dict[str, Any]:
    if given == []:
        return {}
    if not isinstance(given, Mapping):
        raise PortalFault(_INVALID, "Wrong properties array!")
    for key, each in given.items():
        if not _KEY.fullmatch(str(key)):
            raise PortalFault(_INVALID, f"Wrong property key {key}!")
        if not isinstance(each, Mapping) or not (each.get("Name") or each.get("NAME")):
            raise PortalFault(_INVALID, f"Empty property NAME {key}!")
    return dict(given)

"""placement.* and event.*: where the application shows itself and what it is told."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from demo_portal.errors import PortalFault
from demo_portal.installation import EventHandler, Placement
from demo_portal.rest.context import Answer, Call

APP_LINK = "REST_APP_URI"
"""One handler an application: a second one is refused (widgets/universal/app-url)."""
_KNOWN_EVENTS = {
    "ONAPPINSTALL",
    "ONAPPUNINSTALL",
    "ONAPPUPDATE",
    "ONAPPPAYMENT",
    "ONCRMDYNAMICITEMADD",
    "ONCRMDYNAMICITEMUPDATE",
    "ONCRMDYNAMICITEMDELETE",
    "ONCRMCOMPANYUPDATE",
    "ONUSERADD",
}


def placement_list(call: Call) -> Answer:
    """placement.list: codes available to the application."""
    return Answer(list(call.portal.known_placements))


def placement_get(call: Call) -> Answer:
    """placement.get: handlers registered by the application."""
    call.need_admin()
    return Answer([each.described() for each in call.portal.installation(call.app).placements])


def placement_bind(call: Call) -> Answer:
    """placement.bind: the same handler at the same place twice is an error."""
    call.need_admin()
    code, handler = call.text("PLACEMENT", "placement").upper(), call.text("HANDLER", "handler")
    for name, value in (("PLACEMENT", code), ("HANDLER", handler)):
        if not value:
            raise PortalFault("ERROR_ARGUMENT", f"Argument '{name}' is null or empty")
    _check_handler(call, handler)
    if code not in call.portal.known_placements:
        raise PortalFault("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    placements = call.portal.installation(call.app).placements
    if code == APP_LINK and any(each.code == code for each in placements):
        raise PortalFault("ERROR_PLACEMENT_MAX_COUNT", "Placement max count")
    if any(each.code == code and each.handler == handler for each in placements):
        raise PortalFault("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    titles = _titles(call.mapping("LANG_ALL", "langAll"))
    placements.append(
        Placement(code, handler, call.text("TITLE", "title"), call.text("DESCRIPTION", "description"), titles)
    )
    return Answer(True)


def _check_handler(call: Call, handler: str) -> None:
    host = urlsplit(handler).hostname or ""
    if call.portal.ways.dotted_hosts and host.find(".") < 1:
        raise PortalFault("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")


def _titles(given: Any) -> dict[str, dict[str, str]]:
    return {
        str(lang): {name: str(texts.get(name, "")) for name in ("TITLE", "DESCRIPTION", "GROUP_NAME")}
        for lang, texts in given.items()
        if isinstance(texts, dict)
    }


def placement_unbind(call: Call) -> Answer:
    """placement.unbind: the count grows by one for each handler found and by one more for each removed."""
    call.need_admin()
    code, handler = call.text("PLACEMENT", "placement").upper(), call.text("HANDLER", "handler")
    if not code:
        raise PortalFault("ERROR_ARGUMENT", "Argument 'PLACEMENT' is null or empty")
    placements = call.portal.installation(call.app).placements
    gone = [each for each in placements if each.code == code and handler in {"", each.handler}]
    for each in gone:
        placements.remove(each)
    return Answer({"count": 2 * len(gone)})


def event_get(call: Call) -> Answer:
    """event.get: all handlers for an administrator, one's own for others."""
    handlers = call.portal.installation(call.app).events
    shown = [each for each in handlers if call.user.admin or each.auth_type == call.user.id]
    return Answer([each.described() for each in shown])


def event_bind(call: Call) -> Answer:
    """event.bind: the same handler for the same event twice is an error."""
    event, handler = call.text("event", "EVENT").upper(), call.text("handler", "HANDLER")
    for name, value in (("event", event), ("handler", handler)):
        if not value:
            raise PortalFault("ERROR_ARGUMENT", f"Argument '{name}' is null or empty")
    _check_handler(call, handler)
    if event not in _KNOWN_EVENTS:
        raise PortalFault("ERROR_EVENT_NOT_FOUND", "Event not found")
    auth_type = _auth_type(call, "binding")
    handlers = call.portal.installation(call.app).events
    if any((each.event, each.handler, each.auth_type) == (event, handler, auth_type) for each in handlers):
        raise PortalFault("ERROR_CORE", "Unable to set event handler: Handler already binded")
    handlers.append(EventHandler(event, handler, auth_type))
    return Answer(True)


def event_unbind(call: Call) -> Answer:
    """event.unbind: how many handlers were removed."""
    event, handler = call.text("event", "EVENT").upper(), call.text("handler", "HANDLER")
    handlers = call.portal.installation(call.app).events
    own = None if call.user.admin else _auth_type(call, "unbinding")
    gone = [
        each
        for each in handlers
        if event in {"", each.event} and handler in {"", each.handler} and own in {None, each.auth_type}
    ]
    for each in gone:
        handlers.remove(each)
    return Answer({"count": len(gone)})


def _auth_type(call: Call, doing: str) -> int:
    given = call.number("auth_type", "AUTH_TYPE") or 0
    if call.user.admin:
        return given
    if given not in {0, call.user.id}:
        raise PortalFault("ACCESS_DENIED", f"Access denied! Event {doing} with AUTH_TYPE requires administrator rights")
    return call.user.id

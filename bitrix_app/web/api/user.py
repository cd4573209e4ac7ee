"""The user's own: a new session token, who they are, their saved sets of conditions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals import LaunchForm
from bitrix_app.web.api.order_body import SavedSetSchema
from bitrix_app.web.i18n import browser_language
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.present import moment_of, saved_set
from bitrix_app.web.schemas import OWN_PERIOD, SessionSchema, ThemeSchema, json_body, load
from bitrix_app.web.services import services
from bitrix_app.web.session import new_session, session

MOST_SETS = 100
SET_ID = "<number:set_id>"


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/session", view_func=renew_session, methods=["POST"])
    api.add_url_rule("/me", view_func=me)
    api.add_url_rule("/theme", view_func=choose_theme, methods=["PUT"])
    api.add_url_rule("/saved-sets", view_func=list_sets)
    api.add_url_rule("/saved-sets", view_func=create_set, methods=["POST"])
    api.add_url_rule(f"/saved-sets/{SET_ID}", view_func=update_set, methods=["PUT"])
    api.add_url_rule(f"/saved-sets/{SET_ID}", view_func=delete_set, methods=["DELETE"])


def renew_session() -> dict[str, Any]:
    """Confirms the fresh access token and gives a session token for it."""
    body = load(SessionSchema, json_body(request))
    form = LaunchForm(body["member_id"], body["AUTH_ID"], body["REFRESH_ID"])
    launcher = services().launcher
    with rate_limits().confirmation(request.remote_addr or "", form.access_token) as network:
        caller = launcher.confirm(form, network)
    rate_limits().launch(caller.member_id, caller.user_id)
    portal = launcher.enter(caller, form)
    services().access.require_open(portal, caller.user_id)
    token, expires_at = new_session(portal, caller.user_id, browser_language())
    return {"token": token, "expires_at": moment_of(expires_at)}


def me() -> dict[str, Any]:
    """The user as the portal describes them now, the portal, the last choice in the form."""
    portal, user_id = session().portal, session().user_id
    user = services().access.user(portal, user_id)
    return {
        "user": {"id": user.id, "name": user.name, "is_admin": user.is_admin},
        "portal": {"member_id": portal.member_id, "domain": portal.domain},
        "lang": session().lang,
        "may_build": services().access.has_report_access(portal, user_id),
        "last_choice": _still_meant(services().users.last_choice(portal.id, user_id)),
        "today": session().today.isoformat(),
    }


def _still_meant(choice: dict[str, Any] | None) -> dict[str, Any] | None:
    """The last choice; own dates only in the month in which they were chosen: in the next one they are the past."""
    if choice is None or choice.get("period") != OWN_PERIOD:
        return choice
    if str(choice.get("chosen_on", ""))[:7] == session().today.isoformat()[:7]:
        return choice
    return {name: value for name, value in choice.items() if name not in {"period", "date_from", "date_to"}}


def choose_theme() -> ResponseReturnValue:
    """Keeps the theme that the user has switched to."""
    chosen = load(ThemeSchema, json_body(request))
    services().users.save_theme(session().portal.id, session().user_id, chosen["theme"])
    return "", 204


def list_sets() -> ResponseReturnValue:
    """The user's own sets and the shared ones."""
    return {"items": [saved_set(each) for each in session().saved_sets.list()]}


def create_set() -> ResponseReturnValue:
    """Stores a new set."""
    body = _body()
    if session().saved_sets.count() >= MOST_SETS:
        raise RejectedRequestError(409, "too_many_sets")
    made = session().saved_sets.create(body["name"], body["params"], shared=body["shared"])
    services().installer.refresh_robot(session().portal)
    return saved_set(made), 201


def update_set(set_id: int) -> ResponseReturnValue:
    """Replaces a set: one of the user's own, or, by an administrator, a shared one."""
    body = _body()
    changed = session().saved_sets.update(set_id, **body, administrator=_needs_administrator(set_id))
    if changed is None:
        raise RejectedRequestError(404, "not_found")
    services().installer.refresh_robot(session().portal)
    return saved_set(changed)


def delete_set(set_id: int) -> ResponseReturnValue:
    """Removes a set: one of the user's own, or, by an administrator, a shared one."""
    if not session().saved_sets.delete(set_id, administrator=_needs_administrator(set_id)):
        raise RejectedRequestError(404, "not_found")
    services().installer.refresh_robot(session().portal)
    return "", 204


def _needs_administrator(set_id: int) -> bool:
    """Whether the set is somebody else's shared one; then its changer must be an administrator now."""
    found = session().saved_sets.get(set_id)
    if found is None or found.mine:
        return False
    services().access.require_admin(session().portal, session().user_id)
    return True


def _body() -> dict[str, Any]:
    """The body, its dates as text. Sharing with the portal is for administrators."""
    body = load(SavedSetSchema, json_body(request))
    if body["shared"]:
        services().access.require_admin(session().portal, session().user_id)
    params = body["params"]
    dates = {name: params[name] and params[name].isoformat() for name in ("date_from", "date_to")}
    return {**body, "params": {**params, **dates}}

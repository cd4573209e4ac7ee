"""Saved sets of conditions: a user's own, and those that an administrator shares with the portal."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import RejectedRequestError
from bitrix_app.web.bodies import json_body
from bitrix_app.web.present import saved_set
from bitrix_app.web.schemas import SavedSetSchema, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session

MOST_SETS = 100
ID = "<number:set_id>"


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/saved-sets", view_func=list_sets)
    api.add_url_rule("/saved-sets", view_func=create_set, methods=["POST"])
    api.add_url_rule(f"/saved-sets/{ID}", view_func=update_set, methods=["PUT"])
    api.add_url_rule(f"/saved-sets/{ID}", view_func=delete_set, methods=["DELETE"])


def list_sets() -> ResponseReturnValue:
    """The user's own sets and the shared ones."""
    return {"items": [saved_set(each) for each in session().saved_sets.list()]}


def create_set() -> ResponseReturnValue:
    """Stores a new set."""
    body = _body()
    if session().saved_sets.count() >= MOST_SETS:
        raise RejectedRequestError(409, "too_many_sets")
    made = session().saved_sets.create(body["name"], body["params"], shared=body["shared"])
    return saved_set(made), 201


def update_set(set_id: int) -> ResponseReturnValue:
    """Replaces a set: one of the user's own, or, by an administrator, a shared one."""
    body = _body()
    changed = session().saved_sets.update(set_id, **body, administrator=_needs_administrator(set_id))
    if changed is None:
        raise RejectedRequestError(404, "not_found")
    return saved_set(changed)


def delete_set(set_id: int) -> ResponseReturnValue:
    """Removes a set: one of the user's own, or, by an administrator, a shared one."""
    if not session().saved_sets.delete(set_id, administrator=_needs_administrator(set_id)):
        raise RejectedRequestError(404, "not_found")
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

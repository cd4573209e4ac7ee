"""``POST /session``: a new session token for a page that has been open long."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from bitrix_app.portals import LaunchForm
from bitrix_app.web.bodies import json_body
from bitrix_app.web.language import browser_language
from bitrix_app.web.present import moment_of
from bitrix_app.web.schemas import SessionSchema, load
from bitrix_app.web.services import floodgate, services
from bitrix_app.web.session import new_session


def add_to(api: Blueprint) -> None:
    """Adds the address."""
    api.add_url_rule("/session", view_func=renew_session, methods=["POST"])


def renew_session() -> dict[str, Any]:
    """Confirms the fresh access token and gives a session token for it."""
    body = load(SessionSchema, json_body(request))
    form = LaunchForm(body["member_id"], body["AUTH_ID"], body["REFRESH_ID"])
    floodgate().knock(request.remote_addr or "")
    launcher = services().launcher
    caller = launcher.confirm(form)
    floodgate().launch(caller.member_id, caller.user_id)
    portal = launcher.enter(caller, form)
    token, expires_at = new_session(portal, caller.user_id, browser_language())
    return {"token": token, "expires_at": moment_of(expires_at)}

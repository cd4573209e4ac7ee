"""``POST /app``: the app page, for the left menu and every placement alike."""

from __future__ import annotations

from flask import Flask, render_template, request

from bitrix_app.portals import LaunchForm
from bitrix_app.web.bodies import form_body
from bitrix_app.web.headers import let_any_portal_frame, let_portal_frame
from bitrix_app.web.language import choose_language, language_of
from bitrix_app.web.pages import page_config, page_values, script_values
from bitrix_app.web.placement import read_placement
from bitrix_app.web.services import floodgate, services
from bitrix_app.web.session import new_session


def add_to(app: Flask) -> None:
    """Adds the address."""
    app.add_url_rule("/app", endpoint="launch", view_func=launch, methods=["POST"])


def launch() -> str:
    """Confirms the caller and gives them the page with a session token in it."""
    lang = language_of(request.args.get("LANG"))
    choose_language(lang)
    let_any_portal_frame(services().settings)
    fields = form_body(request)
    form = LaunchForm(fields.get("member_id", ""), fields.get("AUTH_ID", ""), fields.get("REFRESH_ID", ""))
    floodgate().knock(request.remote_addr or "")
    launcher = services().launcher
    caller = launcher.confirm(form)
    let_portal_frame(caller.client_endpoint)
    floodgate().launch(caller.member_id, caller.user_id)
    opened = launcher.launch(caller, form)
    token, _expires_at = new_session(opened.portal, opened.user_id, lang)
    placement = read_placement(fields.get("PLACEMENT", ""), fields.get("PLACEMENT_OPTIONS", ""))
    config = page_config("report", opened.portal, opened.user, placement, user_id=opened.user_id)
    return render_template("app.html", **page_values(), **script_values(), session_token=token, config=config)

"""``POST /app`` and ``POST /install``: the pages inside the portal, given to callers whom the portal has confirmed."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import AuthorizationServerError, PortalBusyError, PortalError
from bitrix_app.portals import Installation, InstallForm, InstallStep, LaunchForm, complete_settings
from bitrix_app.web.api.reports import list_reports
from bitrix_app.web.api.user import list_sets, me
from bitrix_app.web.errors import status_of
from bitrix_app.web.headers import let_any_portal_frame, let_portal_frame, opened_origin
from bitrix_app.web.i18n import choose_language, language_of
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.messages import MARKET_PATH, message_for, place_titles
from bitrix_app.web.pages import (
    Placement,
    page_config,
    page_values,
    payment_notice,
    read_placement,
    script_values,
)
from bitrix_app.web.schemas import form_body
from bitrix_app.web.services import services
from bitrix_app.web.session import enter_session, new_session, session

log = structlog.get_logger("web")


def add_to(app: Flask) -> None:
    """Adds the addresses."""
    app.add_url_rule("/app", endpoint="launch", view_func=launch, methods=["POST"])
    app.add_url_rule("/install", view_func=install, methods=["POST"])


def launch() -> str:
    """Confirms the caller and gives them the page with a session token in it."""
    lang = language_of(request.args.get("LANG"))
    choose_language(lang)
    let_any_portal_frame(services().settings)
    fields = form_body(request)
    form = LaunchForm(
        member_id=fields.get("member_id", ""),
        access_token=fields.get("AUTH_ID", ""),
        refresh_token=fields.get("REFRESH_ID", ""),
        server_endpoint=fields.get("SERVER_ENDPOINT", ""),
        origin=_origin(),
    )
    launcher = services().launcher
    with rate_limits().confirmation(request.remote_addr or "", form.access_token) as network:
        caller = launcher.confirm(form, network)
    let_portal_frame(caller.client_endpoint)
    rate_limits().launch(caller.member_id, caller.user_id)
    opened = launcher.launch(caller, form)
    let_portal_frame(caller.client_endpoint, opened.portal.origins)
    if opened.confirmed_admin:
        services().installer.look_after(caller, opened.portal, install_form(fields))
    token, _expires_at = new_session(opened.portal, opened.user_id, lang)
    placement = read_placement(fields.get("PLACEMENT", ""), fields.get("PLACEMENT_OPTIONS", ""))
    config = page_config("report", opened.portal, opened.user, placement, user_id=opened.user_id)
    enter_session(opened.portal, opened.user_id, lang)
    config["start"] = first_answers()
    seconds, faster = services().ordering.usual_seconds(opened.portal)
    return render_template(
        "app.html",
        **page_values(),
        **script_values(opened.portal),
        session_token=token,
        theme=services().users.theme(opened.portal.id, opened.user_id),
        config=config,
        payment=payment_notice(opened.portal, is_admin=config["user"]["is_admin"]),
        market=f"{config['portal']['origin']}{MARKET_PATH}",
        fetching={"seconds": seconds, "faster": faster},
    )


def first_answers() -> dict[str, object]:
    """What the page asks the API for first, by path: in the page itself it costs no request. Without what the portal
    would not tell now, which the page then asks for."""
    asked = {"/me": me, "/saved-sets": list_sets, "/reports": list_reports}
    answers: dict[str, object] = {"/settings": complete_settings(session().portal.settings)}
    for path, answer in asked.items():
        try:
            answers[path] = answer()
        except (PortalError, PortalBusyError, AuthorizationServerError) as error:
            log.info("first_answer_left_out", path=path, code=error.code)
    return answers


def install() -> ResponseReturnValue:
    """Confirms the caller, installs, shows how it went."""
    choose_language(language_of(request.args.get("LANG")))
    let_any_portal_frame(services().settings)
    form = install_form(form_body(request), _origin())
    with rate_limits().confirmation(request.remote_addr or "", form.access_token) as network:
        caller = services().installer.confirm(form, network)
    let_portal_frame(caller.client_endpoint)
    rate_limits().launch(caller.member_id, caller.user_id)
    installation = services().installer.install(caller, form)
    let_portal_frame(caller.client_endpoint, installation.portal.origins)
    if installation.error is None:
        portal, user = installation.portal, installation.user
        services().audit_log.add(portal.id, user.id, user.name, "installed")
    return _page(installation)


def _origin() -> str:
    return opened_origin(request.args.get("DOMAIN", ""), request.args.get("PROTOCOL", ""), services().settings)


def install_form(form: Mapping[str, str], origin: str = "") -> InstallForm:
    """The fields of an install that we look at. ``SERVER_ENDPOINT`` chooses between the two that we know."""
    return InstallForm(
        member_id=form.get("member_id", ""),
        access_token=form.get("AUTH_ID", ""),
        refresh_token=form.get("REFRESH_ID", ""),
        application_token=form.get("APPLICATION_TOKEN", ""),
        server_endpoint=form.get("SERVER_ENDPOINT", ""),
        origin=origin,
    )


def _page(installation: Installation) -> ResponseReturnValue:
    error = installation.error
    if error is not None:
        failed = [step.code for step in installation.steps if step.error]
        log.warning("install_stopped", steps=failed, code=error.code)
    token, _expires_at = new_session(installation.portal, installation.user.id, language_of(request.args.get("LANG")))
    config = page_config("install", installation.portal, installation.user, Placement())
    config["steps"] = [_step(step) for step in installation.steps]
    scripts = script_values(installation.portal)
    page = render_template("install.html", **page_values(), **scripts, session_token=token, config=config)
    return page, status_of(error) if error else 200


def _step(step: InstallStep) -> dict[str, object]:
    titles = {
        "stored": _("The portal confirmed its administrator"),
        "license": _("The portal's plan is known"),
        "placements": _("Tabs and menu items are in their places"),
        "events": _("The portal will tell when the application is removed"),
        "settings": _("Settings are chosen"),
        "robot": _("The robot for automation rules is registered"),
    }
    detail = ""
    if step.error:
        message = message_for(step.error.code, step.error.params)
        detail = f"{message.text} {message.advice} ({step.error.code})"
    elif step.unknown:
        detail = _("This Bitrix24 does not have: %(places)s.", places=place_titles(step.unknown))
    return {"code": step.code, "title": titles[step.code], "ok": step.error is None, "detail": detail}

"""The JSON API of the page (contract §3): thin; what is allowed is asked of ``portals``.

Belongs here: reading a body, calling, making the answer. Does not: rules about portals, SQL, HTML.
"""

from __future__ import annotations

from flask import Blueprint, Response, json, request

from bitrix_app.web.api import cards, delivery, journal, payments, portal, reports, rows, schedules, user, zones
from bitrix_app.web.api.openapi import describe
from bitrix_app.web.session import require_session

OPEN_ENDPOINTS = {"api.renew_session", "api.openapi_json"}


def make_api(app_url: str) -> Blueprint:
    """The blueprint with all of the API's addresses, and their description for everybody."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    description = json.dumps(describe(app_url))

    @api.before_request
    def check_session() -> None:
        if request.endpoint not in OPEN_ENDPOINTS and request.method != "OPTIONS":
            require_session()

    @api.get("/openapi.json")
    def openapi_json() -> Response:
        return Response(description, mimetype="application/json")

    for resource in (user, portal, reports, rows, schedules, cards, payments, delivery, zones, journal):
        resource.add_to(api)
    return api

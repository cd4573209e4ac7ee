"""The JSON API of the page (contract §3): one module a resource, thin; what is allowed is asked of ``portals``.

Belongs here: reading a body, calling, making the answer. Does not: rules about portals, SQL, HTML.
"""

from __future__ import annotations

from flask import Blueprint, request

from bitrix_app.web.api import (
    companies,
    invoices,
    journal,
    me,
    options,
    reports,
    saved_sets,
    self_check,
    session,
    settings,
)
from bitrix_app.web.api.description import openapi_json
from bitrix_app.web.session import require_session

OPEN_ENDPOINTS = {"api.renew_session", "api.openapi_json"}


def make_api() -> Blueprint:
    """The blueprint with all of the API's addresses."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")

    @api.before_request
    def check_session() -> None:
        if request.endpoint not in OPEN_ENDPOINTS and request.method != "OPTIONS":
            require_session()

    api.add_url_rule("/openapi.json", view_func=openapi_json)
    resources = (session, me, options, settings, reports, saved_sets, journal, self_check, companies, invoices)
    for resource in resources:
        resource.add_to(api)
    return api

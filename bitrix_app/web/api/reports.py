"""Reports: looking ahead, starting, watching, cancelling, deleting. Always this user's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals import complete_settings
from bitrix_app.storage import ReportRecord
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.pages import address
from bitrix_app.web.present import ReportPresenter
from bitrix_app.web.schemas import OWN_PERIOD, ReportSchema, json_body, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session

PAGE = 20
CURSOR = re.compile(r"[0-9]{1,16}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
ALWAYS_THERE = "begindate"


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/reports", view_func=start_report, methods=["POST"])
    api.add_url_rule("/reports", view_func=list_reports)
    api.add_url_rule("/reports/preview", view_func=preview_report, methods=["POST"])
    api.add_url_rule("/reports/<uuid:report_id>", view_func=read_report)
    api.add_url_rule("/reports/<uuid:report_id>", view_func=delete_report, methods=["DELETE"])
    api.add_url_rule("/reports/<uuid:report_id>/cancel", view_func=cancel_report, methods=["POST"])


def preview_report() -> ResponseReturnValue:
    """How many invoices there are, and what the report would cost."""
    portal, user_id = session().portal, session().user_id
    services().access.require_report_access(portal, user_id)
    params = _params(load(ReportSchema, json_body(request)))
    with services().clients.interactive(portal, user_id) as client:
        found = services().preview(client, portal, user_id, params)
    return {"invoices": found.invoices, "undated": found.undated, "calls": found.calls, "seconds": found.seconds}


def start_report() -> ResponseReturnValue:
    """Stores a report and wakes a worker. The same ``Idempotency-Key`` again answers with the same report."""
    portal, user_id = session().portal, session().user_id
    key = _idempotency_key()
    body = load(ReportSchema, json_body(request))
    services().access.require_report_access(portal, user_id)
    params = _params(body)
    rate_limits().report(portal.id, user_id)
    record, is_new = session().reports.create(params, session().lang, session().name, key)
    if not is_new and record.params != params:
        raise RejectedRequestError(422, "idempotency_key_reused")
    if is_new:
        _began(record, body["period"])
    headers = {"Location": address(f"/api/v1/reports/{record.id}")}
    return _presenter().report(record), 202, headers


def list_reports() -> ResponseReturnValue:
    """This user's reports, newest first."""
    before = request.args.get("before")
    if before is not None and not CURSOR.fullmatch(before):
        raise RejectedRequestError(422, "validation_failed", errors={"before": [_("There is no such page.")]})
    records, following = session().reports.page(before, PAGE)
    presenter = _presenter()
    return {
        "items": [presenter.report(record) for record in records],
        "next": address(f"/api/v1/reports?before={following}") if following else None,
    }


def read_report(report_id: UUID) -> ResponseReturnValue:
    """One report."""
    return _presenter().report(_found(report_id))


def cancel_report(report_id: UUID) -> ResponseReturnValue:
    """Cancels a report that is queued or running; one that has ended stays as it is."""
    _found(report_id)
    if session().reports.cancel(str(report_id)):
        session().note("report_cancelled", str(report_id))
    return _presenter().report(_found(report_id)), 202


def delete_report(report_id: UUID) -> ResponseReturnValue:
    """Removes a report and its files; a running one is cancelled by that."""
    record = _found(report_id)
    names = session().reports.delete(record.id)
    if names is None:
        raise RejectedRequestError(404, "not_found")
    services().files.delete_all(names)
    session().note("report_deleted", record.id, **_period(record.params))
    return "", 204


def _presenter() -> ReportPresenter:
    return ReportPresenter(session().portal, session().user_id)


def _found(report_id: UUID) -> ReportRecord:
    record = session().reports.get(str(report_id))
    if record is None:
        raise RejectedRequestError(404, "not_found")
    return record


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise RejectedRequestError(422, "validation_failed", errors={"Idempotency-Key": [_("Take printable ASCII.")]})
    return key


def _params(body: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored with the report: the body with its dates as text and its date field settled."""
    usual = complete_settings(session().portal.settings)["date_field"]
    field = body["date_field"] or usual
    if field not in {usual, ALWAYS_THERE}:
        known = {each.name for each in services().catalogs.date_fields(session().portal, session().user_id)}
        if field not in known:
            message = _("Invoices of this portal have no such date field.")
            raise RejectedRequestError(422, "validation_failed", errors={"date_field": [message]})
    stored = {name: value for name, value in body.items() if name != "period"}
    return {
        **stored,
        "date_from": body["date_from"].isoformat(),
        "date_to": body["date_to"].isoformat(),
        "date_field": field,
        "stages": body["stages"] or None,
    }


def _began(record: ReportRecord, period: str | None) -> None:
    services().wake()
    session().note("report_created", record.id, **_period(record.params))
    if record.params["invoice_id"] is None:
        choice = {name: value for name, value in record.params.items() if name not in {"company_id", "invoice_id"}}
        services().users.save_last_choice(record.portal_id, record.user_id, {"period": period or OWN_PERIOD, **choice})


def _period(params: Mapping[str, Any]) -> dict[str, Any]:
    return {"date_from": params["date_from"], "date_to": params["date_to"]}

"""Reports: estimating, ordering, watching, cancelling, deleting. Always this user's own."""

from __future__ import annotations

import re
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import RejectedRequestError
from bitrix_app.jobs import DEFAULT_KIND, told_in_log
from bitrix_app.storage import ReportRecord
from bitrix_app.web.api.order_body import ReportSchema
from bitrix_app.web.i18n import current_language
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.pages import address
from bitrix_app.web.present import ReportPresenter
from bitrix_app.web.schemas import OWN_PERIOD, json_body, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session

PAGE = 20
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
NOT_CHOSEN = {"kind", "company_id", "invoice_id", "compare_with", "lang"}
"""Parameters that the form does not remember."""


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/reports", view_func=start_report, methods=["POST"])
    api.add_url_rule("/reports", view_func=list_reports)
    api.add_url_rule("/reports/preview", view_func=estimate_report, methods=["POST"])
    api.add_url_rule("/reports/<uuid:report_id>", view_func=read_report)
    api.add_url_rule("/reports/<uuid:report_id>", view_func=delete_report, methods=["DELETE"])
    api.add_url_rule("/reports/<uuid:report_id>/cancel", view_func=cancel_report, methods=["POST"])


def estimate_report() -> ResponseReturnValue:
    """How many invoices there are, and what the report would cost."""
    found = services().ordering.estimate(session().portal, session().user_id, load(ReportSchema, json_body(request)))
    return {
        "invoices": found.invoices,
        "undated": found.undated,
        "calls": found.calls,
        "seconds": found.seconds,
        "batch_seconds": found.batch_seconds,
        "at_most": found.at_most,
    }


def start_report() -> ResponseReturnValue:
    """Orders a report. The same ``Idempotency-Key`` again answers with the same report."""
    portal, user_id, key = session().portal, session().user_id, _idempotency_key()
    body = load(ReportSchema, json_body(request))
    body["lang"] = body["lang"] or current_language()
    rate_limits().report(portal.id, user_id)
    record, is_new = services().ordering.order(portal, user_id, body, idempotency_key=key)
    if is_new and body["kind"] == DEFAULT_KIND and body["invoice_id"] is None and not body["sample"]:
        _remember_choice(record, body["period"] or OWN_PERIOD, body["columns"])
    headers = {"Location": address(f"/api/v1/reports/{record.id}")}
    return _presenter().report(record), 202, headers


def list_reports() -> ResponseReturnValue:
    """This user's reports, newest first."""
    before = request.args.get("before")
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
    session().note("report_deleted", record.id, **told_in_log(record.params, record.names))
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


def _remember_choice(record: ReportRecord, period: str, columns: list[str] | None) -> None:
    """``columns`` are those that were asked for: the settings' may change."""
    choice = {name: value for name, value in record.params.items() if name not in NOT_CHOSEN}
    chosen = {"period": period, **choice, "columns": columns, "chosen_on": session().today.isoformat()}
    services().users.save_last_choice(record.portal_id, record.user_id, chosen)

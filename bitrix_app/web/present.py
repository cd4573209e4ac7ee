"""JSON representation of records (contract §3): times are ISO 8601 in UTC, money is text with two decimals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from bitrix_app.jobs import FORMATS, WORKBOOK
from bitrix_app.storage import AuditEntry, DeliveryRecord, PortalRecord, ReportFile, ReportRecord, SavedSet
from bitrix_app.web.filters import filter_labels
from bitrix_app.web.messages import message_for
from bitrix_app.web.pages import address
from bitrix_app.web.services import services
from bitrix_app.web.session import DownloadClaims, signed_tokens

FIRST_STAGE = "invoices"
KOPECK = Decimal("0.01")
FIRST_PROBLEMS = 5
DOWNLOADS = {each.name for each in FORMATS}
SUMS = ("amount", "vat", "amount_with_vat", "amount_without_vat")
PAYMENTS = ("paid", "unpaid", "overdue", "overpaid")
"""Sums that reports of earlier versions lack."""


def moment(value: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z; None stays None."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None


def moment_of(seconds: int) -> str:
    """ISO 8601 in UTC with a Z from seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def money(value: Any) -> str:
    """A sum as text with two decimals, rounded half up (contract §4); what is no sum reads 0.00."""
    try:
        amount = Decimal(str(value)).quantize(KOPECK, ROUND_HALF_UP)
    except InvalidOperation:
        return "0.00"
    return f"{amount:f}" if amount.is_finite() else "0.00"


class ReportPresenter:
    """Report objects for one user of one portal: labels in the portal's titles, links signed for the user."""

    def __init__(self, portal: PortalRecord, user_id: int) -> None:
        self._portal = portal
        self._titles = services().catalogs.known_titles(portal, user_id)

    def report(self, record: ReportRecord) -> dict[str, Any]:
        """The report object."""
        offered = [file for file in record.files if file.format in DOWNLOADS] if record.status == "done" else []
        downloads = [self._download(record, file) for file in offered]
        workbooks = (each["url"] for each in downloads if each["format"] == WORKBOOK.name)
        return {
            "id": record.id,
            "status": record.status,
            "params": record.params,
            "names": record.names,
            "filters": filter_labels(record.params, self._titles, record.names),
            "created_at": moment(record.created_at),
            "started_at": moment(record.started_at),
            "finished_at": moment(record.finished_at),
            "progress": progress(record),
            "summary": summary(record.summary) if record.summary is not None else None,
            "error": error(record) if record.status == "failed" else None,
            "download_url": next(workbooks, None),
            "downloads": downloads,
            "deliveries": [delivery(each) for each in record.deliveries],
        }

    def _download(self, record: ReportRecord, file: ReportFile) -> dict[str, Any]:
        claims = DownloadClaims(
            self._portal.id, self._portal.epoch, record.user_id, report_id=record.id, format=file.format
        )
        return {
            "format": file.format,
            "size": file.size,
            "url": address(f"/downloads/{signed_tokens().download(claims)}"),
        }


def progress(record: ReportRecord) -> dict[str, Any]:
    """How far a report is: invoices counted in the stage that is under way."""
    waiting = record.waiting or {}
    return {
        "stage": record.stage or FIRST_STAGE,
        "done": record.done,
        "total": record.total or 0,
        "waiting": {"reason": waiting["reason"], "until": waiting["until"]}
        if record.open and {"reason", "until"} <= waiting.keys()
        else None,
    }


def error(record: ReportRecord) -> dict[str, str]:
    """Why a report failed, in the reader's language."""
    code = record.error_code or "internal_error"
    message = message_for(code, record.error_params)
    return {"code": code, "message": f"{message.text} {message.advice}"}


def delivery(record: DeliveryRecord) -> dict[str, Any]:
    """A target of a report and how it stands there; ``error`` also while another try is to come."""
    code = record.error_code
    message = message_for(code, record.error_params) if code else None
    return {
        **record.target,
        "state": record.state,
        "ended_at": moment(record.ended_at),
        "error": {"code": code, "message": f"{message.text} {message.advice}"} if message else None,
    }


def summary(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The totals of a finished report; of receivables, the debts too."""
    debts = stored.get("receivables")
    return {
        "invoices": int(stored.get("invoices") or 0),
        "problems": int(stored.get("problems") or 0),
        "undated": int(stored.get("undated") or 0),
        "totals": [
            {
                "currency": total.get("currency") or "",
                **{name: money(total.get(name, 0)) for name in SUMS},
                **{name: money(total[name]) for name in PAYMENTS if name in total},
            }
            for total in stored.get("totals") or ()
        ],
        "first_problems": list(stored.get("first_problems") or ())[:FIRST_PROBLEMS],
        "problems_by_field": list(stored.get("problems_by_field") or ()),
        **({} if stored.get("changes") is None else {"changes": _changes(stored["changes"])}),
        **({} if debts is None else {"receivables": _named(debts), "debtors": _named(stored.get("debtors") or ())}),
    }


def _changes(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What has changed since an earlier report."""
    sums = ("was", "now", "difference")
    return {
        **stored,
        "totals": [
            {"currency": each["currency"] or "", **{name: money(each[name]) for name in sums}}
            for each in stored["totals"]
        ],
    }


def _named(sums: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "currency": each["currency"] or ""} for each in sums]


def audit_entry(entry: AuditEntry) -> dict[str, Any]:
    """A line of the audit log."""
    return {
        "at": moment(entry.at),
        "user": {"id": entry.user_id, "name": entry.user_name},
        "action": entry.action,
        "report_id": entry.report_id,
        "details": entry.details,
    }


def saved_set(found: SavedSet) -> dict[str, Any]:
    """A saved set."""
    return {"id": found.id, "name": found.name, "params": found.params, "shared": found.shared, "mine": found.mine}

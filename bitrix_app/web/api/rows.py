"""The rows of a finished report as the page shows them, and the figures of its pictures. Always this user's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from bitrix_app.errors import RejectedRequestError
from bitrix_app.jobs import MOST_ROWS, RowsMissingError, RowsQuery, RowsSum, UnknownSortError
from bitrix_app.storage import ReportRecord
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.present import money
from bitrix_app.web.schemas import StrictSchema, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session

LAST_ROW = 10**7
LONGEST_TEXT = 200


class RowsSchema(StrictSchema):
    """``GET /reports/{id}/rows``: the query string."""

    offset = fields.Integer(load_default=0, validate=validate.Range(0, LAST_ROW))
    limit = fields.Integer(load_default=MOST_ROWS, validate=validate.Range(1, MOST_ROWS))
    sort = fields.String(load_default=None)
    desc = fields.Boolean(load_default=False)
    q = fields.String(load_default="", validate=validate.Length(max=LONGEST_TEXT))
    problems = fields.Boolean(load_default=False)


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/reports/<uuid:report_id>/rows", view_func=list_rows)
    api.add_url_rule("/reports/<uuid:report_id>/figures", view_func=read_figures)


def list_rows(report_id: UUID) -> ResponseReturnValue:
    """A part of the rows of the report's first sheet; with the first one, what all that were found come to."""
    record = _done(report_id)
    asked = load(RowsSchema, request.args.to_dict())
    query = RowsQuery(asked["offset"], asked["limit"], asked["sort"], asked["desc"], asked["q"], asked["problems"])
    try:
        page = services().rows.page(record, query)
    except UnknownSortError as error:
        errors = {"sort": [_("The report has no such column.")]}
        raise RejectedRequestError(422, "validation_failed", errors=errors) from error
    except RowsMissingError as error:
        raise RejectedRequestError(409, "rows_missing") from error
    end = query.offset + len(page.rows)
    return {
        "columns": [{"code": each.code, "title": each.title, "type": each.type} for each in page.columns],
        "total": page.total,
        "sums": None if page.sums is None else [_sum(each) for each in page.sums],
        "offset": query.offset,
        "next": end if page.rows and end < page.total else None,
        "rows": [_row(*each) for each in page.rows],
    }


def read_figures(report_id: UUID) -> ResponseReturnValue:
    """What the pictures show: sums by month, and the counterparties with the largest sums, by currency."""
    record = _done(report_id)
    try:
        found = services().rows.figures(record)
    except RowsMissingError as error:
        raise RejectedRequestError(409, "rows_missing") from error
    return {
        "currencies": [
            {
                "currency": each.currency,
                "months": [
                    {"month": month, "amount": money(sum_), "paid": money(paid)} for month, sum_, paid in each.months
                ],
                "counterparties": [{"name": name, "amount": money(sum_)} for name, sum_ in each.counterparties],
            }
            for each in found
        ]
    }


def _sum(found: RowsSum) -> dict[str, Any]:
    return {"currency": found.currency, "amount": money(found.amount), "paid": money(found.paid)}


def _row(invoice_id: int | None, url: str | None, unpaid: int, problems: int, *values: Any) -> dict[str, Any]:
    return {"invoice_id": invoice_id, "url": url, "unpaid": bool(unpaid), "problems": problems, "values": values}


def _done(report_id: UUID) -> ReportRecord:
    record = session().reports.get(str(report_id))
    if record is None:
        raise RejectedRequestError(404, "not_found")
    if record.status != "done":
        raise RejectedRequestError(409, "report_not_done")
    return record

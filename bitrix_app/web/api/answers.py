"""The shapes of the API's answers, for the OpenAPI description: ``present`` makes answers, these describe them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

STATUSES = ("queued", "running", "done", "failed", "cancelled")
STAGES = ("invoices", "requisites", "products", "workbook")
REASONS = ("operating_time", "query_limit", "retry", "bucket")


def money() -> fields.String:
    """A sum as text with two decimals."""
    return fields.String(validate=validate.Regexp(r"^-?[0-9]+\.[0-9]{2}$"))


class ProblemAnswer(Schema):
    """An error (RFC 9457)."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class SessionAnswer(Schema):
    """A new session token."""

    token = fields.String()
    expires_at = fields.DateTime()


class WaitingAnswer(Schema):
    """What the report waits for."""

    reason = fields.String(validate=validate.OneOf(REASONS))
    until = fields.DateTime()


class ProgressAnswer(Schema):
    """How far a report is."""

    stage = fields.String(validate=validate.OneOf(STAGES))
    done = fields.Integer()
    total = fields.Integer()
    waiting = fields.Nested(WaitingAnswer, allow_none=True)


class TotalAnswer(Schema):
    """Sums in one currency."""

    currency = fields.String()
    amount = money()
    vat = money()
    amount_with_vat = money()
    amount_without_vat = money()


class SummaryAnswer(Schema):
    """What a finished report holds."""

    invoices = fields.Integer()
    problems = fields.Integer()
    undated = fields.Integer()
    totals = fields.List(fields.Nested(TotalAnswer))
    first_problems = fields.List(fields.Dict())


class ErrorAnswer(Schema):
    """Why a report failed."""

    code = fields.String()
    message = fields.String()


class DownloadAnswer(Schema):
    """A finished file."""

    format = fields.String()
    size = fields.Integer()
    url = fields.Url(require_tld=False)


class ReportAnswer(Schema):
    """A report."""

    id = fields.UUID()
    status = fields.String(validate=validate.OneOf(STATUSES))
    params = fields.Dict()
    filters = fields.List(fields.String())
    created_at = fields.DateTime()
    started_at = fields.DateTime(allow_none=True)
    finished_at = fields.DateTime(allow_none=True)
    progress = fields.Nested(ProgressAnswer)
    summary = fields.Nested(SummaryAnswer, allow_none=True)
    error = fields.Nested(ErrorAnswer, allow_none=True)
    download_url = fields.String(allow_none=True)
    downloads = fields.List(fields.Nested(DownloadAnswer))


class ReportPageAnswer(Schema):
    """A page of reports."""

    items = fields.List(fields.Nested(ReportAnswer))
    next = fields.String(allow_none=True)


class PreviewAnswer(Schema):
    """What a report would be and cost."""

    invoices = fields.Integer()
    undated = fields.Integer()
    calls = fields.Integer()
    seconds = fields.Integer()

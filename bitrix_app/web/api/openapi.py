"""The OpenAPI description of the API, made from the schemas that check bodies and those that describe answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

from bitrix_app.jobs import AS_OF_RUN, FORMATS, RUN_PERIODS
from bitrix_app.portals import GUESSES, PAYMENT_SOURCES
from bitrix_app.web.api.delivery import TARGETS, SendSchema
from bitrix_app.web.api.journal_words import KINDS
from bitrix_app.web.api.order_body import ReportSchema, SavedSetSchema
from bitrix_app.web.api.schedule_body import ChangedScheduleSchema, DayOfMonth, ScheduleSchema
from bitrix_app.web.errors import PROBLEM_TYPE
from bitrix_app.web.schemas import (
    Borders,
    ColumnCodes,
    PaidFilter,
    PlainText,
    ProbeSchema,
    SessionSchema,
    SettingsSchema,
    StrictBoolean,
    StrictDate,
    ThemeSchema,
)

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
    paid = money()
    unpaid = money()
    overdue = money()
    overpaid = money()


class DebtsAnswer(Schema):
    """What is owed in one currency."""

    currency = fields.String()
    total = money()
    overdue = money()
    oldest_days = fields.Integer(allow_none=True)
    ranges = fields.Dict(keys=fields.String(), values=money())


class DebtorAnswer(Schema):
    """One of the ten largest debtors of a currency; the ids of its card, where it has one."""

    currency = fields.String()
    counterparty = fields.String(allow_none=True)
    inn = fields.String(allow_none=True)
    company_id = fields.Integer(allow_none=True)
    contact_id = fields.Integer(allow_none=True)
    total = money()
    overdue = money()
    oldest_days = fields.Integer(allow_none=True)


class ClientAnswer(Schema):
    """Whose debts a card shows."""

    type = fields.String(validate=validate.OneOf(["company", "contact"]))
    id = fields.Integer()


class OpenInvoiceAnswer(Schema):
    """An invoice that owes; ``days`` since its due date, below 0 before it."""

    id = fields.Integer(allow_none=True)
    number = fields.String(allow_none=True)
    currency = fields.String()
    amount = money()
    outstanding = money()
    due_date = fields.Date(allow_none=True)
    days = fields.Integer(allow_none=True)


class ClientDebtsAnswer(Schema):
    """What a client owes today, as the portal told at ``taken_at``."""

    client = fields.Nested(ClientAnswer, allow_none=True)
    as_of = fields.Date()
    taken_at = fields.DateTime()
    complete = fields.Boolean()
    payments_left_out = fields.Boolean()
    receivables = fields.List(fields.Nested(DebtsAnswer))
    invoices = fields.List(fields.Nested(OpenInvoiceAnswer))


class ChangesAnswer(Schema):
    """What has changed since the report that this one is compared with; ``first``: the first lines of ``Изменения``."""

    earlier = fields.String(data_key="with")
    added = fields.Integer()
    gone = fields.Integer()
    changed = fields.Integer()
    totals = fields.List(fields.Dict())
    first = fields.List(fields.Dict())
    not_compared = fields.List(fields.String())


class SummaryAnswer(Schema):
    """What a finished report holds."""

    invoices = fields.Integer()
    problems = fields.Integer()
    undated = fields.Integer()
    totals = fields.List(fields.Nested(TotalAnswer))
    receivables = fields.List(fields.Nested(DebtsAnswer))
    debtors = fields.List(fields.Nested(DebtorAnswer))
    changes = fields.Nested(ChangesAnswer)
    first_problems = fields.List(fields.Dict())
    problems_by_field = fields.List(fields.Dict())


class ErrorAnswer(Schema):
    """Why a report failed."""

    code = fields.String()
    message = fields.String()


class DownloadAnswer(Schema):
    """A finished file."""

    format = fields.String(validate=validate.OneOf([each.name for each in FORMATS]))
    size = fields.Integer()
    url = fields.Url(require_tld=False)


class DeliveryAnswer(Schema):
    """Where a report was sent, and how that stands."""

    to = fields.String(validate=validate.OneOf(TARGETS))
    chat_id = fields.String()
    folder_id = fields.Integer()
    state = fields.String(validate=validate.OneOf(("waiting", "sending", "done", "failed")))
    ended_at = fields.DateTime(allow_none=True)
    error = fields.Nested(ErrorAnswer, allow_none=True)


class ReportAnswer(Schema):
    """A report."""

    id = fields.UUID()
    status = fields.String(validate=validate.OneOf(STATUSES))
    params = fields.Dict()
    names = fields.Dict()
    filters = fields.List(fields.String())
    created_at = fields.DateTime()
    started_at = fields.DateTime(allow_none=True)
    finished_at = fields.DateTime(allow_none=True)
    progress = fields.Nested(ProgressAnswer)
    summary = fields.Nested(SummaryAnswer, allow_none=True)
    error = fields.Nested(ErrorAnswer, allow_none=True)
    download_url = fields.String(allow_none=True)
    downloads = fields.List(fields.Nested(DownloadAnswer))
    deliveries = fields.List(fields.Nested(DeliveryAnswer))


class ReportPageAnswer(Schema):
    """A page of reports."""

    items = fields.List(fields.Nested(ReportAnswer))
    next = fields.String(allow_none=True)


class RowsColumnAnswer(Schema):
    """A column of a report's first sheet."""

    code = fields.String()
    title = fields.String()
    type = fields.String(validate=validate.OneOf(("text", "number", "date")))


class RowsSumAnswer(Schema):
    """What rows of one currency come to."""

    currency = fields.String(allow_none=True)
    amount = fields.String()
    paid = fields.String()


class RowAnswer(Schema):
    """A row of it: numbers are decimal texts, days ISO 8601."""

    invoice_id = fields.Integer(allow_none=True)
    url = fields.String(allow_none=True)
    unpaid = fields.Boolean()
    problems = fields.Integer()
    values = fields.List(fields.Raw(allow_none=True))


class RowsAnswer(Schema):
    """Some of its rows; ``total``: how many answer the query; ``sums``: what these come to, with the first part."""

    columns = fields.List(fields.Nested(RowsColumnAnswer))
    total = fields.Integer()
    sums = fields.List(fields.Nested(RowsSumAnswer), allow_none=True)
    offset = fields.Integer()
    next = fields.Integer(allow_none=True)
    rows = fields.List(fields.Nested(RowAnswer))


class FiguresAnswer(Schema):
    """What the pictures of a report show."""

    currencies = fields.List(fields.Dict())


class OwnerAnswer(Schema):
    """Whose schedule it is."""

    id = fields.Integer()
    name = fields.String()


class LastRunAnswer(Schema):
    """How the latest report of a schedule stands."""

    status = fields.String(validate=validate.OneOf(STATUSES))
    finished_at = fields.DateTime(allow_none=True)


class ScheduleAnswer(Schema):
    """A schedule."""

    id = fields.Integer()
    name = fields.String()
    owner = fields.Nested(OwnerAnswer)
    params = fields.Dict()
    period = fields.String(validate=validate.OneOf((AS_OF_RUN, *RUN_PERIODS)))
    when = fields.Dict()
    deliver = fields.List(fields.Dict())
    active = fields.Boolean()
    next_run_at = fields.DateTime(allow_none=True)
    last_report_id = fields.UUID(allow_none=True)
    last_run = fields.Nested(LastRunAnswer, allow_none=True)
    paused_reason = fields.String(allow_none=True)


class SchedulePageAnswer(Schema):
    """A page of schedules."""

    items = fields.List(fields.Nested(ScheduleAnswer))
    next = fields.String(allow_none=True)


class EstimateAnswer(Schema):
    """What a report would be and cost."""

    invoices = fields.Integer()
    undated = fields.Integer()
    calls = fields.Integer()
    seconds = fields.Integer()
    batch_seconds = fields.Integer(allow_none=True)
    at_most = fields.Boolean()


VERSION = "1"
ID_OF_REPORT = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
ID_OF_THING = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
}
BEFORE = {"name": "before", "in": "query", "required": False, "schema": {"type": "string"}}
ROWS_QUERY = [
    {"name": "offset", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 0, "maximum": 10**7}},
    {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
    {"name": "sort", "in": "query", "required": False, "schema": {"type": "string"}},
    {"name": "desc", "in": "query", "required": False, "schema": {"type": "boolean"}},
    {"name": "q", "in": "query", "required": False, "schema": {"type": "string", "maxLength": 200}},
    {"name": "problems", "in": "query", "required": False, "schema": {"type": "boolean"}},
]
SEARCH = {"name": "search", "in": "query", "required": True, "schema": {"type": "string", "minLength": 2}}
EXAMPLE = [
    {"name": "payment_source", "in": "query", "required": True, "schema": {"enum": list(PAYMENT_SOURCES)}},
    {"name": "paid_amount_field", "in": "query", "required": False, "schema": {"type": "string"}},
]
PARENT = {
    "name": "parent",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[!-~]+$"},
}
IF_MATCH = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}}
JOURNAL_FILTERS = [
    {"name": name, "in": "query", "required": False, "schema": {"type": kind, **more}}
    for name, kind, more in (
        ("user", "integer", {}),
        ("kind", "string", {"enum": list(KINDS)}),
        ("from", "string", {"format": "date"}),
        ("to", "string", {"format": "date"}),
    )
]
CONFIRMS = {"name": "confirms", "in": "query", "required": False, "schema": {"type": "string", "enum": list(GUESSES)}}
PROBLEMS = {
    "400": "bad JSON",
    "401": "no session, or it has ended",
    "403": "not allowed",
    "404": "not there",
    "409": "in the way of something",
    "412": "changed by somebody else since it was read",
    "413": "too large",
    "415": "not JSON",
    "422": "wrong values, named in errors",
    "429": "too many requests, see Retry-After; or too many open reports",
    "502": "the portal answers nonsense",
    "503": "the portal, the authorization server or we are out of reach; see Retry-After",
}
TYPES = {StrictDate: ("string", "date"), StrictBoolean: ("boolean", None), PlainText: ("string", None)}
ANY_OBJECT = {"type": "object"}


def describe(app_url: str) -> dict[str, Any]:
    """The whole description as a JSON object."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Реестр счетов",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[plugin],
        servers=[{"url": f"{app_url}/api/v1"}],
    )
    for field, kind in {
        StrictDate: ("string", "date"),
        StrictBoolean: ("boolean", None),
        PlainText: ("string", None),
        ColumnCodes: ("array", None),
        Borders: ("array", None),
        DayOfMonth: (None, None),
        PaidFilter: (["boolean", "string"], None),
    }.items():
        plugin.map_to_openapi_type(field, *kind)  # type: ignore[no-untyped-call]  # apispec leaves it untyped
    spec.components.security_scheme("session", {"type": "http", "scheme": "bearer"})
    for path, operations in _paths().items():
        spec.path(path=path, operations={method: _complete(each) for method, each in operations.items()})
    found: dict[str, Any] = spec.to_dict()
    return found


def _paths() -> dict[str, dict[str, dict[str, Any]]]:
    report = {"parameters": [ID_OF_REPORT]}
    thing = {"parameters": [ID_OF_THING]}
    paged = {"parameters": [BEFORE]}
    started = {**_body(ReportSchema), "parameters": [KEY]}
    return {
        "/session": {"post": _says("200", SessionAnswer, **_body(SessionSchema), security=[])},
        "/me": {"get": _says("200")},
        "/theme": {"put": _says("204", **_body(ThemeSchema))},
        "/options": {"get": _says("200")},
        "/settings": {
            "get": _says("200"),
            "put": _says("200", parameters=[IF_MATCH, CONFIRMS], **_body(SettingsSchema)),
        },
        "/reports": {
            "get": _says("200", ReportPageAnswer, **paged),
            "post": _says("202", ReportAnswer, **started),
        },
        "/reports/preview": {"post": _says("200", EstimateAnswer, **_body(ReportSchema))},
        "/reports/{id}": {"get": _says("200", ReportAnswer, **report), "delete": _says("204", **report)},
        "/reports/{id}/cancel": {"post": _says("202", ReportAnswer, **report)},
        "/reports/{id}/rows": {"get": _says("200", RowsAnswer, parameters=[ID_OF_REPORT, *ROWS_QUERY])},
        "/reports/{id}/figures": {"get": _says("200", FiguresAnswer, **report)},
        "/reports/{id}/send": {"post": _says("202", ReportAnswer, **_body(SendSchema), **report)},
        "/targets": {"get": _says("200")},
        "/targets/chats": {"get": _says("200")},
        "/targets/folders": {"get": _says("200", parameters=[PARENT])},
        "/saved-sets": {"get": _says("200"), "post": _says("201", **_body(SavedSetSchema))},
        "/saved-sets/{id}": {
            "put": _says("200", **_body(SavedSetSchema), **thing),
            "delete": _says("204", **thing),
        },
        "/schedules": {
            "get": _says("200", SchedulePageAnswer, **paged),
            "post": _says("201", ScheduleAnswer, **_body(ScheduleSchema)),
        },
        "/schedules/{id}": {
            "get": _says("200", ScheduleAnswer, **thing),
            "put": _says("200", ScheduleAnswer, **_body(ChangedScheduleSchema), **thing),
            "delete": _says("204", **thing),
        },
        "/schedules/{id}/run": {"post": _says("202", ReportAnswer, **thing)},
        "/payment-example": {"get": _says("200", parameters=EXAMPLE)},
        "/journal": {"get": _says("200", parameters=[BEFORE, *JOURNAL_FILTERS])},
        "/journal.csv": {"get": _gives_csv(parameters=JOURNAL_FILTERS)},
        "/time-zones": {"get": _says("200")},
        "/self-check": {"get": _says("200")},
        "/probe": {"post": _says("200", **_body(ProbeSchema))},
        "/companies": {"get": _says("200", parameters=[SEARCH])},
        "/companies/{id}": {"get": _says("200", **thing)},
        "/companies/{id}/overview": {"get": _says("200", **thing)},
        "/companies/{id}/debts": {"get": _says("200", ClientDebtsAnswer, **thing)},
        "/contacts/{id}/debts": {"get": _says("200", ClientDebtsAnswer, **thing)},
        "/deals/{id}/debts": {"get": _says("200", ClientDebtsAnswer, **thing)},
        "/invoices/{id}": {"get": _says("200", **thing)},
        "/openapi.json": {"get": _says("200", security=[])},
    }


def _body(schema: type[Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _says(status: str, schema: Any = None, **rest: Any) -> dict[str, Any]:
    """An operation that answers ``status`` with this shape."""
    answer: dict[str, Any] = {"description": "done"}
    if status != "204":
        answer["content"] = {"application/json": {"schema": schema or ANY_OBJECT}}
    return {**rest, "responses": {status: answer}}


def _gives_csv(**rest: Any) -> dict[str, Any]:
    """An operation that answers a file."""
    return {
        **rest,
        "responses": {"200": {"description": "done", "content": {"text/csv": {"schema": {"type": "string"}}}}},
    }


def _complete(operation: Mapping[str, Any]) -> dict[str, Any]:
    """The operation with the problems that every one may answer, and the session that most need."""
    problems = {
        status: {"description": text, "content": {PROBLEM_TYPE: {"schema": ProblemAnswer}}}
        for status, text in PROBLEMS.items()
    }
    return {"security": [{"session": []}], **operation, "responses": {**problems, **operation["responses"]}}

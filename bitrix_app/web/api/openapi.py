"""The OpenAPI description of the API, made from the schemas that check bodies and those that describe answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

from bitrix_app.jobs import FORMATS
from bitrix_app.web.errors import PROBLEM_TYPE
from bitrix_app.web.schemas import (
    PlainText,
    ProbeSchema,
    ReportSchema,
    SavedSetSchema,
    SessionSchema,
    SettingsSchema,
    StrictBoolean,
    StrictDate,
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

    format = fields.String(validate=validate.OneOf([each.name for each in FORMATS]))
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


class EstimateAnswer(Schema):
    """What a report would be and cost."""

    invoices = fields.Integer()
    undated = fields.Integer()
    calls = fields.Integer()
    seconds = fields.Integer()
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
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[!-~]+$"},
}
IF_MATCH = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}}
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
    "429": "too many; see Retry-After",
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
        "/options": {"get": _says("200")},
        "/settings": {"get": _says("200"), "put": _says("200", parameters=[IF_MATCH], **_body(SettingsSchema))},
        "/reports": {
            "get": _says("200", ReportPageAnswer, **paged),
            "post": _says("202", ReportAnswer, **started),
        },
        "/reports/preview": {"post": _says("200", EstimateAnswer, **_body(ReportSchema))},
        "/reports/{id}": {"get": _says("200", ReportAnswer, **report), "delete": _says("204", **report)},
        "/reports/{id}/cancel": {"post": _says("202", ReportAnswer, **report)},
        "/saved-sets": {"get": _says("200"), "post": _says("201", **_body(SavedSetSchema))},
        "/saved-sets/{id}": {
            "put": _says("200", **_body(SavedSetSchema), **thing),
            "delete": _says("204", **thing),
        },
        "/journal": {"get": _says("200", **paged)},
        "/self-check": {"get": _says("200")},
        "/probe": {"post": _says("200", **_body(ProbeSchema))},
        "/companies/{id}/overview": {"get": _says("200", **thing)},
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


def _complete(operation: Mapping[str, Any]) -> dict[str, Any]:
    """The operation with the problems that every one may answer, and the session that most need."""
    problems = {
        status: {"description": text, "content": {PROBLEM_TYPE: {"schema": ProblemAnswer}}}
        for status, text in PROBLEMS.items()
    }
    return {"security": [{"session": []}], **operation, "responses": {**problems, **operation["responses"]}}

"""The OpenAPI description, made from the schemas that check the bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Response, json

from bitrix_app.web.api.answers import (
    PreviewAnswer,
    ProblemAnswer,
    ReportAnswer,
    ReportPageAnswer,
    SessionAnswer,
)
from bitrix_app.web.fields import PlainText, StrictBoolean, StrictDate
from bitrix_app.web.problems import PROBLEM_TYPE
from bitrix_app.web.schemas import ReportSchema, SavedSetSchema, SessionSchema, SettingsSchema
from bitrix_app.web.services import parts

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
PROBLEMS = {
    "400": "bad JSON",
    "401": "no session, or it has ended",
    "403": "not allowed",
    "404": "not there",
    "409": "in the way of something",
    "413": "too large",
    "415": "not JSON",
    "422": "wrong values, named in errors",
    "429": "too many; see Retry-After",
    "502": "the portal answers nonsense",
    "503": "the portal, the authorization server or we are out of reach; see Retry-After",
}
TYPES = {StrictDate: ("string", "date"), StrictBoolean: ("boolean", None), PlainText: ("string", None)}
ANY_OBJECT = {"type": "object"}


def openapi_json() -> Response:
    """The description; open to everybody."""
    return Response(json.dumps(parts().openapi), mimetype="application/json")


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
        "/settings": {"get": _says("200"), "put": _says("200", **_body(SettingsSchema))},
        "/reports": {
            "get": _says("200", ReportPageAnswer, **paged),
            "post": _says("202", ReportAnswer, **started),
        },
        "/reports/preview": {"post": _says("200", PreviewAnswer, **_body(ReportSchema))},
        "/reports/{id}": {"get": _says("200", ReportAnswer, **report), "delete": _says("204", **report)},
        "/reports/{id}/cancel": {"post": _says("202", ReportAnswer, **report)},
        "/saved-sets": {"get": _says("200"), "post": _says("201", **_body(SavedSetSchema))},
        "/saved-sets/{id}": {
            "put": _says("200", **_body(SavedSetSchema), **thing),
            "delete": _says("204", **thing),
        },
        "/journal": {"get": _says("200", **paged)},
        "/self-check": {"get": _says("200")},
        "/companies/{id}/overview": {"get": _says("200", **thing)},
        "/companies/{id}/chart": {"get": {**thing, "responses": {"200": {"description": "drawing", "content": SVG}}}},
        "/invoices/{id}": {"get": _says("200", **thing)},
        "/openapi.json": {"get": _says("200", security=[])},
    }


SVG: Mapping[str, Any] = {"image/svg+xml": {"schema": {"type": "string"}}}


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

"""Bad input never breaks anything: each kind has its status, on the API as problem+json, elsewhere as a page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from demo_portal import Portal
from tests.integration.house import QUARTER, House, Visitor

PROBLEM = "application/problem+json"
CODES = {
    400: {"bad_json", "bad_request"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    413: {"body_too_large"},
    415: {"unsupported_media_type"},
    422: {"validation_failed", "idempotency_key_reused"},
}


@pytest.fixture(scope="module")
def portal(module_house: House) -> Portal:
    """One portal for the whole module: nothing here is stored."""
    return module_house.portal()


@pytest.fixture(scope="module")
def visitor(module_house: House, portal: Portal) -> Visitor:
    """Its accountant."""
    return module_house.visitor(portal)


@pytest.fixture(scope="module")
def administrator(module_house: House, portal: Portal) -> Visitor:
    """Its administrator."""
    return module_house.visitor(portal, portal.admin)


def is_a_problem(answer: TestResponse, status: int) -> Any:
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM), answer.text
    problem = answer.json
    assert problem["code"] in CODES[status]
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= problem.keys()
    return problem


def post(visitor: Visitor, **changes: Any) -> TestResponse:
    body = {name: value for name, value in {**QUARTER, **changes}.items() if value is not ...}
    return visitor.call("POST", "/reports", json=body)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"date_from": ...}, "date_from"),
        ({"date_to": ...}, "date_to"),
        ({"date_from": None}, "date_from"),
        ({"date_from": "2026-02-30"}, "date_from"),
        ({"date_from": "01.01.2026"}, "date_from"),
        ({"date_from": "2026-1-1"}, "date_from"),
        ({"date_from": "20260101"}, "date_from"),
        ({"date_from": "2026-W01-1"}, "date_from"),
        ({"date_from": "2026-01-01T00:00:00"}, "date_from"),
        ({"date_from": " 2026-01-01"}, "date_from"),
        ({"date_from": "２０２６-01-01"}, "date_from"),
        ({"date_from": "2026-01-01\n"}, "date_from"),
        ({"date_from": 20260101}, "date_from"),
        ({"date_from": True}, "date_from"),
        ({"date_from": ["2026-01-01"]}, "date_from"),
        ({"date_from": {}}, "date_from"),
        ({"date_from": "2026-04-01"}, "date_from"),
        ({"kind": "balance"}, "kind"),
        ({"kind": None}, "kind"),
        ({"date_field": "opportunity"}, "date_field"),
        ({"date_field": "noSuchField"}, "date_field"),
        ({"date_field": "begindate'; DROP TABLE report"}, "date_field"),
        ({"date_field": "!begindate"}, "date_field"),
        ({"date_field": 5}, "date_field"),
        ({"date_field": ""}, "date_field"),
        ({"detailed": 1}, "detailed"),
        ({"detailed": "true"}, "detailed"),
        ({"detailed": None}, "detailed"),
        ({"stages": "DT31_2:N"}, "stages"),
        ({"stages": [5]}, "stages.0"),
        ({"stages": ["no stage"]}, "stages.0"),
        ({"stages": ["DT31_2:N"] * 301}, "stages"),
        ({"company_id": "12"}, "company_id"),
        ({"company_id": True}, "company_id"),
        ({"company_id": 0}, "company_id"),
        ({"company_id": -1}, "company_id"),
        ({"company_id": 1.0}, "company_id"),
        ({"company_id": 2**31}, "company_id"),
        ({"company_id": [12]}, "company_id"),
        ({"invoice_id": {"$ne": 1}}, "invoice_id"),
        ({"mycompany_id": "x"}, "mycompany_id"),
        ({"assigned_by_id": 10**18}, "assigned_by_id"),
        ({"company_id": 10**30}, "company_id"),
        ({"currency": "rub"}, "currency"),
        ({"currency": "RUB;"}, "currency"),
        ({"currency": 643}, "currency"),
        ({"paid": "no"}, "paid"),
        ({"paid": 0}, "paid"),
        ({"period": "always"}, "period"),
        ({"user_id": 1}, "user_id"),
        ({"portal_id": 1}, "portal_id"),
        ({"status": "done"}, "status"),
        ({"id": "5"}, "id"),
        ({"__proto__": {}}, "__proto__"),
        ({"\u0000": 1}, "\u0000"),
    ],
)
def test_a_wrong_value_is_422_and_named(visitor: Visitor, changes: dict[str, Any], field: str) -> None:
    before = visitor.get("/reports")
    problem = is_a_problem(post(visitor, **changes), 422)
    assert list(problem["errors"]) == [field]
    assert all(isinstance(message, str) and message for message in problem["errors"][field])
    assert visitor.get("/reports") == before


@pytest.mark.parametrize("body", ["null", "[]", "5", '"text"', "true", "[[]]"])
def test_a_body_that_is_no_object_is_422(visitor: Visitor, body: str) -> None:
    answer = visitor.call("POST", "/reports", data=body, content_type="application/json")
    is_a_problem(answer, 422)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'date_from': 1}",
        b'{"date_from": NaN}',
        b'{"company_id": Infinity}',
        b'{"company_id": ' + b"9" * 5000 + b"}",
        b'{"detailed": true, "detailed": false}',
        b'{"date_from": "\xff"}',
        '{"date_from": "2026-01-01"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"\x00",
    ],
    ids=range(13),
)
def test_a_body_that_is_no_json_is_400(visitor: Visitor, body: bytes) -> None:
    is_a_problem(visitor.call("POST", "/reports", data=body, content_type="application/json"), 400)


@pytest.mark.parametrize("text", ["a\u0000b", "\ud800", "\u001b[31m", "line\nbreak"])
@pytest.mark.parametrize("path", ["/reports", "/saved-sets", "/settings"])
def test_text_that_no_database_holds_is_422(administrator: Visitor, path: str, text: str) -> None:
    bodies: dict[str, tuple[str, Any]] = {
        "/reports": ("POST", {**QUARTER, "date_field": text}),
        "/saved-sets": ("POST", {"name": text, "params": {}}),
        "/settings": ("PUT", administrator.get("/settings") | {"time_zone": text}),
    }
    method, body = bodies[path]
    is_a_problem(administrator.call(method, path, data=json.dumps(body), content_type="application/json"), 422)


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", "application/xml"],
)
def test_another_type_than_json_is_415(visitor: Visitor, kind: str) -> None:
    is_a_problem(visitor.call("POST", "/reports", data=json.dumps(QUARTER), content_type=kind), 415)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/reports"), ("PATCH", "/settings"), ("DELETE", "/me"), ("POST", "/me"), ("GET", "/session")],
)
def test_a_wrong_method_is_405_and_says_which_are_right(visitor: Visitor, method: str, path: str) -> None:
    answer = visitor.call(method, path)
    is_a_problem(answer, 405)
    assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/reports/5",
        "/reports/not-a-uuid",
        "/reports/00000000-0000-0000-0000-000000000000",
        "/reports/%00",
        "/saved-sets/99999999999999999999",
        "/companies/0/overview",
        "/companies/99999999999999999999/overview",
        "/companies/1%27/overview",
        "/../../etc/passwd",
    ],
)
def test_an_unknown_address_is_404(visitor: Visitor, path: str) -> None:
    method = "PUT" if path.startswith("/saved-sets") else "GET"
    body = {"json": {"name": "x", "params": {}}} if method == "PUT" else {}
    is_a_problem(visitor.call(method, path, **body), 404)


@pytest.mark.parametrize("path", ["/reports", "/session", "/saved-sets", "/reports/preview"])
def test_a_huge_body_is_413(visitor: Visitor, path: str) -> None:
    body = json.dumps({"name": "x" * 10_000_000})
    is_a_problem(visitor.call("POST", path, data=body, content_type="application/json"), 413)


def test_a_huge_body_is_413_where_no_body_is_read(visitor: Visitor) -> None:
    report = visitor.start()
    is_a_problem(visitor.call("POST", f"/reports/{report['id']}/cancel", data=b"x" * 10_000_000), 413)


@pytest.mark.parametrize("query", ["before=x", "before=1.2", "before=", "before=1%00.x", "before=" + "9" * 400])
@pytest.mark.parametrize("path", ["/reports", "/journal"])
def test_a_cursor_that_is_not_ours_is_422(administrator: Visitor, path: str, query: str) -> None:
    is_a_problem(administrator.call("GET", f"{path}?{query}"), 422)


@pytest.mark.parametrize("key", ["", " ", "a" * 201, "ключ", "a b"])
def test_an_idempotency_key_that_is_none_is_422(visitor: Visitor, key: str) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    is_a_problem(visitor.call("POST", "/reports", json=QUARTER, headers=headers), 422)


@pytest.mark.parametrize("door", ["/install", "/app", "/events"])
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"AUTH_ID=x" * 40_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"--x\r\n", "multipart/form-data; boundary=x", 415),
        (b"", "", 400),
        (b"\xff\xfe=%ff&AUTH_ID=%00", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(5000)), "application/x-www-form-urlencoded", 400),
        (b"auth=1&auth[]=2&auth[a][b]=3&auth[=4&data]=5&=6", "application/x-www-form-urlencoded", 400),
    ],
    ids=range(7),
)
def test_a_bad_form_is_a_readable_page(house: House, door: str, body: bytes, kind: str, status: int) -> None:
    answer = house.app.test_client().post(door, data=body, content_type=kind)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert "<h1>" in answer.text


def test_the_address_of_events_does_not_answer_get(house: House) -> None:
    answer = house.get("/events")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")


@pytest.mark.parametrize("path", ["/nothing", "/static/..%2f..%2fapp.py", "/static/nothing.js", "/api", "/%00"])
def test_an_unknown_page_is_404(house: House, path: str) -> None:
    answer = house.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_failure_of_ours_shows_nothing_of_itself(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 as problem+json with a code; not a word of the exception."""

    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr("bitrix_app.storage.users.PortalUsers.last_choice", fail)
    answer = visitor.call("GET", "/me")
    assert (answer.status_code, answer.mimetype, answer.json["code"]) == (500, PROBLEM, "internal_error")
    assert "secret inside" not in answer.text
    assert "ZeroDivision" not in answer.text


def test_a_flood_of_reports_is_429_and_says_when_to_come_back(house: House) -> None:
    """Sixty a minute are fine for anybody; what comes after waits, and nobody else of the portal with it."""
    portal = house.portal()
    visitor = house.visitor(portal)
    answers = []
    for _ in range(61):
        answers.append(visitor.call("POST", "/reports", json=QUARTER))
        visitor.call("POST", f"/reports/{answers[-1].json.get('id')}/cancel")
    assert {answer.status_code for answer in answers[:60]} == {202}
    assert (answers[60].status_code, answers[60].mimetype) == (429, PROBLEM)
    assert answers[60].json["code"] == "too_many_requests"
    assert 1 <= int(answers[60].headers["Retry-After"]) <= 61
    assert house.visitor(portal, portal.manager).call("POST", "/reports", json=QUARTER).status_code == 202
    assert visitor.call("GET", "/reports").status_code == 200

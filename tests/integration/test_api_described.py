"""The description of the API against the API itself: fields that are answered, and queries that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bitrix_app.storage import ReportLeases
from bitrix_app.workbook import REGISTER_SHEETS
from bitrix_app.workbook.rows import write_rows
from demo_portal import Portal, a_row
from tests.integration.house import QUARTER, House, Visitor
from tests.unit.workbook.builders import a_header, a_register, an_invoice


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """The rows of a finished report."""
    write_rows(tmp_path / "rows", a_register([an_invoice()]), a_header(detailed=False), REGISTER_SHEETS)
    return (tmp_path / "rows").read_bytes()


@pytest.fixture
def described(house: House) -> dict[str, Any]:
    found: dict[str, Any] = house.get("/api/v1/openapi.json").json
    return found


def undescribed(value: Any, schema: dict[str, Any], named: dict[str, Any], where: str = "") -> list[str]:
    """The keys of an answer that its description does not name, each with the way to it."""
    if "$ref" in schema:
        return undescribed(value, named[schema["$ref"].rpartition("/")[2]], named, where)
    if "anyOf" in schema:
        return undescribed(value, schema["anyOf"][0], named, where)
    if isinstance(value, list):
        return [each for one in value for each in undescribed(one, schema.get("items", {}), named, f"{where}[]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"]
    strange = [f"{where}.{name}" for name in value if name not in known]
    inside = (undescribed(value[name], known[name], named, f"{where}.{name}") for name in value if name in known)
    return strange + [each for found in inside for each in found]


def test_whatever_is_answered_is_described(
    house: House, portal: Portal, visitor: Visitor, described: dict[str, Any], content: bytes
) -> None:
    """Each field of an answer is there by its name: programs are written against the description."""
    report = visitor.start()["id"]
    house.finish(report, rows=content)
    failed = visitor.start()["id"]
    ReportLeases(house.services.database).failed(house.lease(failed), "portal_unavailable")
    company = portal.crm.add_company("ООО «Заря»")
    portal.crm.add_invoice(company_id=company, due="2026-01-31", date="2026-01-01", rows=[a_row()])
    monthly = {"name": "Реестр", "params": {"kind": "register"}, "period": "last_month", "deliver": [], "active": True}
    answers = {
        ("post", "/schedules", "201"): visitor.call(
            "POST", "/schedules", json={**monthly, "when": {"every": "month", "day": 1, "time": "09:00"}}
        ),
        ("get", "/schedules", "200"): visitor.call("GET", "/schedules"),
        ("get", "/reports", "200"): visitor.call("GET", "/reports"),
        ("get", "/reports/{id}", "200"): visitor.call("GET", f"/reports/{report}"),
        ("get", "/reports/{id}/rows", "200"): visitor.call("GET", f"/reports/{report}/rows"),
        ("get", "/reports/{id}/figures", "200"): visitor.call("GET", f"/reports/{report}/figures"),
        ("get", "/companies/{id}/debts", "200"): visitor.call("GET", f"/companies/{company}/debts"),
        ("post", "/reports/preview", "200"): visitor.call("POST", "/reports/preview", json=QUARTER),
        ("post", "/reports", "422"): visitor.call("POST", "/reports", json={}),
    }
    for (method, path, status), answer in answers.items():
        assert answer.status_code == int(status), (path, answer.text)
        [media] = described["paths"][path][method]["responses"][status]["content"].items()
        assert media[0] == answer.mimetype
        assert undescribed(answer.json, media[1]["schema"], described["components"]["schemas"], path) == []


def test_whatever_is_described_of_a_query_is_heard(
    house: House, visitor: Visitor, administrator: Visitor, described: dict[str, Any], content: bytes
) -> None:
    """A value that the description rules out is refused; one at its edge is not."""
    report = visitor.start()["id"]
    house.finish(report, rows=content)
    for path, methods in described["paths"].items():
        asked = [each for each in methods.get("get", {}).get("parameters", ()) if each["in"] == "query"]
        for each in asked:
            kind = each["schema"]
            bad = {"integer": ["x"], "boolean": ["maybe"]}.get(kind.get("type"), [])
            bad += [str(kind["minimum"] - 1)] if "minimum" in kind else []
            bad += ["nonsense"] if "enum" in kind or kind.get("format") == "date" else []
            bad += [str(kind["maximum"] + 1)] if "maximum" in kind else []
            bad += ["я" * (kind["maxLength"] + 1)] if "maxLength" in kind else []
            bad += ["я" * (kind["minLength"] - 1)] if "minLength" in kind else []
            whose = visitor if path.startswith("/reports") else administrator
            for value in bad:
                answer = whose.call("GET", path.replace("{id}", report), query_string={each["name"]: value})
                assert answer.status_code in {400, 422}, (path, each["name"], value)
                assert each["name"] in answer.json.get("errors", {each["name"]: []}), (path, answer.json)

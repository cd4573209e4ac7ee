"""One odd value in an otherwise good answer of a portal costs that value, never the page."""

from __future__ import annotations

from typing import Any

import pytest

from demo_portal import Fault, Portal
from tests.integration.house import QUARTER, House, Visitor

DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("item", "number", "company"),
    [
        ({"id": 5, "accountNumber": "17", "companyId": 12}, "17", 12),
        ({"id": 5, "accountNumber": 17, "companyId": "12"}, "17", 12),
        ({"id": 5, "accountNumber": "17", "companyId": "x"}, "17", None),
        ({"id": 5, "accountNumber": "17", "companyId": [1]}, "17", None),
        ({"id": 5, "accountNumber": "17", "companyId": DIGITS}, "17", None),
        ({"id": 5, "accountNumber": "17", "companyId": -5}, "17", None),
        ({"id": 5, "accountNumber": {"a": [1]}, "companyId": 0}, None, None),
        ({"id": 5, "accountNumber": DIGITS}, DIGITS[:255], None),
    ],
    ids=range(8),
)
def test_an_invoices_card_shows_what_it_can(
    portal: Portal, visitor: Visitor, item: dict[str, Any], number: str | None, company: int | None
) -> None:
    portal.faults.always(Fault.result({"items": [item]}), method="crm.item.list")
    assert visitor.get("/invoices/5") == {"id": 5, "number": number, "date": None, "company_id": company}


@pytest.mark.parametrize(
    "odd",
    [
        {"opportunity": "1e9999999"},
        {"opportunity": "1e-9999999"},
        {"opportunity": DIGITS},
        {"opportunity": "sNaN"},
        {"opportunity": [1]},
        {"stageId": ["DT31_2:P"]},
        {"stageId": {"a": 1}},
        {"begindate": {"a": 1}},
    ],
    ids=range(8),
)
def test_a_companys_card_shows_what_it_can(portal: Portal, administrator: Visitor, odd: dict[str, Any]) -> None:
    """Whether an invoice is paid is told by its stage here: the portal's administrator has mapped no field."""
    settings = administrator.get("/settings") | {"paid_field": None}
    assert administrator.call("PUT", "/settings", json=settings).status_code == 200
    good = {"id": 1, "begindate": "2026-03-01T00:00:00+03:00", "opportunity": "5", "stageId": "DT31_2:N"}
    portal.faults.always(Fault.result({"items": [good, {**good, "id": 2, **odd}]}), method="crm.item.list")
    answer = administrator.call("GET", "/companies/5/overview")
    assert answer.status_code == 200, answer.text
    assert "2026-03" in answer.text


@pytest.mark.parametrize("departments", [[DIGITS], [{"a": 1}], "3", [None], [True], [-3], {"0": 3}], ids=range(7))
def test_nobody_builds_by_a_department_that_is_no_number(house: House, portal: Portal, departments: Any) -> None:
    portal.set_scopes("crm", "placement", "user")
    administrator, visitor = house.visitor(portal, portal.admin), house.visitor(portal)
    chosen = {"mode": "chosen", "users": [], "departments": [3]}
    assert (
        administrator.call("PUT", "/settings", json=administrator.get("/settings") | {"builders": chosen}).status_code
        == 200
    )
    portal.faults.always(Fault.result({"UF_DEPARTMENT": departments}), method="user.current")
    answer = visitor.call("POST", "/reports", json=QUARTER)
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed_to_build")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "a\0b", "x" * 100_000])
def test_a_time_zone_that_is_none_is_not_taken_from_a_profile(house: House, zone: str) -> None:
    """Reports are dated in the portal's time zone: with one that does not exist each of them would fail."""
    portal = house.portal(installed=False)
    portal.admin.time_zone = zone
    assert house.post("/install", portal).status_code == 200
    assert house.visitor(portal, portal.admin).get("/settings")["time_zone"] == "Europe/Moscow"


@pytest.mark.parametrize("number", [2**31, 9_999_999_999])
@pytest.mark.parametrize("path", ["/saved-sets/{}", "/companies/{}/overview", "/invoices/{}"])
def test_a_number_that_no_column_holds_is_404(visitor: Visitor, path: str, number: int) -> None:
    method = "DELETE" if path.startswith("/saved-sets") else "GET"
    assert visitor.call(method, path.format(number)).status_code == 404


def test_the_largest_number_that_a_column_holds_is_an_address(visitor: Visitor) -> None:
    assert visitor.call("GET", f"/companies/{2**31 - 1}/overview").status_code == 200


@pytest.mark.parametrize("kind", [["date"], {"a": 1}, 5, None], ids=range(4))
def test_a_field_of_an_odd_type_is_no_date(portal: Portal, visitor: Visitor, kind: Any) -> None:
    fields = {"ufCrmGood": {"type": "date", "title": "Good"}, "ufCrmOdd": {"type": kind, "title": "Odd"}}
    portal.faults.always(Fault.result({"fields": fields}), method="crm.item.fields")
    assert [each["name"] for each in visitor.get("/options")["date_fields"]] == ["ufCrmGood"]


@pytest.mark.parametrize("method", ["placement.get", "event.get"])
def test_a_handler_that_is_no_address_is_none_of_ours(portal: Portal, administrator: Visitor, method: str) -> None:
    portal.faults.always(Fault.result([{"placement": ["x"], "event": {}, "handler": {"a": 1}}]), method=method)
    checks = {each["code"]: each for each in administrator.get("/self-check")["checks"]}
    assert checks["embedding"]["ok"] is False

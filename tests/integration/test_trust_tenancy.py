"""Nobody sees another's: reports are scoped by portal and user, settings and journal are for administrators as the
portal says now, building may be limited."""

from __future__ import annotations

from typing import Any

import pytest

from demo_portal import Fault, Portal
from tests.integration.house import QUARTER, House, Visitor

WAYS = (("GET", ""), ("DELETE", ""), ("POST", "/cancel"))


@pytest.mark.parametrize(("method", "path"), WAYS)
def test_another_users_report_is_404(house: House, portal: Portal, visitor: Visitor, method: str, path: str) -> None:
    report = visitor.start()
    other = house.visitor(portal, portal.manager)
    answer = other.call(method, f"/reports/{report['id']}{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert visitor.get(f"/reports/{report['id']}")["status"] == "queued"


@pytest.mark.parametrize(("method", "path"), WAYS)
def test_another_portals_report_is_404_even_for_the_same_user_id(
    house: House, visitor: Visitor, method: str, path: str
) -> None:
    report = visitor.start()
    other = house.portal()
    assert house.visitor(other).call(method, f"/reports/{report['id']}{path}").status_code == 404
    assert visitor.get(f"/reports/{report['id']}")["status"] == "queued"


def test_an_administrator_does_not_see_others_reports_either(visitor: Visitor, administrator: Visitor) -> None:
    report = visitor.start()
    assert administrator.call("GET", f"/reports/{report['id']}").status_code == 404
    assert administrator.get("/reports")["items"] == []


def test_a_list_holds_ones_own_reports_only(house: House, portal: Portal, visitor: Visitor) -> None:
    mine = visitor.start()
    house.visitor(portal, portal.manager).start()
    house.visitor(house.portal()).start()
    assert [item["id"] for item in visitor.get("/reports")["items"]] == [mine["id"]]


def test_another_users_saved_set_is_404(house: House, portal: Portal, visitor: Visitor) -> None:
    made = visitor.call("POST", "/saved-sets", json={"name": "Для 1С", "params": {}}).json
    other = house.visitor(portal, portal.manager)
    body = {"name": "Чужой", "params": {}}
    assert other.call("PUT", f"/saved-sets/{made['id']}", json=body).status_code == 404
    assert other.call("DELETE", f"/saved-sets/{made['id']}").status_code == 404
    assert other.get("/saved-sets")["items"] == []


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/settings"), ("GET", "/journal"), ("GET", "/self-check"), ("POST", "/probe")]
)
def test_what_is_for_administrators_is_403_for_others(visitor: Visitor, method: str, path: str) -> None:
    answer = visitor.call(method, path, json=visitor.get("/settings"))
    assert (answer.status_code, answer.json["code"]) == (403, "admin_required")


def test_only_an_administrator_shares_a_saved_set(visitor: Visitor, administrator: Visitor) -> None:
    body = {"name": "Общий", "params": {}, "shared": True}
    assert visitor.call("POST", "/saved-sets", json=body).status_code == 403
    assert administrator.call("POST", "/saved-sets", json=body).status_code == 201
    assert [(item["name"], item["mine"]) for item in visitor.get("/saved-sets")["items"]] == [("Общий", False)]


def test_rights_are_those_of_now_not_of_the_page(house: House, portal: Portal, administrator: Visitor) -> None:
    """A page opened as administrator loses its rights within a minute after the portal takes them away."""
    assert administrator.call("GET", "/journal").status_code == 200
    portal.admin.admin = False
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    with house.services.database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE portal_user SET checked_at = '2020-01-01 00:00:00' WHERE portal_id = {record.id}"
        )
    assert administrator.call("GET", "/journal").status_code == 403


def test_a_portal_that_does_not_say_who_is_administrator_opens_nothing(
    house: House, portal: Portal, administrator: Visitor
) -> None:
    """Rights fail closed."""
    with house.services.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE portal_user SET checked_at = '2020-01-01 00:00:00'")
    portal.faults.always(Fault.html(502), method="profile")
    assert administrator.call("GET", "/journal").status_code == 503


def choose_builders(administrator: Visitor, **builders: Any) -> None:
    settings = administrator.get("/settings") | {"builders": builders}
    assert administrator.call("PUT", "/settings", json=settings).status_code == 200


@pytest.mark.parametrize(
    ("builders", "who"),
    [
        ({"mode": "everybody"}, {1, 5, 8}),
        ({"mode": "administrators"}, {1}),
        ({"mode": "chosen", "users": [5]}, {1, 5}),
        ({"mode": "chosen", "departments": [2]}, None),
        ({"mode": "chosen", "users": [8], "departments": [77]}, {1, 8}),
        ({"mode": "chosen"}, {1}),
    ],
)
def test_only_those_whom_the_administrator_chose_build_reports(
    house: House, portal: Portal, administrator: Visitor, builders: dict[str, Any], who: set[int] | None
) -> None:
    """``who`` None: the administrator and those who work in the chosen department."""
    choose_builders(administrator, **builders)
    for user in (portal.accountant, portal.manager, portal.admin):
        may = user.id in who if who else user.admin or not {2}.isdisjoint(user.departments)
        page = house.visitor(portal, user)
        assert page.get("/me")["may_build"] is may, user
        assert page.call("POST", "/reports", json=QUARTER).status_code == (202 if may else 403)
        assert page.call("POST", "/reports/preview", json=QUARTER).status_code == (200 if may else 403)


def test_departments_count_only_where_the_portal_lets_us_ask(
    house: House, portal: Portal, administrator: Visitor
) -> None:
    choose_builders(administrator, mode="chosen", departments=list(portal.accountant.departments))
    assert house.visitor(portal).get("/me")["may_build"] is True
    portal.set_scopes("crm", "placement")
    assert house.visitor(portal).get("/me")["may_build"] is False

"""A portal that has closed the app to somebody, is gone, or is not paid: no session, and open ones end."""

from __future__ import annotations

import time

import pytest

from bitrix_app.portals import PortalCache
from bitrix_app.portals.access import OPEN_SECONDS
from demo_portal import Fault, Portal
from tests.integration.house import House, Visitor

CODES = {
    "user_access_error": "Администратор портала закрыл вам",
    "PORTAL_DELETED": "портал",
    "PAYMENT_REQUIRED": "тариф",
}


def later(house: House, monkeypatch: pytest.MonkeyPatch, minutes: float = 5) -> None:
    """So much later, in a process that has not asked the portal about anybody yet."""
    access = house.services.web.access
    monkeypatch.setattr(access, "_clock", lambda: time.time() + 60 * minutes)
    monkeypatch.setattr(access, "_open", PortalCache(OPEN_SECONDS))
    monkeypatch.setattr(access, "_closed", PortalCache(OPEN_SECONDS))


@pytest.mark.parametrize("code", CODES)
def test_a_launch_is_refused_in_words(house: House, portal: Portal, code: str) -> None:
    portal.faults.always(Fault.error(code), method="profile")
    answer = house.post("/app", portal, portal.accountant)
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert CODES[code] in answer.text
    assert code.lower() in answer.text
    assert "session-token" not in answer.text


def test_a_launch_is_refused_a_moment_after_one_that_was_not(house: House, portal: Portal, visitor: Visitor) -> None:
    """And the page that is open ends with it."""
    portal.accountant.may_open_app = False
    assert house.post("/app", portal, portal.accountant).status_code == 403
    answer = visitor.call("GET", "/reports")
    assert (answer.status_code, answer.json["code"]) == (403, "user_access_error")
    assert house.post("/app", portal, portal.manager).status_code == 200


@pytest.mark.parametrize("code", CODES)
def test_a_launch_that_the_authorization_server_closes_is_refused(house: House, portal: Portal, code: str) -> None:
    house.world.oauth.faults.always(Fault.error(code), method="app.info")
    answer = house.post("/app", portal, portal.accountant)
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert CODES[code] in answer.text


def test_a_session_is_not_renewed(
    house: House, portal: Portal, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = portal.issue_tokens(portal.accountant)
    portal.accountant.may_open_app = False
    later(house, monkeypatch)
    body = {"AUTH_ID": fresh.access_token, "member_id": portal.member_id}
    answer = house.app.test_client().post("/api/v1/session", json=body)
    assert (answer.status_code, answer.json["code"]) == (403, "user_access_error")


@pytest.mark.parametrize("code", CODES)
def test_open_sessions_end_within_ten_minutes(
    house: House, portal: Portal, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    portal.faults.always(Fault.error(code), method="profile")
    assert visitor.call("GET", "/reports").status_code == 200
    later(house, monkeypatch)
    answers = [visitor.call("GET", "/reports") for _ in range(3)]
    assert [(each.status_code, each.json["code"]) for each in answers] == [(403, code.lower())] * 3
    assert CODES[code] in answers[0].json["detail"]


def test_an_open_session_ends_when_its_pair_is_refused_for_that_reason(
    house: House, portal: Portal, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.expire_tokens()
    house.world.oauth.payment_required = True
    later(house, monkeypatch)
    answer = visitor.call("GET", "/reports")
    house.world.oauth.payment_required = False
    assert (answer.status_code, answer.json["code"]) == (403, "payment_required")


def test_a_closed_portal_is_not_asked_at_every_call(
    house: House, portal: Portal, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.accountant.may_open_app = False
    later(house, monkeypatch)
    portal.reset_counters()
    for _ in range(5):
        visitor.call("GET", "/reports")
    assert len(portal.calls) == 1


@pytest.mark.parametrize("fault", [Fault.html(502), Fault.error("OVERLOAD_LIMIT"), Fault.error("NO_AUTH_FOUND")])
def test_a_portal_that_only_fails_ends_no_session(
    house: House, portal: Portal, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    portal.faults.always(fault, method="profile")
    house.be_impatient(1.0)
    later(house, monkeypatch)
    assert visitor.call("GET", "/reports").status_code == 200


def test_who_may_open_the_app_again_does(house: House, portal: Portal) -> None:
    portal.accountant.may_open_app = False
    assert house.post("/app", portal, portal.accountant).status_code == 403
    portal.accountant.may_open_app = True
    assert house.visitor(portal).get("/reports")["items"] == []

"""Sessions: signed, an hour, bound to portal, user and purpose, gone with the app; never in an address or a cookie."""

from __future__ import annotations

from typing import Any

import pytest

from bitrix_app.web import limits
from bitrix_app.web.session import DownloadClaims, SessionClaims, SignedTokens
from demo_portal import Portal
from tests.integration.house import House, Visitor

KEY = "a key for tests that is long enough"


def refusal(visitor: Visitor, token: str) -> tuple[int, str, str]:
    answer = Visitor(visitor.app, token).call("GET", "/reports")
    return answer.status_code, answer.mimetype, answer.json["code"]


def test_without_a_session_there_is_no_answer(house: House) -> None:
    answer = house.get("/api/v1/me")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.json["code"] == "session_required"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer \x80", "Bearer a.b.c.d", "bearer " + "x" * 5000]
)
def test_an_authorization_that_is_none_is_401(house: House, header: str) -> None:
    answer = house.get("/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize("where", [0, 5, -9], ids=["first letter", "claims", "signature"])
def test_a_tampered_session_is_refused(visitor: Visitor, where: int) -> None:
    letters = list(visitor.token)
    letters[where] = "A" if letters[where] != "A" else "B"
    assert refusal(visitor, "".join(letters)) == (401, "application/problem+json", "session_invalid")


def test_a_session_ends_after_an_hour(house: House, visitor: Visitor) -> None:
    house.clock.ahead = 3590
    assert visitor.call("GET", "/reports").status_code == 200
    house.clock.ahead = 3601
    assert refusal(visitor, visitor.token)[2] == "session_expired"


def test_a_download_link_is_no_session(house: House, portal: Portal, visitor: Visitor) -> None:
    """The purpose is part of what is signed."""
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    signed = SignedTokens([KEY])
    link = signed.download(DownloadClaims(record.id, record.epoch, 5, "a report", "xlsx"))
    assert refusal(visitor, link)[2] == "session_invalid"


def test_a_session_signed_with_another_key_is_refused(house: House, portal: Portal, visitor: Visitor) -> None:
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    claims = SessionClaims(record.id, record.epoch, portal.accountant.id, "ru")
    assert refusal(visitor, SignedTokens(["another key"]).session(claims)[0])[2] == "session_invalid"
    assert Visitor(visitor.app, SignedTokens([KEY]).session(claims)[0]).call("GET", "/reports").status_code == 200


def test_a_session_of_an_erased_portal_opens_nothing_of_its_return(house: House, portal: Portal) -> None:
    visitor = house.visitor(portal)
    house.uninstall(portal, clean=1)
    house.post("/install", portal)
    assert refusal(visitor, visitor.token)[2] == "session_expired"


def test_a_page_open_long_renews_its_session_with_a_fresh_access_token(
    house: House, portal: Portal, visitor: Visitor
) -> None:
    house.clock.ahead = 4000
    fresh = portal.issue_tokens(portal.accountant)
    body = {"AUTH_ID": fresh.access_token, "member_id": portal.member_id}
    answer = house.app.test_client().post("/api/v1/session", json=body)
    assert answer.status_code == 200
    assert set(answer.json) == {"token", "expires_at"}
    assert Visitor(house.app, answer.json["token"]).get("/me")["user"]["id"] == portal.accountant.id


@pytest.mark.parametrize(
    ("spoiled", "status", "code"),
    [
        ({"AUTH_ID": "forged0123456789"}, 401, "foreign_token"),
        ({"member_id": "another"}, 401, "portal_mismatch"),
        ({"AUTH_ID": ""}, 422, "validation_failed"),
        ({"AUTH_ID": 5}, 422, "validation_failed"),
        ({"DOMAIN": "evil.example"}, 422, "validation_failed"),
    ],
)
def test_a_renewal_that_is_not_confirmed_gives_no_session(
    house: House, portal: Portal, spoiled: dict[str, Any], status: int, code: str
) -> None:
    fresh = portal.issue_tokens(portal.accountant)
    body = {"AUTH_ID": fresh.access_token, "member_id": portal.member_id, **spoiled}
    answer = house.app.test_client().post("/api/v1/session", json=body)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_no_cookie_is_ever_set(house: House, portal: Portal, visitor: Visitor) -> None:
    answers = [
        house.post("/app", portal),
        house.post("/install", portal),
        house.get("/"),
        visitor.call("GET", "/me"),
        house.get("/api/v1/me"),
    ]
    assert not [answer for answer in answers if "Set-Cookie" in answer.headers]


def test_the_session_token_stands_in_the_page_and_in_no_address(house: House, portal: Portal) -> None:
    answer = house.post("/app", portal)
    token = Visitor(house.app, "").token or answer.text.split('name="session-token" content="')[1].split('"')[0]
    assert answer.text.count(token) == 1
    assert house.get(f"/api/v1/me?token={token}").status_code == 401


def test_keys_can_be_rotated(house: House) -> None:
    """The first key signs, all are read; a key that is taken away ends what it signed."""
    claims = SessionClaims(1, 1, 1, "ru")
    old, _ = SignedTokens(["old"]).session(claims)
    rotated = SignedTokens(["new", "old"])
    assert rotated.read_session(old) == claims
    new, _ = rotated.session(claims)
    assert SignedTokens(["new"]).read_session(new) == claims


def test_who_calls_too_often_is_told_when_to_come_back(
    house: House, visitor: Visitor, administrator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each user by themselves, downloads with the calls; a colleague goes on."""
    report = visitor.start()
    house.finish(report["id"])
    link = visitor.get(f"/reports/{report['id']}")["download_url"]
    monkeypatch.setattr(limits, "REQUESTS_OF_USER", "2 per hour")
    assert [visitor.call("GET", "/me").status_code for _ in range(3)] == [200, 200, 429]
    refused = visitor.call("GET", "/me")
    assert (refused.mimetype, refused.json["code"]) == ("application/problem+json", "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert house.get(link).status_code == 429
    assert administrator.call("GET", "/me").status_code == 200

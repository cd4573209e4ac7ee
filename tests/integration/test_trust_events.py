"""Events: heard by the application token of their portal, an install by its confirmed access token."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import Any

import pytest
from structlog.testing import capture_logs

from bitrix_app.bitrix24 import AuthorizationServer, TokenOwner
from bitrix_app.errors import ForeignTokenError
from bitrix_app.web import create_app
from bitrix_app.wiring import build_services
from demo_portal import Fault, Portal
from tests.integration.house import PATIENT, House, Visitor
from tests.live import until


def stored(house: House, portal: Portal) -> tuple[object, ...]:
    record = house.services.web.portals.by_member_id(portal.member_id)
    return (record, [row for row in house.rows("user_token") if record and row[0] == record.id])


@pytest.mark.parametrize("clean", [0, 1])
def test_a_wrong_application_token_has_no_effect(house: House, portal: Portal, clean: int) -> None:
    before = stored(house, portal)
    answer = house.event(portal, "ONAPPUNINSTALL", {"CLEAN": clean}, with_tokens=False, application_token="f0rged")
    assert answer.status_code == 403
    assert stored(house, portal) == before


def test_one_portals_application_token_does_not_open_another(house: House, portal: Portal) -> None:
    other = house.portal()
    before = stored(house, portal)
    token = other.installation().application_token
    answer = house.event(portal, "ONAPPUNINSTALL", {"CLEAN": 1}, with_tokens=False, application_token=token)
    assert answer.status_code == 403
    assert stored(house, portal) == before


@pytest.mark.parametrize("field", ["member_id", "application_token"])
def test_an_event_without_its_proof_is_400(house: House, portal: Portal, field: str) -> None:
    assert house.event(portal, "ONAPPUNINSTALL", with_tokens=False, **{field: None}).status_code == 400


def test_an_unknown_portal_is_403(house: House, portal: Portal) -> None:
    assert house.event(portal, "ONAPPUNINSTALL", with_tokens=False, member_id="nobody").status_code == 403


def test_an_uninstall_takes_tokens_sessions_and_jobs_at_once(house: House, portal: Portal, visitor: Visitor) -> None:
    """CLEAN=0 keeps the reports for a return, but nobody can act for the portal any more."""
    report = visitor.start()
    assert house.uninstall(portal, clean=0).status_code == 200
    record, tokens = stored(house, portal)
    assert record is not None
    assert tokens == []
    answer = visitor.call("GET", f"/reports/{report['id']}")
    assert (answer.status_code, answer.json["code"]) == (401, "session_expired")
    assert [row.status for row in house.rows("report") if row.id == report["id"]] == ["cancelled"]


def test_a_clean_uninstall_removes_everything_of_that_portal_alone(
    house: House, portal: Portal, visitor: Visitor
) -> None:
    other = house.portal()
    kept = house.visitor(other).start()
    gone = visitor.start()
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    files = house.services.web.files
    assert house.visitor(other).call("POST", f"/reports/{kept['id']}/cancel").status_code == 202
    name = house.finish(gone["id"])
    assert name in files.names()
    assert house.uninstall(portal, clean=1).status_code == 200
    for table in ("user_token", "portal_user", "report", "journal", "portal_bucket"):
        assert not [row for row in house.rows(table) if row.portal_id == record.id], table
    assert house.services.web.portals.by_member_id(portal.member_id) is None
    assert [row.id for row in house.rows("report") if row.id == kept["id"]] == [kept["id"]]
    until(lambda: name not in files.names(), PATIENT, "the file to be deleted")


@pytest.mark.parametrize("clean", [0, 1])
def test_the_same_uninstall_twice_is_harmless(house: House, portal: Portal, clean: int) -> None:
    statuses = [house.uninstall(portal, clean).status_code for _ in range(3)]
    assert statuses == [200, 200, 200]


def test_a_clean_uninstall_once_more_at_another_process_is_harmless_too(house: House, portal: Portal) -> None:
    """Nothing of the portal is left there to know it by."""
    fields = portal.event_fields("ONAPPUNINSTALL", {"CLEAN": 1}, with_tokens=False)
    assert house.uninstall(portal, clean=1).status_code == 200
    with closing(build_services(house.services.settings)) as another:
        client = create_app(another.web).test_client()
        assert client.post("/events", data=fields).status_code == 200
        assert client.post("/events", data={**fields, "auth[application_token]": "f0rged"}).status_code == 403


def test_a_removed_app_is_not_opened_even_with_a_token_that_is_still_good(house: House, portal: Portal) -> None:
    """What was kept for a return waits for an administrator's install."""
    house.uninstall(portal, clean=0)
    before = stored(house, portal)
    answer = house.post("/app", portal)
    assert answer.status_code == 403
    assert "not_installed" in answer.text
    body = {"AUTH_ID": portal.issue_tokens().access_token, "member_id": portal.member_id}
    assert house.app.test_client().post("/api/v1/session", json=body).status_code == 403
    assert stored(house, portal) == before


def test_what_was_kept_is_there_after_a_return_with_the_uninstall_in_the_journal(house: House, portal: Portal) -> None:
    report = house.visitor(portal, portal.admin).start()
    house.uninstall(portal, clean=0)
    house.post("/install", portal)
    administrator = house.visitor(portal, portal.admin)
    assert administrator.get(f"/reports/{report['id']}")["status"] == "cancelled"
    actions = [item["action"] for item in administrator.get("/journal")["items"]]
    assert actions == ["installed", "uninstalled", "report_created", "installed"]


def test_after_an_uninstall_an_administrator_can_install_again(house: House, portal: Portal) -> None:
    house.uninstall(portal, clean=1)
    assert house.post("/app", portal).status_code == 403
    assert house.post("/install", portal).status_code == 200
    assert house.visitor(portal).call("GET", "/reports").status_code == 200


def test_an_install_event_of_an_administrator_stores_tokens_and_application_token(house: House) -> None:
    stranger = house.portal(installed=False)
    assert house.event(stranger, "ONAPPINSTALL", {"VERSION": 1}).status_code == 200
    record, tokens = stored(house, stranger)
    assert record is not None
    assert tokens
    token = stranger.installation().application_token
    assert house.services.web.portals.has_application_token(stranger.member_id, token)


def test_an_install_event_is_answered_while_others_take_their_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portal wants its answer within a second, however slow the authorization server or the portal itself is."""
    stranger, others_are_done = house.portal(installed=False), threading.Event()
    confirm = AuthorizationServer.confirm

    def slow(server: AuthorizationServer, access_token: str, *asked: Any) -> TokenOwner:
        assert others_are_done.wait(60)
        return confirm(server, access_token, *asked)

    monkeypatch.setattr("bitrix_app.web.views.events.ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(AuthorizationServer, "confirm", slow)
    answered = house.event(stranger, "ONAPPINSTALL", {"VERSION": 1}).status_code
    assert (answered, stored(house, stranger)) == (200, (None, []))
    others_are_done.set()
    until(lambda: stored(house, stranger)[0] is not None, PATIENT, "the install to be stored")


def test_an_install_event_that_fails_after_its_answer_is_logged(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger, answered = house.portal(installed=False), threading.Event()

    def slow(_server: AuthorizationServer, *_asked: Any) -> TokenOwner:
        assert answered.wait(60)
        raise ForeignTokenError

    monkeypatch.setattr("bitrix_app.web.views.events.ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(AuthorizationServer, "confirm", slow)
    with capture_logs() as logs:
        assert house.event(stranger, "ONAPPINSTALL").status_code == 200
        answered.set()
        until(lambda: "event_failed" in {line["event"] for line in logs}, PATIENT, "the failure to be logged")
    assert [line["code"] for line in logs if line["event"] == "event_failed"] == ["foreign_token"]
    assert stored(house, stranger) == (None, [])


def test_an_install_event_twice_is_harmless(house: House, portal: Portal, visitor: Visitor) -> None:
    fields = portal.event_fields("ONAPPINSTALL", {"VERSION": 1})
    assert [house.app.test_client().post("/events", data=fields).status_code for _ in range(2)] == [200, 200]
    assert visitor.call("GET", "/reports").status_code == 200


def test_an_install_event_of_an_employee_is_403_and_stores_nothing(house: House, portal: Portal) -> None:
    before = stored(house, portal)
    answer = house.event(portal, "ONAPPINSTALL", user=portal.manager, application_token="planted0123456789")
    assert answer.status_code == 403
    assert stored(house, portal) == before


@pytest.mark.parametrize(
    ("spoiled", "status"),
    [
        ({"access_token": "forged0123456789"}, 401),
        ({"access_token": None}, 400),
        ({"refresh_token": None}, 400),
        ({"application_token": None}, 400),
        ({"member_id": "another"}, 401),
    ],
)
def test_an_install_event_that_is_not_confirmed_stores_nothing(
    house: House, portal: Portal, spoiled: dict[str, str | None], status: int
) -> None:
    before = stored(house, portal)
    assert house.event(portal, "ONAPPINSTALL", **spoiled).status_code == status
    assert stored(house, portal) == before


def test_an_install_event_while_the_authorization_server_is_silent_is_503(house: House, portal: Portal) -> None:
    house.world.oauth.faults.always(Fault.html(502), method="app.info")
    assert house.event(portal, "ONAPPINSTALL").status_code == 503


def test_other_events_with_the_right_token_are_accepted_and_change_nothing(house: House, portal: Portal) -> None:
    before = stored(house, portal)
    assert house.event(portal, "ONCRMDEALADD", {"FIELDS": "1"}).status_code == 200
    assert stored(house, portal) == before


def test_an_event_without_a_name_is_400(house: House, portal: Portal) -> None:
    assert house.event(portal, "").status_code == 400


@pytest.mark.parametrize("door", ["/app", "/install"])
def test_an_uninstall_during_a_launch_leaves_no_tokens(
    house: House, portal: Portal, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """The launch that was confirmed a moment earlier stores nothing any more, and says so."""
    portals = type(house.services.web.portals)
    method = "launched" if door == "/app" else "install"
    usual = getattr(portals, method)

    def overtaken(*args: object, **values: object) -> object:
        done = usual(*args, **values)
        assert house.uninstall(portal).status_code == 200
        return done

    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    with monkeypatch.context() as patched:
        patched.setattr(portals, method, overtaken)
        answer = house.post(door, portal, portal.admin)
    assert (answer.status_code, "app_uninstalled" in answer.text) == (403, True)
    assert [row for row in house.rows("user_token") if row.portal_id == record.id] == []


def test_a_flood_does_not_cost_the_one_uninstall_that_is_sent(
    house: House, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a proxy all requests come from one address; whoever floods it locks out no uninstall."""
    monkeypatch.setattr("bitrix_app.web.limits.UNCONFIRMED_OF_NETWORK", "1 per minute")
    house.event(portal, "ONAPPINSTALL", access_token="f0rged")
    answer = house.event(portal, "ONAPPINSTALL", access_token="f0rged")
    assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (429, True)
    assert house.event(portal, "ONAPPUNINSTALL", with_tokens=False, application_token="f0rged").status_code == 403
    assert house.uninstall(portal).status_code == 200

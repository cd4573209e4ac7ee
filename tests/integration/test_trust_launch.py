"""Nobody gets in: what a launch must prove, and what an unconfirmed one can change (nothing)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from demo_portal import Fault, Portal
from tests.integration.house import PATIENT, QUARTER, House, Visitor, open_house

DOORS = ("/install", "/app")
TABLES = ("portal", "user_token", "portal_user", "journal", "report")


def snapshot(house: House) -> dict[str, list[object]]:
    return {table: house.rows(table) for table in TABLES}


@contextmanager
def listener() -> Iterator[tuple[str, socket.socket]]:
    """An address on which somebody waits for our call."""
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.setblocking(False)
        yield f"127.0.0.1:{waiting.getsockname()[1]}", waiting


@pytest.mark.parametrize("door", DOORS)
def test_a_forged_token_is_refused_and_nothing_is_stored(house: House, portal: Portal, door: str) -> None:
    before = snapshot(house)
    answer = house.post(door, portal, AUTH_ID="forged0123456789")
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "foreign_token" in answer.text
    assert snapshot(house) == before


@pytest.mark.parametrize("door", DOORS)
def test_an_expired_token_is_refused(house: House, portal: Portal, door: str) -> None:
    pair = portal.issue_tokens()
    portal.expire_tokens()
    assert house.post(door, portal, pair=pair).status_code == 401


@pytest.mark.parametrize("door", DOORS)
def test_another_applications_token_is_refused(house: House, portal: Portal, door: str) -> None:
    """The portal is right, the user is right, but the token was given to somebody else's application."""
    foreign = portal.issue_tokens(app=house.world.add_app("local.other"))
    before = snapshot(house)
    assert house.post(door, portal, pair=foreign).status_code == 401
    assert snapshot(house) == before


@pytest.mark.parametrize("door", DOORS)
def test_a_swapped_member_id_is_refused(house: House, portal: Portal, door: str) -> None:
    """A genuine token of one portal changes nothing of another, an administrator's included."""
    other = house.portal()
    before = snapshot(house)
    answer = house.post(door, other, member_id=portal.member_id)
    assert answer.status_code == 401
    assert "portal_mismatch" in answer.text
    assert snapshot(house) == before


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("field", ["AUTH_ID", "REFRESH_ID", "member_id"])
@pytest.mark.parametrize("value", [None, "", "   "], ids=["missing", "empty", "blank"])
def test_a_field_that_is_missing_or_empty_is_400(
    house: House, portal: Portal, door: str, field: str, value: str | None
) -> None:
    calls = house.world.oauth.calls["app.info"]
    answer = house.post(door, portal, **{field: value})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert field in answer.text
    assert house.world.oauth.calls["app.info"] == calls


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("value", ["with\0nul", "с кириллицей", "x" * 5000, "a b", "line\r\nbreak"])
def test_a_token_that_cannot_be_one_is_refused_without_a_question(
    house: House, portal: Portal, door: str, value: str
) -> None:
    calls = house.world.oauth.calls["app.info"]
    assert house.post(door, portal, AUTH_ID=value).status_code == 401
    assert house.world.oauth.calls["app.info"] == calls


@pytest.mark.parametrize("door", DOORS)
def test_a_token_in_the_query_string_is_not_looked_at(house: House, portal: Portal, door: str) -> None:
    form = portal.launch_form()
    token = form.body.pop("AUTH_ID")
    answer = house.app.test_client().post(door, query_string={**form.query, "AUTH_ID": token}, data=form.body)
    assert answer.status_code == 400


@pytest.mark.parametrize("door", DOORS)
def test_a_silent_authorization_server_is_503_and_nothing_is_stored(house: House, portal: Portal, door: str) -> None:
    before = snapshot(house)
    house.world.oauth.faults.always(Fault.html(502), method="app.info")
    answer = house.post(door, portal)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Retry-After" in answer.headers
    assert snapshot(house) == before


def test_a_dead_authorization_server_does_not_lock_out_those_inside(house: House, visitor: Visitor) -> None:
    """Who has a session goes on working while nobody new gets in."""
    house.world.oauth.pause()
    assert visitor.call("GET", "/reports").status_code == 200
    assert visitor.call("GET", "/options").status_code == 200
    assert visitor.call("POST", "/reports", json=QUARTER).status_code == 202
    house.world.oauth.resume()


def test_a_crowd_waits_its_turn_at_a_slow_authorization_server(house: House, portal: Portal) -> None:
    """Monday morning, an authorization server that takes its time: everybody gets in."""
    house.world.oauth.delay = 0.2
    house.be_impatient(PATIENT)
    users = [portal.admin, portal.accountant, portal.manager] * 16
    with ThreadPoolExecutor(16) as crowd:
        statuses = set(crowd.map(lambda user: house.post("/app", portal, user).status_code, users))
    assert statuses == {200}


@pytest.mark.parametrize("door", DOORS)
def test_the_addresses_in_a_request_are_never_called(house: House, portal: Portal, door: str) -> None:
    """DOMAIN, SERVER_ENDPOINT and PROTOCOL name an attacker's machine: it hears nothing, and is stored nowhere. (A
    DOMAIN counts from a confirmed administrator, and then only as a name under which the page may be framed.)"""
    with listener() as (address, waiting):
        form = portal.launch_form(portal.manager if door == "/app" else portal.admin)
        query = {**form.query, "DOMAIN": address if door == "/app" else portal.domain, "PROTOCOL": "0"}
        body = {**form.body, "SERVER_ENDPOINT": f"http://{address}/rest/", "DOMAIN": address}
        answer = house.app.test_client().post(door, query_string=query, data=body)
        assert answer.status_code == 200
        with pytest.raises(BlockingIOError):
            waiting.accept()
    assert address not in str(snapshot(house))
    assert address not in answer.text
    assert address not in answer.headers["Content-Security-Policy"]


def test_host_and_forwarded_headers_make_no_address(house: House, portal: Portal) -> None:
    """Handlers and links are made from APP_URL whatever a request says of itself."""
    hostile = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    form = portal.launch_form()
    answer = house.app.test_client().post("/install", query_string=form.query, data=form.body, headers=hostile)
    assert "evil.example" not in answer.text + str(answer.headers)
    handlers = {each.handler for each in portal.installation().placements}
    assert handlers == {"https://register.example/app"}
    visitor = house.visitor(portal)
    started = visitor.call("POST", "/reports", json=QUARTER, headers=hostile)
    assert started.headers["Location"].startswith("https://register.example/api/v1/reports/")


def test_a_portal_that_moves_its_tokens_owner_is_not_followed(house: House, portal: Portal) -> None:
    """The portal itself says who the user is only as far as the authorization server agrees."""
    portal.faults.always(Fault.result({"ID": "1", "ADMIN": True, "NAME": "Кто-то", "LAST_NAME": ""}), method="profile")
    visitor = house.visitor(portal, portal.manager)
    assert visitor.call("GET", "/journal").status_code == 502


def test_an_employees_launch_replaces_nothing_that_an_administrator_installed(house: House, portal: Portal) -> None:
    """Not the application token, not the portal's own pair, not its settings; nor can it wipe the portal later."""
    installed = [row for row in house.rows("user_token") if "install" in row]
    portals = [tuple(row) for row in house.rows("portal")]
    answer = house.post("/app", portal, portal.manager, APPLICATION_TOKEN="planted0123456789")
    assert answer.status_code == 200
    assert [row for row in house.rows("user_token") if "install" in row] == installed
    assert [tuple(row) for row in house.rows("portal")] == portals
    fields = portal.event_fields("ONAPPUNINSTALL", {"CLEAN": 1}, with_tokens=False)
    fields["auth[application_token]"] = "planted0123456789"
    assert house.app.test_client().post("/events", data=fields).status_code == 403
    assert house.visitor(portal).call("GET", "/reports").status_code == 200


def test_a_portal_that_was_never_installed_is_told_so(house: House) -> None:
    """A confirmed launch from a portal we do not know stores nothing and says who can help."""
    stranger = house.portal(installed=False)
    before = snapshot(house)
    answer = house.post("/app", stranger)
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "not_installed" in answer.text
    assert snapshot(house) == before


def test_plain_http_portals_are_refused_unless_allowed(house: House, portal: Portal) -> None:
    """A self-hosted portal without TLS would show everybody on the way its tokens."""
    folder = house.folder / "strict"
    folder.mkdir()
    secure = {"BITRIX_OAUTH_URL": "", "BX24_JS_URL": "", "BITRIX_ALLOW_HTTP": "0"}
    with open_house(folder, str(house.services.database.url), both_roots=True, **secure) as strict:
        stranger = strict.world.add_portal()
        assert strict.post("/install", stranger).status_code == 401
        assert len(stranger.calls) == 0


def test_a_launch_opens_while_the_portal_itself_hangs(house: House, portal: Portal) -> None:
    """A page without the user's name is better than no page."""
    house.be_impatient(1.0)
    portal.faults.always(Fault.html(502), method="profile")
    assert house.post("/app", portal, portal.manager).status_code == 200


def test_the_same_user_may_launch_a_hundred_times_a_minute(house: House, portal: Portal) -> None:
    statuses = {house.post("/app", portal, portal.accountant).status_code for _ in range(100)}
    assert statuses == {200}

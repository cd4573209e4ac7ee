"""Installing, opening, placements and events, seen from an application."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from demo_portal import DemoWorld, Portal
from tests.demo.conftest import Rest
from tests.demo.embedded_app import EmbeddedApp


@pytest.fixture
def app(world: DemoWorld) -> Iterator[EmbeddedApp]:
    with EmbeddedApp(world.oauth.bx24_js_url) as app:
        world.set_app_url(app.url)
        yield app


def test_a_launch_is_a_form_post_with_the_address_in_the_query(portal: Portal, app: EmbeddedApp) -> None:
    """DOMAIN, PROTOCOL, LANG and APP_SID in the query; tokens and placement in the body; options are a JSON text."""
    portal.open_app(user=portal.accountant, placement="CRM_COMPANY_DETAIL_TAB", options={"ID": 12}, lang="en")
    path, query, form = app.posts[0]
    assert path == "/app"
    assert {**query, "APP_SID": ""} == {"DOMAIN": portal.domain, "PROTOCOL": "0", "LANG": "en", "APP_SID": ""}
    assert set(form) == {
        "AUTH_ID",
        "AUTH_EXPIRES",
        "REFRESH_ID",
        "SERVER_ENDPOINT",
        "APPLICATION_TOKEN",
        "APPLICATION_SCOPE",
        "member_id",
        "status",
        "PLACEMENT",
        "PLACEMENT_OPTIONS",
    }
    assert json.loads(form["PLACEMENT_OPTIONS"])["ID"] == "12"


def test_fields_of_a_launch_can_be_forged_or_left_out(portal: Portal, app: EmbeddedApp) -> None:
    """Keywords replace, None takes away."""
    portal.open_app(member_id="forged", AUTH_ID=None)
    form = app.posted("/app")[0]
    assert form["member_id"] == "forged"
    assert "AUTH_ID" not in form


def test_the_same_handler_twice_is_an_error(portal: Portal, rest: Rest) -> None:
    """placement.bind and event.bind refuse a duplicate; an employee may not bind placements at all."""
    place = {"PLACEMENT": "CRM_COMPANY_DETAIL_TAB", "HANDLER": "http://127.0.0.1:1/app"}
    event = {"event": "OnAppUninstall", "handler": "http://127.0.0.1:1/events"}
    for method, params in (("placement.bind", place), ("event.bind", event)):
        assert rest(method, **params)[0] == 200
        status, body = rest(method, **params)
        assert (status, body["error"]) == (400, "ERROR_CORE")
    assert rest("placement.bind", user=portal.manager, **place)[1]["error"] == "ACCESS_DENIED"
    nowhere = {**place, "PLACEMENT": "NOWHERE"}
    assert rest("placement.bind", **nowhere)[1]["error"] == "ERROR_PLACEMENT_NOT_FOUND"
    assert rest("placement.bind", HANDLER="x")[1]["error"] == "ERROR_ARGUMENT"
    assert rest("event.get")[1]["result"] == [
        {"event": "ONAPPUNINSTALL", "handler": "http://127.0.0.1:1/events", "auth_type": "0", "offline": 0}
    ]
    assert rest("placement.unbind", PLACEMENT="CRM_COMPANY_DETAIL_TAB")[1]["result"] == {"count": 2}
    assert rest("event.unbind", event="ONAPPUNINSTALL")[1]["result"] == {"count": 1}


def test_events_wait_for_the_end_of_the_installation(portal: Portal, app: EmbeddedApp, rest: Rest) -> None:
    """installFinish sends ONAPPINSTALL with tokens, once."""
    rest("event.bind", event="ONAPPINSTALL", handler=f"{app.url}/events")
    assert portal.install().status_code == 200
    portal.finish_install()
    (event,) = app.posted("/events")
    assert event["event"] == "ONAPPINSTALL"
    assert event["auth"]["member_id"] == portal.member_id
    assert event["auth"]["application_token"] == portal.installation().application_token
    assert event["auth"]["access_token"]


def test_a_refused_installation_is_not_finished(portal: Portal, app: EmbeddedApp) -> None:
    """Only a page that answered 200 can call installFinish."""
    app.statuses["/install"] = 403
    portal.install()
    assert not portal.installation().installed


def test_uninstalling_tells_the_handlers_and_takes_everything_away(
    portal: Portal, app: EmbeddedApp, rest: Rest
) -> None:
    """ONAPPUNINSTALL carries no tokens; tokens, placements and handlers are gone; the application token changes."""
    rest("event.bind", event="ONAPPUNINSTALL", handler=f"{app.url}/events")
    portal.install()
    old = portal.installation().application_token
    assert portal.uninstall(clean=True) == [200]
    (event,) = app.posted("/events")
    assert event["data"]["CLEAN"] == "1"
    assert event["auth"]["application_token"] == old
    assert "access_token" not in event["auth"]
    assert rest("profile")[1]["error"] == "NO_AUTH_FOUND"
    assert portal.installation().application_token != old
    assert portal.installation().events == []


def test_a_handler_that_does_not_answer_changes_nothing(portal: Portal, rest: Rest) -> None:
    """Events are never resent."""
    rest("event.bind", event="ONAPPUNINSTALL", handler="http://127.0.0.1:9/events")
    portal.finish_install()
    assert portal.uninstall() == [0]


def test_a_forged_event_can_be_sent(portal: Portal, app: EmbeddedApp) -> None:
    """send_event: genuine but for the fields that are given."""
    portal.send_event("ONAPPUNINSTALL", {"CLEAN": 1}, with_tokens=False, application_token="forged")
    assert app.posted("/events")[0]["auth"]["application_token"] == "forged"


def test_bx24_js_is_served_at_its_folder(world: DemoWorld, portal: Portal) -> None:
    """The address of the folder itself is the script."""
    for address in (world.oauth.bx24_js_url, f"{portal.url}/api/v1/"):
        answer = requests.get(address, timeout=60)
        assert answer.headers["Content-Type"].startswith("application/javascript")
        assert "window.BX24" in answer.text

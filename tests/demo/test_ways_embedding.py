"""Genuine ways of being embedded: two authorization servers, older forms, updates, placements, host names, rights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from demo_portal import DemoWorld, Portal, TokenPair, User
from demo_portal.server.oauth import AuthorizationServer
from tests.demo.conftest import Rest
from tests.demo.embedded_app import EmbeddedApp


@pytest.fixture
def app(world: DemoWorld) -> Iterator[EmbeddedApp]:
    with EmbeddedApp(world.oauth.bx24_js_url) as app:
        world.set_app_url(app.url)
        yield app


def renewed(server: AuthorizationServer, world: DemoWorld, pair: TokenPair, *, by_post: bool = True) -> dict[str, str]:
    """What this authorization server answers to a renewal."""
    form = {
        "grant_type": "refresh_token",
        "client_id": world.app.client_id,
        "client_secret": world.app.client_secret,
        "refresh_token": pair.refresh_token,
    }
    address = f"{server.url}/oauth/token/"
    answer = requests.post(address, data=form, timeout=60) if by_post else requests.get(address, form, timeout=60)
    body: dict[str, str] = answer.json()
    return body


def confirmed(server: AuthorizationServer, pair: TokenPair) -> str:
    """The portal whose token it is, or the error."""
    body = requests.get(f"{server.url}/rest/app.info", {"auth": pair.access_token}, timeout=60).json()
    return str(body["error"] if "error" in body else body["result"]["install"]["member_id"])


def test_a_portal_belongs_to_one_of_two_authorization_servers(world: DemoWorld) -> None:
    """The other one knows nothing of its tokens, and asking it spends none."""
    kazakh, german = world.add_portal(), world.add_portal(oauth=world.second_oauth)
    for portal, own, other in (
        (kazakh, world.oauth, world.second_oauth),
        (german, world.second_oauth, world.oauth),
    ):
        pair = portal.issue_tokens()
        assert (confirmed(own, pair), confirmed(other, pair)) == (portal.member_id, "invalid_token")
        assert renewed(other, world, pair)["error"] == "invalid_grant"
        assert renewed(own, world, pair)["server_endpoint"] == f"{own.url}/rest/"
        assert portal.launch_form().body["SERVER_ENDPOINT"] == f"{own.url}/rest/"
        assert portal.event_fields("ONAPPINSTALL")["auth[server_endpoint]"] == f"{own.url}/rest/"


def test_a_renewal_may_be_asked_for_by_get_and_by_post(world: DemoWorld, portal: Portal) -> None:
    for by_post in (True, False):
        fresh = renewed(world.oauth, world, portal.issue_tokens(), by_post=by_post)
        assert (fresh["member_id"], fresh["server_endpoint"]) == (portal.member_id, f"{world.oauth.url}/rest/")


def test_forms_of_2024_lack_three_fields_and_the_token_comes_with_the_event(
    portal: Portal, rest: Rest, app: EmbeddedApp
) -> None:
    portal.behave(version="24.300")
    assert not {"APPLICATION_TOKEN", "SERVER_ENDPOINT", "APPLICATION_SCOPE"} & set(portal.launch_form().body)
    rest("event.bind", event="ONAPPINSTALL", handler=f"{app.url}/events")
    assert portal.finish_install() == [200]
    assert app.posted("/events")[0]["auth"]["application_token"] == portal.installation().application_token


def test_a_placement_may_be_unknown_to_a_version(portal: Portal, rest: Rest) -> None:
    portal.known_placements.remove("CRM_ANALYTICS_MENU")
    handler = "http://127.0.0.1:1/app"
    status, body = rest("placement.bind", PLACEMENT="CRM_ANALYTICS_MENU", HANDLER=handler)
    assert (status, body["error"]) == (400, "ERROR_PLACEMENT_NOT_FOUND")
    assert "CRM_ANALYTICS_MENU" not in rest("placement.list")[1]["result"]


@pytest.mark.parametrize("method", ["placement.bind", "event.bind"])
def test_a_handler_whose_host_has_no_dot_is_refused(portal: Portal, rest: Rest, method: str) -> None:
    portal.behave(dotted_hosts=True)
    place = {"PLACEMENT": "CRM_ANALYTICS_MENU", "event": "ONAPPINSTALL"}
    status, body = rest(method, handler="http://localhost:8092/app", **place)
    assert (status, body["error_description"]) == (400, "Wrong handler URL")
    assert rest(method, handler="http://127.0.0.1:8092/app", **place)[0] == 200


@pytest.mark.parametrize("told", [True, False])
def test_an_update_takes_handlers_away_and_changes_the_token(
    portal: Portal, rest: Rest, app: EmbeddedApp, told: bool
) -> None:
    """ONAPPUPDATE carries the new token; by reports it does not always come."""
    rest("event.bind", event="ONAPPUPDATE", handler=f"{app.url}/events")
    rest("placement.bind", PLACEMENT="CRM_ANALYTICS_MENU", HANDLER=f"{app.url}/app")
    before = portal.installation().application_token
    portal.update_app(tell=told)
    after = portal.installation().application_token
    assert (after != before, rest("placement.get")[1]["result"], rest("event.get")[1]["result"]) == (True, [], [])
    assert rest("app.info")[1]["result"]["VERSION"] == 2
    assert [event["auth"]["application_token"] for event in app.posted("/events")] == ([after] if told else [])


def test_a_payment_is_told_without_any_token(portal: Portal, rest: Rest, app: EmbeddedApp) -> None:
    rest("event.bind", event="ONAPPPAYMENT", handler=f"{app.url}/events")
    assert portal.change_payment(expired=False, days=28, status="P") == [200]
    (event,) = app.posted("/events")
    assert set(event["auth"]) == {"domain", "server_endpoint", "client_endpoint", "member_id"}
    info = rest("app.info")[1]["result"]
    assert (info["STATUS"], info["PAYMENT_EXPIRED"], info["DAYS"]) == ("P", "N", 28)


def test_of_a_payment_that_has_lapsed_no_event_tells(portal: Portal, rest: Rest, app: EmbeddedApp) -> None:
    rest("event.bind", event="ONAPPPAYMENT", handler=f"{app.url}/events")
    assert portal.change_payment(expired=True, days=-1) == []
    info = rest("app.info")[1]["result"]
    assert (info["PAYMENT_EXPIRED"], info["DAYS"]) == ("Y", -1)


def test_the_form_tells_the_host_that_the_user_opened(portal: Portal) -> None:
    """A portal may be reached under several names."""
    name = f"localhost:{portal.server.port}"
    answer = requests.post(f"{portal.url}/demo/launch", json={}, headers={"Host": name}, timeout=60)
    assert f"DOMAIN=localhost%3A{portal.server.port}" in answer.json()["action"]
    assert answer.json()["frame"].startswith(f"{name}|")
    assert portal.launch_form(host="intranet.example").query["DOMAIN"] == "intranet.example"


def test_a_box_has_no_limit_of_requests_and_another_operating_limit(portal: Portal, rest: Rest) -> None:
    portal.make_box()
    portal.bucket.fill()
    assert str(rest("app.info")[1]["result"]["LICENSE"]).endswith("_selfhosted")
    portal.operating.spend("profile", 421)
    assert rest("profile")[1]["error"] == "OPERATION_TIME_LIMIT"
    portal.make_box(operating_limit=None)
    assert "operating" not in rest("profile")[1]["time"]


# --- rights -----------------------------------------------------------------------------------------------------


@pytest.fixture
def clients(portal: Portal) -> Portal:
    """A company and a contact with a requisite each; the portal looks at both rights."""
    crm = portal.crm
    crm.add_requisite(company_id=crm.add_company("ООО «Ромашка»"))
    crm.add_requisite(contact_id=crm.add_contact())
    portal.behave(requisite_rights=True)
    return portal


@pytest.mark.parametrize(
    ("companies", "contacts", "found"), [(True, True, ["4", "3"]), (True, False, ["4"]), (False, True, ["3"])]
)
def test_requisites_are_narrowed_to_what_one_right_shows(
    clients: Portal, rest: Rest, companies: bool, contacts: bool, found: list[str]
) -> None:
    clients.manager.sees_companies, clients.manager.sees_contacts = companies, contacts
    _, body = rest("crm.requisite.list", user=clients.manager)
    assert [each["ENTITY_TYPE_ID"] for each in body["result"]] == found


def test_requisites_are_refused_with_an_empty_code(clients: Portal, rest: Rest) -> None:
    """The assistant may read neither companies nor contacts."""
    status, body = rest("crm.requisite.list", user=clients.assistant)
    assert (status, body["error"], body["error_description"]) == (400, "", "Access denied.")
    for kind in (3, 4):
        assert rest("crm.item.list", user=clients.assistant, entityTypeId=kind)[1]["result"]["items"] == []


def test_funnels_may_be_refused(portal: Portal, rest: Rest) -> None:
    portal.manager.sees_funnels = False
    assert rest("crm.category.list", user=portal.manager, entityTypeId=31)[1]["error"] == "ACCESS_DENIED"


def test_people_without_a_department_are_hidden_from_employees(portal: Portal, rest: Rest) -> None:
    portal.users[40] = User(40, "Внешний", "Подрядчик", departments=())
    portal.set_scopes("user")
    found = {
        user.id: [each["ID"] for each in rest("user.get", user=user, ID=40)[1]["result"]]
        for user in (portal.admin, portal.manager)
    }
    assert found == {1: ["40"], 8: []}

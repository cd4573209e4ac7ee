"""Installing: only an administrator's confirmed token, nothing changed otherwise, harmless to repeat."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo_portal import PAID, SHIPPED, Fault, Portal, User
from tests.integration.house import APP_URL, House

PLACEMENTS = {
    "CRM_SMART_INVOICE_LIST_TOOLBAR",
    "CRM_SMART_INVOICE_DETAIL_TAB",
    "CRM_COMPANY_DETAIL_TAB",
    "CRM_ANALYTICS_MENU",
    "CRM_DEAL_DETAIL_TAB",
    "CRM_CONTACT_DETAIL_TAB",
    "REST_APP_URI",
}
TABLES = ("portal", "user_token", "portal_user", "journal")


@pytest.fixture
def stranger(house: House) -> Portal:
    """A portal in which the app is not installed yet."""
    return house.portal(installed=False)


def test_an_administrator_installs_the_app_in_all_its_places(house: House, stranger: Portal) -> None:
    answer = house.post("/install", stranger)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    placements = stranger.installation().placements
    assert {each.code for each in placements} == PLACEMENTS
    assert {each.handler for each in placements} == {f"{APP_URL}/app"}
    assert all(each.titles["ru"]["TITLE"] == "Реестр счетов" for each in placements)
    assert all(each.titles["en"]["TITLE"] == "Invoice register" for each in placements)
    assert [(each.event, each.handler) for each in stranger.installation().events] == [
        ("ONAPPUNINSTALL", f"{APP_URL}/events")
    ]


def test_an_employee_cannot_install(house: House, stranger: Portal) -> None:
    """403, a page that says who can; nothing stored here, nothing bound there."""
    before = {table: house.rows(table) for table in TABLES}
    answer = house.post("/install", stranger, stranger.manager)
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "администратор" in answer.text
    assert {table: house.rows(table) for table in TABLES} == before
    assert not stranger.installation().placements
    assert not stranger.installation().events


def test_an_employee_changes_nothing_of_an_installed_portal(house: House, portal: Portal) -> None:
    before = {table: house.rows(table) for table in TABLES}
    assert house.post("/install", portal, portal.manager, APPLICATION_TOKEN="planted0123456").status_code == 403
    assert {table: house.rows(table) for table in TABLES} == before


def test_installing_again_is_harmless(house: House, portal: Portal) -> None:
    """Nothing is bound twice, settings stay, open pages stay open."""
    visitor = house.visitor(portal)
    settings = visitor.get("/settings")
    for _ in range(3):
        assert house.post("/install", portal).status_code == 200
    assert len(portal.installation().placements) == len(PLACEMENTS)
    assert len(portal.installation().events) == 1
    assert visitor.get("/settings") == settings


def test_handlers_of_an_earlier_address_are_taken_away(house: House, stranger: Portal) -> None:
    """The app has moved: what was bound under its old address is unbound, at every place."""
    house.post("/install", stranger)
    kept = stranger.installation()
    kept.placements[:] = [replace(each, handler="https://old.example/app") for each in kept.placements]
    kept.events[:] = [replace(each, handler="https://old.example/events") for each in kept.events]
    assert house.post("/install", stranger).status_code == 200
    assert sorted(each.code for each in kept.placements) == sorted(PLACEMENTS)
    assert {each.handler for each in kept.placements} == {f"{APP_URL}/app"}
    assert [each.handler for each in kept.events] == [f"{APP_URL}/events"]


def test_a_first_install_guesses_the_fields_by_their_titles(house: House, portal: Portal) -> None:
    settings = house.visitor(portal).get("/settings")
    assert (settings["date_field"], settings["shipped_field"], settings["paid_field"]) == ("begindate", SHIPPED, PAID)


def test_the_journal_tells_who_installed_the_app_and_only_where_it_is_installed(house: House, stranger: Portal) -> None:
    """An installation that stopped is none yet; a repeat that comes to its end is told, with its administrator."""

    def told() -> list[tuple[str, int, str]]:
        items = house.visitor(stranger, stranger.admin).get("/journal")["items"]
        return [(each["action"], each["user"]["id"], each["user"]["name"]) for each in items]

    stranger.faults.always(Fault.error("PORTAL_DELETED"), method="event.bind")
    assert house.post("/install", stranger).status_code == 403
    stranger.faults.clear()
    assert told() == []
    assert house.post("/install", stranger).status_code == 200
    name = house.visitor(stranger, stranger.admin).get("/me")["user"]["name"]
    assert told() == [("installed", stranger.admin.id, name)]


@pytest.mark.parametrize("method", ["placement.bind", "event.bind", "crm.item.fields", "app.info"])
def test_a_step_that_fails_is_shown_and_mended_by_a_repeat(house: House, stranger: Portal, method: str) -> None:
    """The page names the step and the code; opened once more, everything is in its place."""
    stranger.faults.always(Fault.error("PORTAL_DELETED"), method=method)
    answer = house.post("/install", stranger)
    if method == "crm.item.fields":  # only a guess depends on it
        assert answer.status_code == 200
    else:
        assert answer.status_code == 403
        assert 'class="failed"' in answer.text
        assert "portal_deleted" in answer.text
    stranger.faults.clear()
    again = house.post("/install", stranger)
    assert again.status_code == 200
    assert 'class="failed"' not in again.text
    assert {each.code for each in stranger.installation().placements} == PLACEMENTS
    assert len(stranger.installation().events) == 1


def test_a_portal_that_does_not_tell_its_plan_is_installed_all_the_same(house: House, stranger: Portal) -> None:
    """Only the size of the bucket depends on it, and there is an ordinary plan's for it."""
    stranger.faults.always(Fault.error("ERROR_METHOD_NOT_FOUND"), method="app.info")
    assert house.post("/install", stranger).status_code == 200
    assert {each.code for each in stranger.installation().placements} == PLACEMENTS


def test_a_portal_that_refuses_profile_has_nothing_stored(house: House, stranger: Portal) -> None:
    before = {table: house.rows(table) for table in TABLES}
    stranger.faults.always(Fault.error("insufficient_scope"), method="profile")
    assert house.post("/install", stranger).status_code == 403
    assert {table: house.rows(table) for table in TABLES} == before


def test_the_application_token_and_all_oauth_tokens_are_encrypted_at_rest(house: House, stranger: Portal) -> None:
    pair = stranger.issue_tokens()
    token = stranger.installation().application_token
    assert house.post("/install", stranger, pair=pair).status_code == 200
    stored = str(house.rows("portal")) + str(house.rows("user_token"))
    for secret in (pair.access_token, pair.refresh_token, token):
        assert secret
        assert secret not in stored
    raw = b"".join(path.read_bytes() for path in house.folder.glob("app.db*"))
    assert pair.refresh_token.encode() not in raw


def test_the_plan_is_noted_for_the_bucket(house: House, stranger: Portal) -> None:
    stranger.make_enterprise()
    house.post("/install", stranger)
    record = house.services.web.portals.by_member_id(stranger.member_id)
    assert record is not None
    assert record.license_family == "ent"


# --- the portal's time zone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "server", "zone"),
    [("Asia/Omsk", "Europe/Moscow", "Asia/Omsk"), ("", "Asia/Vladivostok", "Asia/Vladivostok")],
)
def test_the_time_zone_is_guessed_and_administrators_are_asked_for_it_until_one_saves_settings(
    house: House, profile: str, server: str, zone: str
) -> None:
    portal = house.portal(installed=False)
    portal.admin.time_zone = profile
    portal.behave(server_zone=ZoneInfo(server))
    assert house.post("/install", portal).status_code == 200

    def asked(user: User) -> Any:
        page = house.post("/app", portal, user).text
        return json.loads(re.findall(r'id="config"[^>]*>(.*?)</script>', page)[0])["zone_guess"]

    assert (asked(portal.admin), asked(portal.accountant)) == (zone, None)
    visitor = house.visitor(portal, portal.admin)
    settings = visitor.get("/settings")
    assert settings["time_zone"] == zone
    assert visitor.call("PUT", "/settings", json=settings).status_code == 200
    assert asked(portal.admin) is None

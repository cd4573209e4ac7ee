"""Portals of two authorization servers: each is asked at its own, and nothing else is ever called."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitrix_app.portals.waiting import Deadline
from demo_portal import Portal
from tests.integration.house import House, open_house


@pytest.fixture(scope="module")
def pair_of_roots(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[House]:
    """The application as it is without BITRIX_OAUTH_URL: it knows both authorization servers."""
    folder = tmp_path_factory.mktemp("roots")
    shutil.copy(sqlite_template, folder / "app.db")
    with open_house(folder, f"sqlite:///{folder}/app.db", both_roots=True) as opened:
        yield opened


@pytest.fixture
def house(pair_of_roots: House) -> Iterator[House]:
    world = pair_of_roots.world
    for each in (world.oauth, world.second_oauth):
        each.calls.clear()
    yield pair_of_roots
    for each in (world.oauth, world.second_oauth):
        each.dead = False


def root_of(house: House, portal: Portal) -> str | None:
    """Which root the app remembers for a portal."""
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    return record.oauth_root


@pytest.mark.parametrize("told", ["as posted", "not told", "https://evil.example/rest/"])
def test_a_portal_of_either_root_installs_opens_and_is_remembered(house: House, told: str) -> None:
    """Whatever the form says of it, or not: a word that is none of the two roots is not looked at."""
    world = house.world
    for oauth in (world.oauth, world.second_oauth):
        portal = world.add_portal(oauth=oauth)
        fields = {"as posted": {}, "not told": {"SERVER_ENDPOINT": None}}.get(told, {"SERVER_ENDPOINT": told})

        assert house.post("/install", portal, **fields).status_code == 200
        assert house.post("/app", portal, portal.manager, **fields).status_code == 200

        assert root_of(house, portal) == oauth.url


def test_a_form_that_names_the_root_has_that_one_asked_alone(house: House) -> None:
    portal = house.world.add_portal(oauth=house.world.second_oauth)

    assert house.post("/install", portal).status_code == 200

    assert house.world.second_oauth.calls["app.info"] == 1
    assert house.world.oauth.calls["app.info"] == 0


def test_a_forged_token_is_refused_when_both_have_refused_it(house: House) -> None:
    portal = house.world.add_portal()

    assert house.post("/install", portal, AUTH_ID="forged", SERVER_ENDPOINT=None).status_code == 401

    assert (house.world.oauth.calls["app.info"], house.world.second_oauth.calls["app.info"]) == (1, 1)


def test_a_silent_root_is_no_refusal(house: House) -> None:
    """As long as one of two has not answered, nobody knows whose the token is."""
    world = house.world
    world.second_oauth.dead = True
    first, second = world.add_portal(), world.add_portal(oauth=world.second_oauth)

    assert house.post("/install", second, SERVER_ENDPOINT=None).status_code == 503
    assert house.post("/install", first, SERVER_ENDPOINT=None).status_code == 200

    world.second_oauth.dead, world.oauth.dead = False, True
    assert house.post("/install", second, SERVER_ENDPOINT=None).status_code == 200


def test_a_known_portals_root_is_asked_first(house: House) -> None:
    """Forms of older portals name no root at any opening: the second question is spared."""
    portal = house.world.add_portal(oauth=house.world.second_oauth)
    assert house.post("/install", portal, SERVER_ENDPOINT=None).status_code == 200
    house.world.oauth.calls.clear()

    assert house.post("/app", portal, SERVER_ENDPOINT=None).status_code == 200

    assert house.world.oauth.calls["app.info"] == 0


def test_an_event_names_its_root_too(house: House) -> None:
    portal = house.world.add_portal(oauth=house.world.second_oauth)

    assert house.event(portal, "ONAPPINSTALL").status_code == 200

    assert root_of(house, portal) == house.world.second_oauth.url


def test_a_pair_is_renewed_where_its_portal_belongs(house: House) -> None:
    """By the remembered root alone; where none is remembered yet, whichever knows the pair is remembered."""
    world = house.world
    portal = world.add_portal(oauth=world.second_oauth)
    assert house.post("/install", portal).status_code == 200
    services = house.services.web
    for forgotten in (False, True):
        if forgotten:
            with house.services.database.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE portal SET oauth_root = NULL")
        for each in (world.oauth, world.second_oauth):
            each.calls.clear()
        world.tokens.expire(portal.member_id)
        record = services.portals.by_member_id(portal.member_id)
        assert record is not None
        services.clients.within(Deadline(), record, portal.admin.id).profile()

        assert world.second_oauth.calls["oauth.token"] == 1
        assert world.oauth.calls["oauth.token"] == int(forgotten)
        assert root_of(house, portal) == world.second_oauth.url

"""A portal of several names (inner and outer, with and without www): who decides which of them may frame the app."""

from __future__ import annotations

import pytest

from demo_portal import Portal, User
from tests.integration.house import House
from tests.integration.test_trust_pages import policy


def framed_by(house: House, portal: Portal, door: str, user: User, host: str = "") -> list[str]:
    """Who may frame the page that this user is given."""
    answer = house.post(door, portal, user, host=host)
    assert answer.status_code == 200
    return policy(answer)["frame-ancestors"].split()


def test_an_administrators_launch_shows_a_name_and_an_employees_does_not(house: House, portal: Portal) -> None:
    own = portal.client_endpoint.removesuffix("/rest/")
    assert framed_by(house, portal, "/app", portal.manager, "crm.romashka.example") == [own]

    assert framed_by(house, portal, "/app", portal.admin, "portal.local:8443") == [own, "http://portal.local:8443"]

    assert framed_by(house, portal, "/app", portal.manager) == [own, "http://portal.local:8443"]


def test_an_installation_shows_a_name_too(house: House) -> None:
    portal = house.portal(installed=False)
    own = portal.client_endpoint.removesuffix("/rest/")
    assert framed_by(house, portal, "/install", portal.admin, "crm.romashka.example") == [
        own,
        "http://crm.romashka.example",
    ]


def test_an_unconfirmed_administrator_shows_nothing(house: House, portal: Portal) -> None:
    form = portal.launch_form(portal.admin, host="evil.example")
    body = {**form.body, "AUTH_ID": "forged"}
    assert house.app.test_client().post("/app", query_string=form.query, data=body).status_code == 401
    assert len(framed_by(house, portal, "/app", portal.manager)) == 1


@pytest.mark.parametrize(
    "host", ["*", "*.example", "a.example; script-src *", "a.example b.example", "a@b.example", "a.example/x", "'self'"]
)
def test_a_name_that_is_none_is_not_looked_at(house: House, portal: Portal, host: str) -> None:
    assert len(framed_by(house, portal, "/app", portal.admin, host)) == 1


def test_of_many_names_the_latest_stay(house: House, portal: Portal) -> None:
    for number in range(12):
        framed_by(house, portal, "/app", portal.admin, f"n{number}.example")
    assert framed_by(house, portal, "/app", portal.manager)[1:] == [
        f"http://n{number}.example" for number in range(4, 12)
    ]

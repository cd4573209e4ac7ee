"""A portal that stands where the app must not connect (PORTAL_NETWORKS): whoever meets it is told why and what to do.

The demo world's portals stand on this machine; here the operator has named another network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from bitrix_app.errors import PortalAddressError
from bitrix_app.wiring import build_services
from tests.fakes import FakeStop
from tests.integration.house import House, open_house

OFFICE = "10.0.0.0/8"


@pytest.fixture
def fenced(tmp_path: Path) -> Iterator[House]:
    """A house whose operator has named a network that is not the portals'."""
    with open_house(tmp_path, f"sqlite:///{tmp_path}/app.db", PORTAL_NETWORKS=OFFICE) as house:
        house.services.database.migrate()
        yield house


def test_an_install_says_why_not_and_stores_nothing(fenced: House) -> None:
    portal = fenced.portal(installed=False)
    answer = fenced.post("/install", portal)
    assert answer.status_code == 403
    assert "portal_address" in answer.text
    assert "PORTAL_NETWORKS" in answer.text
    assert len(portal.calls) == 0
    assert fenced.rows("portal") == []


def test_what_was_installed_before_is_told_at_a_launch_and_by_a_report(house: House, tmp_path: Path) -> None:
    """An operator narrows the networks of a running app; this user opens it for the first time since."""
    portal = house.portal()
    calls = len(portal.calls)
    settings = replace(house.services.settings, portal_networks=(ip_network(OFFICE),))
    with closing(build_services(settings)) as services:
        narrowed = House(house.world, services, tmp_path)
        answer = narrowed.post("/app", portal, portal.accountant)
        assert (answer.status_code, "portal_address" in answer.text) == (403, True)
        record = services.web.portals.by_member_id(portal.member_id)
        assert record is not None
        client = services.web.clients.background(record, portal.accountant.id, stop=FakeStop())
        with pytest.raises(PortalAddressError):
            client.profile()
    assert len(portal.calls) == calls

"""Fixtures of the API and trust tests: the web application in this process, and a portal in which it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_portal import Portal
from tests.integration.house import House, Visitor, open_house


@pytest.fixture(scope="module")
def module_house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[House]:
    """The application over a SQLite database, shared by the tests of one module."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(sqlite_template, folder / "app.db")
    with open_house(folder, f"sqlite:///{folder}/app.db") as opened:
        yield opened


@pytest.fixture
def house(module_house: House) -> Iterator[House]:
    """The application; whatever a test did to the world and the clock is undone. Portals keep tests apart."""
    yield module_house
    module_house.world.oauth.resume()
    module_house.world.oauth.dead = False
    module_house.world.oauth.delay = 0.0
    module_house.world.oauth.faults.clear()
    module_house.clock.ahead = 0.0
    module_house.be_impatient(8.0)


@pytest.fixture
def portal(house: House) -> Portal:
    """A portal in which the administrator has installed the app."""
    return house.portal()


@pytest.fixture
def visitor(house: House, portal: Portal) -> Visitor:
    """The accountant of that portal, at the open page."""
    return house.visitor(portal)


@pytest.fixture
def administrator(house: House, portal: Portal) -> Visitor:
    """The administrator of that portal, at the open page."""
    return house.visitor(portal, portal.admin)

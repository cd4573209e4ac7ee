"""Fixtures of these tests: the web application in this process with a portal in which it is installed, and a workshop
that builds reports."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_portal import ManualClock, Portal
from tests.integration.house import PATIENT, House, Visitor, open_house
from tests.integration.workshop import Process, Workshop, open_workshop


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """What the application would not wait for, but go on behind its answer, a test sees to its end."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("bitrix_app.web.views.events.ANSWER_SECONDS", PATIENT)
        patched.setattr("bitrix_app.portals.launch.PROFILE_SECONDS", PATIENT)
        patched.setattr("bitrix_app.portals.access.CHECK_SECONDS", PATIENT)
        yield


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


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Workshop]:
    """Reports without the web, over SQLite, on a clock that only waits move; shared by the tests of one module."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(sqlite_template, folder / "app.db")
    with open_workshop(folder, f"sqlite:///{folder}/app.db", ManualClock(time.time())) as opened:
        yield opened


@pytest.fixture(scope="module")
def process(shop: Workshop) -> Process:
    """A process that builds reports in that workshop."""
    return shop.process()

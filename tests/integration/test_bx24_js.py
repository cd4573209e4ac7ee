"""Where the page loads BX24.js from: the address of the portal's own authorization server, else the other one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.house import House, open_house
from tests.integration.test_trust_pages import policy

SCRIPT = re.compile(r'<script id="bx24-js" src="([^"]+)"(?: data-other="([^"]+)")?')
TECH, COM = "https://api.bitrix24.tech/api/v1/", "https://api.bitrix24.com/api/v1/"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[House]:
    """The application without BITRIX_OAUTH_URL and BX24_JS_URL."""
    folder = tmp_path_factory.mktemp("roots")
    shutil.copy(sqlite_template, folder / "app.db")
    with open_house(folder, f"sqlite:///{folder}/app.db", both_roots=True, BX24_JS_URL="") as opened:
        yield opened


def test_each_portal_gets_the_address_of_its_root_and_the_other_one_for_need(house: House) -> None:
    world = house.world
    for oauth, addresses in ((world.oauth, (TECH, COM)), (world.second_oauth, (COM, TECH))):
        portal = world.add_portal(oauth=oauth)
        for door in ("/install", "/app"):
            answer = house.post(door, portal)
            found = SCRIPT.search(answer.text)
            assert found
            assert found.groups() == addresses
            scripts = policy(answer)["script-src"].split()
            assert scripts[1:] == ["https://api.bitrix24.tech", "https://api.bitrix24.com"]

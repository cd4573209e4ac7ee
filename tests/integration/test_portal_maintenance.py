"""What happens to a portal while nobody looks: its plan is asked for, and its own pair does not lapse."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bitrix_app.portals import PortalMaintenance
from bitrix_app.storage import INSTALL, Cipher, PairKey, PortalRecord, TokenPair, UserTokens
from bitrix_app.storage.tables import UserToken
from demo_portal import Fault, Portal
from tests.integration.house import House, open_house
from tests.live import until


@pytest.fixture
def home(tmp_path: Path, database_url: str) -> Iterator[House]:
    """An application of the test's own, on either database."""
    with open_house(tmp_path, database_url) as house:
        yield house


def tokens_of(house: House) -> UserTokens:
    return UserTokens(house.services.database, Cipher(house.services.settings.secret_keys))


def maintenance(house: House) -> PortalMaintenance:
    return PortalMaintenance(house.services.web.clients, house.services.web.portals, tokens_of(house))


def record(house: House, portal: Portal) -> PortalRecord:
    found = house.services.web.portals.by_member_id(portal.member_id)
    assert found is not None
    return found


def own_pair(house: House, portal: Portal) -> TokenPair:
    found = tokens_of(house).read(PairKey(record(house, portal).id, portal.admin.id, INSTALL))
    assert found is not None
    return found


def idle_portal(house: House, days: int = 31) -> Portal:
    """A portal that has built a report and was installed so long ago; since then it has changed to another plan."""
    portal = house.portal()
    house.visitor(portal, portal.admin)  # their own pair is another one now
    house.finish(house.visitor(portal).start()["id"])
    changed = {"updated_at": datetime.now(UTC) - timedelta(days=days)}
    with house.services.database.transaction() as session:
        session.execute(update(UserToken).where(UserToken.portal_id == record(house, portal).id).values(**changed))
    portal.expire_tokens()
    portal.make_enterprise()
    return portal


def test_a_worker_asks_for_the_plan_and_thereby_renews_the_portals_own_pair(home: House) -> None:
    """By itself: the chore is among those that a worker begins with."""
    portal, before = (made := idle_portal(home)), own_pair(home, made)
    home.services.jobs.start()
    until(lambda: record(home, portal).license_family == "ent")
    home.services.jobs.stop()
    after = own_pair(home, portal)
    assert after.refresh_token != before.refresh_token
    assert list(home.world.oauth.renewals.values()) == [1]
    assert tokens_of(home).idle_own(timedelta(days=30), used_within=timedelta(days=150)) == []


def test_a_portal_that_fails_is_logged_and_the_others_have_their_turn(home: House) -> None:
    refused, blocked, well = (idle_portal(home, days) for days in (50, 40, 31))
    for pair in home.world.tokens.pairs(refused.member_id):
        home.world.tokens.spend(pair.refresh_token)
    blocked.faults.always(Fault.error("OVERLOAD_LIMIT"))
    with capture_logs() as logs:
        maintenance(home).run()
    failed = [(line["portal_id"], line["code"]) for line in logs if line["event"] == "portal_not_asked"]
    assert failed == [(record(home, refused).id, "invalid_grant"), (record(home, blocked).id, "overload_limit")]
    assert [record(home, each).license_family for each in (refused, blocked, well)] == ["std", "std", "ent"]


def test_two_at_once_spend_a_refresh_token_once(home: House) -> None:
    portal = idle_portal(home)
    home.world.oauth.delay = 0.3
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(maintenance(home).run) for _ in range(2)]:
            done.result()
    home.world.oauth.delay = 0.0
    assert list(home.world.oauth.renewals.values()) == [1]
    assert record(home, portal).license_family == "ent"


def test_a_portal_that_was_asked_lately_is_left_alone(home: House) -> None:
    portal = idle_portal(home, days=29)
    portal.reset_counters()
    maintenance(home).run()
    assert len(portal.calls) == 0


def test_pairs_that_have_lapsed_are_forgotten(home: House) -> None:
    portal = idle_portal(home, days=181)
    maintenance(home).run()
    portal_id = record(home, portal).id
    assert tokens_of(home).read(PairKey(portal_id, portal.admin.id, INSTALL)) is None
    assert tokens_of(home).read(PairKey(portal_id, portal.accountant.id)) is None

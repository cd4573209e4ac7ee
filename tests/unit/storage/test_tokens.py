"""Users' pairs: stored encrypted, read back, forgotten, leased to one renewer at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bitrix_app.errors import InvalidGrantError
from bitrix_app.storage import (
    INSTALL,
    USER,
    Cipher,
    Database,
    PairKey,
    PortalRecord,
    Portals,
    RenewalLease,
    ReportLeases,
    TokenPair,
    UserTokens,
)
from tests.seed import ADMINISTRATOR, ALICE, BOB, install_portal, queue_report
from tests.unit.storage.processes import at_once, lease_alices_pair

SPENT = TokenPair("spent access", "spent refresh", 1_700_000_000)
FRESH = TokenPair("fresh access", "fresh refresh", 4_000_000_000)
LAUNCHED = TokenPair("launch's access", "launch's refresh", 4_000_000_000)


@pytest.fixture
def portal(db: Database, cipher: Cipher) -> PortalRecord:
    return install_portal(db, cipher)


@pytest.fixture
def tokens(db: Database, cipher: Cipher, portal: PortalRecord) -> UserTokens:
    made = UserTokens(db, cipher)
    made.save(portal.id, ALICE, SPENT)
    return made


def leased(tokens: UserTokens, key: PairKey, spent: str = "spent access") -> RenewalLease:
    lease = tokens.lease(key, spent)
    assert isinstance(lease, RenewalLease)
    return lease


@pytest.fixture
def alice(portal: PortalRecord) -> PairKey:
    return PairKey(portal.id, ALICE)


def test_a_pair_comes_back_as_it_was_saved(tokens: UserTokens, portal: PortalRecord) -> None:
    assert tokens.read(PairKey(portal.id, ALICE)) == SPENT
    assert tokens.read(PairKey(portal.id, BOB)) is None


def test_a_pair_does_not_show_its_tokens() -> None:
    assert "spent" not in repr(SPENT)


def test_a_pair_without_a_refresh_token_keeps_the_stored_one(tokens: UserTokens, portal: PortalRecord) -> None:
    tokens.save(portal.id, ALICE, TokenPair("newer", None, 5))
    assert tokens.read(PairKey(portal.id, ALICE)) == TokenPair("newer", "spent refresh", 5)


def test_a_launch_by_the_installing_administrator_leaves_the_portals_own_pair_alone(
    tokens: UserTokens, portal: PortalRecord
) -> None:
    before = tokens.read(PairKey(portal.id, ADMINISTRATOR, INSTALL))
    tokens.save(portal.id, ADMINISTRATOR, FRESH)
    assert tokens.read(PairKey(portal.id, ADMINISTRATOR, INSTALL)) == before


def test_a_pair_that_no_key_opens_is_no_pair(db: Database, tokens: UserTokens, portal: PortalRecord) -> None:
    strangers = UserTokens(db, Cipher(["another key"]))
    assert strangers.read(PairKey(portal.id, ALICE)) is None
    assert strangers.read(PairKey(portal.id, ADMINISTRATOR, INSTALL)) is None
    with pytest.raises(InvalidGrantError):
        strangers.lease(PairKey(portal.id, ALICE), "spent access")


MONTH, HALF_A_YEAR = timedelta(days=30), timedelta(days=180)


def test_own_pairs_of_portals_in_use_are_found_when_they_have_lain_idle(database_url: str, cipher: Cipher) -> None:
    """Not those of users, nor of portals that build no reports, have removed the app, or have a spent refresh token."""
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    tokens = UserTokens(db, cipher)
    names = ("used", "unused", "removed", "refused")
    used, _, removed, refused = (install_portal(db, cipher, name) for name in names)
    for portal in (used, removed, refused):
        tokens.save(portal.id, ALICE, SPENT)
        queue_report(db, portal)
        assert ReportLeases(db).claim("w", 30) is not None
    Portals(db, cipher).uninstall("removed")
    lease = leased(tokens, PairKey(refused.id, ADMINISTRATOR, INSTALL), "installer's access token of refused")
    with pytest.raises(InvalidGrantError):
        tokens.refuse(lease)
    found = []
    for days in (29, 2, 120):
        now[0] += timedelta(days=days)
        found.append(tokens.idle_own(MONTH, used_within=timedelta(days=150)))
    assert found == [[], [PairKey(used.id, ADMINISTRATOR, "install")], []]
    db.close()


def test_pairs_that_have_lapsed_are_forgotten(database_url: str, cipher: Cipher) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    tokens, portal = UserTokens(db, cipher), install_portal(db, cipher)
    tokens.save(portal.id, ALICE, SPENT)
    now[0] += timedelta(days=100)
    tokens.save(portal.id, BOB, FRESH)
    now[0] += timedelta(days=79)
    assert tokens.forget_lapsed(HALF_A_YEAR) == 0
    now[0] += timedelta(days=2)
    assert tokens.forget_lapsed(HALF_A_YEAR) == 2
    assert tokens.read(PairKey(portal.id, ALICE)) is None
    assert tokens.read(PairKey(portal.id, ADMINISTRATOR, INSTALL)) is None
    assert tokens.read(PairKey(portal.id, BOB)) == FRESH
    db.close()


# --- renewal ------------------------------------------------------------------------------------------------------


def test_a_lease_tells_the_refresh_token_and_the_renewed_pair_is_stored(tokens: UserTokens, alice: PairKey) -> None:
    lease = leased(tokens, alice)
    assert (lease.access_token, lease.refresh_token) == ("spent access", "spent refresh")
    assert tokens.store(lease, FRESH) == FRESH
    assert tokens.read(alice) == FRESH


def test_a_lease_does_not_show_its_tokens(tokens: UserTokens, alice: PairKey) -> None:
    assert "spent" not in repr(leased(tokens, alice))


def test_a_stored_pair_that_has_lapsed_meanwhile_is_renewed_in_its_turn(tokens: UserTokens, alice: PairKey) -> None:
    """A report that paused for long may find a newer pair than its own that is no good any more either."""
    tokens.save(alice.portal_id, ALICE, TokenPair("lapsed access", "unspent refresh", 1_700_003_600))
    lease = leased(tokens, alice)
    assert lease.refresh_token == "unspent refresh"
    assert tokens.store(lease, FRESH) == FRESH


def test_a_pair_that_somebody_else_has_renewed_is_taken(tokens: UserTokens, alice: PairKey) -> None:
    tokens.save(alice.portal_id, ALICE, FRESH)
    assert tokens.lease(alice, "spent access") == FRESH


def test_of_threads_that_renew_at_once_one_gets_the_lease(tokens: UserTokens, alice: PairKey) -> None:
    together = threading.Barrier(4, timeout=60)

    def one(_number: int) -> TokenPair | RenewalLease | None:
        together.wait()
        return tokens.lease(alice, "spent access")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(4)))
    assert sorted(type(each).__name__ for each in found) == ["NoneType"] * 3 + ["RenewalLease"]


def test_of_processes_that_renew_at_once_one_gets_the_lease(
    database_url: str, tokens: UserTokens, alice: PairKey
) -> None:
    calls = [(database_url, alice.portal_id)] * 3
    assert sorted(at_once(lease_alices_pair, *calls)) == ["", "", "spent refresh"]


def test_a_refused_refresh_token_is_never_leased_again(tokens: UserTokens, alice: PairKey) -> None:
    with pytest.raises(InvalidGrantError):
        tokens.refuse(leased(tokens, alice))
    with pytest.raises(InvalidGrantError):
        tokens.lease(alice, "spent access")


def renewed(tokens: UserTokens, lease: RenewalLease) -> TokenPair:
    return tokens.store(lease, FRESH)


@pytest.mark.parametrize("answer", [renewed, UserTokens.refuse])
def test_a_launch_during_a_renewal_wins(
    tokens: UserTokens, alice: PairKey, answer: Callable[[UserTokens, RenewalLease], TokenPair]
) -> None:
    lease = leased(tokens, alice)
    tokens.save(alice.portal_id, ALICE, LAUNCHED)
    assert answer(tokens, lease) == LAUNCHED
    assert tokens.read(alice) == LAUNCHED


def test_a_launch_that_brings_the_same_refresh_token_does_not_lose_the_renewed_pair(
    tokens: UserTokens, alice: PairKey
) -> None:
    lease = leased(tokens, alice)
    tokens.save(alice.portal_id, ALICE, TokenPair("launch's access", "spent refresh", None))
    assert tokens.store(lease, FRESH) == FRESH
    assert tokens.read(alice) == FRESH


def test_tokens_that_were_removed_during_a_renewal_do_not_come_back(
    db: Database, cipher: Cipher, tokens: UserTokens, alice: PairKey
) -> None:
    lease = leased(tokens, alice)
    Portals(db, cipher).uninstall("romashka")
    with pytest.raises(InvalidGrantError):
        tokens.store(lease, FRESH)
    assert tokens.read(alice) is None


def test_a_released_pair_may_be_leased_at_once(tokens: UserTokens, alice: PairKey) -> None:
    tokens.release(leased(tokens, alice))
    tokens.release(leased(tokens, alice))


def test_a_renewer_that_died_holds_the_others_up_for_a_minute_only(
    database_url: str, cipher: Cipher, alice: PairKey
) -> None:
    """And what it says when it comes back changes nothing: the lease is another's, the pair newer."""
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    tokens = UserTokens(db, cipher)
    tokens.save(alice.portal_id, ALICE, SPENT)
    dead = leased(tokens, alice)
    now[0] += timedelta(seconds=59)
    assert tokens.lease(alice, "spent access") is None
    now[0] += timedelta(seconds=1)
    living = leased(tokens, alice)
    tokens.release(dead)
    assert tokens.lease(alice, "spent access") is None
    assert tokens.store(living, FRESH) == FRESH
    assert tokens.store(dead, LAUNCHED) == FRESH
    db.close()


def test_without_a_stored_pair_there_is_nothing_to_renew(tokens: UserTokens, portal: PortalRecord) -> None:
    with pytest.raises(InvalidGrantError):
        tokens.lease(PairKey(portal.id, BOB), "spent access")


# --- an administrator's pair that came by install and launch alike ---------------------------------------------------


@pytest.fixture
def twins(tokens: UserTokens, portal: PortalRecord) -> list[PairKey]:
    """The keys of both: the pair is renewed in both places, and counts as one."""
    keys = [PairKey(portal.id, ADMINISTRATOR, kind) for kind in (INSTALL, USER)]
    for key in keys:
        tokens.save(key.portal_id, key.user_id, SPENT, key.kind)
    return keys


@pytest.mark.parametrize("one", [0, 1])
def test_a_shared_pair_is_renewed_in_both_places(tokens: UserTokens, twins: list[PairKey], one: int) -> None:
    lease = leased(tokens, twins[one])
    assert tokens.lease(twins[1 - one], "spent access") is None
    tokens.store(lease, FRESH)
    assert [tokens.read(key) for key in twins] == [FRESH, FRESH]


def test_a_shared_refresh_token_that_is_refused_is_dropped_in_both_places(
    tokens: UserTokens, twins: list[PairKey]
) -> None:
    with pytest.raises(InvalidGrantError):
        tokens.refuse(leased(tokens, twins[0]))
    for key in twins:
        with pytest.raises(InvalidGrantError):
            tokens.lease(key, "spent access")


def test_an_administrators_pairs_of_different_tokens_are_renewed_each_on_its_own(
    tokens: UserTokens, twins: list[PairKey]
) -> None:
    tokens.save(twins[1].portal_id, ADMINISTRATOR, LAUNCHED)
    own, users = leased(tokens, twins[0]), leased(tokens, twins[1], LAUNCHED.access_token)
    tokens.store(own, FRESH)
    assert [tokens.read(key) for key in twins] == [FRESH, LAUNCHED]
    with pytest.raises(InvalidGrantError):
        tokens.refuse(users)
    assert leased(tokens, twins[0], FRESH.access_token).refresh_token == FRESH.refresh_token

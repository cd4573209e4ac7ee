"""Users' pairs: stored encrypted, read back, forgotten, renewed by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bitrix_app.errors import AuthorizationServerUnavailableError, InvalidGrantError, ReportCancelledError
from bitrix_app.storage import (
    Cipher,
    Database,
    PairKey,
    PortalRecord,
    Portals,
    ReportLeases,
    TokenPair,
    UserTokens,
)
from tests.seed import ADMINISTRATOR, ALICE, BOB, ENDPOINT, install_portal, queue_report
from tests.unit.storage.processes import at_once, renew

SPENT = TokenPair("spent access", "spent refresh", 1_700_000_000, ENDPOINT)
FRESH = TokenPair("fresh access", "fresh refresh", 4_000_000_000, ENDPOINT)
LAUNCHED = TokenPair("launch's access", "launch's refresh", 4_000_000_000, ENDPOINT)


@pytest.fixture
def portal(db: Database, cipher: Cipher) -> PortalRecord:
    return install_portal(db, cipher)


@pytest.fixture
def tokens(db: Database, cipher: Cipher, portal: PortalRecord) -> UserTokens:
    made = UserTokens(db, cipher)
    made.save(portal.id, ALICE, SPENT)
    return made


def never(_seconds: float) -> None:
    raise AssertionError("nobody else is renewing: there is nothing to wait for")


def fresh(_refresh_token: str) -> TokenPair:
    return FRESH


def refuse(_refresh_token: str) -> TokenPair:
    raise InvalidGrantError


def unasked(_refresh_token: str) -> TokenPair:
    raise AssertionError("the authorization server must not be asked")


def test_a_pair_comes_back_as_it_was_saved(tokens: UserTokens, portal: PortalRecord) -> None:
    assert tokens.read(portal.id, ALICE) == SPENT
    assert tokens.read(portal.id, BOB) is None


def test_a_pair_does_not_show_its_tokens() -> None:
    assert "spent" not in repr(SPENT)


def test_a_pair_without_a_refresh_token_keeps_the_stored_one(tokens: UserTokens, portal: PortalRecord) -> None:
    tokens.save(portal.id, ALICE, TokenPair("newer", None, 5, ENDPOINT))
    assert tokens.read(portal.id, ALICE) == TokenPair("newer", "spent refresh", 5, ENDPOINT)


def test_a_launch_by_the_installing_administrator_leaves_the_portals_own_pair_alone(
    tokens: UserTokens, portal: PortalRecord
) -> None:
    before = tokens.installed(portal.id)
    tokens.save(portal.id, ADMINISTRATOR, FRESH)
    assert tokens.installed(portal.id) == before


def test_a_forgotten_pair_is_gone_and_forgetting_is_harmless(tokens: UserTokens, portal: PortalRecord) -> None:
    tokens.forget(portal.id, ALICE)
    tokens.forget(portal.id, ALICE)
    assert tokens.read(portal.id, ALICE) is None


def test_a_pair_that_no_key_opens_is_no_pair(db: Database, tokens: UserTokens, portal: PortalRecord) -> None:
    strangers = UserTokens(db, Cipher(["another key"]))
    assert strangers.read(portal.id, ALICE) is None
    assert strangers.installed(portal.id) is None
    with pytest.raises(InvalidGrantError):
        strangers.renew(portal.id, ALICE, "spent access", unasked, never)


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
    with pytest.raises(InvalidGrantError):
        tokens.renew(refused.id, ADMINISTRATOR, "installer's access token of refused", refuse, never, kind="install")
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
    assert (tokens.read(portal.id, ALICE), tokens.installed(portal.id)) == (None, None)
    assert tokens.read(portal.id, BOB) == FRESH
    db.close()


# --- renewal ------------------------------------------------------------------------------------------------------


def test_a_renewal_shows_the_stored_refresh_token_and_stores_the_new_pair(
    tokens: UserTokens, portal: PortalRecord
) -> None:
    shown: list[str] = []

    def ask(refresh_token: str) -> TokenPair:
        shown.append(refresh_token)
        return FRESH

    assert tokens.renew(portal.id, ALICE, "spent access", ask, never) == FRESH
    assert tokens.read(portal.id, ALICE) == FRESH
    assert shown == ["spent refresh"]


def test_a_stored_pair_that_has_lapsed_meanwhile_is_renewed_in_its_turn(
    tokens: UserTokens, portal: PortalRecord
) -> None:
    """A report that rested for long may find a newer pair than its own that is no good any more either."""
    tokens.save(portal.id, ALICE, TokenPair("lapsed access", "unspent refresh", 1_700_003_600, ENDPOINT))
    shown: list[str] = []

    def ask(refresh_token: str) -> TokenPair:
        shown.append(refresh_token)
        return FRESH

    assert tokens.renew(portal.id, ALICE, "spent access", ask, never) == FRESH
    assert tokens.read(portal.id, ALICE) == FRESH
    assert shown == ["unspent refresh"]


def test_a_pair_that_somebody_else_has_renewed_is_taken_without_asking(
    tokens: UserTokens, portal: PortalRecord
) -> None:
    tokens.save(portal.id, ALICE, FRESH)
    assert tokens.renew(portal.id, ALICE, "spent access", unasked, never) == FRESH


def test_threads_that_renew_at_once_spend_one_refresh_token(tokens: UserTokens, portal: PortalRecord) -> None:
    shown: list[str] = []
    somebody_waits, together = threading.Event(), threading.Barrier(4, timeout=10)

    def ask(refresh_token: str) -> TokenPair:
        shown.append(refresh_token)
        assert somebody_waits.wait(10)
        return FRESH

    def wait(seconds: float) -> None:
        somebody_waits.set()
        threading.Event().wait(seconds)

    def one(_number: int) -> TokenPair:
        together.wait()
        return tokens.renew(portal.id, ALICE, "spent access", ask, wait)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [FRESH] * 4
    assert shown == ["spent refresh"]


def test_processes_that_renew_at_once_spend_one_refresh_token(
    database_url: str, tokens: UserTokens, portal: PortalRecord, tmp_path: Path
) -> None:
    spent_log = str(tmp_path / "spent")
    assert at_once(renew, *[(database_url, portal.id, spent_log)] * 3) == ["fresh access"] * 3
    assert Path(spent_log).read_text().split("\n") == ["spent refresh", ""]


def test_no_transaction_is_open_while_the_authorization_server_is_asked(
    tokens: UserTokens, portal: PortalRecord
) -> None:
    def ask(_refresh_token: str) -> TokenPair:
        tokens.save(portal.id, BOB, FRESH)  # would wait for ever behind an open transaction on SQLite
        return FRESH

    assert tokens.renew(portal.id, ALICE, "spent access", ask, never) == FRESH


def test_a_refused_refresh_token_is_never_shown_again(tokens: UserTokens, portal: PortalRecord) -> None:
    with pytest.raises(InvalidGrantError):
        tokens.renew(portal.id, ALICE, "spent access", refuse, never)
    with pytest.raises(InvalidGrantError):
        tokens.renew(portal.id, ALICE, "spent access", unasked, never)


@pytest.mark.parametrize("answer", [fresh, refuse])
def test_a_launch_during_a_renewal_wins(
    tokens: UserTokens, portal: PortalRecord, answer: Callable[[str], TokenPair]
) -> None:
    def ask(refresh_token: str) -> TokenPair:
        tokens.save(portal.id, ALICE, LAUNCHED)
        return answer(refresh_token)

    assert tokens.renew(portal.id, ALICE, "spent access", ask, never) == LAUNCHED
    assert tokens.read(portal.id, ALICE) == LAUNCHED


def test_a_launch_that_brings_the_same_refresh_token_does_not_lose_the_renewed_pair(
    tokens: UserTokens, portal: PortalRecord
) -> None:
    def ask(_refresh_token: str) -> TokenPair:
        tokens.save(portal.id, ALICE, TokenPair("launch's access", "spent refresh", None, ENDPOINT))
        return FRESH

    assert tokens.renew(portal.id, ALICE, "spent access", ask, never) == FRESH
    assert tokens.read(portal.id, ALICE) == FRESH


def test_tokens_that_were_removed_during_a_renewal_do_not_come_back(
    db: Database, cipher: Cipher, tokens: UserTokens, portal: PortalRecord
) -> None:
    def ask(_refresh_token: str) -> TokenPair:
        Portals(db, cipher).uninstall("romashka")
        return FRESH

    with pytest.raises(InvalidGrantError):
        tokens.renew(portal.id, ALICE, "spent access", ask, never)
    assert tokens.read(portal.id, ALICE) is None


def test_after_a_failed_try_the_next_one_may_ask_at_once(tokens: UserTokens, portal: PortalRecord) -> None:
    def unavailable(_refresh_token: str) -> TokenPair:
        raise AuthorizationServerUnavailableError

    with pytest.raises(AuthorizationServerUnavailableError):
        tokens.renew(portal.id, ALICE, "spent access", unavailable, never)
    assert tokens.renew(portal.id, ALICE, "spent access", fresh, never) == FRESH


def test_a_renewer_that_died_holds_the_others_up_for_a_minute_only(
    database_url: str, cipher: Cipher, portal: PortalRecord
) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    tokens = UserTokens(db, cipher)
    tokens.save(portal.id, ALICE, SPENT)

    def killed(_refresh_token: str) -> TokenPair:
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            now[0] += timedelta(seconds=seconds)

        assert tokens.renew(portal.id, ALICE, "spent access", fresh, wait) == FRESH
        assert 59 <= sum(waits) <= 61
        return LAUNCHED  # what the late one got is worth nothing any more

    assert tokens.renew(portal.id, ALICE, "spent access", killed, never) == FRESH
    db.close()


def test_a_cancel_is_heard_while_waiting_for_somebody_elses_renewal(tokens: UserTokens, portal: PortalRecord) -> None:
    def cancelled(_seconds: float) -> None:
        raise ReportCancelledError

    def ask(_refresh_token: str) -> TokenPair:
        with pytest.raises(ReportCancelledError):
            tokens.renew(portal.id, ALICE, "spent access", unasked, cancelled)
        return FRESH

    assert tokens.renew(portal.id, ALICE, "spent access", ask, never) == FRESH


def test_a_pair_that_came_by_install_and_launch_alike_is_renewed_in_both_places(
    tokens: UserTokens, portal: PortalRecord
) -> None:
    own = tokens.installed(portal.id)
    assert own is not None
    tokens.save(portal.id, ADMINISTRATOR, own[1])
    assert tokens.renew(portal.id, ADMINISTRATOR, own[1].access_token, fresh, never) == FRESH
    assert tokens.installed(portal.id) == (ADMINISTRATOR, FRESH)


def test_without_a_stored_pair_there_is_nothing_to_renew(tokens: UserTokens, portal: PortalRecord) -> None:
    with pytest.raises(InvalidGrantError):
        tokens.renew(portal.id, BOB, "spent access", unasked, never)

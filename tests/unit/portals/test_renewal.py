"""A user's tokens: renewed once, stored before use, never another's, sent to the confirmed address alone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event

from bitrix_app.bitrix24 import AccessToken, RenewedPair, TokenOwner
from bitrix_app.errors import (
    AuthorizationServerUnavailableError,
    ForeignTokenError,
    InvalidGrantError,
    PortalMovedError,
    ReportCancelledError,
)
from bitrix_app.portals import PortalTokens
from bitrix_app.portals.identity import GivenToken
from bitrix_app.storage import INSTALL, USER, Cipher, Database, PairKey, PortalRecord, Portals, TokenPair, UserTokens
from tests.seed import ADMINISTRATOR, ALICE, ENDPOINT, install_portal

MOVED = "https://roza.bitrix24.ru/rest/"


@dataclass
class FakeServer:
    """An authorization server that renews anything, and says where a token's portal lives now."""

    member_id: str = "romashka"
    user_id: int = ALICE
    endpoint: str = ENDPOINT
    foreign: set[str] = field(default_factory=set)
    renewed: list[str] = field(default_factory=list)

    def confirm(self, access_token: str, told: str = "", remembered: str | None = None) -> TokenOwner:
        if access_token in self.foreign:
            raise ForeignTokenError
        return TokenOwner(self.member_id, self.endpoint, "roza.bitrix24.ru", self.user_id, frozenset({"crm"}), None)

    def renew(self, refresh_token: str, remembered: str | None = None) -> RenewedPair:
        self.renewed.append(refresh_token)
        number = len(self.renewed) + 1
        return RenewedPair(
            f"access-{number}", f"refresh-{number}", 4_000_000_000, self.member_id, self.user_id, self.endpoint
        )


@dataclass
class SlowServer(FakeServer):
    """Answers a renewal only when somebody else wants one too."""

    somebody_else: threading.Event = field(default_factory=threading.Event)

    def renew(self, refresh_token: str, remembered: str | None = None) -> RenewedPair:
        pair = super().renew(refresh_token)
        if len(self.renewed) == 2:
            self.somebody_else.set()
        assert self.somebody_else.wait(60)
        return pair

    def wait(self, _seconds: float) -> None:
        self.somebody_else.set()
        threading.Event().wait(0.01)


def a_moment() -> None:
    threading.Event().wait(0.05)


def nobody_else(_seconds: float) -> None:
    raise AssertionError("nobody else is renewing: there is nothing to wait for")


@dataclass
class Renewals:
    """A portal, Alice's stored pair, an authorization server."""

    portal: PortalRecord
    portals: Portals
    stored: UserTokens
    server: FakeServer = field(default_factory=FakeServer)

    def tokens(self, wait: Callable[[float], None] | None = None) -> PortalTokens:
        return PortalTokens(
            portal=self.portal,
            user_id=ALICE,
            tokens=self.stored,
            portals=self.portals,
            authorization_server=self.server,
            wait=wait or nobody_else,
        )


@pytest.fixture
def renewals(db: Database, cipher: Cipher) -> Renewals:
    portal = install_portal(db, cipher)
    stored = UserTokens(db, cipher)
    stored.save(portal.id, ALICE, TokenPair("access-1", "refresh-1", None))
    return Renewals(portal, Portals(db, cipher), stored)


def test_the_stored_token_goes_to_the_portals_confirmed_address(renewals: Renewals) -> None:
    assert renewals.tokens().current() == AccessToken("access-1", ENDPOINT)


def test_without_a_stored_pair_there_is_no_token(renewals: Renewals) -> None:
    renewals.portals.uninstall(renewals.portal.member_id)
    with pytest.raises(InvalidGrantError):
        renewals.tokens().current()


def test_a_new_pair_is_stored_before_it_is_used(renewals: Renewals) -> None:
    tokens = renewals.tokens()
    fresh = tokens.renew(tokens.current())
    pair = renewals.stored.read(PairKey(renewals.portal.id, ALICE))
    assert pair is not None
    assert (fresh.value, pair.access_token, pair.refresh_token) == ("access-2", "access-2", "refresh-2")
    assert tokens.current() == fresh


def test_somebody_elses_fresh_pair_is_taken_without_asking(renewals: Renewals) -> None:
    first, second = renewals.tokens(), renewals.tokens()
    spent = first.current()
    second.current()
    assert first.renew(spent) == second.renew(spent)
    assert renewals.server.renewed == ["refresh-1"]


@pytest.mark.parametrize("change", [{"member_id": "another"}, {"user_id": 999}], ids=["portal", "user"])
def test_a_refresh_token_of_somebody_else_gives_nothing(renewals: Renewals, change: dict[str, object]) -> None:
    """A planted refresh token would let one user act as another."""
    renewals.server = FakeServer(**change)  # type: ignore[arg-type]  # a table of fields
    tokens = renewals.tokens()
    with pytest.raises(InvalidGrantError):
        tokens.renew(tokens.current())
    pair = renewals.stored.read(PairKey(renewals.portal.id, ALICE))
    assert pair is None or pair.access_token == "access-1"


def test_a_moved_portal_is_found_where_the_authorization_server_says(renewals: Renewals) -> None:
    renewals.server.endpoint = MOVED
    tokens = renewals.tokens()
    assert tokens.moved(tokens.current()) == AccessToken("access-1", MOVED)
    assert tokens.current().client_endpoint == MOVED
    record = renewals.portals.by_id(renewals.portal.id)
    assert record is not None
    assert (record.client_endpoint, record.domain) == (MOVED, "roza.bitrix24.ru")


def test_a_moved_portal_with_an_expired_token_is_found_too(renewals: Renewals) -> None:
    renewals.server.endpoint = MOVED
    renewals.server.foreign = {"access-1"}
    tokens = renewals.tokens()
    assert tokens.moved(tokens.current()) == AccessToken("access-2", MOVED)


def test_a_second_thread_takes_the_address_that_the_first_has_found(renewals: Renewals) -> None:
    renewals.server.endpoint = MOVED
    tokens = renewals.tokens()
    spent = tokens.current()
    tokens.moved(spent)
    renewals.server.foreign = {"access-1"}
    assert tokens.moved(spent) == AccessToken("access-1", MOVED)


@pytest.mark.parametrize("change", [{}, {"endpoint": MOVED, "member_id": "another"}], ids=["same", "another portal"])
def test_a_redirect_without_a_new_confirmed_address_is_an_error(renewals: Renewals, change: dict[str, str]) -> None:
    renewals.server = FakeServer(**change)  # type: ignore[arg-type]  # a table of fields
    tokens = renewals.tokens()
    with pytest.raises(PortalMovedError):
        tokens.moved(tokens.current())
    record = renewals.portals.by_id(renewals.portal.id)
    assert record is not None
    assert record.client_endpoint == ENDPOINT


def test_a_token_that_came_with_a_request_is_neither_renewed_nor_moved() -> None:
    given = GivenToken(AccessToken("access", ENDPOINT))
    assert given.current().value == "access"
    with pytest.raises(InvalidGrantError):
        given.renew(given.current())
    with pytest.raises(PortalMovedError):
        given.moved(given.current())


@dataclass
class HookedServer(FakeServer):
    """Does something while it is asked for a renewal."""

    meanwhile: Callable[[], None] = lambda: None

    def renew(self, refresh_token: str, remembered: str | None = None) -> RenewedPair:
        self.meanwhile()
        return super().renew(refresh_token)


def test_clients_that_renew_at_once_spend_one_refresh_token(renewals: Renewals) -> None:
    renewals.server = server = SlowServer()
    together = threading.Barrier(4, timeout=60)

    def one(_number: int) -> str:
        tokens = renewals.tokens(server.wait)
        spent = tokens.current()
        together.wait()
        return tokens.renew(spent).value

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == ["access-2"] * 4
    assert server.renewed == ["refresh-1"]


def test_threads_of_one_report_stand_in_line_for_a_renewal(renewals: Renewals) -> None:
    """They neither look at the database again and again nor outlive the lease while the first one is answered."""
    renewals.server = HookedServer(meanwhile=a_moment)
    tokens = renewals.tokens(nobody_else)
    spent = tokens.current()
    together = threading.Barrier(4, timeout=60)

    def one(_number: int) -> str:
        together.wait()
        return tokens.renew(spent).value

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == ["access-2"] * 4
    assert renewals.server.renewed == ["refresh-1"]


def test_no_transaction_is_open_while_the_authorization_server_is_asked(renewals: Renewals) -> None:
    """Somebody else's launch would wait for ever behind it on SQLite."""
    launch = TokenPair("launch's", None, None)
    renewals.server = HookedServer(meanwhile=lambda: renewals.stored.save(renewals.portal.id, ADMINISTRATOR, launch))
    tokens = renewals.tokens()
    assert tokens.renew(tokens.current()).value == "access-2"


def test_a_renewal_whose_answer_failed_holds_nobody_up(renewals: Renewals) -> None:
    def fail() -> None:
        raise AuthorizationServerUnavailableError

    failing, tokens = HookedServer(meanwhile=fail), renewals.tokens()
    spent, renewals.server = tokens.current(), failing
    with pytest.raises(AuthorizationServerUnavailableError):
        renewals.tokens().renew(spent)
    assert tokens.renew(spent).value == "access-2"


def test_a_cancel_is_heard_while_somebody_else_renews(renewals: Renewals) -> None:
    def cancelled(_seconds: float) -> None:
        raise ReportCancelledError

    def try_too() -> None:
        with pytest.raises(ReportCancelledError):
            renewals.tokens(cancelled).renew(spent)

    renewals.server = HookedServer(meanwhile=try_too)
    tokens = renewals.tokens()
    spent = tokens.current()
    assert tokens.renew(spent).value == "access-2"


def test_a_refused_refresh_token_is_never_shown_again(renewals: Renewals) -> None:
    def refuse() -> None:
        raise InvalidGrantError

    renewals.server = HookedServer(meanwhile=refuse)
    spent = renewals.tokens().current()
    with pytest.raises(InvalidGrantError):
        renewals.tokens().renew(spent)
    renewals.server = FakeServer()
    with pytest.raises(InvalidGrantError):
        renewals.tokens().renew(spent)
    assert renewals.server.renewed == []


def test_two_renewals_of_one_administrator_spend_one_refresh_token_and_keep_the_fresh_pair(
    db: Database, cipher: Cipher
) -> None:
    """An install and a launch may bring one pair. Renewed by a page and by the portal's maintenance at once, it must
    neither be spent twice nor be lost in a deadlock of its two rows."""
    portal, stored = install_portal(db, cipher), UserTokens(db, cipher)
    pair = TokenPair("access-1", "refresh-1", None)
    stored.save(portal.id, ADMINISTRATOR, pair, INSTALL)
    stored.save(portal.id, ADMINISTRATOR, pair, USER)
    server = SlowServer(user_id=ADMINISTRATOR)
    both_hold_a_row = threading.Barrier(2)

    @event.listens_for(db.engine, "after_cursor_execute")
    def hold(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if len(server.renewed) == 2 and "FOR UPDATE" in statement:
            with contextlib.suppress(threading.BrokenBarrierError):
                both_hold_a_row.wait(2)

    def renewed(kind: str) -> str:
        tokens = PortalTokens(
            portal=portal,
            user_id=ADMINISTRATOR,
            tokens=stored,
            portals=Portals(db, cipher),
            authorization_server=server,
            wait=server.wait,
            kind=kind,
        )
        return tokens.renew(AccessToken("access-1", ENDPOINT)).value

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(renewed, (INSTALL, USER))) == ["access-2"] * 2
    assert server.renewed == ["refresh-1"]
    kept = [stored.read(PairKey(portal.id, ADMINISTRATOR, kind)) for kind in (INSTALL, USER)]
    assert [each.access_token for each in kept if each] == ["access-2"] * 2

"""A user's tokens: renewed once, stored before use, never another's, sent to the confirmed address alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bitrix_app.bitrix24 import AccessToken, RenewedPair, TokenOwner
from bitrix_app.errors import ForeignTokenError, InvalidGrantError, PortalMovedError
from bitrix_app.portals import PortalTokens
from bitrix_app.portals.renewal import GivenToken
from bitrix_app.storage import Cipher, Database, PortalRecord, Portals, TokenPair, UserTokens
from tests.seed import ALICE, ENDPOINT, install_portal

MOVED = "https://roza.bitrix24.ru/rest/"


@dataclass
class FakeServer:
    """An authorization server that renews anything, and says where a token's portal lives now."""

    member_id: str = "romashka"
    user_id: int = ALICE
    endpoint: str = ENDPOINT
    foreign: set[str] = field(default_factory=set)
    renewed: list[str] = field(default_factory=list)

    def confirm(self, access_token: str) -> TokenOwner:
        if access_token in self.foreign:
            raise ForeignTokenError
        return TokenOwner(self.member_id, self.endpoint, "roza.bitrix24.ru", self.user_id, frozenset({"crm"}), None)

    def renew(self, refresh_token: str) -> RenewedPair:
        self.renewed.append(refresh_token)
        number = len(self.renewed) + 1
        return RenewedPair(
            f"access-{number}", f"refresh-{number}", 1_800_000_000, self.member_id, self.user_id, self.endpoint
        )


@dataclass
class Scene:
    """A portal, Alice's stored pair, an authorization server."""

    portal: PortalRecord
    portals: Portals
    stored: UserTokens
    server: FakeServer = field(default_factory=FakeServer)

    def tokens(self) -> PortalTokens:
        return PortalTokens(
            portal=self.portal,
            user_id=ALICE,
            tokens=self.stored,
            portals=self.portals,
            authorization_server=self.server,
            wait=lambda seconds: None,
        )


@pytest.fixture
def scene(db: Database, cipher: Cipher) -> Scene:
    portal = install_portal(db, cipher)
    stored = UserTokens(db, cipher)
    stored.save(portal.id, ALICE, TokenPair("access-1", "refresh-1", None, ENDPOINT))
    return Scene(portal, Portals(db, cipher), stored)


def test_the_stored_token_goes_to_the_portals_confirmed_address(scene: Scene) -> None:
    assert scene.tokens().current() == AccessToken("access-1", ENDPOINT)


def test_without_a_stored_pair_there_is_no_token(scene: Scene) -> None:
    scene.stored.forget(scene.portal.id, ALICE)
    with pytest.raises(InvalidGrantError):
        scene.tokens().current()


def test_a_new_pair_is_stored_before_it_is_used(scene: Scene) -> None:
    tokens = scene.tokens()
    fresh = tokens.renew(tokens.current())
    pair = scene.stored.read(scene.portal.id, ALICE)
    assert pair is not None
    assert (fresh.value, pair.access_token, pair.refresh_token) == ("access-2", "access-2", "refresh-2")
    assert tokens.current() == fresh


def test_somebody_elses_fresh_pair_is_taken_without_asking(scene: Scene) -> None:
    first, second = scene.tokens(), scene.tokens()
    spent = first.current()
    second.current()
    assert first.renew(spent) == second.renew(spent)
    assert scene.server.renewed == ["refresh-1"]


@pytest.mark.parametrize("change", [{"member_id": "another"}, {"user_id": 999}], ids=["portal", "user"])
def test_a_refresh_token_of_somebody_else_gives_nothing(scene: Scene, change: dict[str, object]) -> None:
    """A planted refresh token would let one user act as another."""
    scene.server = FakeServer(**change)  # type: ignore[arg-type]  # a table of fields
    tokens = scene.tokens()
    with pytest.raises(InvalidGrantError):
        tokens.renew(tokens.current())
    pair = scene.stored.read(scene.portal.id, ALICE)
    assert pair is None or pair.access_token == "access-1"


def test_a_moved_portal_is_found_where_the_authorization_server_says(scene: Scene) -> None:
    scene.server.endpoint = MOVED
    tokens = scene.tokens()
    assert tokens.moved(tokens.current()) == AccessToken("access-1", MOVED)
    assert tokens.current().client_endpoint == MOVED
    record = scene.portals.by_id(scene.portal.id)
    assert record is not None
    assert (record.client_endpoint, record.domain) == (MOVED, "roza.bitrix24.ru")


def test_a_moved_portal_with_an_expired_token_is_found_too(scene: Scene) -> None:
    scene.server.endpoint = MOVED
    scene.server.foreign = {"access-1"}
    tokens = scene.tokens()
    assert tokens.moved(tokens.current()) == AccessToken("access-2", MOVED)


def test_a_second_thread_takes_the_address_that_the_first_has_found(scene: Scene) -> None:
    scene.server.endpoint = MOVED
    tokens = scene.tokens()
    spent = tokens.current()
    tokens.moved(spent)
    scene.server.foreign = {"access-1"}
    assert tokens.moved(spent) == AccessToken("access-1", MOVED)


@pytest.mark.parametrize("change", [{}, {"endpoint": MOVED, "member_id": "another"}], ids=["same", "another portal"])
def test_a_redirect_without_a_new_confirmed_address_is_an_error(scene: Scene, change: dict[str, str]) -> None:
    scene.server = FakeServer(**change)  # type: ignore[arg-type]  # a table of fields
    tokens = scene.tokens()
    with pytest.raises(PortalMovedError):
        tokens.moved(tokens.current())
    record = scene.portals.by_id(scene.portal.id)
    assert record is not None
    assert record.client_endpoint == ENDPOINT


def test_a_token_that_came_with_a_request_is_neither_renewed_nor_moved() -> None:
    given = GivenToken(AccessToken("access", ENDPOINT))
    assert given.current().value == "access"
    with pytest.raises(InvalidGrantError):
        given.renew(given.current())
    with pytest.raises(PortalMovedError):
        given.moved(given.current())

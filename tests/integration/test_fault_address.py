"""A portal that redirects: tokens go to the address that the authorization server confirms, and nowhere else."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from demo_portal import Fault, Portal, a_row
from demo_portal.server.http import Reply, Request
from tests.integration.workshop import Ended, Process, Workshop

INVOICES = 120
METHODS = ("crm.category.list", "crm.item.list", "crm.requisite.link.list", "crm.item.productrow.list", "user.get")


@pytest.fixture
def portal(shop: Workshop) -> Portal:
    portal = shop.portal()
    for n in range(1, INVOICES + 1):
        portal.crm.add_invoice(number=str(n), date="2026-02-01", rows=[a_row(price=n)])
    return portal


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """Somebody who waits for our tokens at the address that a redirect names."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def is_whole(ended: Ended) -> bool:
    assert ended.outcome == "done"
    return sorted(map(int, ended.numbers)) == list(range(1, INVOICES + 1))


def count_at_old_address(portal: Portal) -> list[str]:
    """Requests that still come to the address that the portal has left."""
    old, seen = portal._moved_from[-1], list[str]()

    def redirect(request: Request) -> Reply:
        seen.append(request.path)
        return Reply(302, headers={"Location": f"{portal.url}{request.path}"})

    old.reply_with(redirect)
    return seen


@pytest.mark.parametrize("method", ["crm.category.list", "crm.item.list"])
def test_a_report_goes_on_at_the_confirmed_new_address(
    shop: Workshop, process: Process, portal: Portal, method: str
) -> None:
    """The portal moves while it is read: calls under way are repeated at the new address, which is kept."""
    old: list[list[str]] = []

    def move() -> None:
        portal.move()
        old.append(count_at_old_address(portal))

    portal.faults.before(1, move, method=method)
    asked = shop.world.oauth.calls["app.info"]
    assert is_whole(shop.build(process, portal))
    assert 1 <= len(old[0]) <= 5  # at most the calls that were in flight
    assert 1 <= shop.world.oauth.calls["app.info"] - asked <= 5
    assert shop.record(portal).client_endpoint == portal.client_endpoint

    old[0].clear()
    assert is_whole(shop.build(process, portal))
    assert old[0] == []


def test_a_move_and_an_expired_token_at_once(shop: Workshop, process: Process, portal: Portal) -> None:
    """The authorization server confirms no expired token: the pair is renewed first, then the address asked."""

    def both() -> None:
        portal.move()
        portal.expire_tokens()

    portal.faults.before(2, both, method="crm.item.list")
    assert is_whole(shop.build(process, portal))


@pytest.mark.parametrize(("method", "status"), list(zip(METHODS, (301, 302, 303, 307, 308), strict=True)))
def test_a_redirect_to_a_stranger_ends_the_report_and_nobody_calls_there(
    shop: Workshop, portal: Portal, stranger: socket.socket, method: str, status: int
) -> None:
    """Where the authorization server knows no other address, the token goes nowhere, and nothing is asked again."""
    where = f"http://127.0.0.1:{stranger.getsockname()[1]}/rest/{method}"
    portal.faults.at(1, Fault.redirect(where, status), method=method)
    assert shop.build(shop.process(), portal).outcome == "portal_moved"
    assert len(portal.faults.fired) == 1
    with pytest.raises(BlockingIOError):
        stranger.accept()
    assert shop.record(portal).client_endpoint == portal.client_endpoint


def test_an_authorization_server_that_does_not_answer_confirms_nothing(
    shop: Workshop, process: Process, portal: Portal, stranger: socket.socket
) -> None:
    """Better no report than a token at an address that nobody has confirmed."""
    where = f"http://127.0.0.1:{stranger.getsockname()[1]}/rest/"
    portal.faults.always(Fault.redirect(where), method="crm.item.list")
    shop.world.oauth.dead = True
    try:
        assert shop.build(process, portal).outcome == "authorization_server_unavailable"
    finally:
        shop.world.oauth.dead = False
    with pytest.raises(BlockingIOError):
        stranger.accept()

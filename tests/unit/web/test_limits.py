"""Floods are stopped, normal use is not, and a counter that is away stops nobody."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from limits.storage import MemoryStorage

from bitrix_app.errors import (
    AdminRequiredError,
    AppError,
    AuthorizationServerUnavailableError,
    ForeignTokenError,
    MissingFieldError,
    RejectedRequestError,
)
from bitrix_app.web import limits
from bitrix_app.web.limits import RateLimits, network_of
from demo_portal import ManualClock

STRANGER = "203.0.113.66"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """What the library's counters go by."""
    made = ManualClock()
    monkeypatch.setattr(time, "time", made)
    return made


def confirm(gate: RateLimits, address: str, token: str, failure: AppError | None = None) -> str:
    """A question to the authorization server, with its ``failure`` if any; → the network it was asked for."""
    with gate.confirmation(address, token) as network:
        if failure is not None:
            raise failure
    return network


def refuse(gate: RateLimits, address: str, token: str) -> None:
    """Such a question about a token that is not confirmed."""
    with pytest.raises(ForeignTokenError):
        confirm(gate, address, token, ForeignTokenError())


def shut(gate: RateLimits, address: str, token: str) -> RejectedRequestError:
    """The refusal of such a question before anybody is asked."""
    with pytest.raises(RejectedRequestError) as caught:
        confirm(gate, address, token)
    assert caught.value.status == 429
    return caught.value


def test_a_normal_minute_passes() -> None:
    gate = RateLimits()
    for _ in range(120):
        confirm(gate, "10.0.0.1", "token")
        gate.launch("portal", 5)
    for _ in range(60):
        gate.report(1, 5)


def test_what_comes_too_often_is_told_when_to_come_back(clock: ManualClock) -> None:
    """To the second, after part of a window: a second earlier is refused again, then it passes."""
    gate = RateLimits()
    for _ in range(60):
        gate.report(1, 5)
    clock.advance(20)
    with pytest.raises(RejectedRequestError) as caught:
        gate.report(1, 5)
    assert (caught.value.status, caught.value.code, caught.value.retry_after) == (429, "too_many_requests", 41)
    gate.report(1, 6)
    gate.report(2, 5)
    clock.advance(40)
    with pytest.raises(RejectedRequestError):
        gate.report(1, 5)
    clock.advance(1)
    gate.report(1, 5)


def test_thirty_refused_tokens_a_minute_close_the_door_to_their_network(clock: ManualClock) -> None:
    """429 before anybody is asked; other networks go on; a minute later it is open again."""
    gate = RateLimits()
    for number in range(30):
        refuse(gate, STRANGER, f"forged{number}")
    clock.advance(15)
    told = shut(gate, STRANGER, "forged")
    assert (told.code, told.retry_after) == ("too_many_requests", 46)
    assert confirm(gate, "203.0.113.67", "genuine") == "203.0.113.67"
    clock.advance(46)
    assert confirm(gate, STRANGER, "genuine") == STRANGER


def test_a_token_that_was_confirmed_passes_the_shut_door_until_it_is_refused(clock: ManualClock) -> None:
    """Colleagues behind the address of a flood go on working."""
    gate = RateLimits()
    confirm(gate, STRANGER, "genuine")
    for number in range(30):
        refuse(gate, STRANGER, f"forged{number}")
    shut(gate, STRANGER, "new")
    confirm(gate, STRANGER, "genuine")
    refuse(gate, STRANGER, "genuine")
    shut(gate, STRANGER, "genuine")


@pytest.mark.parametrize("failure", [MissingFieldError(), AdminRequiredError(), AuthorizationServerUnavailableError()])
def test_only_refused_tokens_shut_the_door(failure: AppError) -> None:
    """Neither an incomplete form nor a silent authorization server is held against the network."""
    gate = RateLimits()
    for _ in range(40):
        with pytest.raises(type(failure)):
            confirm(gate, STRANGER, "token", failure)
    confirm(gate, STRANGER, "token")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.66", "203.0.113.66"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.66", "203.0.113.66"),
        ("203.0.113.66:5678", "203.0.113.66:5678"),
        ("", ""),
        ("x" * 1000, "x" * 64),
    ],
)
def test_an_ipv4_address_is_a_network_and_so_is_an_ipv6_customer(address: str, network: str) -> None:
    assert network_of(address) == network


def test_calls_at_once_are_counted_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that meet in the library's memory start its timer twice, and the second one fails."""
    inside, met = threading.Lock(), []

    def counted(_storage: MemoryStorage, _key: str, _limit: int, _expiry: int, _amount: int = 1) -> bool:
        if not inside.acquire(blocking=False):
            met.append(True)
            return True
        threading.Event().wait(0.02)
        inside.release()
        return True

    monkeypatch.setattr(MemoryStorage, "acquire_entry", counted)
    gate = RateLimits()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda user: gate.request(1, user), range(8)))
    assert not met


def test_counters_of_ever_new_strangers_do_not_fill_our_memory(clock: ManualClock) -> None:
    """Those without an entry in force go first, then those with the fewest; who floods stays counted."""
    with patch.object(limits, "KEYS", 200):
        gate = RateLimits()
        for number in range(150):
            refuse(gate, f"2001:db8:0:{number:x}::1", "forged")
            clock.advance(0.1)
        clock.advance(61)
        for number in range(500):
            refuse(gate, f"2001:db8:1:{number:x}::1", "forged")
            with pytest.raises((ForeignTokenError, RejectedRequestError)):
                confirm(gate, STRANGER, "forged", ForeignTokenError())
            clock.advance(0.01)
            assert len(gate._own.storage.events) <= 201  # type: ignore[attr-defined]  # the library's storage
        shut(gate, STRANGER, "forged")


def test_a_portals_users_have_a_common_limit() -> None:
    gate = RateLimits()
    for number in range(240):
        gate.report(1, number)
    with pytest.raises(RejectedRequestError):
        gate.report(1, 241)
    gate.report(2, 1)


def test_one_portals_launches_do_not_use_up_anothers() -> None:
    gate = RateLimits()
    for number in range(900):
        gate.launch("noisy", number)
    with pytest.raises(RejectedRequestError):
        gate.launch("noisy", 901)
    gate.launch("quiet", 1)


def test_a_user_may_call_six_hundred_times_a_minute(clock: ManualClock) -> None:
    gate = RateLimits()
    for _ in range(600):
        gate.request(1, 5)
    with pytest.raises(RejectedRequestError) as caught:
        gate.request(1, 5)
    assert (caught.value.status, caught.value.retry_after) == (429, 60)
    gate.request(1, 6)
    gate.request(2, 5)
    clock.advance(61)
    gate.request(1, 5)


def test_a_link_is_noted_once_a_minute(clock: ManualClock) -> None:
    gate = RateLimits()
    assert [gate.is_noted_download(link) for link in ("link", "link", "another")] == [True, False, True]
    clock.advance(61)
    assert [gate.is_noted_download("link") for _ in range(2)] == [True, False]


def test_a_counter_that_is_away_is_replaced_by_our_own() -> None:
    """Nobody listens on that port: the limit holds all the same, and nothing breaks."""
    gate = RateLimits("redis://127.0.0.1:1/0")
    for _ in range(60):
        gate.report(1, 5)
    with pytest.raises(RejectedRequestError):
        gate.report(1, 5)


@pytest.mark.redis
def test_counters_in_redis_are_shared(redis_server: str, queue_name: str) -> None:
    first, second = RateLimits(redis_server), RateLimits(redis_server)
    portal = hash(queue_name)
    for _ in range(30):
        first.report(portal, 5)
        second.report(portal, 5)
    with pytest.raises(RejectedRequestError):
        second.report(portal, 5)

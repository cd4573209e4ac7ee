"""Floods are stopped, normal use is not, and a counter that is away stops nobody."""

from __future__ import annotations

import pytest

from bitrix_app.errors import RejectedRequestError
from bitrix_app.web.limits import RateLimits


def test_a_normal_minute_passes() -> None:
    gate = RateLimits()
    for _ in range(120):
        gate.unconfirmed_request("10.0.0.1")
        gate.launch("portal", 5)
    for _ in range(60):
        gate.report(1, 5)


def test_what_comes_too_often_is_told_when_to_come_back() -> None:
    gate = RateLimits()
    for _ in range(60):
        gate.report(1, 5)
    with pytest.raises(RejectedRequestError) as refused:
        gate.report(1, 5)
    assert (refused.value.status, refused.value.code) == (429, "too_many_requests")
    assert refused.value.retry_after is not None
    assert 1 <= refused.value.retry_after <= 61
    gate.report(1, 6)
    gate.report(2, 5)


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

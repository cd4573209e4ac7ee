"""What portals have told is kept for a while, so much of each and so much of all."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from bitrix_app.portals import PortalCache
from bitrix_app.portals.cache import weight_of
from demo_portal import ManualClock
from tests.unit.portals.test_catalog import PORTAL

KIB = 1024
HEAVY = "x" * 10 * KIB
NEIGHBOUR = replace(PORTAL, id=2)


def kept(cache: PortalCache, portal: Any, *keys: Any) -> list[bool]:
    return [cache.peek(portal, key) is not None for key in keys]


def test_a_value_is_kept_for_its_time_and_made_anew_afterwards() -> None:
    clock = ManualClock()
    cache = PortalCache(60, clock=clock)
    assert [cache.get(PORTAL, "key", lambda: 1), cache.get(PORTAL, "key", lambda: 2)] == [1, 1]
    clock.advance(60)
    assert cache.peek(PORTAL, "key") is None
    assert cache.get(PORTAL, "key", lambda: 3) == 3


def test_a_value_may_lapse_while_it_is_looked_for() -> None:
    ticks = itertools.count(step=0.5)
    cache = PortalCache(2, clock=lambda: next(ticks))
    cache.get(PORTAL, "key", lambda: 1)
    assert [cache.peek(PORTAL, "key") for _ in range(9)][-1] is None


def test_an_error_is_not_kept() -> None:
    cache = PortalCache(60)
    with pytest.raises(ZeroDivisionError):
        cache.get(PORTAL, "key", lambda: 1 // 0)
    assert cache.get(PORTAL, "key", lambda: 5) == 5


def test_a_portal_that_fills_its_share_loses_its_own_oldest_and_nobody_elses() -> None:
    cache = PortalCache(60, share=30 * KIB)
    cache.get(NEIGHBOUR, "theirs", lambda: HEAVY)
    for key in "abc":
        cache.get(PORTAL, key, lambda: HEAVY)
    assert kept(cache, PORTAL, *"abc") == [False, True, True]
    assert kept(cache, NEIGHBOUR, "theirs") == [True]


def test_what_takes_more_than_a_share_is_answered_and_not_kept() -> None:
    cache = PortalCache(60, share=5 * KIB)
    assert cache.get(PORTAL, "key", lambda: HEAVY) == HEAVY
    assert kept(cache, PORTAL, "key") == [False]
    assert cache.bytes == 0


def test_a_key_counts_as_well_as_its_value() -> None:
    cache = PortalCache(60, share=5 * KIB)
    cache.get(PORTAL, HEAVY, lambda: 1)
    assert cache.bytes == 0


def test_when_all_take_too_much_whoever_takes_most_loses() -> None:
    """However many portals there are: those with little keep it as long as others have more."""
    cache = PortalCache(60, share=100 * KIB, most=100 * KIB)
    cache.get(NEIGHBOUR, "theirs", lambda: "little")
    for number in range(100):
        cache.get(replace(PORTAL, id=10 + number % 3), number, lambda: HEAVY)
    assert cache.bytes <= 100 * KIB
    assert kept(cache, NEIGHBOUR, "theirs") == [True]


def test_what_has_lapsed_takes_no_room_once_anything_is_kept_anew() -> None:
    clock = ManualClock()
    cache = PortalCache(60, clock=clock)
    for number in range(50):
        cache.get(replace(PORTAL, id=number), "key", lambda: HEAVY)
    clock.advance(60)
    cache.get(NEIGHBOUR, "key", lambda: "little")
    assert cache.bytes < 2 * KIB


def test_a_portal_that_is_installed_again_and_again_begins_anew_each_time_and_takes_one_share() -> None:
    cache = PortalCache(60)
    for epoch in range(1, 100):
        portal = replace(PORTAL, epoch=epoch)
        assert cache.peek(portal, "key") is None
        assert cache.get(portal, "key", lambda epoch=epoch: (epoch, HEAVY))[0] == epoch
    assert cache.bytes < 15 * KIB
    assert cache.peek(replace(PORTAL, epoch=98), "key") is None


def test_a_value_weighs_what_it_holds() -> None:
    assert weight_of({"a": ["я" * 1000, (1, None)]}) > 2000
    assert weight_of(PORTAL) > weight_of(PORTAL.domain) + weight_of(PORTAL.client_endpoint)

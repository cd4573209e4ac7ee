"""The patience of a web request: places at a portal, time in all, a cache that forgets."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time

import pytest

from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals import Bulkhead, Deadline, TtlCache
from tests.fakes import FakeClock
from tests.live import until


def test_one_portal_gets_its_places_and_no_more() -> None:
    bulkhead = Bulkhead(per_portal=2, total=10, patience=0.01)
    with bulkhead.enter("a"), bulkhead.enter("a"):
        with pytest.raises(RejectedRequestError) as refused, bulkhead.enter("a"):
            pass
        assert (refused.value.status, refused.value.code) == (503, "portal_busy")
        assert refused.value.retry_after
        with bulkhead.enter("b"):
            pass
    with bulkhead.enter("a"):
        pass


def test_who_waits_a_moment_gets_the_place_that_comes_free() -> None:
    """Two colleagues who open the page together both see it."""
    bulkhead = Bulkhead(per_portal=1, total=10, patience=30)
    entered = threading.Event()

    def colleague() -> None:
        with bulkhead.enter("a"):
            entered.set()

    thread = threading.Thread(target=colleague)
    with bulkhead.enter("a"):
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(10)
    thread.join()


def test_only_as_many_wait_as_may_call() -> None:
    """The crowd before a hanging portal does not fill our threads: those too many are told at once."""
    bulkhead = Bulkhead(per_portal=1, waiting=1, total=10, patience=30)

    def wait() -> None:
        with bulkhead.enter("a"):
            pass

    waiting = threading.Thread(target=wait)
    with bulkhead.enter("a"):
        waiting.start()
        until(lambda: bulkhead._present["a"] == 2, 10)
        began = time.monotonic()
        with pytest.raises(RejectedRequestError), bulkhead.enter("a"):
            pass
        assert time.monotonic() - began < 5
    waiting.join()


def test_all_portals_together_leave_threads_for_pages_that_need_none() -> None:
    bulkhead = Bulkhead(per_portal=2, total=3, patience=30)
    with (
        bulkhead.enter("a"),
        bulkhead.enter("b"),
        bulkhead.enter("c"),
        pytest.raises(RejectedRequestError),
        bulkhead.enter("d"),
    ):
        pass
    with bulkhead.enter("d"):
        pass


def test_a_place_is_given_back_whatever_happens() -> None:
    bulkhead = Bulkhead(per_portal=1, total=1)
    with pytest.raises(ZeroDivisionError), bulkhead.enter("a"):
        raise ZeroDivisionError
    with bulkhead.enter("a"):
        pass


def test_a_bulkhead_remembers_nobody_who_has_left() -> None:
    bulkhead = Bulkhead(per_portal=1, total=2, patience=0.01)
    with bulkhead.enter("a"), pytest.raises(RejectedRequestError), bulkhead.enter("a"):
        pass
    assert not bulkhead._present
    assert not bulkhead._calling


def test_a_web_requests_time_runs_out() -> None:
    clock = FakeClock()
    stop = Deadline(8.0, clock=clock, sleep=lambda seconds: None)
    stop.check()
    clock.now += 8
    with pytest.raises(RejectedRequestError) as refused:
        stop.check()
    assert (refused.value.status, refused.value.code) == (503, "portal_busy")


def test_a_wait_that_would_not_end_in_time_is_not_begun() -> None:
    slept: list[float] = []
    stop = Deadline(8.0, clock=FakeClock(), sleep=slept.append)
    stop.wait(3.0)
    with pytest.raises(RejectedRequestError) as refused:
        stop.wait(200.0)
    assert slept == [3.0]
    assert refused.value.retry_after == 60


def test_a_value_is_kept_for_its_time_and_made_anew_afterwards() -> None:
    clock = FakeClock()
    cache = TtlCache(60, 10, clock=clock)
    assert [cache.get("key", lambda: 1), cache.get("key", lambda: 2)] == [1, 1]
    clock.now += 60
    assert cache.peek("key") is None
    assert cache.get("key", lambda: 3) == 3


def test_a_value_may_lapse_while_it_is_looked_for() -> None:
    ticks = itertools.count(step=0.5)
    cache = TtlCache(1, 10, clock=lambda: next(ticks))
    cache.get("key", lambda: 1)
    assert [cache.peek("key") for _ in range(9)][-1] is None


def test_a_full_cache_forgets_the_oldest() -> None:
    cache = TtlCache(60, 2)
    for key in "abc":
        cache.get(key, lambda key=key: key)
    assert [cache.peek(key) for key in "abc"] == [None, "b", "c"]


def test_an_error_is_not_kept() -> None:
    cache = TtlCache(60, 2)
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 // 0)
    assert cache.get("key", lambda: 5) == 5


@pytest.mark.parametrize("slow", [1, 2, 4, 8])
def test_a_few_slow_portals_never_take_all_places(slow: int) -> None:
    """However many requests crowd before them, a portal that comes along finds a place."""
    bulkhead = Bulkhead(per_portal=8, total=16, patience=0.01)
    with contextlib.ExitStack() as held:
        for number in range(slow * 16):
            with contextlib.suppress(RejectedRequestError):
                held.enter_context(bulkhead.enter(f"slow {number % slow}"))
        assert bulkhead._present.total() >= 8
        with bulkhead.enter("another"):
            pass


def test_a_bulkhead_before_one_server_may_be_filled() -> None:
    """Before the authorization server there is nobody to leave places for."""
    bulkhead = Bulkhead(per_portal=3, waiting=0, total=3, fair=False)
    with contextlib.ExitStack() as held:
        for _ in range(3):
            held.enter_context(bulkhead.enter("server"))
        with pytest.raises(RejectedRequestError):
            held.enter_context(bulkhead.enter("server"))

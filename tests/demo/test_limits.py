"""The leaky bucket and the operating time, exact to the call with a clock that moves by hand."""

from __future__ import annotations

from demo_portal import ManualClock, Portal
from demo_portal.rest.limits import LeakyBucket, OperatingTime
from tests.demo.conftest import Rest


def test_the_bucket_grants_50_at_once_and_2_a_second_after_that() -> None:
    """In a minute 50 + 2 × 60 calls pass, whatever is tried."""
    clock = ManualClock()
    bucket = LeakyBucket(clock)
    assert sum(bucket.admit() for _ in range(80)) == 50
    clock.advance(0.49)
    assert not bucket.admit()
    clock.advance(0.01)
    assert bucket.admit()
    assert not bucket.admit()
    passed = 0
    for _ in range(595):
        clock.advance(0.1)
        passed += bucket.admit()
    assert passed == 119
    assert (bucket.admitted, bucket.peak) == (170, 50)


def test_a_steady_two_a_second_is_never_refused() -> None:
    """At Y requests a second the level stays low."""
    clock = ManualClock()
    bucket = LeakyBucket(clock)
    for _ in range(500):
        clock.advance(0.5)
        assert bucket.admit()
    assert bucket.rejected == 0
    assert bucket.peak == 1


def test_beyond_the_bucket_the_portal_answers_503(portal: Portal, rest: Rest, clock: ManualClock) -> None:
    """QUERY_LIMIT_EXCEEDED, counted as rejected; numbers are settable."""
    portal.bucket.enabled = True
    portal.bucket.capacity, portal.bucket.rate = 3, 10.0
    answers = [rest("profile") for _ in range(5)]
    assert [status for status, _ in answers] == [200, 200, 200, 503, 503]
    assert answers[-1][1]["error"] == "QUERY_LIMIT_EXCEEDED"
    assert (portal.bucket.rejected, portal.bucket.admitted) == (2, 3)
    clock.advance(0.1)
    assert rest("profile")[0] == 200
    portal.bucket.fill()
    assert rest("profile")[0] == 503


def test_the_call_that_crosses_the_operating_limit_runs_and_the_next_is_refused() -> None:
    """The documentation's own example: 25 calls of 20 s, then blocked until the oldest basket is let go."""
    clock = ManualClock()
    operating = OperatingTime(clock)
    for number in range(25):
        assert operating.admit("crm.item.list")
        spent = operating.add("crm.item.list", 20)
        if number % 2:
            clock.advance(41)
    assert spent.spent == 500
    assert not operating.admit("crm.item.list")
    assert operating.admit("profile")
    clock.advance(spent.reset_at - clock())
    assert operating.admit("crm.item.list")


def test_operation_time_limit_blocks_one_method_alone(portal: Portal, rest: Rest, clock: ManualClock) -> None:
    """429 for the busy method until its reset; others go on."""
    portal.operating.limit = 3
    portal.pace.execution = lambda method: 2.0 if method == "crm.item.list" else 0.0
    first = rest("crm.item.list", entityTypeId=31)[1]["time"]
    rest("crm.item.list", entityTypeId=31)
    status, body = rest("crm.item.list", entityTypeId=31)
    assert (status, body["error"]) == (429, "OPERATION_TIME_LIMIT")
    assert rest("profile")[0] == 200
    clock.advance(first["operating_reset_at"] - clock())
    assert rest("crm.item.list", entityTypeId=31)[0] == 200
    assert portal.operating.refused == 1


def test_latency_is_spent_on_the_worlds_clock(portal: Portal, rest: Rest, clock: ManualClock) -> None:
    """With an injected sleep nothing waits: the time is simply later."""
    before = clock()
    portal.pace.latency = 60
    rest("profile")
    assert clock() - before == 60

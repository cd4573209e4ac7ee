"""The leaky bucket, decided by pure functions: exact in every moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.storage.buckets import ENTERPRISE, ORDINARY, PACE_LIMIT, BucketState, Plan, penalize, take

NOW = 1_800_000_000.0


def go(
    state: BucketState, plan: Plan, now: float, count: int, *, background: bool = False
) -> tuple[BucketState, list[float]]:
    """Take ``count`` places at one moment. → the state, the waits."""
    waits = []
    for _ in range(count):
        state, wait = take(state, plan, now, background=background)
        waits.append(round(wait, 6))
    return state, waits


@pytest.mark.parametrize(("plan", "burst", "interval"), [(ORDINARY, 45, 0.5), (ENTERPRISE, 225, 0.2)])
def test_a_full_bucket_gives_its_burst_at_once_and_then_one_place_each_interval(
    plan: Plan, burst: int, interval: float
) -> None:
    _, waits = go(BucketState(), plan, NOW, burst + 3)
    assert waits[:burst] == [0.0] * burst
    assert waits[burst:] == pytest.approx([interval, 2 * interval, 3 * interval], abs=1e-3)


def test_credit_flows_back_with_time_up_to_the_burst() -> None:
    state, _ = go(BucketState(), ORDINARY, NOW, 45)
    _, after_five_seconds = go(state, ORDINARY, NOW + 5, 11)
    assert after_five_seconds == [0.0] * 10 + [0.5]
    _, after_an_hour = go(state, ORDINARY, NOW + 3600, 46)
    assert after_an_hour == [0.0] * 45 + [0.5]


@pytest.mark.parametrize(("plan", "background", "kept"), [(ORDINARY, 33, 12), (ENTERPRISE, 195, 30)])
def test_while_reports_have_spent_their_part_a_pages_calls_go_at_once(plan: Plan, background: int, kept: int) -> None:
    state, reports = go(BucketState(), plan, NOW, background + 2, background=True)
    assert reports[:background] == [0.0] * background
    assert reports[background:] == pytest.approx([plan.interval, 2 * plan.interval], abs=1e-3)
    state, pages = go(state, plan, NOW, kept - 1)
    assert pages[: kept - 2] == [0.0] * (kept - 2)  # two of the kept places stand behind the reports that wait
    assert pages[-1] == pytest.approx(plan.interval, abs=1e-3)


def test_a_report_loses_no_place_to_pages_that_come_later() -> None:
    """Its wait is told once; pages only put off the place after it, by no more than the kept part."""
    state, _ = go(BucketState(), ORDINARY, NOW, 33, background=True)
    state, (wait,) = go(state, ORDINARY, NOW, 1, background=True)
    state, _ = go(state, ORDINARY, NOW, 13)
    _, (next_wait,) = go(state, ORDINARY, NOW + wait, 1, background=True)
    assert (wait, next_wait) == (0.5, 7.0)


def test_after_a_penalty_pages_go_before_reports() -> None:
    state = penalize(BucketState(), ORDINARY, NOW, 2.0)
    _, (page,) = go(state, ORDINARY, NOW, 1)
    _, (report,) = go(state, ORDINARY, NOW, 1, background=True)
    assert page == pytest.approx(2.75, abs=0.01)
    assert report == pytest.approx(8.75, abs=0.01)


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), min_size=1, max_size=200))
def test_no_window_of_any_length_admits_more_than_burst_and_what_flowed_back(calls: list[tuple[float, bool]]) -> None:
    """However reports and pages take turns."""
    state, now, sent = BucketState(), NOW, []
    for gap, background in calls:
        now += gap
        state, wait = take(state, ORDINARY, now, background=background)
        sent.append(now + wait)
    sent.sort()
    for first, start in enumerate(sent):
        for count, end in enumerate(sent[first:], start=1):
            assert count <= 45 + (end - start) * 2 + 1 + 1e-3


def test_a_penalty_moves_everybodys_next_place_forward_and_leaves_no_credit() -> None:
    state = penalize(BucketState(), ORDINARY, NOW, 2.0)
    _, waits = go(state, ORDINARY, NOW, 2)
    assert waits[0] == pytest.approx(2.0 + 0.5 * 1.5, abs=0.01)
    assert waits[1] - waits[0] == pytest.approx(0.5 * 1.5, abs=0.01)


def test_refusals_of_calls_that_were_in_flight_together_count_once() -> None:
    once = penalize(BucketState(), ORDINARY, NOW, 2.0)
    thrice = penalize(penalize(once, ORDINARY, NOW + 0.1, 2.0), ORDINARY, NOW + 0.2, 2.0)
    assert thrice.pace == once.pace
    assert thrice.tat == pytest.approx(once.tat + 0.2, abs=0.01)


def test_refusals_one_after_the_other_slow_down_more_and_more_but_not_for_ever() -> None:
    state, paces = BucketState(), []
    for second in range(0, 100, 5):
        state = penalize(state, ORDINARY, NOW + second, 1.0)
        paces.append(state.pace)
    assert paces[:3] == sorted(paces[:3])
    assert paces[0] < paces[2]
    assert max(paces) <= PACE_LIMIT


def test_the_way_back_up_is_found_by_itself() -> None:
    state = penalize(BucketState(), ORDINARY, NOW, 1.0)
    assert state.pace_at(NOW) == pytest.approx(1.5)
    assert state.pace_at(NOW + 120) == pytest.approx(1.25)
    assert state.pace_at(NOW + 3600) == pytest.approx(1.0, abs=1e-6)


def test_a_clock_that_was_set_back_does_not_break_the_bucket() -> None:
    state, _ = go(penalize(BucketState(), ORDINARY, NOW, 1.0), ORDINARY, NOW, 3)
    _, wait = take(state, ORDINARY, NOW - 10)
    assert wait > 0

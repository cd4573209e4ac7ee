"""Easing off before a method's 480 seconds are spent."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import pytest

from bitrix_app.bitrix24.pace import OperatingPace, spacing
from bitrix_app.bitrix24.responses import Timing

NOW = 1_790_000_000.0


def told(spent: float, reset_in: float, now: float = NOW) -> Timing:
    return Timing(Decimal(str(spent)), int(now + reset_in), int(now))


def test_far_from_the_limit_nothing_is_waited_for() -> None:
    """Below 85 % of the limit calls go as they like."""
    pace = OperatingPace()
    pace.learn("crm.item.list", told(400, 300), 2.0, NOW)

    assert [pace.take("crm.item.list", NOW) for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(("spent", "held_back"), [(407.9, False), (408, True), (465.6, True)])
def test_calls_are_held_back_from_85_percent_on(spent: float, held_back: bool) -> None:
    """Of 480 seconds that is 408."""
    pace = OperatingPace()
    pace.learn("crm.item.list", told(spent, 300), 2.0, NOW)

    assert (pace.take("crm.item.list", NOW) > 0) is held_back


def test_near_the_limit_the_rest_is_spread_until_the_reset() -> None:
    """What is left of the time is shared out evenly over the seconds until some is forgotten."""
    pace = OperatingPace()
    pace.learn("crm.item.list", told(415.6, 499), 2.0, NOW)

    waits = [pace.take("crm.item.list", NOW) for _ in range(3)]

    assert waits == [pytest.approx(20), pytest.approx(40), pytest.approx(60)]
    assert pace.take("crm.requisite.list", NOW) == 0


def test_a_call_that_would_not_fit_any_more_waits_for_the_reset() -> None:
    """When the next call would cross the limit, the method pauses until some is forgotten; then all may go."""
    pace = OperatingPace()
    pace.learn("crm.item.list", told(470, 120), 20.0, NOW)

    assert [pace.take("crm.item.list", NOW) for _ in range(3)] == [121, 121, 121]


def test_once_some_is_forgotten_the_pace_is_free_again() -> None:
    """An answer far from the limit ends the spacing at once."""
    pace = OperatingPace()
    pace.learn("crm.item.list", told(450, 120), 5.0, NOW)
    pace.learn("crm.item.list", told(120, 400, NOW + 130), 5.0, NOW + 130)

    assert pace.take("crm.item.list", NOW + 130) == 0


@pytest.mark.parametrize(("spent", "cost", "until_reset"), [(410, 1, 0), (410, 1, -5), (480, 1, -1)])
def test_a_reset_that_has_passed_needs_no_spacing(spent: float, cost: float, until_reset: float) -> None:
    """Nothing is spread over no time."""
    assert spacing(spent, cost, until_reset, 480) == 0


@pytest.mark.parametrize("cost", [0.4, 3.0, 19.0])
def test_a_long_reading_never_crosses_the_limit(cost: float) -> None:
    """Calls one after another, each costing this much, against the portal's own rule: never refused."""
    portal, pace, now = Baskets(), OperatingPace(), NOW
    highest = 0.0
    for _ in range(2000):
        now += pace.take("crm.item.list", now)
        highest = max(highest, portal.spent(now))
        now += cost
        spent, reset_in = portal.work(cost, now)
        pace.learn("crm.item.list", told(spent, reset_in, now), cost, now)

    assert highest <= 480
    assert portal.total / (now - NOW) > 0.6 * min(1, 480 / 600)


def test_a_lower_limit_is_learnt_from_a_refusal() -> None:
    """A box refuses above 420 seconds: after that its methods are held back from 85 % of what was told then."""
    pace = OperatingPace()
    pace.learn("crm.item.list", told(421, 60), 2.0, NOW)
    pace.refused("crm.item.list", 1, NOW)
    pace.learn("crm.item.list", told(358, 300, NOW + 61), 2.0, NOW + 61)
    pace.learn("crm.requisite.list", told(357, 300, NOW + 61), 2.0, NOW + 61)

    assert pace.take("crm.item.list", NOW + 61) > 0
    assert pace.take("crm.requisite.list", NOW + 61) == 0


def test_a_refusal_long_before_any_known_limit_teaches_nothing() -> None:
    """Others have spent the method's time meanwhile: what our last answer told says nothing of the limit."""
    pace = OperatingPace()
    pace.learn("crm.item.list", told(90, 60), 2.0, NOW)
    pace.refused("crm.item.list", 1, NOW)
    pace.learn("crm.item.list", told(300, 300, NOW + 61), 2.0, NOW + 61)

    assert pace.take("crm.item.list", NOW + 61) == 0


def test_where_calls_are_answered_above_the_limit_there_is_none() -> None:
    """Until one is refused."""
    pace = OperatingPace()
    pace.learn("crm.item.list", told(483, 300), 2.0, NOW)
    assert pace.take("crm.item.list", NOW) == 0

    pace.refused("crm.item.list", 1, NOW)
    pace.learn("crm.item.list", told(420, 300, NOW + 301), 2.0, NOW + 301)
    assert pace.take("crm.item.list", NOW + 301) > 0


@pytest.mark.parametrize("cost", [0.4, 3.0, 19.0])
def test_a_long_reading_of_a_box_is_refused_once_or_twice(cost: float) -> None:
    """Its limit is 420 seconds, which nothing tells but the refusal."""
    portal, pace, now, refusals = Baskets(), OperatingPace(), NOW, 0
    for _ in range(2000):
        now += pace.take("crm.item.list", now)
        if portal.spent(now) > 420:
            refusals += 1
            pace.refused("crm.item.list", 1, now)
            continue
        now += cost
        spent, reset_in = portal.work(cost, now)
        pace.learn("crm.item.list", told(spent, reset_in, now), cost, now)

    assert refusals <= 2
    assert portal.total / (now - NOW) > 0.6 * min(1, 420 / 600)


class Baskets:
    """The portal's rule: one-minute baskets, each forgotten ten minutes after it was begun [limits]."""

    def __init__(self) -> None:
        self._baskets: deque[tuple[float, float]] = deque()
        self.total = 0.0

    def spent(self, now: float) -> float:
        while self._baskets and now >= self._baskets[0][0] + 600:
            self._baskets.popleft()
        return sum(seconds for _, seconds in self._baskets)

    def work(self, cost: float, now: float) -> tuple[float, float]:
        self.spent(now)
        self.total += cost
        if not self._baskets or now >= self._baskets[-1][0] + 60:
            self._baskets.append((now, 0.0))
        began, seconds = self._baskets[-1]
        self._baskets[-1] = (began, seconds + cost)
        return self.spent(now), self._baskets[0][0] + 600 - now

"""The limit of operating time: how long each method has worked for us, and when its next call may go."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from dataclasses import dataclass

from bitrix_app.bitrix24.responses import Timing

LIMIT_SECONDS, LEAST_LIMIT_SECONDS = 480.0, 300.0
"""The cloud's limit, and the lowest that a refusal is believed to tell of: below it others have spent the time."""
EASE, TARGET = 0.85, 0.97
"""Of the limit: from where on calls are spaced, and what they may come to."""
WINDOW_SECONDS = 600.0
FIRST_PAUSE_SECONDS = 5.0
_MARGIN_SECONDS = 1.0  # the portal tells whole seconds


@dataclass(slots=True)
class _Method:
    spent: float = 0.0
    reset_at: float = 0.0
    spacing: float = 0.0
    next_at: float = 0.0
    paused_until: float = 0.0
    cost: float = 0.0
    under_way: int = 0


class OperatingPace:
    """A rate limiter for operating time: the portal allows each method 480 seconds of work in ten minutes.

    A box allows 420, or any number, which its refusals teach. Source: ``limits``. The portal keeps ten baskets of one
    minute, and tells in every answer how much a method has spent and when the oldest basket is forgotten. Times are
    seconds of one clock, which the caller reads. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._methods: defaultdict[str, _Method] = defaultdict(_Method)
        self._limit = LIMIT_SECONDS

    def take(self, method: str, now: float) -> float:
        """Reserves the method's next call. → seconds to wait before it may go."""
        with self._lock:
            state = self._methods[method]
            start = max(now, state.next_at, state.paused_until)
            state.next_at = max(start, min(start + state.spacing, state.reset_at))
            state.under_way += 1
            return start - now

    def full(self, method: str, now: float) -> float:
        """Seconds until the reset where the calls under way may spend the method's time; 0 where one more fits."""
        with self._lock:
            state = self._methods[method]
            ahead = state.spent + (state.under_way + 1) * state.cost
            return max(0.0, state.reset_at - now) if state.under_way and ahead > TARGET * self._limit else 0.0

    def forget(self, method: str) -> None:
        """A call that was reserved has not been answered."""
        with self._lock:
            state = self._methods[method]
            state.under_way = max(0, state.under_way - 1)

    def learn(self, method: str, timing: Timing, cost: float, now: float) -> None:
        """Takes in what an answer tells; ``cost`` is how many seconds the call has taken.

        Below 85 % of the limit calls are not held back. Above it they are spaced evenly over the time until the reset;
        when not even one more fits, the method pauses until then. A call let through above the limit shows that there
        is none.
        """
        with self._lock:
            state = self._methods[method]
            state.under_way = max(0, state.under_way - 1)
            if timing.reset_at is None or timing.operating is None:
                return
            spent = float(timing.operating)
            if spent - cost > self._limit:
                self._limit = math.inf
            state.spent, state.cost, state.reset_at = spent, cost, _by_our_clock(timing, now)
            is_near = spent >= EASE * self._limit
            state.spacing = spacing(spent, cost, state.reset_at - now, self._limit) if is_near else 0.0
            state.next_at = max(state.next_at, now + state.spacing) if state.spacing else now

    def refused(self, method: str, nth: int, now: float) -> float:
        """Pauses the method after OPERATION_TIME_LIMIT, the ``nth`` for this call. → the pause in seconds.

        It ends at the reset that the last answer told; where none was told, or it has passed, pauses grow. What that
        answer told as spent is above the limit.
        """
        with self._lock:
            state = self._methods[method]
            if state.spent >= LEAST_LIMIT_SECONDS:
                self._limit = min(self._limit, state.spent)
            pause = state.reset_at - now
            if pause <= 0:
                pause = min(FIRST_PAUSE_SECONDS * 2 ** (nth - 1), WINDOW_SECONDS)
            state.paused_until = max(state.paused_until, now + pause)
            return pause


def spacing(spent: float, cost: float, until_reset: float, limit: float) -> float:
    """Seconds between two calls of a method near its limit; all arguments in seconds."""
    if until_reset <= 0:
        return 0.0
    spare = TARGET * limit - spent
    return until_reset if spare <= 0 else min(until_reset, cost * until_reset / spare)


def _by_our_clock(timing: Timing, now: float) -> float:
    """The reset in our clock's time: the portal's clock may be wrong, so what counts is how long after the end of its
    answer the reset comes."""
    reset_at, finished_at = timing.reset_at or 0, timing.finished_at
    left = reset_at - now if finished_at is None else float(reset_at - finished_at)
    if not 0 <= left <= WINDOW_SECONDS:
        left = min(max(reset_at - now, 0.0), WINDOW_SECONDS)
    return now + left + _MARGIN_SECONDS

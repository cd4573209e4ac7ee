"""Each method's working time: 480 seconds in ten minutes, eased off before they are spent.

Source: ``limits``: the portal keeps ten baskets of one minute and tells in every answer how much a method has spent
and when the oldest basket is forgotten. Nothing here sleeps or looks at a clock.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass

from bitrix_app.bitrix24.decisions import Timing

LIMIT_SECONDS = 480.0
EASE_SECONDS = 0.85 * LIMIT_SECONDS
TARGET_SECONDS = 0.97 * LIMIT_SECONDS
WINDOW_SECONDS = 600.0
FIRST_REST_SECONDS = 5.0
_MARGIN_SECONDS = 1.0  # the portal tells whole seconds


@dataclass(slots=True)
class _Method:
    reset_at: float = 0.0
    spacing: float = 0.0
    next_at: float = 0.0
    rests_until: float = 0.0


class OperatingPace:
    """Where each method of one portal stands. Safe to use from several threads; times are seconds of one clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._methods: defaultdict[str, _Method] = defaultdict(_Method)

    def take(self, method: str, now: float) -> float:
        """Seconds to wait before the next call of ``method`` may go; its place is reserved."""
        with self._lock:
            state = self._methods[method]
            start = max(now, state.next_at, state.rests_until)
            state.next_at = max(start, min(start + state.spacing, state.reset_at))
            return start - now

    def learn(self, method: str, timing: Timing, cost: float, now: float) -> None:
        """An answer came: ``cost`` is how many seconds the call has taken.

        Far from the limit calls go as they like. Near it, what is left is spread over the time until the portal
        forgets some; when not even one more call fits, the method rests until then.
        """
        if timing.reset_at is None or timing.operating is None:
            return
        spent = float(timing.operating)
        with self._lock:
            state = self._methods[method]
            state.reset_at = _by_our_clock(timing, now)
            state.spacing = spacing(spent, cost, state.reset_at - now) if spent >= EASE_SECONDS else 0.0
            state.next_at = max(state.next_at, now + state.spacing) if state.spacing else now

    def refused(self, method: str, nth: int, now: float) -> float:
        """The portal said OPERATION_TIME_LIMIT, for the ``nth`` time to this call: how long the method rests.

        Until the reset told by its last answer; where none was told, or it has passed, growing pauses.
        """
        with self._lock:
            state = self._methods[method]
            rest = state.reset_at - now
            if rest <= 0:
                rest = min(FIRST_REST_SECONDS * 2 ** (nth - 1), WINDOW_SECONDS)
            state.rests_until = max(state.rests_until, now + rest)
            return rest


def spacing(spent: float, cost: float, until_reset: float) -> float:
    """Seconds between two calls of a method near its limit; all arguments in seconds."""
    if until_reset <= 0:
        return 0.0
    spare = TARGET_SECONDS - spent
    return until_reset if spare <= 0 else min(until_reset, cost * until_reset / spare)


def _by_our_clock(timing: Timing, now: float) -> float:
    """The reset by our clock: the portal's may differ, but it also tells when it finished the answer."""
    reset_at, finished_at = timing.reset_at or 0, timing.finished_at
    left = reset_at - now if finished_at is None else float(reset_at - finished_at)
    if not 0 <= left <= WINDOW_SECONDS:
        left = min(max(reset_at - now, 0.0), WINDOW_SECONDS)
    return now + left + _MARGIN_SECONDS

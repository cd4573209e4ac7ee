"""The portal's two limits: the leaky bucket of requests, and the working time of each method.

Rules: limits.md of the official documentation. Both are exact and driven by the clock they are given.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from demo_portal.server.http import Reply

STANDARD = (50.0, 2.0)
ENTERPRISE = (250.0, 5.0)
_GRAIN = 1e-5
"""Of a request: what the arithmetic of seconds since 1970 may be off by."""


class LeakyBucket:
    """Credit of ``capacity`` requests, ``rate`` a second flow back. Its counters tell how a client behaves.

    ``admitted``, ``rejected`` and ``peak`` (the highest level reached) may be read at any time; set ``enabled`` to
    False to let everything through (it still counts the level).
    """

    def __init__(self, clock: Callable[[], float], capacity: float = 50.0, rate: float = 2.0) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.capacity = capacity
        self.rate = rate
        self.enabled = True
        self.admitted = 0
        self.rejected = 0
        self.peak = 0.0
        self._level = 0.0
        self._seen = clock()

    def admit(self) -> bool:
        """Whether one more request may pass now; takes its place when it may."""
        with self._lock:
            self._leak()
            if self.enabled and self._level + 1 > self.capacity + _GRAIN:
                self.rejected += 1
                return False
            self._level += 1
            self.admitted += 1
            self.peak = max(self.peak, self._level)
            return True

    @property
    def level(self) -> float:
        """How full the bucket is now."""
        with self._lock:
            self._leak()
            return self._level

    def fill(self, level: float | None = None) -> None:
        """Fill it to ``level`` (default: to the brim), as if others had called from the same address."""
        with self._lock:
            self._leak()
            self._level = self.capacity if level is None else level

    def reset(self) -> None:
        """Empty it and forget the counts."""
        with self._lock:
            self._level, self._seen = 0.0, self._clock()
            self.admitted = self.rejected = 0
            self.peak = 0.0

    def _leak(self) -> None:
        now = self._clock()
        self._level = max(0.0, self._level - max(0.0, now - self._seen) * self.rate)
        self._seen = now


@dataclass(slots=True)
class _Basket:
    started: float
    spent: float = 0.0


@dataclass(frozen=True, slots=True)
class Operating:
    """Where one method stands: seconds spent in the window, and when the oldest basket is let go (Unix seconds)."""

    spent: float
    reset_at: int


class OperatingTime:
    """Seconds of work a method may spend in ``window`` seconds, kept in baskets of ``basket`` seconds.

    Checked before a call: the call that crosses the limit still runs, the next one is refused.
    """

    def __init__(
        self, clock: Callable[[], float], limit: float = 480.0, window: float = 600.0, basket: float = 60.0
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._baskets: dict[str, deque[_Basket]] = {}
        self.limit = limit
        self.window = window
        self.basket = basket
        self.enabled = True
        self.refused = 0

    def admit(self, method: str) -> bool:
        """Whether ``method`` may run now."""
        with self._lock:
            allowed = not self.enabled or self._spent(method) <= self.limit
            self.refused += not allowed
            return allowed

    def add(self, method: str, seconds: float) -> Operating:
        """Count ``seconds`` of work of ``method``; where it stands after that."""
        now = self._clock()
        with self._lock:
            self._spent(method)
            baskets = self._baskets.setdefault(method, deque())
            if not baskets or now >= baskets[-1].started + self.basket:
                baskets.append(_Basket(now))
            baskets[-1].spent += seconds
            return Operating(sum(each.spent for each in baskets), int(baskets[0].started + self.window))

    def spend(self, method: str, seconds: float) -> None:
        """Make a method look busy already (for tests)."""
        self.add(method, seconds)

    def reset(self) -> None:
        """Forget everything that was spent."""
        with self._lock:
            self._baskets.clear()
            self.refused = 0

    def _spent(self, method: str) -> float:
        baskets = self._baskets.get(method, deque())
        while baskets and self._clock() >= baskets[0].started + self.window:
            baskets.popleft()
        return sum(each.spent for each in baskets)


@dataclass(slots=True)
class Pace:
    """How slow the portal is.

    ``latency``: seconds each call is held before it is answered; ``execution``: seconds of work that each call is
    said to cost (counted in the operating time; slept by the commands of a batch alone, which stand in for what a call
    of its own does beside others). Either a number or a function of the method's name. ``time_limit``: seconds of work
    after which a batch is ended, with a gateway's page (504) or, ``half_answers``, with half a JSON.
    """

    latency: float | Callable[[str], float] = 0.0
    execution: float | Callable[[str], float] = field(default=0.02)
    time_limit: float = 60.0
    half_answers: bool = False

    def latency_of(self, method: str) -> float:
        """Seconds to hold a call of ``method``."""
        return self.latency(method) if callable(self.latency) else self.latency

    def execution_of(self, method: str) -> float:
        """Seconds of work that a call of ``method`` costs."""
        return self.execution(method) if callable(self.execution) else self.execution

    def out_of_time(self) -> Reply:
        """What a request is answered with whose time has run out."""
        if self.half_answers:
            return Reply(200, b'{"result":{"result":{"')
        return Reply(504, b"<html><body><h1>504 Gateway Time-out</h1></body></html>", "text/html; charset=utf-8")

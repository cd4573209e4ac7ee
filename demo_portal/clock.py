"""A clock that only moves when told to: gives tests exact buckets and expiries without sleeping."""

from __future__ import annotations

import threading


class ManualClock:
    """Calling it tells the time (Unix seconds); ``sleep`` moves it on at once. Safe to share between threads."""

    def __init__(self, now: float = 1_780_000_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> float:
        """Move the time on by ``seconds``; returns the new time."""
        with self._lock:
            self._now += seconds
            return self._now

    def sleep(self, seconds: float) -> None:
        """Stand in for ``time.sleep``: no waiting, the time is simply later."""
        self.advance(seconds)

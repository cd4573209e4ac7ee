"""A clock that only moves when told to: gives tests exact buckets and expiries without sleeping."""

from __future__ import annotations

import threading


class ManualClock:
    """Calling it tells the time (Unix seconds); ``sleep`` moves it on at once. Safe to share between threads.

    Kept in whole microseconds: a thousand steps of 0.1 s are 100 s exactly.
    """

    def __init__(self, now: float = 1_780_000_000.0) -> None:
        self._micros = round(now * 1_000_000)
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self._micros / 1_000_000

    def advance(self, seconds: float) -> float:
        """Move the time on by ``seconds``; returns the new time."""
        with self._lock:
            self._micros += round(seconds * 1_000_000)
        return self()

    def sleep(self, seconds: float) -> None:
        """Stand in for ``time.sleep``: no waiting, the time is simply later."""
        self.advance(seconds)

"""A slow portal holds up nobody else's pages: only so many web requests may wait for portals at once.

The same holds for the authorization server.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bitrix_app.errors import RejectedRequestError

RETRY_SECONDS = 3
PATIENCE_SECONDS = 3.0
PORTAL_PLACES = 16
"""Requests of a process that may wait for portals at once. WEB_THREADS is never fewer than these and CALLER_PLACES."""


class Bulkhead:
    """Counts the web requests that talk to portals: ``per_portal`` at once, ``waiting`` more may wait a moment.

    One instance a process. ``total`` (all portals together, waiting ones included) must stay below the number of web
    threads, so that pages which need no portal are always answered. ``patience``: seconds a request waits for a place.
    ``code``: what those who get none are told. ``fair``: nobody takes more places than are left for others, so that a
    few slow portals never take all of them.
    """

    def __init__(
        self,
        *,
        per_portal: int = 4,
        waiting: int = 4,
        total: int = PORTAL_PLACES,
        patience: float = PATIENCE_SECONDS,
        code: str = "portal_busy",
        fair: bool = True,
    ) -> None:
        self._per_portal = per_portal
        self._waiting = waiting
        self._code = code
        self._total = total
        self._patience = patience
        self._fair = fair
        self._present: Counter[str] = Counter()
        self._calling: Counter[str] = Counter()
        self._change = threading.Condition()

    @contextmanager
    def enter(self, member_id: str) -> Iterator[None]:
        """A place for one request to the portal ``member_id``.

        Raises RejectedRequestError 503: at once when too many wait already, after a moment when no
        place came free.
        """
        with self._change:
            if self._present[member_id] >= self._most():
                raise RejectedRequestError(503, self._code, retry_after=RETRY_SECONDS)
            self._present[member_id] += 1
        try:
            with self._place(member_id):
                yield
        finally:
            with self._change:
                _take_one(self._present, member_id)

    def _most(self) -> int:
        """So many requests to one portal may be present now."""
        left = self._total - self._present.total()
        return min(self._per_portal + self._waiting, left if self._fair or left <= 0 else self._total)

    @contextmanager
    def _place(self, member_id: str) -> Iterator[None]:
        with self._change:
            if not self._change.wait_for(lambda: self._calling[member_id] < self._per_portal, self._patience):
                raise RejectedRequestError(503, self._code, retry_after=RETRY_SECONDS)
            self._calling[member_id] += 1
        try:
            yield
        finally:
            with self._change:
                _take_one(self._calling, member_id)
                self._change.notify_all()


def _take_one(counter: Counter[str], member_id: str) -> None:
    """One less; a portal that nobody calls is not remembered."""
    counter[member_id] -= 1
    if not counter[member_id]:
        del counter[member_id]

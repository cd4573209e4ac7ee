"""A slow portal holds up nobody else's pages: only so many web requests may wait for portals at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bitrix_app.errors import RejectedRequestError

RETRY_SECONDS = 3


class Bulkhead:
    """Counts the web requests that talk to portals: at most ``per_portal`` for one, ``total`` for all together.

    One instance a process. ``total`` must stay below the number of web threads, so that pages which need no portal
    are always answered.
    """

    def __init__(self, *, per_portal: int = 4, total: int = 16) -> None:
        self._per_portal = per_portal
        self._total = total
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def enter(self, member_id: str) -> Iterator[None]:
        """A place for one request to the portal ``member_id``.

        Raises RejectedRequestError 503 ``portal_busy`` at once when there is none: waiting would only move the queue
        from the portal to our threads.
        """
        self._take(member_id)
        try:
            yield
        finally:
            self._leave(member_id)

    def _take(self, member_id: str) -> None:
        with self._lock:
            if self._inside[member_id] >= self._per_portal or self._inside.total() >= self._total:
                self._inside += Counter()  # drops the zero that the look-up has left
                raise RejectedRequestError(503, "portal_busy", retry_after=RETRY_SECONDS)
            self._inside[member_id] += 1

    def _leave(self, member_id: str) -> None:
        with self._lock:
            self._inside[member_id] -= 1
            if not self._inside[member_id]:
                del self._inside[member_id]

"""A cache for several threads whose values lapse after a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import TTLCache

T = TypeVar("T")


class TtlCache:
    """``cachetools.TTLCache`` for several threads: values kept for ``seconds``, at most ``limit`` of them.

    Two threads that miss the same key at once both make the value; neither waits for the other.
    """

    def __init__(self, seconds: float, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: TTLCache[Hashable, Any] = TTLCache(limit, seconds, clock)
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The kept value, or what ``make`` returns. An error of ``make`` is not kept."""
        try:
            with self._lock:
                kept: T = self._kept[key]
        except KeyError:
            pass
        else:
            return kept
        return self.renew(key, make)

    def renew(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` returns, whatever is kept; it is kept from now on."""
        value = make()
        with self._lock:
            self._kept[key] = value
        return value

    def peek(self, key: Hashable) -> Any | None:
        """The kept value, or None."""
        try:
            with self._lock:
                return self._kept[key]
        except KeyError:
            return None

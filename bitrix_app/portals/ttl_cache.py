"""A small cache that forgets: by age, and the oldest first when it is full. Held by an object, never by a module."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class TtlCache:
    """Keeps values for ``seconds``, at most ``limit`` of them. Safe to use from several threads.

    Two threads that miss the same key at once both make the value; neither waits for the other.
    """

    def __init__(self, seconds: float, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._limit = limit
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The kept value, or what ``make`` returns. An error of ``make`` is not kept."""
        with self._lock:
            entry = self._kept.get(key)
        if entry is not None and self._is_fresh(entry[0]):
            value: T = entry[1]
            return value
        value = make()
        with self._lock:
            self._kept[key] = (self._clock(), value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        return value

    def peek(self, key: Hashable) -> Any | None:
        """The kept value, or None."""
        with self._lock:
            entry = self._kept.get(key)
        return entry[1] if entry is not None and self._is_fresh(entry[0]) else None

    def forget(self, key: Hashable) -> None:
        """Drops one value; harmless when there is none."""
        with self._lock:
            self._kept.pop(key, None)

    def _is_fresh(self, since: float) -> bool:
        return self._clock() - since < self._seconds

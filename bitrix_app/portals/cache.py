"""A cache of what portals have told, for several threads: bounded for each portal and in all, so that none fills it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from sys import getsizeof
from typing import Any, TypeVar

from cachetools import TTLCache

from bitrix_app.storage import PortalRecord

T = TypeVar("T")

SHARE = 4 * 2**20
MOST = 64 * 2**20
"""Bytes of one portal, and of all: a portal whose form a hundred users have open at once needs about three MB."""
ENTRY_BYTES = 1000
"""What an entry costs besides its key and value."""


def weight_of(value: Any) -> int:
    """Bytes that a value takes, by estimate: itself and what it holds."""
    own = getsizeof(value)
    if isinstance(value, str | bytes | int):
        return own
    if isinstance(value, Mapping):
        return own + sum(weight_of(key) + weight_of(each) for key, each in value.items())
    if isinstance(value, tuple | list | frozenset | set):
        return own + sum(map(weight_of, value))
    if is_dataclass(value):
        return own + sum(weight_of(getattr(value, each.name)) for each in fields(value))
    return own


class _Share:
    """What is kept of one installation of one portal."""

    def __init__(self, epoch: int, values: TTLCache[Hashable, tuple[int, Any]]) -> None:
        self.epoch = epoch
        self.values = values


class PortalCache:
    """Values of portals, kept for ``seconds``.

    A portal that fills its ``share`` loses its own oldest values; when all together take more than ``most``, the portal
    that takes most loses its oldest. What lapsed goes with the next value that is kept, whosever it is. A portal that
    is installed anew (another ``epoch``) begins anew, and takes no second share.

    Two threads that miss the same key at once both make the value; neither waits for the other.
    """

    def __init__(
        self, seconds: float, *, share: int = SHARE, most: int = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._share = share
        self._most = most
        self._clock = clock
        self._shares: dict[int, _Share] = {}
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """What is kept takes so many, by estimate, what has lapsed and was not dropped yet among it."""
        return sum(int(each.values.currsize) for each in self._shares.values())

    def get(self, portal: PortalRecord, key: Hashable, make: Callable[[], T]) -> T:
        """The kept value, or what ``make`` returns. An error of ``make`` is not kept."""
        with self._lock:
            found = self._found(portal, key)
        if found is not None:
            kept: T = found[1]
            return kept
        return self.renew(portal, key, make)

    def renew(self, portal: PortalRecord, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` returns, whatever is kept; it is kept from now on, unless it takes more than a share."""
        value = make()
        weight = ENTRY_BYTES + weight_of(key) + weight_of(value)
        with self._lock:
            share = self._shares.get(portal.id)
            if share is None or share.epoch != portal.epoch:
                share = self._shares[portal.id] = _Share(portal.epoch, self._empty())
            if weight <= self._share:
                share.values[key] = (weight, value)
            self._make_room()
        return value

    def peek(self, portal: PortalRecord, key: Hashable) -> Any | None:
        """The kept value, or None."""
        with self._lock:
            found = self._found(portal, key)
        return None if found is None else found[1]

    def _found(self, portal: PortalRecord, key: Hashable) -> tuple[int, Any] | None:
        share = self._shares.get(portal.id)
        return None if share is None or share.epoch != portal.epoch else share.values.get(key)

    def _empty(self) -> TTLCache[Hashable, tuple[int, Any]]:
        return TTLCache(self._share, self._seconds, self._clock, getsizeof=lambda kept: kept[0])

    def _make_room(self) -> None:
        for each in self._shares.values():
            each.values.expire()
        while self.bytes > self._most:
            max(self._shares.values(), key=lambda each: each.values.currsize).values.popitem()
        for portal_id in [each for each, share in self._shares.items() if not share.values.currsize]:
            del self._shares[portal_id]

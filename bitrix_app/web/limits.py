"""Rate limits on launches, API calls and new reports, counted by the ``limits`` library in a moving window.

Counted by network before the authorization server is asked, and by confirmed portal and user afterwards, so that
nobody can use up another's share. A network is an IPv4 address, or the /64 that an IPv6 customer has to themselves. The
address is the connection's; behind PROXY_HOPS proxies of ours it is the one that the first of them saw (anybody can
write an X-Forwarded-For, but only in front of what our proxies add).
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network

import structlog
from cachetools import TTLCache
from flask import current_app
from limits import RateLimitItem, parse, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from bitrix_app.errors import ForeignTokenError, RejectedRequestError

UNCONFIRMED_OF_NETWORK = "1800 per minute"
REFUSED_OF_NETWORK = "30 per minute"
LAUNCHES_OF_PORTAL = "900 per minute"
LAUNCHES_OF_USER = "300 per minute"
REQUESTS_OF_USER = "600 per minute"
"""Behind the session. A page that watches its report asks 86 times a minute at most."""
DOWNLOADS_NOTED_OF_LINK = "1 per minute"
REPORTS_OF_USER = "60 per minute; 600 per hour"
REPORTS_OF_PORTAL = "240 per minute; 2400 per hour"
PROBE_STEPS_OF_PORTAL = "60 per 10 minutes"
EVENTS_OF_PORTAL = "10 per minute"
MEMORY = "memory://"
KEYS = 20_000
"""Counters that a process keeps at most: strangers choose their addresses, so they must not fill our memory."""
TOKEN_SECONDS = 3600
CONFIRMED_TOKENS = 10_000
ADDRESS_LENGTH = 64
RATE_LIMITS = "invoice_register_limits"

log = structlog.get_logger("web")


class RateLimits:
    """Counts, and refuses with RejectedRequestError 429 ``too_many_requests`` and a Retry-After.

    ``address``: ``memory://`` (counters of this process) or a Redis. When the Redis is away the counters of this
    process stand in: a limit that cannot be shared must not stop the app.
    """

    def __init__(self, address: str = MEMORY) -> None:
        self._own = MovingWindowRateLimiter(BoundedMemory())
        self._shared = self._own if address == MEMORY else _shared(address)
        self._confirmed: TTLCache[bytes, bool] = TTLCache(CONFIRMED_TOKENS, TOKEN_SECONDS)
        self._lock = threading.Lock()

    @contextmanager
    def confirmation(self, address: str, access_token: str) -> Iterator[str]:
        """Around the question whose ``access_token`` came from ``address``. → the network, for the fair queue.

        A refusal (ForeignTokenError) is counted against the network; one with too many of them is refused
        before anybody is asked, but for a token that was confirmed here within the hour: colleagues behind the
        address of a flood go on working.
        """
        network, digest = network_of(address), hashlib.sha256(access_token.encode("utf-8", "replace")).digest()
        self._count("unconfirmed", UNCONFIRMED_OF_NETWORK, network)
        with self._lock:
            was_confirmed = digest in self._confirmed
        if not was_confirmed:
            self._require_room("refused", REFUSED_OF_NETWORK, network)
        try:
            yield network
        except ForeignTokenError:
            with self._lock:
                self._confirmed.pop(digest, None)
            self._hit(parse(REFUSED_OF_NETWORK), "refused", network)
            raise
        with self._lock:
            self._confirmed[digest] = True

    def launch(self, member_id: str, user_id: int) -> None:
        """One more confirmed launch or install."""
        self._count("launch", LAUNCHES_OF_USER, member_id, str(user_id))
        self._count("launch", LAUNCHES_OF_PORTAL, member_id)

    def request(self, portal_id: int, user_id: int) -> None:
        """One more API call or download of a user."""
        self._count("request", REQUESTS_OF_USER, str(portal_id), str(user_id))

    def is_noted_download(self, link: str) -> bool:
        """Whether this download belongs into the audit log: one a link and minute does, however often a browser or a
        download manager repeats it."""
        digest = hashlib.sha256(link.encode("utf-8", "replace")).hexdigest()
        return self._hit(parse(DOWNLOADS_NOTED_OF_LINK), "download", digest)

    def report(self, portal_id: int, user_id: int) -> None:
        """One more new report."""
        self._count("report", REPORTS_OF_USER, str(portal_id), str(user_id))
        self._count("report", REPORTS_OF_PORTAL, str(portal_id))

    def probe(self, portal_id: int) -> None:
        """One more step of a probe, which puts several questions to the portal."""
        self._count("probe", PROBE_STEPS_OF_PORTAL, str(portal_id))

    def has_room_for_event(self, member_id: str, name: str) -> bool:
        """Whether what an event of this portal asks for is done at once, or left to the periodic tasks."""
        return self._hit(parse(EVENTS_OF_PORTAL), "event", member_id[:ADDRESS_LENGTH], name)

    def _count(self, what: str, limits: str, *whose: str) -> None:
        for limit in parse_many(limits):
            if not self._hit(limit, what, *whose):
                raise RejectedRequestError(429, "too_many_requests", retry_after=self._seconds(limit, what, *whose))

    def _require_room(self, what: str, limit: str, *whose: str) -> None:
        """Refuses as ``_count`` does, counting nothing."""
        item = parse(limit)
        try:
            has_room = self._shared.test(item, what, *whose)
        except StorageError:
            has_room = self._own.test(item, what, *whose)
        if not has_room:
            raise RejectedRequestError(429, "too_many_requests", retry_after=self._seconds(item, what, *whose))

    def _hit(self, limit: RateLimitItem, *whose: str) -> bool:
        try:
            return self._shared.hit(limit, *whose)
        except StorageError:
            log.warning("limits_counted_in_process")
            return self._own.hit(limit, *whose)

    def _seconds(self, limit: RateLimitItem, *whose: str) -> int:
        try:
            reset = self._shared.get_window_stats(limit, *whose).reset_time
        except StorageError:
            reset = self._own.get_window_stats(limit, *whose).reset_time
        return max(1, min(limit.get_expiry(), round(reset - time.time()) + 1))


class BoundedMemory(MemoryStorage):
    """The library's counters in memory, at most KEYS of them: it keeps an empty list for each key it ever saw."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        super().__init__()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """As in the library, after room was made: keys without an entry in force go, else those with the fewest.

        One thread at a time: two at once would start the library's timer twice, which it answers with RuntimeError.
        """
        with self._one_at_a_time:
            if len(self.events) >= KEYS and key not in self.events:
                self._make_room()
            return super().acquire_entry(key, limit, expiry, amount)

    def _make_room(self) -> None:
        now, kept = time.time(), list(self.events.items())
        lapsed = [key for key, entries in kept if not entries or entries[0].expiry <= now]
        fewest = sorted(kept, key=lambda each: len(each[1]))[: KEYS // 10]
        for key in lapsed or [key for key, _ in fewest]:
            with self.locks[key]:
                self.events.pop(key, None)


def network_of(address: str) -> str:
    """The network that an address of a request is counted by: IPv4 address or IPv6 /64. What is no address (a proxy's
    own notation) is counted as it stands."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:ADDRESS_LENGTH]
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)


def rate_limits() -> RateLimits:
    """The limits of the running application."""
    found: RateLimits = current_app.extensions[RATE_LIMITS]
    return found


def _shared(address: str) -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(storage_from_string(address, wrap_exceptions=True))

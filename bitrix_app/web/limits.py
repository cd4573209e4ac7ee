"""Rate limits on launches and new reports, counted by the ``limits`` library in a moving window.

Counted by address before the authorization server is asked, and by confirmed portal and user afterwards, so that nobody
can use up another's share. The address is the connection's; behind PROXY_HOPS proxies of ours it is the one that the
first of them saw (anybody can write an X-Forwarded-For, but only in front of what our proxies add).
"""

from __future__ import annotations

import time

import structlog
from flask import current_app
from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from bitrix_app.errors import RejectedRequestError

UNCONFIRMED_OF_ADDRESS = "1800 per minute"
LAUNCHES_OF_PORTAL = "900 per minute"
LAUNCHES_OF_USER = "300 per minute"
REPORTS_OF_USER = "60 per minute; 600 per hour"
REPORTS_OF_PORTAL = "240 per minute; 2400 per hour"
MEMORY = "memory://"
RATE_LIMITS = "invoice_register_limits"

log = structlog.get_logger("web")


class RateLimits:
    """Counts, and refuses with RejectedRequestError 429 ``too_many_requests`` and a Retry-After.

    ``address``: ``memory://`` (counters of this process) or a Redis. When the Redis is away the counters of this
    process stand in: a limit that cannot be shared must not stop the app.
    """

    def __init__(self, address: str = MEMORY) -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = self._own if address == MEMORY else _shared(address)

    def unconfirmed_request(self, address: str) -> None:
        """One more request from this address that makes us ask the authorization server."""
        self._count("unconfirmed", UNCONFIRMED_OF_ADDRESS, address)

    def launch(self, member_id: str, user_id: int) -> None:
        """One more confirmed launch or install."""
        self._count("launch", LAUNCHES_OF_USER, member_id, str(user_id))
        self._count("launch", LAUNCHES_OF_PORTAL, member_id)

    def report(self, portal_id: int, user_id: int) -> None:
        """One more new report."""
        self._count("report", REPORTS_OF_USER, str(portal_id), str(user_id))
        self._count("report", REPORTS_OF_PORTAL, str(portal_id))

    def _count(self, what: str, limits: str, *whose: str) -> None:
        for limit in parse_many(limits):
            if not self._hit(limit, what, *whose):
                raise RejectedRequestError(429, "too_many_requests", retry_after=self._seconds(limit, what, *whose))

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


def rate_limits() -> RateLimits:
    """The limits of the running application."""
    found: RateLimits = current_app.extensions[RATE_LIMITS]
    return found


def _shared(address: str) -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(storage_from_string(address, wrap_exceptions=True))

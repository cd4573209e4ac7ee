"""OAuth tokens of the demo world: issued, spent, expired. One store for the authorization server and all portals.

Rules: settings/oauth/auto-renewal.md. A renewal gives a new pair and spends the refresh token; the old access token
lives on until it expires.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

REFRESH_LIFETIME = 180 * 24 * 3600


@dataclass(slots=True)
class TokenPair:
    """A pair issued to a user for an application in a portal. ``expires_at`` in Unix seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    member_id: str
    user_id: int
    client_id: str
    scope: str
    expires_at: float
    expires_in: int
    refresh_until: float
    spent: bool = False
    revoked: bool = False


class TokenStore:
    """All pairs of the world. ``renewals`` counts attempts for each refresh token (its value → times)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_access: dict[str, TokenPair] = {}
        self._by_refresh: dict[str, TokenPair] = {}
        self.lifetime = 3600
        self.renewals: Counter[str] = Counter()

    def issue(self, member_id: str, user_id: int, client_id: str, scope: str, lifetime: int | None = None) -> TokenPair:
        """A new pair."""
        seconds = self.lifetime if lifetime is None else lifetime
        now = self._clock()
        pair = TokenPair(
            access_token=secrets.token_hex(35),
            refresh_token=secrets.token_hex(35),
            member_id=member_id,
            user_id=user_id,
            client_id=client_id,
            scope=scope,
            expires_at=now + seconds,
            expires_in=seconds,
            refresh_until=now + REFRESH_LIFETIME,
        )
        with self._lock:
            self._by_access[pair.access_token] = pair
            self._by_refresh[pair.refresh_token] = pair
        return pair

    def by_access(self, token: str) -> TokenPair | None:
        """The pair of an access token, expired or not; None for one never issued or revoked."""
        pair = self._by_access.get(token)
        return None if pair is None or pair.revoked else pair

    def by_refresh(self, token: str) -> TokenPair | None:
        """The pair of a refresh token, spent or not; None for one never issued."""
        return self._by_refresh.get(token)

    def is_alive(self, pair: TokenPair) -> bool:
        """Whether its access token still opens the door."""
        return not pair.revoked and self._clock() < pair.expires_at

    def renew(self, refresh_token: str, client_id: str) -> TokenPair | None:
        """A new pair for a refresh token, which is spent by that; None when it is unknown, spent or lapsed."""
        with self._lock:
            self.renewals[refresh_token] += 1
            old = self._by_refresh.get(refresh_token)
            if old is None or old.spent or old.revoked or old.client_id != client_id:
                return None
            if self._clock() >= old.refresh_until:
                return None
            old.spent = True
        return self.issue(old.member_id, old.user_id, old.client_id, old.scope)

    def pairs(self, member_id: str | None = None, user_id: int | None = None) -> Iterator[TokenPair]:
        """Pairs of a portal and user (None: any), oldest first."""
        for pair in list(self._by_access.values()):
            if member_id in {None, pair.member_id} and user_id in {None, pair.user_id}:
                yield pair

    def expire(self, member_id: str | None = None, user_id: int | None = None) -> int:
        """Let access tokens expire now; how many did."""
        alive = [pair for pair in self.pairs(member_id, user_id) if self.is_alive(pair)]
        for pair in alive:
            pair.expires_at = self._clock()
        return len(alive)

    def revoke(self, member_id: str | None = None, client_id: str | None = None, user_id: int | None = None) -> None:
        """Take pairs away for good: neither token works any more."""
        for pair in self.pairs(member_id, user_id):
            if client_id in {None, pair.client_id}:
                pair.revoked = True

    def spend(self, refresh_token: str) -> None:
        """Make a refresh token a spent one, as if somebody else had used it."""
        self._by_refresh[refresh_token].spent = True

    def narrow(self, member_id: str, client_id: str, scope: str) -> None:
        """Change the scopes of the pairs of a portal, as when its administrator changes the application's card."""
        for pair in self.pairs(member_id):
            if pair.client_id == client_id:
                pair.scope = scope

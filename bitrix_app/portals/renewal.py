"""The access token of one user of one portal, renewed when the portal says that it has expired.

Implements ``bitrix24.TokenSource``. Source: ``settings/oauth/auto-renewal``: wait for ``expired_token``, renew at the
authorization server, store the new pair, go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from bitrix_app.bitrix24 import AccessToken, RenewedPair
from bitrix_app.errors import ForeignTokenError, InvalidGrantError, PortalMovedError
from bitrix_app.portals.identity import ConfirmsTokens
from bitrix_app.storage import USER, PairKey, PortalRecord, Portals, RenewalLease, TokenPair, UserTokens

LOOK_AGAIN_SECONDS = 0.2


class RenewsTokens(ConfirmsTokens, Protocol):
    """The authorization server as far as renewal needs it."""

    def renew(self, refresh_token: str, remembered: str | None = None) -> RenewedPair: ...


class PortalTokens:
    """Tokens of one user of one portal, for one client; safe to use from several threads.

    Every token goes to the portal's own confirmed REST address and nowhere else. ``wait`` sleeps while somebody else
    renews (and raises when the report must stop). ``kind``: the user's pair, or the portal's own that is theirs.
    """

    def __init__(
        self,
        *,
        portal: PortalRecord,
        user_id: int,
        tokens: UserTokens,
        portals: Portals,
        authorization_server: RenewsTokens,
        wait: Callable[[float], None],
        kind: str = USER,
    ) -> None:
        self._portal = portal
        self._key = PairKey(portal.id, user_id, kind)
        self._tokens = tokens
        self._portals = portals
        self._server = authorization_server
        self._wait = wait
        self._lock = threading.Lock()
        self._current: AccessToken | None = None
        self._endpoint = portal.client_endpoint
        self._root = portal.oauth_root

    def current(self) -> AccessToken:
        """The stored access token. Raises InvalidGrantError when the user has none (any more)."""
        with self._lock:
            if self._current is None:
                pair = self._tokens.read(self._key)
                if pair is None:
                    raise InvalidGrantError("no token is stored for this user")
                self._current = AccessToken(pair.access_token, self._endpoint)
            return self._current

    def renew(self, spent: AccessToken) -> AccessToken:
        """A valid token in place of ``spent``: somebody else's fresh one, or a new pair, stored before it is returned.

        Raises InvalidGrantError when the refresh token is spent, or when its new pair is another user's or portal's;
        AuthorizationServerUnavailableError.
        """
        pair = self._renewed(spent.value)
        with self._lock:
            self._current = AccessToken(pair.access_token, self._endpoint)
            return self._current

    def moved(self, spent: AccessToken) -> AccessToken:
        """The same user's token for the address that the authorization server names now; the address is stored.

        A redirect's own target is never looked at. Raises PortalMovedError when the authorization server knows no
        other address than the one that redirected.
        """
        with self._lock:
            if self._endpoint != spent.client_endpoint:
                self._current = AccessToken(spent.value, self._endpoint)
                return self._current
        token = spent
        try:
            owner = self._server.confirm(token.value, remembered=self._root)
        except ForeignTokenError:
            token = self.renew(spent)
            owner = self._server.confirm(token.value, remembered=self._root)
        if owner.member_id != self._portal.member_id or owner.client_endpoint == spent.client_endpoint:
            raise PortalMovedError("the portal redirects, and the authorization server knows no other address")
        self._portals.launched(
            self._portal.id,
            client_endpoint=owner.client_endpoint,
            domain=owner.domain,
            scopes=owner.scopes,
            oauth_root=owner.root,
        )
        with self._lock:
            self._endpoint = owner.client_endpoint
            self._current = AccessToken(token.value, self._endpoint)
            return self._current

    def _renewed(self, spent_access_token: str) -> TokenPair:
        """The pair that follows the spent one: of all who renew it at once one asks, and the others take its pair."""
        while True:
            found = self._tokens.lease(self._key, spent_access_token)
            if isinstance(found, TokenPair):
                return found
            if found is not None:
                return self._renew_leased(found)
            self._wait(LOOK_AGAIN_SECONDS)

    def _renew_leased(self, lease: RenewalLease) -> TokenPair:
        try:
            renewed = self._ask(lease.refresh_token)
        except InvalidGrantError:
            return self._tokens.refuse(lease)
        except BaseException:
            self._tokens.release(lease)
            raise
        return self._tokens.store(lease, renewed)

    def _ask(self, refresh_token: str) -> TokenPair:
        renewed = self._server.renew(refresh_token, self._root)
        if renewed.member_id != self._portal.member_id or renewed.user_id != self._key.user_id:
            raise InvalidGrantError("the refresh token belongs to somebody else")
        if renewed.root and renewed.root != self._root:
            self._portals.served_by(self._portal.id, renewed.root)
            self._root = renewed.root
        return TokenPair(
            access_token=renewed.access_token,
            refresh_token=renewed.refresh_token,
            expires_at=renewed.expires_at,
        )


class GivenToken:
    """The one access token that came with a request; it is fresh, so it is not renewed. A TokenSource."""

    def __init__(self, token: AccessToken) -> None:
        self._token = token

    def current(self) -> AccessToken:
        """The token as it came."""
        return self._token

    def renew(self, spent: AccessToken) -> AccessToken:  # noqa: ARG002 - the Protocol's signature
        """Always raises InvalidGrantError: whoever sent it can send a fresh one."""
        raise InvalidGrantError("the access token that came with the request has expired")

    def moved(self, spent: AccessToken) -> AccessToken:  # noqa: ARG002 - the Protocol's signature
        """Always raises PortalMovedError: the address was confirmed a moment ago."""
        raise PortalMovedError("the portal redirects from its confirmed address")

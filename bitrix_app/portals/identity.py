"""Access tokens: whose one is, and a new one in place of one that has expired, both by the authorization server.

Nothing in a request is believed until that server confirms its token. Sources: contract §2 "Trust";
``settings/cloud-and-on-premise/security-recommendations``; ``settings/oauth/auto-renewal``: wait for ``expired_token``,
renew, store the new pair, go on.
"""

from __future__ import annotations

import hmac
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bitrix_app.bitrix24 import AccessToken, RenewedPair, TokenOwner
from bitrix_app.errors import (
    AuthorizationServerError,
    AuthorizationServerUnavailableError,
    ForeignTokenError,
    InvalidGrantError,
    MalformedFieldError,
    MissingFieldError,
    PortalMismatchError,
    PortalMovedError,
)
from bitrix_app.portals.waiting import FairQueue, request_deadline
from bitrix_app.storage import USER, PairKey, PortalRecord, Portals, RenewalLease, TokenPair, UserTokens

TOKEN_SHAPE = re.compile(r"[\x21-\x7e]{1,2048}")
"""What an access or refresh token, an application token or a member_id can look like at all."""

CONFIRMED_AT_ONCE = 16
CALLER_PLACES = 59


class ConfirmsTokens(Protocol):
    """The authorization server as far as a caller's check needs it."""

    def confirm(self, access_token: str, told: str = "", remembered: str | None = None) -> TokenOwner: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose access token the authorization server has just confirmed. All but the token is its answer."""

    member_id: str
    user_id: int
    client_endpoint: str
    domain: str
    scopes: frozenset[str]
    access_token: str = field(repr=False)
    expires_at: int | None = None
    oauth_root: str = ""
    app_version: str = ""


class CallerCheck:
    """Asks the authorization server whose token came in. Stores nothing.

    A crowd waits for its turn in a fair queue; a dead authorization server holds ``places`` of the web's threads and
    no more. One instance a process, and one queue for both authorization servers. ``remembered``: which of them serves
    the portal with this member_id, as far as is known.
    """

    def __init__(
        self,
        authorization_server: ConfirmsTokens,
        *,
        places: int = CALLER_PLACES,
        remembered: Callable[[str], str | None] = lambda _member_id: None,
    ) -> None:
        self._server = authorization_server
        self._remembered = remembered
        self.queue = FairQueue(at_once=CONFIRMED_AT_ONCE, places=places)

    def confirm(self, access_token: str, member_id: str, network: str, told: str = "") -> Caller:
        """The caller behind ``access_token``, who must belong to the portal ``member_id``. Waits for its turn among
        those of other networks, within the request's own time; ``network``: where the request came from; ``told``: the
        ``SERVER_ENDPOINT`` that came with it.

        Raises MissingFieldError for an empty value, ForeignTokenError for a forged, expired or foreign token,
        PortalMismatchError for a ``member_id`` that differs, AuthorizationServerUnavailableError when the
        authorization server does not answer or no turn came.
        """
        require_field("AUTH_ID", access_token)
        require_field("member_id", member_id)
        if not TOKEN_SHAPE.fullmatch(access_token):
            raise ForeignTokenError
        owner = self._ask(access_token, member_id, network, told)
        if not hmac.compare_digest(owner.member_id.encode(), member_id.encode("utf-8", "replace")):
            raise PortalMismatchError
        return Caller(
            member_id=owner.member_id,
            user_id=owner.user_id,
            client_endpoint=owner.client_endpoint,
            domain=owner.domain,
            scopes=owner.scopes,
            access_token=access_token,
            expires_at=owner.expires_at,
            oauth_root=owner.root,
            app_version=owner.app_version,
        )

    def _ask(self, access_token: str, member_id: str, network: str, told: str) -> TokenOwner:
        try:
            with self.queue.enter(network, request_deadline().remaining()):
                return self._server.confirm(access_token, told, self._remembered(member_id))
        except ForeignTokenError:
            raise
        except AuthorizationServerError as error:
            raise AuthorizationServerUnavailableError from error


def require_field(name: str, value: str) -> None:
    """Raises MissingFieldError when the value is empty."""
    if not value.strip():
        raise MissingFieldError(field=name)


def require_token(name: str, value: str) -> None:
    """Raises MissingFieldError when the value is empty, MalformedFieldError when it cannot be a token at all."""
    require_field(name, value)
    if not TOKEN_SHAPE.fullmatch(value):
        raise MalformedFieldError(field=name)


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
        self._renewing = threading.Lock()
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
        with self._renewing:  # threads of one report stand in line; other processes look at the lease
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

"""Who is calling: nothing in a request is believed until the authorization server confirms the access token.

Source: contract §2 "Trust"; the portal's page ``settings/cloud-and-on-premise/security-recommendations``.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bitrix_app.bitrix24 import TokenOwner
from bitrix_app.errors import (
    AuthorizationServerError,
    AuthorizationServerUnavailableError,
    ForeignTokenError,
    MalformedFieldError,
    MissingFieldError,
    PortalMismatchError,
)
from bitrix_app.portals.waiting import FairQueue, request_deadline

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

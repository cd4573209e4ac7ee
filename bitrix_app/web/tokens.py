"""Session tokens and download links: signed with the first of our keys, read with any, short-lived, bound.

Both name the portal's ``epoch``, which ends them all at once when the app is removed from the portal. The purpose is
part of the key (itsdangerous' salt): a download link is no session, and the other way round.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from bitrix_app.errors import RejectedRequestError

SESSION_SECONDS = 3600
DOWNLOAD_SECONDS = 600


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """Whose session: our number of the portal and its epoch, the portal's number of the user, the page's language."""

    portal_id: int
    epoch: int
    user_id: int
    lang: str


@dataclass(frozen=True, slots=True)
class DownloadClaims:
    """Which file: one report of one user, in one format."""

    portal_id: int
    epoch: int
    user_id: int
    report_id: str
    format: str


class SignedTokens:
    """Makes and reads both kinds. ``keys``: the first signs, all are accepted. Times in seconds since 1970."""

    def __init__(self, keys: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._keys = list(reversed(keys))  # itsdangerous signs with the last
        self._clock = clock

    def session(self, claims: SessionClaims) -> tuple[str, int]:
        """A session token for an hour. → the token and when it expires."""
        expires_at = int(self._clock()) + SESSION_SECONDS
        return self._sign("session", asdict(claims), expires_at), expires_at

    def read_session(self, token: str) -> SessionClaims:
        """Raises RejectedRequestError 401: ``session_invalid`` (forged, damaged), ``session_expired``."""
        claims = self._read("session", token)
        if claims is None:
            raise RejectedRequestError(401, "session_invalid")
        if claims.pop("exp") <= self._clock():
            raise RejectedRequestError(401, "session_expired")
        return SessionClaims(**claims)

    def download(self, claims: DownloadClaims) -> str:
        """The last part of a download link that works for ten minutes."""
        return self._sign("download", asdict(claims), int(self._clock()) + DOWNLOAD_SECONDS)

    def read_download(self, token: str) -> DownloadClaims:
        """Raises RejectedRequestError: 404 ``link_invalid`` (forged, damaged), 410 ``link_expired``."""
        claims = self._read("download", token)
        if claims is None:
            raise RejectedRequestError(404, "link_invalid")
        if claims.pop("exp") <= self._clock():
            raise RejectedRequestError(410, "link_expired")
        return DownloadClaims(**claims)

    def _sign(self, purpose: str, claims: dict[str, Any], expires_at: int) -> str:
        return str(self._serializer(purpose).dumps({**claims, "exp": expires_at}))

    def _read(self, purpose: str, token: str) -> dict[str, Any] | None:
        try:
            claims: dict[str, Any] = self._serializer(purpose).loads(token)
        except BadData:
            return None
        return claims

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        options = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        return URLSafeSerializer(self._keys, salt=f"bitrix_app.{purpose}.1", signer_kwargs=options)

"""Session tokens, download links, and the session of an API call.

Tokens are signed with the first of our keys, read with any, short-lived and bound to the portal's ``epoch``, which
ends them all at once when the app is removed from the portal. The purpose is part of the key (itsdangerous' salt): a
download link is no session, and the other way round.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from flask import current_app, g, request
from itsdangerous import BadData, URLSafeSerializer

from bitrix_app.errors import RejectedRequestError
from bitrix_app.jobs import today_in
from bitrix_app.portals import complete_settings
from bitrix_app.storage import PortalRecord, UserReports, UserSavedSets
from bitrix_app.texts import LANGUAGES
from bitrix_app.web.i18n import choose_language
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.services import services

SIGNED_TOKENS = "invoice_register_tokens"
SESSION_SECONDS = 3600
DOWNLOAD_SECONDS = 600
SCHEME = "bearer "


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
    """Signer of session tokens and download links. ``keys`` rotate: the first signs, all are read. Unix seconds."""

    def __init__(self, keys: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._keys = list(reversed(keys))  # itsdangerous signs with the last
        self._clock = clock

    def session(self, claims: SessionClaims) -> tuple[str, int]:
        """A session token for an hour. → the token and when it expires."""
        expires_at = int(self._clock()) + SESSION_SECONDS
        return self._sign("session", asdict(claims), expires_at), expires_at

    def read_session(self, token: str) -> SessionClaims:
        """Claims of a session token.

        Raises RejectedRequestError 401: ``session_invalid`` (forged, damaged), ``session_expired``.
        """
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
        """Claims of a download link.

        Raises RejectedRequestError: 404 ``link_invalid`` (forged, damaged), 410 ``link_expired``.
        """
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


@dataclass(frozen=True, slots=True)
class Session:
    """A user at an open page. Everything that belongs to somebody is reached through it."""

    portal: PortalRecord
    user_id: int
    lang: str

    @property
    def reports(self) -> UserReports:
        """This user's reports, and nobody else's."""
        return services().reports.of(self.portal.id, self.user_id)

    @property
    def saved_sets(self) -> UserSavedSets:
        """This user's saved sets and the portal's shared ones."""
        return services().saved_sets.of(self.portal.id, self.user_id)

    @property
    def name(self) -> str:
        """The user's name as far as we know it."""
        known = services().users.get(self.portal.id, self.user_id)
        return known.name if known else ""

    @property
    def today(self) -> date:
        """The calendar date in the portal's time zone; in UTC where the zone is unknown to this machine."""
        return today_in(complete_settings(self.portal.settings)["time_zone"], services().clock())

    def note(self, action: str, report_id: str | None = None, **details: object) -> None:
        """Writes a line into the portal's audit log."""
        services().audit_log.add(self.portal.id, self.user_id, self.name, action, report_id, details=details)


def signed_tokens() -> SignedTokens:
    """The signer of the running application."""
    found: SignedTokens = current_app.extensions[SIGNED_TOKENS]
    return found


def new_session(portal: PortalRecord, user_id: int, lang: str) -> tuple[str, int]:
    """A session token for a user of a portal. → the token and when it expires (seconds since 1970)."""
    return signed_tokens().session(SessionClaims(portal.id, portal.epoch, user_id, lang))


def enter_session(portal: PortalRecord, user_id: int, lang: str) -> None:
    """Makes this request one of the user's session, as ``require_session`` does for a token: a confirmed launch."""
    g.session = Session(portal, user_id, lang)


def require_session() -> None:
    """Before each API call: the caller's session. Raises RejectedRequestError: 401 without one, 429 for one call too
    many; and what ``Access.require_open`` raises where the portal has closed the app to them."""
    header = request.headers.get("Authorization", "")
    if header[: len(SCHEME)].lower() != SCHEME or not header[len(SCHEME) :].strip():
        raise RejectedRequestError(401, "session_required")
    claims = signed_tokens().read_session(header[len(SCHEME) :].strip())
    portal = installed_portal(claims.portal_id, claims.epoch)
    if portal is None:
        raise RejectedRequestError(401, "session_expired")
    choose_language(claims.lang if claims.lang in LANGUAGES else LANGUAGES[0])
    g.session = Session(portal, claims.user_id, claims.lang)
    rate_limits().request(portal.id, claims.user_id)
    services().access.require_open(portal, claims.user_id)


def installed_portal(portal_id: int, epoch: int) -> PortalRecord | None:
    """Portal of a token; None once the app was removed from it or installed anew since."""
    portal = services().portals.by_id(portal_id)
    return portal if portal is not None and portal.installed and portal.epoch == epoch else None


def session() -> Session:
    """The session of this API call."""
    found: Session = g.session
    return found

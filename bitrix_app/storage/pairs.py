"""Pairs of OAuth tokens as rows: written encrypted, read decrypted. The steps of tokens.py and renewal.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database
from bitrix_app.storage.tables import UserToken

USER = "user"
INSTALL = "install"


@dataclass(frozen=True, slots=True)
class PairKey:
    """What a pair is stored under. ``kind``: ``user`` from launches, ``install`` the portal's own."""

    portal_id: int
    user_id: int
    kind: str = USER


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A pair of OAuth tokens and the REST address they are for; ``expires_at`` in seconds since 1970.

    ``refresh_token`` is None where the portal gave only an access token. Secrets do not show in repr.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: int | None
    client_endpoint: str

    def has_lapsed(self, now: float) -> bool:
        """Whether the access token is past its time; False where that is not known."""
        return self.expires_at is not None and self.expires_at <= now


class PairRows:
    """Reads and writes pairs inside the caller's transaction."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self._db = db
        self._cipher = cipher

    def row(self, session: Session, key: PairKey, *, lock: bool = False) -> UserToken | None:
        """The row under this key, locked for the transaction if asked."""
        query = select(UserToken).where(
            UserToken.portal_id == key.portal_id, UserToken.user_id == key.user_id, UserToken.kind == key.kind
        )
        return session.scalar(query.with_for_update() if lock else query)

    def put(self, session: Session, key: PairKey, pair: TokenPair) -> None:
        """Write a pair. Without a refresh token the stored one stays. A renewal under way loses its lease."""
        access = self._cipher.encrypt(pair.access_token)
        now = self._db.now(session)
        fresh = {
            "portal_id": key.portal_id,
            "user_id": key.user_id,
            "kind": key.kind,
            "access_token": access,
            "client_endpoint": pair.client_endpoint,
            "updated_at": now,
        }
        with self._db.portal_exists():
            self._db.insert_if_absent(session, UserToken, fresh)
        row = self.row(session, key, lock=True)
        if row is None:
            return  # forgotten in this very moment: an uninstall was faster
        row.access_token = access
        if pair.refresh_token:
            row.refresh_token = self._cipher.encrypt(pair.refresh_token)
        row.expires_at, row.client_endpoint, row.updated_at = pair.expires_at, pair.client_endpoint, now
        row.renewal_owner, row.renewal_until = None, None

    def open(self, row: UserToken) -> TokenPair | None:
        """The pair of a row, decrypted; None when none of our keys opens it."""
        try:
            refresh = self._cipher.decrypt(row.refresh_token) if row.refresh_token else None
            return TokenPair(self._cipher.decrypt(row.access_token), refresh, row.expires_at, row.client_endpoint)
        except UnreadableSecretError:
            return None

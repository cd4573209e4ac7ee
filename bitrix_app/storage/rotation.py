"""Moves every stored secret to the first key of SECRET_KEY, so that older keys can be taken out of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database
from bitrix_app.storage.tables import Portal, UserToken


@dataclass(slots=True)
class Rotation:
    """One pass over all secrets. ``moved``: now encrypted with the first key; ``unreadable``: no key opens these."""

    cipher: Cipher
    moved: int = 0
    unreadable: int = 0

    def run(self, db: Database) -> None:
        """Encrypt anew what an older key has encrypted. Safe beside running processes; may be repeated."""
        with db.transaction() as session:
            for portal in session.scalars(select(Portal).with_for_update()):
                portal.application_token = self._rotate(portal.application_token)
            for pair in session.scalars(select(UserToken).with_for_update()):
                pair.access_token = self._rotate(pair.access_token) or pair.access_token
                pair.refresh_token = self._rotate(pair.refresh_token)

    def _rotate(self, secret: str | None) -> str | None:
        if secret is None or self.cipher.is_current(secret):
            return secret
        try:
            rotated = self.cipher.rotate(secret)
        except UnreadableSecretError:
            self.unreadable += 1
            return secret
        self.moved += 1
        return rotated

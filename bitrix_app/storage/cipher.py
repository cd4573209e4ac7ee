"""Encryption of OAuth tokens and application tokens at rest, with rotation of the key."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bitrix_app.errors import AppError, SettingsError

PURPOSE = b"bitrix_app: tokens at rest, v1"
BOUND = b"bitrix_app: tokens at rest, v2, "


class UnreadableSecretError(AppError):
    """No key of SECRET_KEY opens this text in this place: the key it was written with is gone, it was changed, or it
    was written for another row."""

    code = "unreadable_secret"


class Cipher:
    """Encrypts with the first key of SECRET_KEY, decrypts with any of them.

    The keys proper are derived (HKDF-SHA256) for this purpose and for one place, as ``user_token 3 7 user access``:
    a ciphertext that somebody copies into another row does not open there, and signing session tokens with the same
    SECRET_KEY tells nothing about them. What an earlier version wrote is bound to no place; it is read until the
    secret is written anew or ``rotate`` binds it.
    """

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys:
            raise SettingsError("SECRET_KEY is not set")
        self._keys = [key.encode() for key in secret_keys]
        self._unbound = MultiFernet([Fernet(_derive(key, PURPOSE)) for key in self._keys])

    def encrypt(self, text: str, place: str) -> str:
        """The text encrypted and authenticated for this place, in ASCII."""
        return self._first(place).encrypt(text.encode()).decode("ascii")

    def decrypt(self, text: str, place: str) -> str:
        """The text that was encrypted for this place. Raises UnreadableSecretError."""
        bound = MultiFernet([Fernet(_derive(key, BOUND + place.encode())) for key in self._keys])
        for fernet in (bound, self._unbound):
            try:
                return fernet.decrypt(text.encode()).decode()
            except InvalidToken:
                continue
        raise UnreadableSecretError

    def is_current(self, text: str, place: str) -> bool:
        """Whether this was encrypted for this place with the first key."""
        try:
            self._first(place).decrypt(text.encode())
        except InvalidToken:
            return False
        return True

    def rotate(self, text: str, place: str) -> str:
        """The same secret, encrypted for this place with the first key. Raises UnreadableSecretError."""
        return self.encrypt(self.decrypt(text, place), place)

    def _first(self, place: str) -> Fernet:
        return Fernet(_derive(self._keys[0], BOUND + place.encode()))


def _derive(key: bytes, purpose: bytes) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
    return base64.urlsafe_b64encode(kdf.derive(key))

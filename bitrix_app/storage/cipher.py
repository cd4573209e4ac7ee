"""Encryption of OAuth tokens and application tokens at rest, with rotation of the key."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bitrix_app.errors import AppError, SettingsError

PURPOSE = b"bitrix_app: tokens at rest, v1"


class UnreadableSecretError(AppError):
    """No key of SECRET_KEY opens this text: the key it was written with is gone, or it was changed."""

    code = "unreadable_secret"


class Cipher:
    """Encrypts with the first key of SECRET_KEY, decrypts with any of them.

    The keys proper are derived (HKDF-SHA256) for this purpose alone: signing session tokens with the same
    SECRET_KEY tells nothing about them.
    """

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys:
            raise SettingsError("SECRET_KEY is not set")
        keys = [Fernet(_derive(key)) for key in secret_keys]
        self._first = keys[0]
        self._fernet = MultiFernet(keys)

    def encrypt(self, text: str) -> str:
        """The text encrypted and authenticated, in ASCII."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, text: str) -> str:
        """The text that was encrypted. Raises UnreadableSecretError."""
        try:
            return self._fernet.decrypt(text.encode()).decode()
        except InvalidToken as error:
            raise UnreadableSecretError from error

    def is_current(self, text: str) -> bool:
        """Whether this was encrypted with the first key."""
        try:
            self._first.decrypt(text.encode())
        except InvalidToken:
            return False
        return True

    def rotate(self, text: str) -> str:
        """The same secret, encrypted with the first key. Raises UnreadableSecretError."""
        try:
            return self._fernet.rotate(text.encode()).decode("ascii")
        except InvalidToken as error:
            raise UnreadableSecretError from error


def _derive(key: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(kdf.derive(key.encode()))

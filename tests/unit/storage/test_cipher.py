"""Encryption at rest and the rotation of its key."""

from __future__ import annotations

import pytest

from bitrix_app.errors import SettingsError
from bitrix_app.storage import (
    INSTALL,
    Cipher,
    Database,
    PairKey,
    Portals,
    Rotation,
    TokenPair,
    UnreadableSecretError,
    UserTokens,
)
from tests.seed import ADMINISTRATOR, ALICE, BOB, install_portal


def test_what_was_encrypted_can_be_decrypted_and_does_not_show() -> None:
    cipher = Cipher(["one"])
    hidden = cipher.encrypt("секрет secret")
    assert "secret" not in hidden
    assert cipher.decrypt(hidden) == "секрет secret"


def test_the_same_text_looks_different_each_time() -> None:
    cipher = Cipher(["one"])
    assert cipher.encrypt("secret") != cipher.encrypt("secret")


def test_a_new_first_key_still_reads_what_the_old_one_wrote() -> None:
    hidden = Cipher(["old"]).encrypt("secret")
    assert Cipher(["new", "old"]).decrypt(hidden) == "secret"


def test_the_first_key_writes() -> None:
    hidden = Cipher(["new", "old"]).encrypt("secret")
    assert Cipher(["new"]).decrypt(hidden) == "secret"
    with pytest.raises(UnreadableSecretError):
        Cipher(["old"]).decrypt(hidden)


def test_rotation_moves_a_secret_to_the_first_key() -> None:
    moved = Cipher(["new", "old"]).rotate(Cipher(["old"]).encrypt("secret"))
    assert Cipher(["new"]).decrypt(moved) == "secret"


@pytest.mark.parametrize("text", ["", "not encrypted", "ключ"])
def test_what_is_no_secret_of_ours_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSecretError):
        Cipher(["one"]).decrypt(text)
    with pytest.raises(UnreadableSecretError):
        Cipher(["one"]).rotate(text)


def test_a_changed_secret_is_refused() -> None:
    hidden = Cipher(["one"]).encrypt("secret")
    changed = hidden[:30] + ("A" if hidden[30] != "A" else "B") + hidden[31:]
    with pytest.raises(UnreadableSecretError):
        Cipher(["one"]).decrypt(changed)


def test_no_key_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        Cipher([])


def test_all_stored_secrets_move_to_the_first_key_and_nothing_is_lost(db: Database) -> None:
    old, both, new = Cipher(["old"]), Cipher(["new", "old"]), Cipher(["new"])
    portal = install_portal(db, old)
    UserTokens(db, old).save(portal.id, ALICE, TokenPair("access", "refresh", None))
    UserTokens(db, old).save(portal.id, BOB, TokenPair("access", None, None))
    first, again = Rotation(both), Rotation(both)
    first.run(db)
    again.run(db)
    assert [(each.moved, each.unreadable) for each in (first, again)] == [(6, 0), (0, 0)]
    assert UserTokens(db, new).read(PairKey(portal.id, ALICE)) == TokenPair("access", "refresh", None)
    assert UserTokens(db, new).read(PairKey(portal.id, ADMINISTRATOR, INSTALL)) is not None
    assert Portals(db, new).has_application_token("romashka", "application token of romashka")


class InterruptedCipher(Cipher):
    """Moves so many secrets to the first key, and is interrupted then."""

    left = 5

    def rotate(self, text: str) -> str:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().rotate(text)


def test_an_interrupted_rotation_keeps_what_it_has_moved_and_goes_on_from_there(db: Database) -> None:
    """It holds a few rows for a moment each, never all of them: the app works on meanwhile."""
    old = Cipher(["old"])
    for name in ("romashka", "roza", "vasilek"):
        install_portal(db, old, name)
    with pytest.raises(KeyboardInterrupt):
        Rotation(InterruptedCipher(["new", "old"]), batch=2).run(db)
    again = Rotation(Cipher(["new", "old"]), batch=2)
    again.run(db)
    assert (again.moved, again.unreadable) == (6, 0)  # the three portals had been moved, of the six tokens none


def test_secrets_that_no_key_opens_are_counted_and_left_alone(db: Database) -> None:
    lost = Cipher(["lost"])
    portal = install_portal(db, lost)
    rotation = Rotation(Cipher(["new"]))
    rotation.run(db)
    assert (rotation.moved, rotation.unreadable) == (0, 3)
    assert UserTokens(db, lost).read(PairKey(portal.id, ADMINISTRATOR, INSTALL)) is not None

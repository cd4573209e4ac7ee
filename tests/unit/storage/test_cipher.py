"""Encryption at rest and the rotation of its key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bitrix_app.errors import SettingsError
from bitrix_app.storage import (
    INSTALL,
    Cipher,
    Database,
    PairKey,
    Portals,
    RobotRuns,
    Rotation,
    TokenPair,
    UnreadableSecretError,
    UserTokens,
)
from bitrix_app.storage.tables import Portal, UserToken
from tests.seed import ADMINISTRATOR, ALICE, BOB, install_portal, make_robot_run, unbound

HERE = "user_token 1 7 user access"


def test_what_was_encrypted_can_be_decrypted_and_does_not_show() -> None:
    cipher = Cipher(["one"])
    hidden = cipher.encrypt("секрет secret", HERE)
    assert "secret" not in hidden
    assert cipher.decrypt(hidden, HERE) == "секрет secret"


def test_the_same_text_looks_different_each_time() -> None:
    cipher = Cipher(["one"])
    assert cipher.encrypt("secret", HERE) != cipher.encrypt("secret", HERE)


def test_a_new_first_key_still_reads_what_the_old_one_wrote() -> None:
    hidden = Cipher(["old"]).encrypt("secret", HERE)
    assert Cipher(["new", "old"]).decrypt(hidden, HERE) == "secret"


def test_the_first_key_writes() -> None:
    hidden = Cipher(["new", "old"]).encrypt("secret", HERE)
    assert Cipher(["new"]).decrypt(hidden, HERE) == "secret"
    with pytest.raises(UnreadableSecretError):
        Cipher(["old"]).decrypt(hidden, HERE)


def test_rotation_moves_a_secret_to_the_first_key() -> None:
    moved = Cipher(["new", "old"]).rotate(Cipher(["old"]).encrypt("secret", HERE), HERE)
    assert Cipher(["new"]).decrypt(moved, HERE) == "secret"


@pytest.mark.parametrize("text", ["", "not encrypted", "ключ"])
def test_what_is_no_secret_of_ours_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSecretError):
        Cipher(["one"]).decrypt(text, HERE)
    with pytest.raises(UnreadableSecretError):
        Cipher(["one"]).rotate(text, HERE)


def test_a_changed_secret_is_refused() -> None:
    hidden = Cipher(["one"]).encrypt("secret", HERE)
    changed = hidden[:30] + ("A" if hidden[30] != "A" else "B") + hidden[31:]
    with pytest.raises(UnreadableSecretError):
        Cipher(["one"]).decrypt(changed, HERE)


def test_no_key_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        Cipher([])


def test_all_stored_secrets_move_to_the_first_key_and_nothing_is_lost(db: Database) -> None:
    old, both, new = Cipher(["old"]), Cipher(["new", "old"]), Cipher(["new"])
    portal = install_portal(db, old)
    UserTokens(db, old).save(portal.id, ALICE, TokenPair("access", "refresh", None))
    UserTokens(db, old).save(portal.id, BOB, TokenPair("access", None, None))
    make_robot_run(db, old, portal)
    first, again = Rotation(both), Rotation(both)
    first.run(db)
    again.run(db)
    assert [(each.moved, each.unreadable) for each in (first, again)] == [(7, 0), (0, 0)]
    (run,) = RobotRuns(db, new).take_ended(1, timedelta(minutes=1))
    assert run.request.event_token == f"s3cret event {ALICE}"
    assert UserTokens(db, new).read(PairKey(portal.id, ALICE)) == TokenPair("access", "refresh", None)
    assert UserTokens(db, new).read(PairKey(portal.id, ADMINISTRATOR, INSTALL)) is not None
    assert Portals(db, new).has_application_token("romashka", "application token of romashka")


class InterruptedCipher(Cipher):
    """Moves so many secrets to the first key, and is interrupted then."""

    left = 5

    def rotate(self, text: str, place: str) -> str:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().rotate(text, place)


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


# --- a ciphertext belongs to its row


def test_a_pair_that_is_copied_into_another_row_does_not_open_there(db: Database, cipher: Cipher) -> None:
    """Whoever may write the database, and has no key, cannot make one employee call with another's rights."""
    tokens, portal, other = UserTokens(db, cipher), install_portal(db, cipher), install_portal(db, cipher, "roza")
    for portal_id, user_id in ((portal.id, ALICE), (portal.id, BOB), (other.id, ALICE)):
        tokens.save(portal_id, user_id, TokenPair(f"access {portal_id} {user_id}", "refresh", None))
    with db.transaction() as session:
        rich = session.get_one(UserToken, (portal.id, ADMINISTRATOR, INSTALL))
        for key in ((portal.id, ALICE, "user"), (other.id, ALICE, "user")):
            session.get_one(UserToken, key).access_token = rich.access_token
        bob = session.get_one(UserToken, (portal.id, BOB, "user"))
        bob.access_token = bob.refresh_token or ""
    moved = (portal.id, ALICE), (other.id, ALICE), (portal.id, BOB)
    assert [tokens.read(PairKey(*key)) for key in moved] == [None, None, None]
    assert tokens.read(PairKey(portal.id, ADMINISTRATOR, INSTALL)) is not None


def test_an_application_token_that_is_copied_to_another_portal_is_not_believed(db: Database, cipher: Cipher) -> None:
    install_portal(db, cipher)
    install_portal(db, cipher, "roza")
    with db.transaction() as session:
        session.execute(
            update(Portal).values(
                application_token=session.scalar(select(Portal.application_token).filter_by(member_id="romashka"))
            )
        )
    portals = Portals(db, cipher)
    token = "application token of romashka"
    assert [portals.has_application_token(name, token) for name in ("romashka", "roza")] == [True, False]


def test_what_the_first_versions_wrote_is_read_and_bound_by_a_rotation(db: Database, cipher: Cipher) -> None:
    tokens, portal = UserTokens(db, cipher), install_portal(db, cipher)
    tokens.save(portal.id, ALICE, TokenPair("access", None, None))
    with db.transaction() as session:
        session.execute(update(Portal).values(application_token=unbound("application token")))
        session.execute(update(UserToken).values(access_token=unbound("access"), refresh_token=unbound("refresh")))
    alice, installer = PairKey(portal.id, ALICE), PairKey(portal.id, ADMINISTRATOR, INSTALL)
    assert tokens.read(alice) == TokenPair("access", "refresh", None)
    assert Portals(db, cipher).has_application_token("romashka", "application token")
    first, again = Rotation(cipher), Rotation(cipher)
    first.run(db)
    again.run(db)
    assert [(each.moved, each.unreadable) for each in (first, again)] == [(5, 0), (0, 0)]
    assert tokens.read(alice) == TokenPair("access", "refresh", None)
    with db.transaction() as session:
        held = session.get_one(UserToken, (portal.id, ADMINISTRATOR, INSTALL))
        session.get_one(UserToken, (portal.id, ALICE, "user")).access_token = held.access_token
    assert tokens.read(alice) is None
    assert tokens.read(installer) is not None

"""What is kept about people's work: users, the journal, saved sets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bitrix_app.storage import AuditLog, Cipher, Database, PortalRecord, PortalUsers, SavedSets, UserRecord
from tests.seed import ALICE, BOB, install_portal

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def portal(db: Database, cipher: Cipher) -> PortalRecord:
    return install_portal(db, cipher)


def test_the_newest_word_of_the_portal_about_a_user_is_remembered(db: Database, portal: PortalRecord) -> None:
    users = PortalUsers(db)
    users.remember(portal.id, ALICE, "Алиса", True, NOON, time_zone="Europe/Moscow")
    assert users.get(portal.id, ALICE) == UserRecord(portal.id, ALICE, "Алиса", True, "Europe/Moscow", NOON)
    users.remember(portal.id, ALICE, "Алиса Петрова", False)
    record = users.get(portal.id, ALICE)
    assert record is not None
    assert (record.name, record.is_admin) == ("Алиса Петрова", False)
    assert record.checked_at > NOON
    assert users.get(portal.id, BOB) is None


def test_a_users_last_choice_survives_what_the_portal_says(db: Database, portal: PortalRecord) -> None:
    users = PortalUsers(db)
    assert users.last_choice(portal.id, ALICE) is None
    users.remember(portal.id, ALICE, "Алиса", False)
    users.save_last_choice(portal.id, ALICE, {"detailed": True})
    users.remember(portal.id, ALICE, "Алиса", True)
    assert users.last_choice(portal.id, ALICE) == {"detailed": True}
    users.save_last_choice(portal.id, BOB, {"detailed": True})
    assert users.last_choice(portal.id, BOB) is None


def test_the_journal_shows_a_portals_own_lines_newest_first(db: Database, cipher: Cipher, portal: PortalRecord) -> None:
    other = install_portal(db, cipher, "vasilek")
    journal = AuditLog(db)
    for number in range(5):
        journal.add(portal.id, ALICE, "Алиса", "built", f"report {number}", details={"date_from": "2026-01-01"})
        journal.add(other.id, BOB, "Боб", "deleted")
    first, cursor = journal.page(portal.id, limit=3)
    second, end = journal.page(portal.id, cursor, limit=3)
    assert [each.report_id for each in first + second] == [f"report {number}" for number in (4, 3, 2, 1, 0)]
    assert end is None
    assert first[0].details == {"date_from": "2026-01-01"}
    assert (first[0].user_name, first[0].action, first[0].at.tzinfo) == ("Алиса", "built", UTC)


def test_a_user_sees_their_own_sets_and_the_portals_shared_ones(
    db: Database, cipher: Cipher, portal: PortalRecord
) -> None:
    sets = SavedSets(db)
    alice, bob = sets.of(portal.id, ALICE), sets.of(portal.id, BOB)
    stranger = sets.of(install_portal(db, cipher, "vasilek").id, ALICE)
    alice.create("Мой", {"a": 1})
    alice.create("Общий", {"b": 2}, shared=True)
    assert [(each.name, each.mine) for each in alice.list()] == [("Мой", True), ("Общий", True)]
    assert [(each.name, each.mine, each.params) for each in bob.list()] == [("Общий", False, {"b": 2})]
    assert stranger.list() == []
    assert (alice.count(), bob.count()) == (2, 0)


def test_own_sets_are_the_owners_to_change_and_shared_ones_any_administrators(
    db: Database, cipher: Cipher, portal: PortalRecord
) -> None:
    sets = SavedSets(db)
    alice, bob = sets.of(portal.id, ALICE), sets.of(portal.id, BOB)
    stranger = sets.of(install_portal(db, cipher, "vasilek").id, BOB)
    made, own = alice.create("Общий", {}, shared=True), alice.create("Мой", {})
    assert bob.update(made.id, name="Чужой", params={}) is None
    assert not bob.delete(made.id)
    assert bob.get(made.id) == replace(made, mine=False)
    for nobody, theirs in ((bob, own), (stranger, made), (stranger, own)):
        assert nobody.get(theirs.id) is None
        assert nobody.update(theirs.id, name="Чужой", params={}, administrator=True) is None
        assert not nobody.delete(theirs.id, administrator=True)
    changed = bob.update(made.id, name="Новый", params={"c": 3}, shared=True, administrator=True)
    assert changed == replace(made, name="Новый", params={"c": 3}, mine=False)
    assert alice.list() == [own, replace(changed, mine=True)]
    assert bob.delete(made.id, administrator=True)
    kept = alice.update(own.id, name="Наш", params={}, shared=True)
    assert (bob.list(), alice.list()) == ([replace(kept, mine=False)], [kept])
    assert alice.delete(own.id)
    assert alice.list() == []

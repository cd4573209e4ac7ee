"""What is kept about people's work: users, the journal, saved sets; and all of one person."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bitrix_app.errors import LeaseLostError
from bitrix_app.storage import (
    AuditLog,
    Cipher,
    Database,
    PersonalData,
    PortalRecord,
    Portals,
    PortalUsers,
    ReportFile,
    ReportLeases,
    Reports,
    SavedSets,
    Schedules,
    TokenPair,
    UserRecord,
    UserTokens,
)
from bitrix_app.storage.users import personal_tables
from tests.seed import ALICE, BOB, install_portal, make_robot_run, make_schedule

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


# --- all of one person


@pytest.fixture
def full(db: Database, cipher: Cipher, portal: PortalRecord) -> PortalRecord:
    """A portal with everything of Alice, who has installed the app, and the same of Bob."""
    install_portal(db, cipher, installed_by=ALICE)
    builders = {"mode": "chosen", "users": [ALICE, BOB], "departments": [], "names": {"U7": "Алиса", "U8": "Борис"}}
    Portals(db, cipher).save_settings(portal.id, {"builders": builders})
    for user_id, name in ((ALICE, "Алиса"), (BOB, "Борис")):
        UserTokens(db, cipher).save(portal.id, user_id, TokenPair("s3cret access", "s3cret refresh", None))
        PortalUsers(db).remember(portal.id, user_id, name, False)
        PortalUsers(db).save_last_choice(portal.id, user_id, {"detailed": True})
        Reports(db).of(portal.id, user_id).create({"assigned_by_id": ALICE}, name)
        lease = ReportLeases(db).claim("a worker", 60.0)
        assert lease is not None
        ReportLeases(db).done(lease, {}, [ReportFile("xlsx", f"{name}.xlsx", 5)])
        for shared in (True, False):
            SavedSets(db).of(portal.id, user_id).create(f"Набор {name}", {"assigned_by_id": ALICE}, shared=shared)
        make_schedule(db, portal, user_id, assigned_by_id=ALICE)
        make_robot_run(db, cipher, portal, user_id)
        AuditLog(db).add(portal.id, user_id, name, "report_created", "report", details={"date_from": "2026-01-01"})
    return portal


def of_user(db: Database, portal: PortalRecord, user_id: int) -> dict[str, int]:
    """How many rows each table has of this user."""
    tables = personal_tables()
    with db.reading() as session:
        theirs = {each: select(each).where(each.c.portal_id == portal.id, each.c.user_id == user_id) for each in tables}
        return {table.name: len(session.execute(rows).all()) for table, rows in theirs.items()}


def test_all_that_is_kept_of_a_person_is_shown_without_a_secret(
    db: Database, full: PortalRecord, cipher: Cipher
) -> None:
    shown = PersonalData(db).export(full.id, ALICE)
    text = json.dumps(shown, ensure_ascii=False)
    assert not re.search("s3cret|gAAAA|Борис", text)
    assert {name: len(shown[name]) for name in of_user(db, full, ALICE)} == of_user(db, full, ALICE)
    assert all(of_user(db, full, ALICE).values())
    assert shown["portal_user"][0] | {"checked_at": ""} == {
        "portal_id": full.id,
        "user_id": ALICE,
        "name": "Алиса",
        "is_admin": False,
        "time_zone": "",
        "checked_at": "",
        "last_choice": {"detailed": True},
    }
    assert {each["kind"] for each in shown["user_token"]} == {"user", "install"}
    assert shown["report"][0]["files"] == [{"name": "Алиса.xlsx", "size": 5}]
    assert shown["portal"] == {"installed_by": True, "may_build_reports": True, "name": "Алиса"}
    (report,), _ = Reports(db).of(full.id, BOB).page()
    sets = [each.id for each in SavedSets(db).of(full.id, BOB).list() if each.mine]
    (schedule,), _ = Schedules(db).page(full.id, BOB)
    assert shown["named_by_colleagues"] == {
        "report": [report.id],
        "saved_set": sorted(sets),
        "schedule": [schedule.id],
    }


def test_a_person_who_is_forgotten_leaves_nothing_and_colleagues_keep_theirs(
    db: Database, full: PortalRecord, cipher: Cipher
) -> None:
    """What is shared stays shared, the journal still says what was done, and nobody gains a right."""
    before = of_user(db, full, BOB)
    forgotten = PersonalData(db).forget(full.id, ALICE)
    assert (forgotten.files, forgotten.installer) == (["Алиса.xlsx"], True)
    assert forgotten.rows == {
        "user_token": 2,
        "portal_user": 1,
        "report": 1,
        "saved_set": 1,
        "schedule": 1,
        "robot_run": 1,
        "journal": 1,
    }
    assert set(of_user(db, full, ALICE).values()) == {0}
    assert of_user(db, full, BOB) == before
    assert [(each.name, each.mine) for each in SavedSets(db).of(full.id, BOB).list()] == [
        ("Набор Алиса", False),
        ("Набор Борис", True),
        ("Набор Борис", True),
    ]
    lines = AuditLog(db).page(full.id)[0]
    assert [(each.action, each.user_name) for each in lines] == [
        ("user_forgotten", ""),
        ("report_created", "Борис"),
        ("report_created", ""),
    ]
    stored = Portals(db, cipher).by_id(full.id)
    assert stored is not None
    assert stored.installed_by is None
    assert stored.settings["builders"] == {
        "mode": "chosen",
        "users": [BOB],
        "departments": [],
        "names": {"U8": "Борис"},
    }
    assert PersonalData(db).forget(full.id, ALICE).rows["report"] == 0


def test_the_worker_of_a_forgotten_persons_report_hears_that_it_is_over(db: Database, full: PortalRecord) -> None:
    Reports(db).of(full.id, ALICE).create({}, "Алиса")
    lease = ReportLeases(db).claim("a worker", 60.0)
    assert lease is not None
    PersonalData(db).forget(full.id, ALICE)
    with pytest.raises(LeaseLostError):
        ReportLeases(db).beat(lease)

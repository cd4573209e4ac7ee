"""What is old goes: reports and journal lines by each portal's own term; chores are done by one worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bitrix_app.storage import (
    AuditLog,
    Cipher,
    Database,
    PeriodicTasks,
    PortalRecord,
    Portals,
    PortalUsers,
    ReportFile,
    ReportLeases,
    Reports,
    Retention,
    file_name,
)
from bitrix_app.storage.tables import Erasure
from tests.seed import ADMINISTRATOR, ALICE, BOB, install_portal, make_robot_run, queue_report

START = datetime(2026, 1, 1, tzinfo=UTC)


class Calendar:
    """A clock that is set by hand, in days since the start."""

    day = 0.0

    def __call__(self) -> datetime:
        return START + timedelta(days=self.day)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def db(database_url: str, calendar: Calendar) -> Iterator[Database]:
    made = Database(database_url, clock=calendar)
    yield made
    made.close()


@pytest.fixture
def portal(db: Database, cipher: Cipher) -> PortalRecord:
    return install_portal(db, cipher)


def finished(db: Database, portal: PortalRecord) -> str:
    """A finished report. → the name of its file."""
    queue_report(db, portal)
    lease = ReportLeases(db).claim("w", 30)
    assert lease is not None
    name = file_name(lease.report.id, lease.attempt, "xlsx")
    ReportLeases(db).done(lease, {}, [ReportFile("xlsx", name, 1)])
    return name


def test_finished_reports_go_after_ninety_days(db: Database, portal: PortalRecord, calendar: Calendar) -> None:
    old = finished(db, portal)
    calendar.day = 10
    finished(db, portal)
    calendar.day = 89.9
    assert Retention(db).expire_reports() == []
    calendar.day = 90.1
    assert Retention(db).expire_reports() == [old]
    assert len(Reports(db).of(portal.id, ALICE).page()[0]) == 1


def test_an_erasure_is_remembered_for_a_day(
    db: Database, cipher: Cipher, portal: PortalRecord, calendar: Calendar
) -> None:
    portals = Portals(db, cipher)
    portals.erase(portal.member_id, "digest")
    calendar.day = 0.9
    Retention(db).expire_erasures()
    assert portals.was_erased("digest")
    assert not portals.was_erased("another")
    calendar.day = 1.1
    assert not portals.was_erased("digest")
    Retention(db).expire_erasures()
    with db.reading() as session:
        assert session.scalars(select(Erasure)).all() == []


def test_a_portals_own_term_is_kept(db: Database, cipher: Cipher, portal: PortalRecord, calendar: Calendar) -> None:
    Portals(db, cipher).save_settings(portal.id, {"report_days": 7})
    other = install_portal(db, cipher, "vasilek")
    short, _long = finished(db, portal), finished(db, other)
    calendar.day = 8
    assert Retention(db).expire_reports() == [short]


@pytest.mark.parametrize("nonsense", [0, -5, "7", None, 10**9])
def test_a_term_that_makes_no_sense_is_the_usual_one(
    db: Database, cipher: Cipher, portal: PortalRecord, calendar: Calendar, nonsense: object
) -> None:
    Portals(db, cipher).save_settings(portal.id, {"report_days": nonsense})
    finished(db, portal)
    calendar.day = 89
    assert Retention(db).expire_reports() == []
    calendar.day = 91
    assert len(Retention(db).expire_reports()) == 1


def test_an_open_report_does_not_expire(db: Database, portal: PortalRecord, calendar: Calendar) -> None:
    for _ in range(2):
        queue_report(db, portal)
    ReportLeases(db).claim("w", 30)
    calendar.day = 1000
    Retention(db).expire_reports()
    assert {each.status for each in Reports(db).of(portal.id, ALICE).page()[0]} == {"queued", "running"}


def test_journal_lines_go_after_a_year_or_the_portals_own_term(
    db: Database, cipher: Cipher, portal: PortalRecord, calendar: Calendar
) -> None:
    other = install_portal(db, cipher, "vasilek")
    Portals(db, cipher).save_settings(other.id, {"journal_days": 30})
    journal = AuditLog(db)
    for each in (portal, other):
        journal.add(each.id, ALICE, "Алиса", "built")
    calendar.day = 31
    Retention(db).expire_journal()
    assert [len(journal.page(each.id)[0]) for each in (portal, other)] == [1, 0]
    calendar.day = 366
    Retention(db).expire_journal()
    assert journal.page(portal.id)[0] == []


def test_a_journal_is_kept_for_three_years_at_most(
    db: Database, cipher: Cipher, portal: PortalRecord, calendar: Calendar
) -> None:
    """Settings of earlier versions allowed ten."""
    Portals(db, cipher).save_settings(portal.id, {"journal_days": 3650})
    journal = AuditLog(db)
    journal.add(portal.id, ALICE, "Алиса", "built")
    for day, lines in ((1094, 1), (1096, 0)):
        calendar.day = day
        Retention(db).expire_journal()
        assert len(journal.page(portal.id)[0]) == lines


def test_a_removed_portal_is_erased_after_thirty_days(
    db: Database, cipher: Cipher, portal: PortalRecord, calendar: Calendar
) -> None:
    """Also where nobody asked for it; one that was installed again meanwhile starts a new life."""
    portals, file = Portals(db, cipher), finished(db, portal)
    back = install_portal(db, cipher, "vasilek")
    calendar.day = 10
    for each in (portal, back):
        portals.uninstall(each.member_id)
    calendar.day = 39.9
    assert Retention(db).expire_portals() == []
    install_portal(db, cipher, "vasilek")
    calendar.day = 40
    with capture_logs() as logs:
        assert Retention(db).expire_portals() == [file]
    assert [(each["portal_id"], each["by"], each["outcome"]) for each in logs] == [(portal.id, "cleanup", "erased")]
    assert [portals.by_id(each.id) is None for each in (portal, back)] == [True, False]


def test_users_who_come_no_more_are_forgotten_after_180_days_unless_they_have_a_report(
    db: Database, portal: PortalRecord, calendar: Calendar
) -> None:
    users = PortalUsers(db)
    for user_id in (ALICE, BOB, ADMINISTRATOR):
        users.remember(portal.id, user_id, "имя", False)
    queue_report(db, portal, ALICE)
    calendar.day = 100
    users.remember(portal.id, ADMINISTRATOR, "имя", True)
    for day, known in ((179.9, [True, True, True]), (180.1, [True, False, True]), (281, [True, False, False])):
        calendar.day = day
        Retention(db).expire_users()
        assert [users.get(portal.id, each) is not None for each in (ALICE, BOB, ADMINISTRATOR)] == known


def test_runs_of_the_robot_go_after_a_month(
    db: Database, portal: PortalRecord, cipher: Cipher, calendar: Calendar
) -> None:
    make_robot_run(db, cipher, portal)
    for day, kept in ((29.9, 1), (30.1, 0)):
        calendar.day = day
        Retention(db).expire_robot_runs()
        assert Portals(db, cipher).holdings(portal.id)["robot_runs"] == kept


def test_files_that_no_report_names_are_orphans(db: Database, portal: PortalRecord) -> None:
    known = finished(db, portal)
    assert Retention(db).orphans([known, "stranger", ".part-1"]) == ["stranger", ".part-1"]
    assert Retention(db).orphans([]) == []


def test_a_chore_is_taken_up_once_in_its_interval(db: Database, calendar: Calendar) -> None:
    chores, day = PeriodicTasks(db), timedelta(days=1)
    assert [chores.take("expire", day), chores.take("expire", day), chores.take("sweep", day)] == [True, False, True]
    calendar.day = 0.9
    assert not chores.take("expire", day)
    calendar.day = 1.0
    assert [chores.take("expire", day), chores.take("expire", day)] == [True, False]

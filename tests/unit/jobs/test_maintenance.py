"""Periodic tasks: done once however many workers there are; what is old or nameless goes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bitrix_app.jobs import Cleanup, Maintenance, PeriodicTask
from bitrix_app.storage import (
    Cipher,
    Database,
    Files,
    PeriodicTasks,
    Portals,
    PortalUsers,
    ReportFile,
    ReportLeases,
    Reports,
    Retention,
    file_name,
)
from tests.seed import ALICE, install_portal, queue_report

LONG_AGO = time.time() - 400 * 24 * 3600
HOUR = timedelta(hours=1)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path / "reports"))


@pytest.fixture
def cleanup(db: Database, files: Files) -> Cleanup:
    return Cleanup(Retention(db), files)


def finished(db: Database, files: Files, portal_id: int, tmp_path: Path) -> str:
    """A finished report whose file lies in the store. → the file's name."""
    Reports(db).of(portal_id, ALICE).create({}, "Алиса")
    lease = ReportLeases(db).claim("w", 30)
    assert lease is not None
    name = file_name(lease.report.id, lease.attempt, "xlsx")
    (tmp_path / "built").write_text("workbook")
    files.put(tmp_path / "built", name)
    ReportLeases(db).done(lease, {}, [ReportFile("xlsx", name, 8)])
    return name


def age(path: Path) -> None:
    os.utime(path, (LONG_AGO, LONG_AGO))


def test_several_workers_do_a_periodic_task_once(db: Database) -> None:
    done: list[str] = []
    workers = [
        Maintenance(PeriodicTasks(db), [PeriodicTask("expire", HOUR, lambda name=name: done.append(name))])
        for name in ("a", "b", "c")
    ]
    for _ in range(2):
        for worker in workers:
            worker.run_due()
    assert done == ["a"]


def test_a_periodic_task_that_breaks_does_not_keep_the_others_from_being_done(db: Database) -> None:
    done: list[str] = []

    def broken() -> None:
        raise ZeroDivisionError

    tasks: list[tuple[str, Callable[[], None]]] = [("broken", broken), ("sweep", lambda: done.append("sweep"))]
    keeping = Maintenance(PeriodicTasks(db), [PeriodicTask(name, HOUR, run) for name, run in tasks])
    with pytest.raises(ZeroDivisionError):
        keeping.run_due()
    keeping.run_due()
    assert done == ["sweep"]


def test_an_expired_report_takes_its_file_with_it(
    database_url: str, cipher: Cipher, files: Files, tmp_path: Path
) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    name = finished(db, files, install_portal(db, cipher).id, tmp_path)
    keeper = Cleanup(Retention(db), files)
    keeper.expire()
    assert name in files.names()
    now[0] += timedelta(days=91)
    keeper.expire()
    assert name not in files.names()
    db.close()


def test_a_portal_that_was_removed_a_month_ago_takes_its_files_with_it(
    database_url: str, cipher: Cipher, files: Files, tmp_path: Path
) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    portal = install_portal(db, cipher)
    name = finished(db, files, portal.id, tmp_path)
    PortalUsers(db).remember(portal.id, ALICE, "Алиса", is_admin=False)
    Portals(db, cipher).uninstall(portal.member_id)
    now[0] += timedelta(days=31)
    Cleanup(Retention(db), files).expire()
    assert name not in files.names()
    assert Portals(db, cipher).by_member_id(portal.member_id) is None
    db.close()


def test_the_cleanup_forgets_users_who_come_no_more(database_url: str, cipher: Cipher, files: Files) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    portal = install_portal(db, cipher)
    PortalUsers(db).remember(portal.id, ALICE, "Алиса", is_admin=False)
    now[0] += timedelta(days=181)
    Cleanup(Retention(db), files).expire()
    assert PortalUsers(db).get(portal.id, ALICE) is None
    db.close()


def test_old_files_that_no_report_names_are_swept(
    db: Database, cipher: Cipher, files: Files, cleanup: Cleanup, tmp_path: Path
) -> None:
    store, portal = tmp_path / "reports", install_portal(db, cipher)
    kept = finished(db, files, portal.id, tmp_path)
    orphan, half = file_name(queue_report(db, portal).id, 3, "xlsx"), ".part-" + "0" * 32
    young = file_name(queue_report(db, portal).id, 4, "xlsx")
    for name in (orphan, half, young):
        (store / name).write_text("left behind")
    for name in (kept, orphan, half):
        age(store / name)
    cleanup.sweep()
    assert sorted(each.name for each in store.iterdir()) == sorted([kept, young])


def test_expiry_and_sweeping_come_round_hourly(cleanup: Cleanup) -> None:
    assert [(each.name, each.every) for each in cleanup.tasks()] == [
        ("expire", timedelta(minutes=59)),
        ("sweep", timedelta(minutes=59)),
    ]

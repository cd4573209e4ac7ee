"""Work folders that nobody works in any more go, on the machine where they lie; those in use stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bitrix_app.jobs import WorkFolders
from bitrix_app.jobs.job import work_folder
from bitrix_app.storage import Cipher, Database, Lease, ReportLeases, Reports
from tests.seed import ALICE, install_portal, queue_report

TWO_DAYS_AGO = time.time() - 2 * 24 * 3600
UNKNOWN = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def folders(db: Database, root: Path) -> WorkFolders:
    return WorkFolders(root, ReportLeases(db))


@pytest.fixture
def lease(db: Database, cipher: Cipher) -> Lease:
    """A report that is being worked on."""
    queue_report(db, install_portal(db, cipher))
    taken = ReportLeases(db).claim("w", 30)
    assert taken is not None
    return taken


def spooled(root: Path, report_id: str, attempt: int) -> Path:
    """A folder as a killed worker leaves it."""
    folder = root / f"{report_id}.{attempt}.abcd_123"
    folder.mkdir(parents=True)
    (folder / "rows.db").write_text("invoices")
    return folder


def sweep_twice(folders: WorkFolders) -> None:
    for _ in range(2):
        folders.sweep()


def test_a_folder_in_use_stays_however_old_it_is(folders: WorkFolders, root: Path, lease: Lease) -> None:
    with work_folder(root, lease) as folder:
        os.utime(folder, (TWO_DAYS_AGO, TWO_DAYS_AGO))
        sweep_twice(folders)
        assert folder.is_dir()
    assert list(root.iterdir()) == []


def test_the_folder_of_a_lost_attempt_goes_and_that_of_the_next_stays(
    db: Database, folders: WorkFolders, root: Path, lease: Lease
) -> None:
    left = spooled(root, lease.report.id, lease.attempt)
    ReportLeases(db).give_up(lease)
    again = ReportLeases(db).claim("another", 30)
    assert again is not None
    with work_folder(root, again) as folder:
        sweep_twice(folders)
        assert (left.exists(), folder.exists()) == (False, True)


@pytest.mark.parametrize("ending", ["done", "failed", "cancelled", "release"])
def test_the_folder_of_an_ended_attempt_goes(
    ending: str, db: Database, folders: WorkFolders, root: Path, lease: Lease
) -> None:
    left = spooled(root, lease.report.id, lease.attempt)
    leases = ReportLeases(db)
    {
        "done": lambda: leases.done(lease, {}, []),
        "failed": lambda: leases.failed(lease, "internal_error"),
        "cancelled": lambda: leases.cancelled(lease),
        "release": lambda: leases.release(lease),
    }[ending]()
    sweep_twice(folders)
    assert not left.exists()


def test_a_worker_that_has_just_been_cancelled_gets_a_moment(
    db: Database, folders: WorkFolders, root: Path, lease: Lease
) -> None:
    folders.sweep()
    with work_folder(root, lease) as folder:
        Reports(db).of(lease.report.portal_id, ALICE).cancel(lease.report.id)
        folders.sweep()
        assert folder.is_dir()
        folders.sweep()
        assert not folder.exists()


def test_a_folder_that_no_row_knows_goes_after_a_day(folders: WorkFolders, root: Path) -> None:
    young, old = spooled(root, UNKNOWN, 1), spooled(root, UNKNOWN, 2)
    os.utime(old, (TWO_DAYS_AGO, TWO_DAYS_AGO))
    sweep_twice(folders)
    assert (young.exists(), old.exists()) == (True, False)


def test_what_is_not_named_as_ours_is_left_alone(folders: WorkFolders, root: Path) -> None:
    for name in ("somebody's", f"{UNKNOWN}.backup", f"{UNKNOWN}.1"):
        (root / name).mkdir(parents=True)
        os.utime(root / name, (TWO_DAYS_AGO, TWO_DAYS_AGO))
    sweep_twice(folders)
    assert len(list(root.iterdir())) == 3


def test_a_machine_without_a_work_folder_has_nothing_to_sweep(folders: WorkFolders) -> None:
    sweep_twice(folders)

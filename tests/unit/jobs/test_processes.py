"""Worker processes that are killed, frozen and told to go: no report is lost, none is built twice, none hangs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bitrix_app.storage import Cipher, Database, ReportLeases, ReportRecord, Reports
from tests.live import until
from tests.seed import ALICE, install_portal, queue_report
from tests.servers import empty
from tests.unit.jobs.worker_process import Place

ROOT = Path(__file__).parents[3]
OTHERS_AT_WORK = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'
"""


class Crew:
    """Worker processes over one database and one queue."""

    def __init__(self, place: Place, db: Database) -> None:
        self.place = place
        self.db = db
        self._processes: list[subprocess.Popen[bytes]] = []

    def hire(self) -> subprocess.Popen[bytes]:
        """Start one more worker process."""
        command = [sys.executable, "-m", "tests.unit.jobs.worker_process", self.place.as_argument()]
        process = subprocess.Popen(command, cwd=ROOT)
        self._processes.append(process)
        return process

    def freeze(self, process: subprocess.Popen[bytes]) -> None:
        """Stops the process between two transactions: one that holds a lock stops everybody with SQLite, and keeps its
        row with PostgreSQL."""

        def is_frozen() -> bool:
            process.send_signal(signal.SIGSTOP)
            os.waitpid(process.pid, os.WUNTRACED)
            if all(map(_is_free, self.place.database_files)) and self._nobody_is_in_a_transaction():
                return True
            process.send_signal(signal.SIGCONT)
            return False

        until(is_frozen)

    def _nobody_is_in_a_transaction(self) -> bool:
        if self.db.is_sqlite:
            return True
        with self.db.reading() as session:
            return session.scalar(text(OTHERS_AT_WORK)) == 0

    def dismiss(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def wait_for_note(self, process: subprocess.Popen[bytes], *words: str) -> None:
        """Until the process has noted this."""
        until(lambda: [str(process.pid), *words] in self.place.noted(), 60)

    def stored(self, report: ReportRecord) -> ReportRecord:
        record = Reports(self.db).of(report.portal_id, ALICE).get(report.id)
        assert record is not None
        return record

    def names(self) -> list[str]:
        return sorted(each.name for each in self.place.store.iterdir())


def _is_free(path: Path) -> bool:
    """Whether nobody holds a lock on this SQLite file."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as file:
        try:
            file.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return False
        file.execute("ROLLBACK")
        return True


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.redis])])
def crew(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crew]:
    """Nobody hired yet; on SQLite with the embedded queue, and on PostgreSQL with Redis."""
    if request.param == "sqlite":
        path = tmp_path / "app.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        place = Place(f"sqlite:///{path}", f"sqlite:///{tmp_path}/queue.db", "bitrixapp", str(tmp_path))
    else:
        address, queue = request.getfixturevalue("postgres_database"), request.getfixturevalue("redis_server")
        empty(address)  # a worker takes up whatever other tests have left waiting
        place = Place(address, queue, request.getfixturevalue("queue_name"), str(tmp_path))
    db = Database(place.database_url)
    made = Crew(place, db)
    yield made
    made.dismiss()
    db.close()


@pytest.fixture
def report(crew: Crew, cipher: Cipher, tmp_path: Path) -> ReportRecord:
    """A queued report of a portal of its own."""
    return queue_report(crew.db, install_portal(crew.db, cipher, tmp_path.name))


def test_a_killed_workers_report_is_finished_by_another(crew: Crew, report: ReportRecord) -> None:
    first = crew.hire()
    crew.wait_for_note(first, "started", "1")
    second = crew.hire()
    first.kill()
    crew.wait_for_note(second, "started", "2")
    crew.place.go.touch()
    until(lambda: crew.stored(report).status == "done")
    assert crew.names() == sorted(each.name for each in crew.stored(report).files)
    assert crew.names() == [f"{report.id}.2.csv", f"{report.id}.2.xlsx"]


def test_what_a_killed_worker_was_putting_together_is_removed_by_the_next_one_there(
    crew: Crew, report: ReportRecord
) -> None:
    """The spooled invoices of customers do not lie about; the folder of the report that is being built stays."""
    work = Path(crew.place.folder) / "work"
    first = crew.hire()
    crew.wait_for_note(first, "started", "1")
    first.kill()
    assert [each.name.split(".")[:2] for each in work.iterdir()] == [[report.id, "1"]]
    second = crew.hire()
    crew.wait_for_note(second, "started", "2")
    until(lambda: [each.name.split(".")[:2] for each in work.iterdir()] == [[report.id, "2"]], 60)
    crew.place.go.touch()
    until(lambda: crew.stored(report).status == "done")
    assert list(work.iterdir()) == []


def test_a_worker_that_is_told_to_go_releases_its_report(crew: Crew, report: ReportRecord) -> None:
    first = crew.hire()
    crew.wait_for_note(first, "started", "1")
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    assert crew.stored(report).status == "queued"
    assert [str(first.pid), "ended", "handed_back"] in crew.place.noted()
    second = crew.hire()
    crew.place.go.touch()
    crew.wait_for_note(second, "ended", "done")
    assert crew.stored(report).attempt == 2


def test_a_worker_without_work_goes_at_once(crew: Crew) -> None:
    process = crew.hire()
    until(lambda: ReportLeases(crew.db).queued_count() == 0)
    report = queue_report(crew.db, install_portal(crew.db, Cipher(["a key for tests"]), "for the start"))
    crew.place.go.touch()
    until(lambda: crew.stored(report).status == "done", 60)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def test_a_frozen_worker_that_wakes_up_late_changes_nothing(crew: Crew, report: ReportRecord) -> None:
    frozen = crew.hire()
    crew.wait_for_note(frozen, "started", "1")
    crew.freeze(frozen)
    other = crew.hire()
    crew.wait_for_note(other, "started", "2")
    crew.place.go.touch()
    crew.wait_for_note(other, "ended", "done")
    before = crew.stored(report)
    frozen.send_signal(signal.SIGCONT)
    crew.wait_for_note(frozen, "ended", "lost")
    assert crew.stored(report) == before
    until(lambda: crew.names() == [f"{report.id}.2.csv", f"{report.id}.2.xlsx"])


def test_a_report_that_kills_every_worker_ends_with_the_reason(crew: Crew, report: ReportRecord) -> None:
    for attempt in ("1", "2", "3"):
        worker = crew.hire()
        crew.wait_for_note(worker, "started", attempt)
        worker.kill()
        worker.wait()
    crew.hire()
    until(lambda: not crew.stored(report).open, 60)
    assert (crew.stored(report).status, crew.stored(report).error_code) == ("failed", "worker_lost")

"""The worker: takes reports up, keeps them alive, ends them, and never leaves one running."""

from __future__ import annotations

import errno
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bitrix_app.errors import (
    AccessDeniedError,
    AnswersTooHeavyError,
    AppError,
    InvalidGrantError,
    PortalUnavailableError,
    StorageFullError,
    WorkbookLimitError,
)
from bitrix_app.jobs import RunReport, Timing, Worker
from bitrix_app.reports import Outcome, Progress, ProgressSink, StopSignal
from bitrix_app.storage import (
    Beat,
    Cipher,
    Database,
    Files,
    Lease,
    PortalRecord,
    Portals,
    ReportLeases,
    ReportRecord,
    Reports,
)
from bitrix_app.storage.tables import Report
from tests.live import until
from tests.seed import ALICE, install_portal, queue_report
from tests.unit.jobs.fakes import QUICK, Deaf, Ears, Patient, plain_report, write_files


class Workshop:
    """Workers over one database and one file store; all are stopped at the end of the test."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.store = folder / "reports"
        self.work = folder / "work"
        self.files = Files(str(self.store))
        self.ears = Ears()
        self._workers: list[Worker] = []

    def open(
        self,
        run: RunReport,
        *,
        concurrency: int = 4,
        timing: Timing = QUICK,
        files: Files | None = None,
        leases: ReportLeases | None = None,
        clock: Callable[[], float] = time.monotonic,
        kind: type[Worker] = Worker,
    ) -> Worker:
        """A worker at work."""
        worker = kind(
            leases=leases or ReportLeases(self.db),
            files=files or self.files,
            run_report=run,
            work_folder=self.work,
            observer=self.ears,
            concurrency=concurrency,
            timing=timing,
            clock=clock,
        )
        self._workers.append(worker)
        worker.start()
        return worker

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()

    def stored(self, report: ReportRecord) -> ReportRecord:
        """The report as it stands."""
        record = Reports(self.db).of(report.portal_id, report.user_id).get(report.id)
        assert record is not None
        return record

    def ended(self, report: ReportRecord, status: str = "done") -> ReportRecord:
        """The report when it has this status."""

        def look() -> ReportRecord | None:
            record = self.stored(report)
            assert record.open or record.status == status, record
            return record if record.status == status else None

        found: ReportRecord = until(look)
        return found

    def names(self) -> list[str]:
        """What lies in the file store."""
        return sorted(each.name for each in self.store.iterdir()) if self.store.exists() else []


@pytest.fixture
def shop(db: Database, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(db, tmp_path)
    yield made
    made.close()


@pytest.fixture
def portal(db: Database, cipher: Cipher) -> PortalRecord:
    return install_portal(db, cipher)


# --- the ordinary way ---------------------------------------------------------------------------------------------


def test_a_queued_report_is_built_and_its_files_are_stored(shop: Workshop, portal: PortalRecord) -> None:
    report = queue_report(shop.db, portal, ALICE, detailed=True)
    seen: list[tuple[dict[str, Any], list[Path]]] = []

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        seen.append((lease.report.params, list(folder.iterdir())))
        return write_files(folder)

    shop.open(run)
    record = shop.ended(report)
    assert seen == [({"detailed": True}, [])]
    assert record.summary == {"invoices": 3}
    assert [(each.format, each.size) for each in record.files] == [("xlsx", 8), ("csv", 8)]
    assert shop.names() == sorted(each.name for each in record.files)
    until(lambda: shop.ears.heard == ["done"])


def test_the_folder_of_an_attempt_is_gone_afterwards(shop: Workshop, portal: PortalRecord) -> None:
    patient = Patient()
    report = queue_report(shop.db, portal)
    shop.open(patient)
    assert patient.started.wait(60)
    assert patient.folders[0].is_dir()
    patient.go_on.set()
    shop.ended(report)
    assert list(shop.work.iterdir()) == []


def test_a_woken_worker_looks_at_once(shop: Workshop, portal: PortalRecord) -> None:
    worker = shop.open(plain_report, timing=Timing(poll=3600))
    until(worker._thread.is_alive)
    report = queue_report(shop.db, portal)
    worker.wake()
    shop.ended(report)


def test_a_row_that_nobody_was_woken_for_is_found(shop: Workshop, portal: PortalRecord) -> None:
    shop.open(plain_report)
    shop.ended(queue_report(shop.db, portal))


def test_a_woken_worker_that_finds_nothing_goes_on(shop: Workshop, portal: PortalRecord) -> None:
    worker = shop.open(plain_report)
    for _ in range(10):
        worker.wake()
    shop.ended(queue_report(shop.db, portal))
    assert worker.alive


def test_progress_reaches_the_row(shop: Workshop, portal: PortalRecord) -> None:
    patient = Patient()

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        progress.update(Progress("products", 120, 480))
        return patient(lease, stop, progress, folder)

    report = queue_report(shop.db, portal)
    shop.open(run)
    until(lambda: shop.stored(report).done == 120)
    assert (shop.stored(report).stage, shop.stored(report).total) == ("products", 480)
    patient.go_on.set()
    shop.ended(report)


def test_the_last_progress_stays_with_a_report_that_ends_before_a_heartbeat(
    shop: Workshop, portal: PortalRecord
) -> None:
    """A finished report does not read "0 of 0"."""

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        progress.update(Progress("workbook", 480, 480))
        return write_files(folder)

    report = queue_report(shop.db, portal)
    shop.open(run, timing=Timing(beat=3600))
    record = shop.ended(report)
    assert (record.stage, record.done, record.total) == ("workbook", 480, 480)


def test_a_report_may_take_longer_than_its_lease(shop: Workshop, portal: PortalRecord) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    shop.db._clock = lambda: now[0]
    patient, polls, report = Patient(), Polls(shop.db), queue_report(shop.db, portal)
    shop.open(patient, timing=replace(QUICK, lease=60.0), leases=polls)
    assert patient.started.wait(60)
    for _ in range(3):
        now[0] += timedelta(seconds=59)
        until(lambda: lease_end(shop, report) == now[0].timestamp() + 60.0)
        polls.pass_by()
    patient.go_on.set()
    assert shop.ended(report).attempt == 1


def lease_end(shop: Workshop, report: ReportRecord) -> float:
    with shop.db.reading() as session:
        moment = session.scalar(select(Report.lease_until).where(Report.id == report.id))
    return moment.timestamp() if moment else 0.0


def test_as_many_reports_run_at_once_as_the_worker_has_places(db: Database, cipher: Cipher, shop: Workshop) -> None:
    reports = [queue_report(db, install_portal(db, cipher, f"portal {number}")) for number in range(5)]
    patient, together = Patient(), []
    lock = threading.Lock()

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        with lock:
            together.append(lease.report.id)
        return patient(lease, stop, progress, folder)

    shop.open(run, concurrency=3)
    until(lambda: len(together) == 3)
    with db.reading() as session:
        assert len(session.scalars(select(Report.id).where(Report.status == "running")).all()) == 3
    patient.go_on.set()
    for report in reports:
        shop.ended(report)


def test_fifty_reports_over_ten_portals_are_each_built_once_in_fair_turns(
    db: Database, cipher: Cipher, shop: Workshop
) -> None:
    portals = [install_portal(db, cipher, f"portal {number}") for number in range(10)]
    reports = [queue_report(db, portal) for portal in portals for _ in range(5)]
    built: list[str] = []

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        built.append(lease.report.id)
        return write_files(folder)

    for _ in range(2):
        shop.open(run, concurrency=2)
    ended = [shop.ended(each) for each in reports]
    begun = sorted((each.started_at, each.portal_id) for each in ended if each.started_at)
    assert sorted(built) == sorted(each.id for each in reports)
    order = [portal_id for _, portal_id in begun]
    for portal in portals:
        assert order.index(portal.id) < 20  # each portal's first report comes in the first turns
    assert len(shop.names()) == 100


STALLED = replace(QUICK, stall=0.3)


def test_stalled_reports_hold_up_nobody_elses(shop: Workshop, cipher: Cipher) -> None:
    """A slow portal's report gives its place to another until it moves again."""
    slow = [queue_report(shop.db, install_portal(shop.db, cipher, f"slow{each}")) for each in range(3)]
    patient = Patient()

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        return patient(lease, stop, progress, folder) if lease.report.id in stuck else write_files(folder)

    stuck = {each.id for each in slow}
    shop.open(run, concurrency=1, timing=STALLED)
    until(lambda: len(patient.folders) == 3)
    shop.ended(queue_report(shop.db, install_portal(shop.db, cipher, "quick")))
    patient.go_on.set()
    for report in slow:
        shop.ended(report)


class Polls(ReportLeases):
    """Counts how often a worker asks."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.count = 0

    def recover(self, lease_seconds: float = 0.0) -> int:
        self.count += 1
        return super().recover(lease_seconds)

    def pass_by(self) -> None:
        """Waits until a worker has asked a few times more."""
        seen = self.count
        until(lambda: self.count >= seen + 5)


def test_a_report_that_moves_keeps_its_place(shop: Workshop, cipher: Cipher) -> None:
    """However long it takes: only when there was no progress for ``stall`` seconds does another one begin."""
    begun: list[ProgressSink] = []
    now, go_on, polls = [0.0], threading.Event(), Polls(shop.db)

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        begun.append(progress)
        until(go_on.is_set)
        return write_files(folder)

    reports = [queue_report(shop.db, install_portal(shop.db, cipher, f"portal{each}")) for each in range(2)]
    shop.open(run, concurrency=1, timing=replace(QUICK, lease=3600.0, stall=5.0), leases=polls, clock=lambda: now[0])
    until(lambda: begun)
    for _ in range(3):
        now[0] += 4.9
        polls.pass_by()
        begun[0].update(Progress("invoices", 1, 2))
    assert len(begun) == 1
    now[0] += 5.0
    until(lambda: len(begun) == 2)
    go_on.set()
    for report in reports:
        shop.ended(report)


def test_stalled_reports_are_not_taken_up_without_end(shop: Workshop, cipher: Cipher) -> None:
    reports = [queue_report(shop.db, install_portal(shop.db, cipher, f"slow{each}")) for each in range(6)]
    patient, polls = Patient(), Polls(shop.db)
    shop.open(patient, concurrency=1, timing=STALLED, leases=polls)
    until(lambda: len(patient.folders) == 4)
    polls.pass_by()
    assert len(patient.folders) == 4
    patient.go_on.set()
    for report in reports:
        shop.ended(report)


# --- failures -----------------------------------------------------------------------------------------------------

FAILURES: list[tuple[Exception, str, dict[str, Any]]] = [
    (AccessDeniedError(method="crm.item.list"), "access_denied", {"method": "crm.item.list"}),
    (InvalidGrantError(), "invalid_grant", {}),
    (WorkbookLimitError(rows=2_000_000), "workbook_limit", {"rows": 2_000_000}),
    (AppError("strange", value=object), "internal_error", {"value": str(object)}),
    (OSError(errno.ENOSPC, "No space left on device"), "storage_unavailable", {}),
    (PermissionError(errno.EACCES, "Permission denied"), "storage_unavailable", {}),
    (RuntimeError("a defect of ours"), "internal_error", {}),
    (MemoryError(), "internal_error", {}),
]


@pytest.mark.parametrize(("error", "code", "params"), FAILURES, ids=[type(each[0]).__name__ for each in FAILURES])
def test_what_goes_wrong_stands_in_the_row_and_the_worker_goes_on(
    shop: Workshop, portal: PortalRecord, error: Exception, code: str, params: dict[str, Any]
) -> None:
    failing = [True]

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        if failing.pop() if failing else False:
            raise error
        return write_files(folder)

    report = queue_report(shop.db, portal)
    shop.open(run)
    record = shop.ended(report, "failed")
    assert (record.error_code, record.error_params, record.files) == (code, params, ())
    shop.ended(queue_report(shop.db, portal))
    assert len(shop.names()) == 2


def test_a_defect_of_ours_is_logged_with_its_traceback(shop: Workshop, portal: PortalRecord) -> None:
    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        raise RuntimeError("a defect of ours")

    report = queue_report(shop.db, portal)
    with capture_logs() as logs:
        shop.open(run)
        shop.ended(report, "failed")
    [broke] = [each for each in logs if each["event"] == "job_broke"]
    assert isinstance(broke["exc_info"], RuntimeError)


def test_files_that_cannot_be_stored_fail_the_report_and_leave_nothing(shop: Workshop, portal: PortalRecord) -> None:
    class FullAfterTheFirst(Files):
        def put(self, local: Path, name: str) -> int:
            if name.endswith(".csv"):
                raise StorageFullError
            return super().put(local, name)

    report = queue_report(shop.db, portal)
    shop.open(plain_report, files=FullAfterTheFirst(str(shop.store)))
    record = shop.ended(report, "failed")
    assert (record.error_code, shop.names()) == (StorageFullError.code, [])


def test_an_unwritable_file_store_fails_the_report(shop: Workshop, portal: PortalRecord, tmp_path: Path) -> None:
    files = Files(str(tmp_path / "occupied"))
    (tmp_path / "occupied").rmdir()
    (tmp_path / "occupied").write_text("a file where the folder should be")
    report = queue_report(shop.db, portal)
    shop.open(plain_report, files=files)
    assert shop.ended(report, "failed").error_code == StorageFullError.code


def test_a_report_whose_database_went_away_is_tried_again_and_not_for_ever(
    shop: Workshop, portal: PortalRecord
) -> None:
    tried: list[int] = []

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        tried.append(lease.attempt)
        raise OperationalError("UPDATE portal_bucket", {}, Exception("terminating connection"))

    report = queue_report(shop.db, portal)
    shop.open(run)
    assert shop.ended(report, "failed").error_code == "worker_lost"
    assert tried == [1, 2, 3]


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_workers_survive_a_database_that_drops_all_connections(db: Database, cipher: Cipher, shop: Workshop) -> None:
    """SQLite has no server that could drop them."""
    reports = [queue_report(db, install_portal(db, cipher, f"portal {number}")) for number in range(6)]
    shop.open(plain_report, concurrency=2)
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for report in reports:
        for _ in range(3):
            with db.transaction() as session:
                session.execute(others)
        until(lambda report=report: status_of(db, report) == "done")


def status_of(db: Database, report: ReportRecord) -> str | None:
    try:
        record = Reports(db).of(report.portal_id, report.user_id).get(report.id)
    except OperationalError:
        return None
    assert record is not None
    return record.status


# --- budgets ------------------------------------------------------------------------------------------------------


class Hours:
    """A clock that an hour passes on between two looks."""

    def __init__(self) -> None:
        self._looks = itertools.count()

    def __call__(self) -> float:
        return next(self._looks) * 3600.0


@pytest.mark.parametrize("kind", [Patient, Deaf], ids=["waits", "hangs"])
def test_a_report_that_takes_more_than_four_hours_ends_with_a_sentence(
    shop: Workshop, portal: PortalRecord, kind: type[Patient | Deaf]
) -> None:
    """Also one that hangs in a call and hears nothing; the next one has its turn."""
    slow = kind()
    report = queue_report(shop.db, portal)
    shop.open(slow, clock=Hours())
    assert shop.ended(report, "failed").error_code == "report_too_long"
    until(lambda: shop.ears.heard == ["failed"])
    for each in (getattr(slow, name, threading.Event()) for name in ("free", "go_on")):
        each.set()


def test_a_report_whose_answers_weigh_too_much_ends_with_a_sentence(shop: Workshop, portal: PortalRecord) -> None:
    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        stop.fail(AnswersTooHeavyError)
        stop.check()
        return write_files(folder)

    report = queue_report(shop.db, portal)
    shop.open(run)
    assert shop.ended(report, "failed").error_code == "answers_too_heavy"
    assert shop.names() == []


# --- cancel and delete --------------------------------------------------------------------------------------------


def test_a_cancel_stops_a_report_that_waits_for_the_portal(shop: Workshop, portal: PortalRecord) -> None:
    patient = Patient()
    report = queue_report(shop.db, portal)
    shop.open(patient)
    assert patient.started.wait(60)
    assert Reports(shop.db).of(portal.id, ALICE).cancel(report.id)
    until(lambda: patient.stopped_by == ["ReportCancelledError"])
    until(lambda: shop.ears.heard == ["cancelled"])
    assert shop.stored(report).status == "cancelled"
    assert shop.names() == []


def test_a_cancel_frees_a_place_held_by_a_report_that_hears_nothing(shop: Workshop, portal: PortalRecord) -> None:
    deaf = Deaf()
    first = queue_report(shop.db, portal)
    shop.open(deaf, concurrency=1)
    assert deaf.started.wait(60)
    second = queue_report(shop.db, portal)
    Reports(shop.db).of(portal.id, ALICE).cancel(first.id)
    record = shop.ended(second)
    deaf.free.set()
    assert deaf.finished.wait(60)
    until(lambda: list(shop.work.iterdir()) == [])
    until(lambda: shop.names() == sorted(each.name for each in record.files))
    assert shop.stored(first).status == "cancelled"


def test_what_breaks_after_a_cancel_is_not_the_reports_fault(shop: Workshop, portal: PortalRecord) -> None:
    connected = threading.Event()

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        connected.set()
        until(lambda: stop.reason)
        raise ConnectionError("the connection was closed under the call")

    report = queue_report(shop.db, portal)
    shop.open(run)
    assert connected.wait(60)
    Reports(shop.db).of(portal.id, ALICE).cancel(report.id)
    until(lambda: shop.ears.heard == ["cancelled"])
    assert shop.stored(report).status == "cancelled"


def test_a_deleted_report_stops_and_leaves_no_file(shop: Workshop, portal: PortalRecord) -> None:
    patient = Patient()
    report = queue_report(shop.db, portal)
    shop.open(patient)
    assert patient.started.wait(60)
    assert Reports(shop.db).of(portal.id, ALICE).delete(report.id) == []
    until(lambda: patient.stopped_by == ["LeaseLostError"])
    until(lambda: shop.ears.heard == ["lost"])
    assert shop.names() == []


def test_an_uninstall_stops_the_portals_report(shop: Workshop, cipher: Cipher, portal: PortalRecord) -> None:
    patient = Patient()
    report = queue_report(shop.db, portal)
    shop.open(patient)
    assert patient.started.wait(60)
    Portals(shop.db, cipher).uninstall(portal.member_id)
    until(lambda: patient.stopped_by == ["ReportCancelledError"])
    assert shop.stored(report).error_code == "app_uninstalled"


# --- fencing ------------------------------------------------------------------------------------------------------


class SlowStore(Files):
    """A file store that keeps the worker waiting after the first file."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def put(self, local: Path, name: str) -> int:
        size = super().put(local, name)
        self.reached.set()
        assert self.go_on.wait(20)
        return size


def test_a_worker_whose_report_was_taken_over_stops_and_removes_its_files(shop: Workshop, portal: PortalRecord) -> None:
    store = SlowStore(str(shop.store))
    report = queue_report(shop.db, portal)
    shop.open(plain_report, files=store, timing=Timing(beat=0.05, poll=3600, abandon=10))
    assert store.reached.wait(60)
    with shop.db.transaction() as session:
        session.execute(update(Report).where(Report.id == report.id).values(attempt=2, worker="another"))
    store.go_on.set()
    until(lambda: shop.ears.heard == ["lost"])
    assert shop.names() == []
    assert (shop.stored(report).status, shop.stored(report).attempt) == ("running", 2)


def test_files_that_a_report_left_behind_still_stores_are_removed(shop: Workshop, portal: PortalRecord) -> None:
    store = SlowStore(str(shop.store))
    report = queue_report(shop.db, portal)
    shop.open(plain_report, files=store)
    assert store.reached.wait(60)
    Reports(shop.db).of(portal.id, ALICE).cancel(report.id)
    until(lambda: shop.ears.heard == ["cancelled"])
    assert len(shop.names()) == 1
    store.go_on.set()
    until(lambda: shop.names() == [])


# --- going down ---------------------------------------------------------------------------------------------------


def test_a_worker_that_goes_down_lets_a_report_finish(shop: Workshop, portal: PortalRecord) -> None:
    patient = Patient()
    report = queue_report(shop.db, portal)
    worker = shop.open(patient, timing=Timing(beat=0.05, finish=60))
    assert patient.started.wait(60)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    patient.go_on.set()
    stopping.join(60)
    assert shop.stored(report).status == "done"


HANGING: list[tuple[str, Callable[[], Patient | Deaf]]] = [("patient", Patient), ("deaf", Deaf)]


@pytest.mark.parametrize("make", [each[1] for each in HANGING], ids=[each[0] for each in HANGING])
def test_a_worker_that_goes_down_releases_what_does_not_finish(
    shop: Workshop, portal: PortalRecord, make: Callable[[], Patient | Deaf]
) -> None:
    hanging = make()
    report = queue_report(shop.db, portal)
    worker = shop.open(hanging)
    assert hanging.started.wait(60)
    worker.stop()
    until(lambda: shop.stored(report).status == "queued")
    assert shop.stored(report).attempt == 1
    assert not worker.alive
    shop.open(plain_report)
    assert shop.ended(report).attempt == 2
    if isinstance(hanging, Deaf):
        hanging.free.set()
        assert hanging.finished.wait(60)
        until(lambda: list(shop.work.iterdir()) == [])
    until(lambda: len(shop.names()) == 2)


BROKEN_OFF = [
    PortalUnavailableError("no answer", method="crm.item.list"),
    ConnectionError("closed under the call"),
    OperationalError("UPDATE", {}, Exception("closed under the call")),
]


@pytest.mark.parametrize("error", BROKEN_OFF, ids=lambda each: type(each).__name__)
def test_what_breaks_because_the_worker_goes_down_is_not_the_reports_fault(
    shop: Workshop, portal: PortalRecord, error: Exception
) -> None:
    connected = threading.Event()

    def run(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        connected.set()
        until(lambda: stop.reason)
        raise error

    report = queue_report(shop.db, portal)
    worker = shop.open(run)
    assert connected.wait(60)
    worker.stop()
    until(lambda: shop.stored(report).status == "queued")
    until(lambda: shop.ears.heard == ["handed_back"])


def test_a_worker_that_goes_down_takes_up_nothing_more(shop: Workshop, portal: PortalRecord) -> None:
    worker = shop.open(plain_report)
    worker.stop()
    report = queue_report(shop.db, portal)
    worker.wake()
    assert not worker.alive
    assert shop.stored(report).status == "queued"


def test_a_report_that_is_taken_up_in_the_moment_of_going_down_is_not_left_running(
    shop: Workshop, db: Database, portal: PortalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bitrix_app.jobs.worker.LAST_CLAIM_SECONDS", 60.0)
    reached, go_on, seen = threading.Event(), threading.Event(), []

    class SlowLeases(ReportLeases):
        def claim(self, worker: str, lease_seconds: float) -> Lease | None:
            reached.set()
            assert go_on.wait(20)
            seen.append(super().claim(worker, lease_seconds))
            return seen[-1]

    report = queue_report(db, portal)
    worker = shop.open(Patient(), leases=SlowLeases(db))
    assert reached.wait(60)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    until(lambda: worker._stopping)
    go_on.set()
    stopping.join(60)
    assert seen
    until(lambda: shop.stored(report).status == "queued")


def test_a_worker_that_never_started_can_be_stopped(shop: Workshop, db: Database) -> None:
    worker = Worker(
        leases=ReportLeases(db), files=shop.files, run_report=plain_report, work_folder=shop.work, observer=shop.ears
    )
    worker.stop()
    assert not worker.alive


# --- lost workers -------------------------------------------------------------------------------------------------


def test_the_report_of_a_lost_worker_is_taken_up_by_another(shop: Workshop, portal: PortalRecord) -> None:
    report = queue_report(shop.db, portal)
    assert ReportLeases(shop.db).claim("a worker that is killed now", 0.5)
    shop.open(plain_report)
    assert shop.ended(report).attempt == 2


def test_a_report_whose_heartbeats_reach_no_database_for_a_lease_is_left_to_others(
    shop: Workshop, portal: PortalRecord
) -> None:
    """Its row may say still that it is ours; another worker may think otherwise by now, so nothing is written there."""

    class Unreachable(ReportLeases):
        def beat(self, lease: Lease, progress: Progress | None = None) -> Beat:
            raise OperationalError("UPDATE report", {}, Exception("no route to host"))

    patient, report = Patient(), queue_report(shop.db, portal)
    timing = replace(QUICK, longest=math.inf)
    shop.open(patient, leases=Unreachable(shop.db), timing=timing, clock=Hours())
    until(lambda: shop.ears.heard == ["lost"])
    until(lambda: patient.stopped_by == ["LeaseLostError"])
    assert (shop.stored(report).status, shop.stored(report).attempt) == ("running", 1)
    assert shop.names() == []


# --- what nobody expected -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_meets_what_nobody_expected_is_known_as_broken(shop: Workshop) -> None:
    class Strange(ReportLeases):
        def claim(self, worker: str, lease_seconds: float) -> Lease | None:
            raise ZeroDivisionError

    assert not shop.open(plain_report).broken
    broken = shop.open(plain_report, leases=Strange(shop.db))
    until(lambda: broken.broken)


def test_a_worker_that_was_stopped_is_not_broken(shop: Workshop) -> None:
    worker = shop.open(plain_report)
    worker.stop()
    assert (worker.alive, worker.broken) == (False, False)


@pytest.mark.parametrize("which", ["job-", "report-"])
def test_a_report_whose_thread_cannot_be_started_goes_back_into_the_queue(
    which: str, shop: Workshop, portal: PortalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process may have no more threads to give; another worker, or a later moment, has. It holds no place."""
    start, refused = threading.Thread.start, []

    def refuse_once(thread: threading.Thread) -> None:
        if thread.name.startswith(which) and not refused:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse_once)
    report = queue_report(shop.db, portal)
    shop.open(plain_report, concurrency=1, timing=replace(QUICK, lease=3600.0))
    assert shop.ended(report).attempt == 2
    assert refused


def test_a_worker_without_a_thread_to_give_waits_before_it_tries_again(
    shop: Workshop, portal: PortalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is back in the queue at once: taking it up without a pause would go round and round."""
    start, waits = threading.Thread.start, threading.Semaphore(0)

    class Waiting(Worker):
        def _wait(self) -> None:
            waits.release()
            super()._wait()

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("job-"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    report = queue_report(shop.db, portal)
    worker = shop.open(plain_report, timing=replace(QUICK, poll=3600.0), kind=Waiting)
    assert waits.acquire(timeout=30)
    assert (shop.stored(report).status, shop.stored(report).attempt) == ("queued", 1)
    worker.wake()
    assert waits.acquire(timeout=30)
    assert shop.stored(report).attempt == 2

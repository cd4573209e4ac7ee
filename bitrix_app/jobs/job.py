"""One leased report: its work in one thread, its heartbeat in another, its row settled at the end.

Two threads, so that a cancel takes effect while the work hangs in a call to the portal: its thread is then abandoned,
and the attempt number fences off whatever it still does.
"""

from __future__ import annotations

import errno
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import structlog
from structlog.contextvars import bound_contextvars

from bitrix_app.errors import AppError, LeaseLostError, ReportCancelledError, ReportError, StorageFullError
from bitrix_app.jobs.heartbeat import DATABASE_AWAY, Heartbeat, LatestProgress, Timing
from bitrix_app.reports import LocalFile, Outcome, Progress, ProgressSink, ShutdownError, StopSignal
from bitrix_app.storage import Files, Lease, ReportFile, ReportLeases, file_name

log = structlog.get_logger("jobs")

FOLDER_NAME = re.compile(r"(?P<report>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?P<attempt>[0-9]{1,9})\.[^.]+")
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}
SETTLE_SECONDS = 60.0  # how long a database that is away may keep a finished report from being written down

RunReport = Callable[[Lease, StopSignal, ProgressSink, Path], Outcome]
"""Builds one report in an empty folder of the attempt's own, removed afterwards. Raises AppErrors: the stop
signal's own end the attempt as it says, others fail the report."""


class JobObserver(Protocol):
    """Counts how attempts ended: ``done``, ``failed``, ``cancelled``, ``handed_back`` or ``lost``."""

    def report_finished(self, status: str, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Built:
    """The report is built and its files are stored."""

    summary: Mapping[str, Any]
    files: tuple[ReportFile, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """The report cannot be built: the code of an AppError and plain values for the sentence."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stopped:
    """The stop signal ended it and knows why."""


@dataclass(frozen=True, slots=True)
class WithoutDatabase:
    """The database went away under it: worth another attempt."""


Ending = Built | Broken | Stopped | WithoutDatabase


class Delivery:
    """Puts finished files into the file store, all or none, under names that carry the attempt: a late worker never
    overwrites another's."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def put(self, lease: Lease, finished: Sequence[LocalFile]) -> tuple[ReportFile, ...]:
        """Store the files. Raises StorageFullError; nothing is left in the store then."""
        stored: list[ReportFile] = []
        try:
            for each in finished:
                name = file_name(lease.report.id, lease.attempt, each.format)
                size = self._files.put(each.path, name)
                stored.append(ReportFile(each.format, name, size))
        except StorageFullError:
            self.discard(stored)
            raise
        return tuple(stored)

    def discard(self, files: Iterable[ReportFile]) -> None:
        """Remove files that no row will ever name. What cannot be removed now, the sweep finds later."""
        self._files.delete_all(each.name for each in files)


class Attempt:
    """Builds the report in a folder of its own and stores the files."""

    def __init__(self, run_report: RunReport, delivery: Delivery, work_folder: Path) -> None:
        self._run_report = run_report
        self._delivery = delivery
        self._work_folder = work_folder

    def run(self, lease: Lease, stop: StopSignal, progress: LatestProgress) -> Ending:
        """How it ended; raises nothing. What went wrong after the signal to stop went wrong because of it."""
        try:
            return self._build(lease, stop, progress)
        except AppError as error:
            return Stopped() if stop.reason else self._broken(error)
        except DATABASE_AWAY as error:
            log.warning("database_away", error=str(error.__cause__ or error))
            return Stopped() if stop.reason else WithoutDatabase()
        except Exception as error:  # noqa: BLE001 # one job must not take its worker along; the user sees internal_error
            return Stopped() if stop.reason else self._unexpected(error)

    def _build(self, lease: Lease, stop: StopSignal, progress: LatestProgress) -> Built:
        with work_folder(self._work_folder, lease) as folder:
            finished = self._run_report(lease, stop, progress, folder)
            stop.check()
            return Built(finished.summary, self._delivery.put(lease, finished.files))

    def _broken(self, error: AppError) -> Broken:
        log.warning("report_failed", code=error.code, error=str(error))
        return Broken(error.code, plain(error.params))

    def _unexpected(self, error: Exception) -> Broken:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            log.error("no_room", error=str(error))
            return Broken(StorageFullError.code)
        log.error("job_broke", exc_info=error)
        return Broken(AppError.code)


class Job:
    """Runs one leased report to its end. ``run`` blocks; ``shut_down`` comes from another thread."""

    def __init__(
        self,
        *,
        lease: Lease,
        leases: ReportLeases,
        attempt: Attempt,
        delivery: Delivery,
        timing: Timing,
        observer: JobObserver,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._leases = leases
        self._attempt = attempt
        self._delivery = delivery
        self._timing = timing
        self._observer = observer
        self._sleep = sleep
        self._stop = StopSignal()
        self._clock = clock
        self._progress = LatestProgress(clock)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ending: Ending | None = None
        self._abandoned = False

    @property
    def stalled(self) -> bool:
        """Whether there has been no progress for a while: the report waits for its portal and costs next to nothing."""
        return self._progress.quiet_seconds >= self._timing.stall

    def shut_down(self) -> None:
        """The worker is going down: stop, and release the report."""
        self._stop.shut_down()

    def run(self) -> None:
        """Build the report and settle its row; returns when this attempt is over."""
        began = time.monotonic()
        with bound_contextvars(report_id=self._lease.report.id, attempt=self._lease.attempt):
            log.info("report_started")
            self._start_work()
            heart = Heartbeat(
                lease=self._lease,
                leases=self._leases,
                stop=self._stop,
                progress=self._progress,
                timing=self._timing,
                clock=self._clock,
            )
            heart.beat_until(self._ended)
            status = self._settle(self._take_ending())
            seconds = time.monotonic() - began
            log.info("report_ended", status=status, seconds=round(seconds, 3))
        self._observer.report_finished(status, seconds)

    def _start_work(self) -> None:
        thread = threading.Thread(target=self._work, name=f"report-{self._lease.report.id[:8]}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the process may have no more threads: as if this worker went down
            log.exception("thread_not_started", error=str(error))
            self._stop.shut_down()
            self._ending = Stopped()
            self._sleep(self._timing.poll)  # the report is queued again and would come straight back
            self._ended.set()

    def _work(self) -> None:
        with bound_contextvars(report_id=self._lease.report.id, attempt=self._lease.attempt):
            ending = self._attempt.run(self._lease, self._stop, self._progress)
            with self._lock:
                self._ending = ending
                late = self._abandoned
            self._ended.set()
            if late and isinstance(ending, Built):
                self._delivery.discard(ending.files)

    def _take_ending(self) -> Ending:
        with self._lock:
            self._abandoned = self._ending is None
            return self._ending or Stopped()

    def _settle(self, ending: Ending) -> str:
        """Write the ending into the row. → the status for the metrics."""
        try:
            latest = self._progress.take()
            return self._insist(lambda: self._write(ending, latest))
        except LeaseLostError:
            if isinstance(ending, Built):
                self._delivery.discard(ending.files)
            return "cancelled" if self._stop.reason is ReportCancelledError else "lost"
        except DATABASE_AWAY as error:
            log.exception("report_unsettled", error=str(error.__cause__ or error))
            return "lost"

    def _write(self, ending: Ending, latest: Progress | None) -> str:
        match ending:
            case Built(summary, files):
                self._leases.done(self._lease, summary, files, latest)
                return "done"
            case Broken(code, params):
                self._leases.failed(self._lease, code, params)
                return "failed"
            case WithoutDatabase():
                self._leases.give_up(self._lease)
                return "lost"
            case Stopped():
                return self._write_stopped()

    def _write_stopped(self) -> str:
        if self._stop.reason is ShutdownError:
            self._leases.release(self._lease)
            return "handed_back"
        if self._stop.reason is ReportCancelledError:
            self._leases.cancelled(self._lease)
            return "cancelled"
        if self._stop.reason is not None and issubclass(self._stop.reason, ReportError):
            log.warning("report_failed", code=self._stop.reason.code)
            self._leases.failed(self._lease, self._stop.reason.code)
            return "failed"
        raise LeaseLostError

    def _insist(self, write: Callable[[], str]) -> str:
        """A finished report is worth waiting for a database that restarts."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                return write()
            except DATABASE_AWAY:
                if time.monotonic() >= deadline:
                    raise
                self._sleep(1.0)


@contextmanager
def work_folder(root: Path, lease: Lease) -> Iterator[Path]:
    """An empty folder for this attempt, gone at the end."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    prefix = f"{lease.report.id}.{lease.attempt}."
    with TemporaryDirectory(prefix=prefix, dir=root, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON can hold them: what is no number, text, truth value or None becomes text."""
    return {
        key: value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
        for key, value in params.items()
    }

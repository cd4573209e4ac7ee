"""One leased report: its work in one thread, its heartbeat in another, and its row settled at the end.

The two are apart so that a cancel takes effect while the work hangs in a call to the portal: then its thread is left
behind, and whatever it still does is fenced off by the attempt number.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from structlog.contextvars import bound_contextvars

from bitrix_app.errors import LeaseLostError, ReportCancelledError
from bitrix_app.jobs.attempt import DATABASE_AWAY, Attempt, Broken, Built, Ending, Stopped, WithoutDatabase
from bitrix_app.jobs.delivery import Delivery
from bitrix_app.jobs.heartbeat import Heartbeat
from bitrix_app.jobs.ports import JobObserver, Timing
from bitrix_app.jobs.progress import LatestProgress
from bitrix_app.jobs.stop import JobStop, ShutdownError
from bitrix_app.storage import Lease, Progress, ReportLeases

log = structlog.get_logger("jobs")

SETTLE_SECONDS = 60.0  # how long a database that is away may keep a finished report from being written down


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
    ) -> None:
        self._lease = lease
        self._leases = leases
        self._attempt = attempt
        self._delivery = delivery
        self._timing = timing
        self._observer = observer
        self._sleep = sleep
        self._stop = JobStop()
        self._progress = LatestProgress()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ending: Ending | None = None
        self._left_behind = False

    @property
    def stands_still(self) -> bool:
        """Whether the report has not moved for a while: it waits for its portal and costs next to nothing."""
        return self._progress.quiet_seconds >= self._timing.still

    def shut_down(self) -> None:
        """The worker is going down: stop, and hand the report back."""
        self._stop.shut_down()

    def run(self) -> None:
        """Build the report and settle its row; returns when this attempt is over."""
        began = time.monotonic()
        with bound_contextvars(report_id=self._lease.report.id, attempt=self._lease.attempt):
            log.info("report_started")
            threading.Thread(target=self._work, name=f"report-{self._lease.report.id[:8]}", daemon=True).start()
            heart = Heartbeat(
                lease=self._lease,
                leases=self._leases,
                stop=self._stop,
                progress=self._progress,
                timing=self._timing,
            )
            heart.beat_until(self._ended)
            status = self._settle(self._take_ending())
            seconds = time.monotonic() - began
            log.info("report_ended", status=status, seconds=round(seconds, 3))
        self._observer.report_finished(status, seconds)

    def _work(self) -> None:
        with bound_contextvars(report_id=self._lease.report.id, attempt=self._lease.attempt):
            ending = self._attempt.run(self._lease, self._stop, self._progress)
            with self._lock:
                self._ending = ending
                late = self._left_behind
            self._ended.set()
            if late and isinstance(ending, Built):
                self._delivery.discard(ending.files)

    def _take_ending(self) -> Ending:
        with self._lock:
            self._left_behind = self._ending is None
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
            self._leases.hand_back(self._lease)
            return "handed_back"
        if self._stop.reason is ReportCancelledError:
            self._leases.cancelled(self._lease)
            return "cancelled"
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

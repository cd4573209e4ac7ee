"""The heartbeat of an attempt: extends its lease, writes its progress, and hears of a cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bitrix_app.errors import LeaseLostError, ReportTooLongError
from bitrix_app.reports import Progress, StopSignal
from bitrix_app.storage import Lease, ReportLeases

log = structlog.get_logger("jobs")

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)


@dataclass(frozen=True, slots=True)
class Timing:
    """Intervals and time limits of a worker, in seconds.

    ``lease``: how long a silent worker keeps its report; ``beat``: between two heartbeats; ``poll``: between two
    queries for queued reports without being woken; ``recover``: between two queries for lost workers; ``finish``: what
    running reports get to finish when the worker goes down; ``abandon``: what a stopped report gets before its thread
    is abandoned; ``stall``: after so long without progress a report counts as stalled; ``longest``: how long an attempt
    may run (contract §9).
    """

    lease: float = 20.0
    beat: float = 1.0
    poll: float = 2.0
    recover: float = 5.0
    finish: float = 8.0
    abandon: float = 2.5
    stall: float = 5.0
    longest: float = 4 * 3600.0


class LatestProgress:
    """The newest progress of a report until the next heartbeat writes it into the row. A ProgressSink."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._latest: Progress | None = None
        self._moved_at = clock()

    @property
    def quiet_seconds(self) -> float:
        """Seconds since the last progress."""
        return self._clock() - self._moved_at

    def update(self, progress: Progress) -> None:
        """Replace what has not been written yet."""
        with self._lock:
            self._latest = progress
            self._moved_at = self._clock()

    def take(self) -> Progress | None:
        """What has not been written yet; None when nothing has changed."""
        with self._lock:
            latest, self._latest = self._latest, None
        return latest


class Heartbeat:
    """Beats for one attempt, in the job's thread, while the work runs in another."""

    def __init__(
        self,
        *,
        lease: Lease,
        leases: ReportLeases,
        stop: StopSignal,
        progress: LatestProgress,
        timing: Timing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._leases = leases
        self._stop = stop
        self._progress = progress
        self._timing = timing
        self._clock = clock
        self._began = self._last_good = clock()

    def beat_until(self, ended: threading.Event) -> bool:
        """Beat until the work has ended (→ True), or has not within ``abandon`` seconds of being stopped (→ False)."""
        deadline: float | None = None
        while not ended.wait(self._timing.beat):
            self.beat()
            if self._stop.reason is None:
                continue
            if deadline is None:
                deadline = self._clock() + self._timing.abandon
            elif self._clock() >= deadline:
                return False
        return True

    def beat(self) -> None:
        """Extend the lease once; a lost lease, a cancel, a database that is away too long, or the deadline stop the
        work."""
        if self._clock() - self._began > self._timing.longest:
            self._stop.fail(ReportTooLongError)
        try:
            if self._leases.beat(self._lease, self._progress.take()).cancelled:
                self._stop.cancel()
            self._last_good = self._clock()
        except LeaseLostError:
            self._stop.lose()
        except DATABASE_AWAY as error:
            log.warning("heartbeat_missed", error=str(error.__cause__ or error))
            if self._clock() - self._last_good > self._timing.lease:
                self._stop.lose()

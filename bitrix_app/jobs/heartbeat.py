"""Keeps a lease while its report is worked on, writes the progress, and hears of a cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from bitrix_app.errors import LeaseLostError
from bitrix_app.jobs.attempt import DATABASE_AWAY
from bitrix_app.jobs.ports import Timing
from bitrix_app.jobs.progress import LatestProgress
from bitrix_app.jobs.stop import JobStop
from bitrix_app.storage import Lease, ReportLeases

log = structlog.get_logger("jobs")


class Heartbeat:
    """The heart of one attempt."""

    def __init__(
        self,
        *,
        lease: Lease,
        leases: ReportLeases,
        stop: JobStop,
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
        self._last_good = clock()

    def beat_until(self, ended: threading.Event) -> bool:
        """Beat until the work has ended (→ True), or has not within ``abandon`` seconds of being stopped (→ False)."""
        patience: float | None = None
        while not ended.wait(self._timing.beat):
            self.beat()
            if self._stop.reason is None:
                continue
            if patience is None:
                patience = self._clock() + self._timing.abandon
            elif self._clock() >= patience:
                return False
        return True

    def beat(self) -> None:
        """Extend the lease once; a lost lease, a cancel, or a database that is away too long stop the work."""
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

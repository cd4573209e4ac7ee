"""The worker: takes up queued reports as long as it has a free place, woken by the queue or polling."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import structlog

from bitrix_app.jobs.delivery.worker import DeliveryWorker
from bitrix_app.jobs.heartbeat import DATABASE_AWAY, Timing
from bitrix_app.jobs.job import Attempt, Delivery, Job, JobObserver, RunReport
from bitrix_app.jobs.maintenance import Maintenance, WorkFolders
from bitrix_app.jobs.queue import WakeQueue
from bitrix_app.jobs.robots import RobotRunner
from bitrix_app.storage import Files, Lease, ReportLeases

log = structlog.get_logger("jobs")

MOST_HELD = 4
"""A worker holds at most so many times its places, stalled reports included."""

LAST_CLAIM_SECONDS = 2.0  # a report that is being taken up at the moment of stopping is still seen


class Worker:
    """Up to ``concurrency`` reports at once, each in threads of its own.

    A stalled report (its portal is slow or makes it wait) gives its place to another until it moves again, so that slow
    portals hold up nobody else's reports.

    ``work_folder`` is where attempts have their temporary folders; ``clock`` times heartbeats and stalls. ``start``
    and ``stop`` may be called from any thread; no signal handlers are set here.
    """

    def __init__(
        self,
        *,
        leases: ReportLeases,
        files: Files,
        run_report: RunReport,
        work_folder: Path,
        observer: JobObserver,
        concurrency: int = 4,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._delivery = Delivery(files)
        self._attempt = Attempt(run_report, self._delivery, work_folder)
        self._observer = observer
        self._concurrency = concurrency
        self._timing = timing or Timing()
        self._clock = clock
        self._name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"
        self._changed = threading.Condition()
        self._woken = False
        self._stopping = False
        self._jobs: dict[Job, threading.Thread] = {}
        self._next_recovery = 0.0
        self._thread = threading.Thread(target=self._dispatch, name="worker", daemon=True)

    def start(self) -> None:
        """Begin taking up reports, in the background."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it takes up reports. False before ``start``, after ``stop``, and if it broke."""
        return self._thread.is_alive()

    @property
    def broken(self) -> bool:
        """Whether an unexpected error ended its thread: it takes up no reports any more."""
        return self._thread.ident is not None and not self.alive and not self._stopping

    def wake(self) -> None:
        """There may be a queued report: query now."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Take up nothing more; let running reports finish for a while, then release them. Blocks.

        Takes at most ``finish`` + ``abandon`` seconds of the timing and a few heartbeats.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(LAST_CLAIM_SECONDS)
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs, self._timing.finish)
            jobs = dict(self._jobs)
        for job in jobs:
            job.shut_down()
        deadline = time.monotonic() + self._timing.abandon + 2 * self._timing.beat + 1.0
        for thread in jobs.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _dispatch(self) -> None:
        while not self._stopping:
            try:
                found = self._take_up()
            except DATABASE_AWAY as error:
                log.warning("database_away", error=str(error.__cause__ or error))
                found = False
            if not found:
                self._wait()

    def _take_up(self) -> bool:
        """Take up one report if there is a free place and one is queued. → whether to try again at once."""
        self._recover()
        with self._changed:
            self._woken = False
            if self._stopping or not self._has_place():
                return False
        lease = self._leases.claim(self._name, self._timing.lease)
        return lease is not None and self._begin(lease)

    def _has_place(self) -> bool:
        moving = sum(not job.stalled for job in self._jobs)
        return moving < self._concurrency and len(self._jobs) < self._concurrency * MOST_HELD

    def _recover(self) -> None:
        if time.monotonic() < self._next_recovery:
            return
        self._next_recovery = time.monotonic() + self._timing.recover
        found = self._leases.recover(self._timing.lease)
        if found:
            log.warning("workers_lost", reports=found)

    def _begin(self, lease: Lease) -> bool:
        """Run the report in a thread of its own; where there is none to be had it goes back. → whether it runs."""
        job = Job(
            lease=lease,
            leases=self._leases,
            attempt=self._attempt,
            delivery=self._delivery,
            timing=self._timing,
            observer=self._observer,
            clock=self._clock,
        )
        thread = threading.Thread(target=self._run, args=(job,), name=f"job-{lease.report.id[:8]}", daemon=True)
        with self._changed:
            self._jobs[job] = thread
        try:
            thread.start()
        except RuntimeError as error:  # the process may have no more threads
            log.exception("thread_not_started", error=str(error))
            with self._changed:
                del self._jobs[job]
            self._leases.release(lease)
            return False
        return True

    def _run(self, job: Job) -> None:
        try:
            job.run()
        finally:
            with self._changed:
                del self._jobs[job]
                self._woken = True
                self._changed.notify_all()

    def _wait(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._woken or self._stopping, self._timing.poll)


class Background(Protocol):
    """Something that runs in a thread of its own."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class JobService:
    """Worker, queue, maintenance, schedules, deliveries and runs of the robot of one process, embedded in the web
    server or in a process of its own.

    ``start`` and ``stop`` may be called from any thread.
    """

    def __init__(
        self,
        worker: Worker,
        queue: WakeQueue,
        maintenance: Maintenance,
        work_folders: WorkFolders,
        *,
        schedules: Background | None = None,
        delivery: DeliveryWorker | None = None,
        robots: RobotRunner | None = None,
    ) -> None:
        self._worker = worker
        self._woken = tuple(each for each in (delivery, robots) if each is not None)
        others = (work_folders, schedules, delivery, robots)
        self._beside: tuple[Background, ...] = tuple(each for each in others if each is not None)
        self._consumer = queue.consumer(woken=self._wake, periodic=maintenance.run_due)

    def start(self) -> None:
        """Begin to work, in the background."""
        self._worker.start()
        self._consumer.start()
        for each in self._beside:
            each.start()

    @property
    def broken(self) -> bool:
        """Whether the worker broke: this process builds no reports any more and should end."""
        return self._worker.broken

    def stop(self) -> None:
        """Take up nothing more, finish or release what runs. Blocks, for less than 20 seconds."""
        for each in self._beside:
            each.stop()
        self._consumer.stop(graceful=False)
        self._worker.stop()
        self._consumer.stop(graceful=True)

    def _wake(self) -> None:
        self._worker.wake()
        for each in self._woken:
            each.wake()

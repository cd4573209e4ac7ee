"""The delivery worker: takes up deliveries that are due, sends, and writes down how it ended.

A file is sent once where the portal lets us know: before it is sent its row says so, with what lay there already. Where
no answer came, or this worker died, the next try first looks for a file that was not there before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from structlog.contextvars import bound_contextvars

from bitrix_app.errors import (
    AppError,
    AppUninstalledError,
    DeliveryError,
    FileTooLargeError,
    LeaseLostError,
    PortalUnavailableError,
    UnexpectedAnswerError,
)
from bitrix_app.jobs.delivery.message import failure, file_title, message
from bitrix_app.jobs.heartbeat import DATABASE_AWAY
from bitrix_app.jobs.job import plain
from bitrix_app.portals import (
    APP_LINK,
    NOTIFICATION,
    Bitrix24Client,
    Document,
    PortalClients,
    is_passing,
    report_address,
    target_of,
)
from bitrix_app.reports import WORKBOOK, ShutdownError, StopSignal
from bitrix_app.storage import Deliveries, DeliveryLease, Files, PortalRecord, Portals, ReportRecord, Reports

log = structlog.get_logger("jobs")

DONE = "done"
TRIES = 3
PAUSES = (60.0, 600.0)
"""Before the second and the third try."""
MOST_CLAIMS = 6
"""Workers that were lost with a delivery, and tries, before it is given up."""
LEASE_SECONDS = 120.0
EXTEND_SECONDS = 30.0
SLICE_SECONDS = 5.0
LARGEST_BYTES = 48 * 2**20
"""In Base64 a third more, and twice that in memory while it is sent; a chat takes 100 MB."""
THREADS = 4
"""They wait for portals nearly all the time."""
POLL_SECONDS = 5.0
STOP_SECONDS = 10.0
EARLIER_REPORTS = 200
UNKNOWN_OUTCOME = (PortalUnavailableError, UnexpectedAnswerError)
"""After these the portal may have done what it was asked."""


class LeasedStop:
    """The stop signal of one delivery, which keeps its lease alive: a client asks it about twice a second. Waits in
    slices. A StopSignal."""

    def __init__(
        self, stop: StopSignal, extend: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stop = stop
        self._extend = extend
        self._clock = clock
        self._next = clock() + EXTEND_SECONDS

    def check(self) -> None:
        """Raises ShutdownError, LeaseLostError."""
        self._stop.check()
        if self._clock() >= self._next:
            self._next = self._clock() + EXTEND_SECONDS
            self._extend()

    def wait(self, seconds: float) -> None:
        """Sleeps; wakes early and raises as ``check`` does."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            self.check()
            self._stop.wait(min(left, SLICE_SECONDS))
        self.check()


@dataclass(frozen=True, slots=True)
class DeliveryRun:
    """Carries out one delivery with the rights and the pair of the report's owner."""

    deliveries: Deliveries
    portals: Portals
    reports: Reports
    clients: PortalClients
    files: Files

    def __call__(self, lease: DeliveryLease, stop: StopSignal) -> str:
        """→ how it ended: ``done``, ``failed``, ``again``, ``released``. Raises LeaseLostError, and what the database
        raises."""
        if lease.tries > MOST_CLAIMS:
            self.deliveries.failed(lease, DeliveryError.code, {}, sent=lease.known is not None)
            return "failed"
        attempt = _Attempt(self, lease, stop)
        try:
            attempt.carry_out()
        except ShutdownError:
            self.deliveries.release(lease)
            return "released"
        except LeaseLostError:
            raise
        except AppError as error:
            return self._settle(lease, error, sent=attempt.sent)
        self.deliveries.done(lease)
        return "done"

    def _settle(self, lease: DeliveryLease, error: AppError, *, sent: bool) -> str:
        log.warning("delivery_failed", code=error.code, tries=lease.tries, error=str(error))
        params = plain(error.params)
        if is_passing(error) and lease.tries < TRIES:
            self.deliveries.again(lease, error.code, params, PAUSES[lease.tries - 1], sent=sent)
            return "again"
        self.deliveries.failed(lease, error.code, params, sent=sent)
        return "failed"


class _Attempt:
    """One try. ``sent``: the portal was asked to take the file, and whether it did is not known."""

    def __init__(self, run: DeliveryRun, lease: DeliveryLease, stop: StopSignal) -> None:
        self._run = run
        self._lease = lease
        self._stop = LeasedStop(stop, lambda: run.deliveries.extend(lease, LEASE_SECONDS))
        self.sent = lease.known is not None

    def carry_out(self) -> None:
        run, report = self._run, self._lease.report
        portal = run.portals.by_id(report.portal_id)
        if portal is None or not portal.installed:
            raise AppUninstalledError("the app was removed from the portal")
        client = run.clients.background(portal, report.user_id, stop=self._stop)
        target, user_id = target_of(self._lease.target), report.user_id
        is_message = self._lease.target["to"] == NOTIFICATION
        name, content = file_title(report, WORKBOOK.name), b"" if is_message else self._content(report)
        there = target.there(client, user_id, name, len(content))
        if self._lease.known is not None and set(there) - self._lease.known:
            log.info("delivery_found", target=self._lease.target["to"])
            return
        said, tag = self._message(client, portal, report), f"report {report.id}"
        document = Document(name, content, said, tag, frozenset(there), again=self.sent)
        run.deliveries.sending(self._lease, there)
        self.sent = True
        try:
            target.send(client, user_id, document)
        except UNKNOWN_OUTCOME:
            raise
        except AppError:
            self.sent = self._lease.known is not None  # an earlier try's file may still arrive
            raise

    def _content(self, report: ReportRecord) -> bytes:
        file = next((each for each in report.files if each.format == WORKBOOK.name), None)
        if file is None:
            raise DeliveryError("the report has no file")
        if file.size > LARGEST_BYTES:
            raise FileTooLargeError
        try:
            with self._run.files.open(file.name) as stream:
                return stream.read()
        except FileNotFoundError as error:
            raise DeliveryError("the file is gone") from error

    def _message(self, client: Bitrix24Client, portal: PortalRecord, report: ReportRecord) -> str:
        leads = APP_LINK in self._run.portals.remembered(portal.id)
        if report.status != DONE:
            return failure(report, report_address(client, portal, report.id, leads=leads))
        earlier = None
        if report.params.get("as_of"):
            earlier = self._run.reports.of(portal.id, report.user_id).earlier_of_same_kind(report, EARLIER_REPORTS)
        return message(report, earlier, report_address(client, portal, report.id, leads=leads))


class DeliveryWorker:
    """A few threads that carry out deliveries, woken or polling. ``start`` and ``stop``: from any thread."""

    def __init__(self, deliveries: Deliveries, run: Callable[[DeliveryLease, StopSignal], str]) -> None:
        self._deliveries = deliveries
        self._run = run
        self._stop = StopSignal()
        self._changed = threading.Condition()
        self._woken = 0
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"delivery-{number}", daemon=True) for number in range(THREADS)
        ]

    def start(self) -> None:
        """Begin, in the background."""
        for each in self._threads:
            each.start()

    def wake(self) -> None:
        """Something may be due."""
        with self._changed:
            self._woken += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Take up nothing more; what is going on is released."""
        self._stop.shut_down()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        deadline = time.monotonic() + STOP_SECONDS
        for each in self._threads:
            if each.is_alive():
                each.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while not self._stopping:
            seen = self._woken
            if not self.work_once():
                self._wait(seen)

    def _wait(self, seen: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._woken != seen, POLL_SECONDS)

    def work_once(self) -> bool:
        """Carry out one delivery. → whether there was one."""
        try:
            lease = self._deliveries.claim(LEASE_SECONDS)
            if lease is None:
                return False
            with bound_contextvars(report_id=lease.report.id, delivery=lease.target["to"]):
                log.info("delivery_ended", outcome=self._run(lease, self._stop))
        except LeaseLostError:
            log.warning("delivery_lost")
        except DATABASE_AWAY as error:
            log.warning("database_away", error=str(error.__cause__ or error))
            return False
        except Exception as error:  # one delivery must not take its thread along: its lease runs out
            log.error("delivery_broke", exc_info=error)  # noqa: TRY400 # as the worker says it
        return True

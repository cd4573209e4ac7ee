"""Leases on reports, the worker's side: claim, heartbeat, end; the attempt's number is the fencing token."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bitrix_app.errors import LeaseLostError, WorkerLostError
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.reports import (
    CANCELLED,
    DONE,
    FAILED,
    QUEUED,
    RUNNING,
    Beat,
    Lease,
    ReportFile,
    to_record,
)
from bitrix_app.storage.tables import INSTALLED, Portal, Report, ReportFileRow

LOSSES_ALLOWED = 3
CANDIDATES = 20


class Waiting(Protocol):
    """What a report waits for; ``until`` aware."""

    @property
    def reason(self) -> str: ...

    @property
    def until(self) -> datetime: ...


class Progress(Protocol):
    """How far a report is (``reports.Progress``)."""

    @property
    def stage(self) -> str: ...

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...

    @property
    def waiting(self) -> Waiting | None: ...


class ReportLeases:
    """Hands reports to workers: one running report a portal, portals in turn, a portal's oldest first.

    A report with which a worker was lost is a suspect from then on. A worker runs one suspect at a time, and when it is
    lost with one, the suspect alone is charged: what runs beside it begins anew and loses no try.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def claim(self, worker: str, lease_seconds: float) -> Lease | None:
        """Take up the next report. None when nothing waits that may run now."""
        waits = self._waiting_for(worker)
        for portal_id in self._portals_in_turn(waits):
            lease = self._claim_of(portal_id, worker, lease_seconds, waits)
            if lease is not None:
                return lease
        return None

    def _waiting_for(self, worker: str) -> ColumnElement[bool]:
        """What a report must be for this worker to take it up: no suspect, where it runs one."""
        running = Report.status == RUNNING, Report.worker == worker, Report.suspect
        with self._db.reading() as session:
            runs_one = session.scalar(select(Report.id).where(*running).limit(1)) is not None
        return (Report.status == QUEUED) & ~Report.suspect if runs_one else Report.status == QUEUED

    def _portals_in_turn(self, waits: ColumnElement[bool]) -> Sequence[int]:
        queued = exists().where(Report.portal_id == Portal.id, waits)
        running = exists().where(Report.portal_id == Portal.id, Report.status == RUNNING)
        ready = queued, ~running, Portal.status == INSTALLED
        turn = Portal.served_at.asc().nulls_first(), Portal.id
        with self._db.reading() as session:
            return session.scalars(select(Portal.id).where(*ready).order_by(*turn).limit(CANDIDATES)).all()

    def _claim_of(self, portal_id: int, worker: str, lease_seconds: float, waits: ColumnElement[bool]) -> Lease | None:
        """Take up the portal's oldest report, unless somebody else is at this portal right now."""
        try:
            with self._db.transaction() as session:
                portal = session.scalar(
                    select(Portal)
                    .where(Portal.id == portal_id, Portal.status == INSTALLED)
                    .with_for_update(skip_locked=True, key_share=True)
                )
                row = self._oldest(session, portal_id, waits) if portal else None
                if portal is None or row is None:
                    return None
                now = self._db.now(session)
                row.attempt += 1
                row.status, row.worker, row.lease_until = RUNNING, worker, now + timedelta(seconds=lease_seconds)
                row.started_at, row.stage, row.done, row.total, row.waiting = now, None, 0, None, None
                portal.served_at = now
                session.flush()
                return Lease(to_record(row), row.attempt, worker, lease_seconds)
        except IntegrityError:  # the partial unique index: a report of this portal is running
            return None

    def _oldest(self, session: Session, portal_id: int, waits: ColumnElement[bool]) -> Report | None:
        query = (
            select(Report).where(Report.portal_id == portal_id, waits).order_by(Report.created_at, Report.id).limit(1)
        )
        return session.scalar(query.with_for_update())

    def beat(self, lease: Lease, progress: Progress | None = None) -> Beat:
        """Extend the lease, and write how far the report is. Raises LeaseLostError when it is not ours any more."""
        with self._db.transaction() as session:
            values: dict[str, Any] = {"lease_until": self._db.now(session) + timedelta(seconds=lease.seconds)}
            if progress is not None:
                values |= {**_counters(progress), "waiting": _waiting(progress.waiting)}
            if self._update(session, lease, values):
                return Beat(cancelled=False)
            same = Report.id == lease.report.id, Report.attempt == lease.attempt, Report.status == CANCELLED
            if session.scalar(select(Report.id).where(*same)) is None:
                raise LeaseLostError
            return Beat(cancelled=True)

    def done(
        self,
        lease: Lease,
        summary: Mapping[str, Any],
        files: Sequence[ReportFile],
        progress: Progress | None = None,
    ) -> None:
        """The report is finished and its files lie in the file store; ``progress``: what no heartbeat has written.

        Raises LeaseLostError (also when cancelled).
        """
        with self._db.transaction() as session:
            self._end(session, lease, DONE, **{**_counters(progress), "summary": dict(summary)})
            for each in files:
                row = ReportFileRow(report_id=lease.report.id, format=each.format, name=each.name, size=each.size)
                session.add(row)

    def failed(self, lease: Lease, code: str, params: Mapping[str, Any] | None = None) -> None:
        """The report cannot be built; ``params`` are plain JSON values. Raises LeaseLostError."""
        with self._db.transaction() as session:
            self._end(session, lease, FAILED, error_code=code, error_params=dict(params or {}))

    def cancelled(self, lease: Lease) -> None:
        """The worker has stopped after a cancel; harmless when the row says so already, or is gone."""
        with self._db.transaction() as session:
            self._update(session, lease, {"status": CANCELLED, **self._ended(session)})

    def release(self, lease: Lease) -> None:
        """The worker is going down: back into the queue, not counted as a loss. Raises LeaseLostError."""
        with self._db.transaction() as session:
            values = {"status": QUEUED, "worker": None, "lease_until": None, "waiting": None}
            if not self._update(session, lease, values):
                raise LeaseLostError

    def give_up(self, lease: Lease) -> None:
        """End this attempt as a lost worker's, since the database failed under it: counted, and no cause for suspicion.

        Raises LeaseLostError."""
        with self._db.transaction() as session:
            row = session.scalar(select(Report).where(*self._ours(lease)).with_for_update())
            if row is None:
                raise LeaseLostError
            row.losses += 1
            self._recover_one(row, self._db.now(session))

    def recover(self, lease_seconds: float = 0.0) -> int:
        """Reports whose worker has not been heard of go back into the queue, or fail after the third loss.

        A lost worker's reports come together, though it was last heard of each at its own moment: those beside a stale
        one that have been silent for half of ``lease_seconds`` are taken too. → how many were found.
        """
        with self._db.transaction() as session:
            moment = self._db.now(session)
            is_stale = Report.lease_until < moment
            lost = set(session.scalars(select(Report.worker).where(Report.status == RUNNING, is_stale)))
            suspected = select(Report.worker).where(Report.status == RUNNING, Report.suspect, Report.worker.in_(lost))
            lost_with_suspect = set(session.scalars(suspected))
            is_silent = Report.worker.in_(lost) & (Report.lease_until < moment + timedelta(seconds=lease_seconds / 2))
            found = select(Report).where(Report.status == RUNNING, is_stale | is_silent)
            rows = session.scalars(found.with_for_update(skip_locked=True)).all()
            for row in rows:
                if row.suspect or row.worker not in lost_with_suspect:
                    row.losses, row.suspect = row.losses + 1, True
                self._recover_one(row, moment)
            return len(rows)

    def _recover_one(self, row: Report, now: datetime) -> None:
        row.worker, row.lease_until, row.waiting = None, None, None
        if row.losses < LOSSES_ALLOWED:
            row.status = QUEUED
        else:
            row.status, row.finished_at, row.error_code = FAILED, now, WorkerLostError.code

    def attempts(self, report_ids: Collection[str]) -> dict[str, int | None]:
        """Of these reports those that exist, each with the attempt that is being worked on; None: with none."""
        with self._db.reading() as session:
            found = session.execute(
                select(Report.id, Report.attempt, Report.status).where(Report.id.in_(list(report_ids)))
            )
            return {each.id: each.attempt if each.status == RUNNING else None for each in found}

    def queued_count(self) -> int:
        """How many reports wait for a worker."""
        with self._db.reading() as session:
            return session.scalar(select(func.count()).select_from(Report).where(Report.status == QUEUED)) or 0

    def _end(self, session: Session, lease: Lease, status: str, **values: Any) -> None:
        if not self._update(session, lease, {"status": status, **self._ended(session), **values}):
            raise LeaseLostError

    def _ended(self, session: Session) -> dict[str, Any]:
        return {"finished_at": self._db.now(session), "lease_until": None, "waiting": None}

    def _update(self, session: Session, lease: Lease, values: Mapping[str, Any]) -> bool:
        return rows_touched(session, update(Report).where(*self._ours(lease)).values(**values)) > 0

    def _ours(self, lease: Lease) -> tuple[ColumnElement[bool], ...]:
        return Report.id == lease.report.id, Report.attempt == lease.attempt, Report.status == RUNNING


def _counters(progress: Progress | None) -> dict[str, Any]:
    """How far the report is, as the row keeps it; nothing where there is no news."""
    return {} if progress is None else {"stage": progress.stage, "done": progress.done, "total": progress.total}


def _waiting(waiting: Waiting | None) -> dict[str, Any] | None:
    return None if waiting is None else {"reason": waiting.reason, "until": waiting.until.isoformat()}

"""Reports as frozen records, and a user's own: the one place where the web's queries are scoped by portal and user."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from bitrix_app.errors import AppUninstalledError, InvalidParametersError, PortalQuotaError, TooManyReportsError
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.tables import Portal, Report, ReportFileRow

QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"
OPEN = (QUEUED, RUNNING)
OPEN_OF_USER, OPEN_OF_PORTAL = 20, 100
"""Open reports at most (contract §9)."""
MEGABYTE = 2**20
QUOTA = 5120 * MEGABYTE


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A finished file: ``name`` in the file store, ``size`` in bytes."""

    format: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """Where a report is sent: ``target`` is its entry of ``deliver`` (contract §7); ``state``: waiting, sending, done,
    failed; ``error_code`` also while it waits for another try."""

    target: dict[str, Any] = field(hash=False)
    state: str
    tries: int
    ended_at: datetime | None
    error_code: str | None
    error_params: dict[str, Any] | None = field(hash=False)


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A report as it stands. Moments are aware, in UTC; ``params``, ``summary``, ``error_params`` are JSON objects.
    ``names``: what the portal called the things in ``params``, ``{company, invoice: {number, date}, mycompany,
    assigned_by}``, each where it is known.

    ``status``: queued, running, done, failed, cancelled. ``attempt``: how often it was taken up.
    """

    id: str
    portal_id: int
    user_id: int
    user_name: str
    params: dict[str, Any] = field(hash=False)
    names: dict[str, Any] = field(hash=False)
    status: str
    stage: str | None
    done: int
    total: int | None
    waiting: dict[str, Any] | None = field(hash=False)
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    summary: dict[str, Any] | None = field(hash=False)
    error_code: str | None
    error_params: dict[str, Any] | None = field(hash=False)
    files: tuple[ReportFile, ...]
    deliveries: tuple[DeliveryRecord, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it is still queued or running."""
        return self.status in OPEN


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's lease on a report, for ``seconds`` from the last heartbeat; ``attempt`` is its fencing token."""

    report: ReportRecord
    attempt: int
    worker: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat: whether the report was cancelled."""

    cancelled: bool


def to_record(row: Report) -> ReportRecord:
    """The record of a row (its files are read too)."""
    return ReportRecord(
        id=row.id,
        portal_id=row.portal_id,
        user_id=row.user_id,
        user_name=row.user_name,
        params=dict(row.params),
        names=dict(row.names),
        status=row.status,
        stage=row.stage,
        done=row.done,
        total=row.total,
        waiting=row.waiting,
        attempt=row.attempt,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        summary=row.summary,
        error_code=row.error_code,
        error_params=row.error_params,
        files=tuple(ReportFile(each.format, each.name, each.size) for each in row.files),
        deliveries=tuple(
            DeliveryRecord(dict(each.target), each.state, each.tries, each.ended_at, each.error_code, each.error_params)
            for each in row.deliveries
        ),
    )


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR = re.compile(r"([0-9]{1,16})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class Reports:
    """Reports of all portals; ``of`` narrows them to one user, and the web has no other access (multi-tenancy)."""

    def __init__(self, db: Database, *, quota: int = QUOTA) -> None:
        """``quota``: bytes of finished files that one portal may keep."""
        self._db = db
        self._quota = quota

    def of(self, portal_id: int, user_id: int) -> UserReports:
        """The reports of one user of one portal."""
        return UserReports(self._db, portal_id, user_id, self._quota)

    def require_room(self, portal_id: int, user_id: int) -> None:
        """Raises PortalQuotaError when the portal's finished files take more than their quota."""
        with self._db.reading() as session:
            _require_room(session, portal_id, user_id, self._quota)


class UserReports:
    """The reports that one user of one portal built. Another's report does not exist here."""

    def __init__(self, db: Database, portal_id: int, user_id: int, quota: int) -> None:
        self._db = db
        self._portal_id = portal_id
        self._user_id = user_id
        self._quota = quota

    def create(
        self,
        params: Mapping[str, Any],
        user_name: str,
        idempotency_key: str | None = None,
        *,
        names: Mapping[str, Any] | None = None,
        beside: Sequence[Callable[[Session, str], None]] = (),
        limited: bool = True,
    ) -> tuple[ReportRecord, bool]:
        """Queue a report. → the record, and whether it is new: the same key again gives the same report.

        The portal's row is locked meanwhile, so that several processes count one after another. Each of ``beside``
        writes what belongs to the new report (its id) in the same transaction; what one raises undoes all.
        ``limited``: False leaves it to the run to find that there is no room. Raises TooManyReportsError,
        PortalQuotaError, AppUninstalledError when the portal was erased.
        """
        with self._db.transaction() as session:
            portal = select(Portal.id).where(Portal.id == self._portal_id)
            if session.scalar(portal.with_for_update(key_share=True)) is None:
                raise AppUninstalledError("the portal is not stored any more")
            earlier = self._ordered_with(session, idempotency_key)
            if earlier is not None:
                return to_record(earlier), False
            if limited:
                self._require_place(session)
                _require_room(session, self._portal_id, self._user_id, self._quota)
            row = Report(
                id=str(uuid4()),
                portal_id=self._portal_id,
                user_id=self._user_id,
                user_name=user_name,
                params=dict(params),
                names=dict(names or {}),
                idempotency_key=idempotency_key,
                status=QUEUED,
                done=0,
                attempt=0,
                losses=0,
                created_at=self._db.now(session),
            )
            session.add(row)
            session.flush()
            for write in beside:
                write(session, row.id)
            session.refresh(row)
            return to_record(row), True

    def get(self, report_id: str) -> ReportRecord | None:
        """The report; None when there is none of this user's with that id."""
        with self._db.reading() as session:
            row = self._row(session, report_id)
            return to_record(row) if row else None

    def page(self, before: str | None = None, limit: int = 20) -> tuple[list[ReportRecord], str | None]:
        """Reports newest first, from after the cursor ``before`` on. → the page, the cursor of the next or None.

        Raises InvalidParametersError for a cursor that we did not make.
        """
        query = select(Report).where(self._mine).order_by(Report.created_at.desc(), Report.id.desc())
        if before is not None:
            query = query.where(tuple_(Report.created_at, Report.id) < tuple_(*read_cursor(before)))
        with self._db.reading() as session:
            rows = session.scalars(query.limit(limit + 1)).all()
            records = [to_record(row) for row in rows[:limit]]
        return records, make_cursor(records[-1]) if len(rows) > limit else None

    def earlier_of_same_kind(self, report: ReportRecord, most: int) -> ReportRecord | None:
        """The latest finished report of an earlier day (``as_of``) with the same conditions, among the ``most`` before
        this one."""
        day = report.params.get("as_of", "")
        before = self._mine, Report.status == DONE, Report.created_at < report.created_at
        query = select(Report).where(*before).order_by(Report.created_at.desc(), Report.id.desc()).limit(most)
        with self._db.reading() as session:
            for row in session.scalars(query):
                if {**row.params, "as_of": day} == report.params and str(row.params.get("as_of")) < day:
                    return to_record(row)
        return None

    def cancel(self, report_id: str) -> bool:
        """Cancel a queued or running report: the row says so at once, its worker hears it with the next beat.

        → whether anything was cancelled (a finished report stays as it is).
        """
        with self._db.transaction() as session:
            values = {"status": CANCELLED, "finished_at": self._db.now(session), "lease_until": None, "waiting": None}
            open_one = self._mine, Report.id == report_id, Report.status.in_(OPEN)
            return rows_touched(session, update(Report).where(*open_one).values(**values)) > 0

    def delete(self, report_id: str) -> list[str] | None:
        """Remove the report; a worker that has it is fenced off by the missing row.

        → names of its files, for the caller to delete from the file store; None when there is no such report.
        """
        with self._db.transaction() as session:
            row = session.scalar(select(Report).where(self._mine, Report.id == report_id).with_for_update())
            if row is None:
                return None
            names = list(session.scalars(select(ReportFileRow.name).where(ReportFileRow.report_id == row.id)))
            session.execute(delete(Report).where(Report.id == row.id))
            return names

    def _ordered_with(self, session: Session, idempotency_key: str | None) -> Report | None:
        if idempotency_key is None:
            return None
        return session.scalar(select(Report).where(self._mine, Report.idempotency_key == idempotency_key))

    def _require_place(self, session: Session) -> None:
        for whose, most in ((self._mine, OPEN_OF_USER), (Report.portal_id == self._portal_id, OPEN_OF_PORTAL)):
            is_open = whose, Report.status.in_(OPEN)
            if (session.scalar(select(func.count()).select_from(Report).where(*is_open)) or 0) >= most:
                raise TooManyReportsError(user=OPEN_OF_USER, portal=OPEN_OF_PORTAL)

    @property
    def _mine(self) -> ColumnElement[bool]:
        return (Report.portal_id == self._portal_id) & (Report.user_id == self._user_id)

    def _row(self, session: Session, report_id: str) -> Report | None:
        return session.scalar(select(Report).where(self._mine, Report.id == report_id))


def _require_room(session: Session, portal_id: int, user_id: int, quota: int) -> None:
    def stored(*whose: ColumnElement[bool]) -> int:
        found = select(func.sum(ReportFileRow.size)).join(Report).where(Report.portal_id == portal_id, *whose)
        return int(session.scalar(found) or 0)

    taken = stored()
    if taken > quota:
        own = stored(Report.user_id == user_id)
        raise PortalQuotaError(stored=_megabytes(taken), quota=quota // MEGABYTE, own=_megabytes(own))


def _megabytes(size: int) -> int:
    """Begun ones count as whole."""
    return -(-size // MEGABYTE)


def make_cursor(record: ReportRecord) -> str:
    """Where the next page begins: microseconds since 1970 and the id of the last report of this page."""
    micros = (record.created_at - EPOCH) // timedelta(microseconds=1)
    return f"{micros}.{record.id}"


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """The moment and id in a cursor. Raises InvalidParametersError."""
    found = CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidParametersError(before="unknown_page")
    return EPOCH + timedelta(microseconds=int(found[1])), found[2]

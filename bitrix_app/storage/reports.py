"""Reports as frozen records, and a user's own: the one place where the web's queries are scoped by portal and user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, select, tuple_, update
from sqlalchemy.orm import Session

from bitrix_app.errors import InvalidParametersError
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.tables import Report, ReportFileRow

QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"
OPEN = (QUEUED, RUNNING)


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A finished file: ``name`` in the file store, ``size`` in bytes."""

    format: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A report as it stands. Moments are aware, in UTC; ``params``, ``summary``, ``error_params`` are JSON objects.

    ``status``: queued, running, done, failed, cancelled. ``attempt``: how often it was taken up.
    """

    id: str
    portal_id: int
    user_id: int
    user_name: str
    params: dict[str, Any] = field(hash=False)
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
    )


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR = re.compile(r"([0-9]{1,16})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class Reports:
    """Reports of all portals; ``of`` narrows them to one user, and the web has no other access (multi-tenancy)."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, portal_id: int, user_id: int) -> UserReports:
        """The reports of one user of one portal."""
        return UserReports(self._db, portal_id, user_id)


class UserReports:
    """The reports that one user of one portal built. Another's report does not exist here."""

    def __init__(self, db: Database, portal_id: int, user_id: int) -> None:
        self._db = db
        self._portal_id = portal_id
        self._user_id = user_id

    def create(
        self, params: Mapping[str, Any], user_name: str, idempotency_key: str | None = None
    ) -> tuple[ReportRecord, bool]:
        """Queue a report. → the record, and whether it is new: the same key again gives the same report.

        Raises AppUninstalledError when the portal was erased.
        """
        fresh = {
            "id": str(uuid4()),
            "portal_id": self._portal_id,
            "user_id": self._user_id,
            "user_name": user_name,
            "params": dict(params),
            "idempotency_key": idempotency_key,
            "status": QUEUED,
            "done": 0,
            "attempt": 0,
            "losses": 0,
        }
        with self._db.transaction() as session:
            fresh["created_at"] = self._db.now(session)
            with self._db.portal_exists():
                created = self._db.insert_if_absent(session, Report, fresh)
            which = Report.id == fresh["id"] if created else Report.idempotency_key == idempotency_key
            row = session.scalar(select(Report).where(self._mine, which))
            if row is not None:
                return to_record(row), created
        return self.create(params, user_name, idempotency_key)  # the earlier one was deleted in this moment

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

    @property
    def _mine(self) -> ColumnElement[bool]:
        return (Report.portal_id == self._portal_id) & (Report.user_id == self._user_id)

    def _row(self, session: Session, report_id: str) -> Report | None:
        return session.scalar(select(Report).where(self._mine, Report.id == report_id))


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

"""What is due: schedules whose moment has come, their reports that have ended, pairs that would lapse.

A worker that takes something takes it for a while; one that dies leaves it to the next. That a planned moment is
ordered once does not hang on that: the run's row, the report and the next moment are written in one transaction, the
schedule locked, and (schedule, planned moment) is a unique key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.reports import FAILED, OPEN, QUEUED, ReportRecord, to_record
from bitrix_app.storage.schedules.rows import Planned, ScheduleRecord, record_of
from bitrix_app.storage.tables import INSTALLED, Portal, Report, ScheduleRow, ScheduleRunRow, UserToken
from bitrix_app.storage.tokens import USER, PairKey

WriteBeside = Callable[[Session, str], None]
"""Writes what belongs to a new report, by its id, in the report's transaction."""


class MomentTaken(Exception):  # noqa: N818 # no failure: somebody else was faster
    """The planned moment was ordered by another worker, or the schedule was changed meanwhile."""


@dataclass(frozen=True, slots=True)
class DueRun:
    """A report of a schedule that has ended and is to be seen to. ``failures``: how often it failed before."""

    report: ReportRecord
    schedule_id: int
    deliver: Sequence[dict[str, Any]] = field(hash=False)
    failures: int


class DueSchedules:
    """Hands out what is due; only of portals where the app is installed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def now(self) -> datetime:
        """The moment by which things are due (aware, UTC)."""
        with self._db.reading() as session:
            return self._db.now(session)

    def take(self, limit: int, lease: timedelta) -> list[ScheduleRecord]:
        """Schedules that are due, for ``lease``; the longest due first."""
        with self._db.reading() as session:
            if session.scalar(self._due(session).limit(1)) is None:
                return []
        with self._db.transaction() as session:
            due = self._due(session).order_by(ScheduleRow.due_at, ScheduleRow.id).limit(limit)
            rows = session.scalars(due.with_for_update(skip_locked=True, of=ScheduleRow)).all()
            for row in rows:
                row.due_at = self._db.now(session) + lease
            session.flush()
            return [record_of(session, row.id) for row in rows]

    def ordering(self, schedule: ScheduleRecord, moment: datetime, following: Planned) -> WriteBeside:
        """What is written with the report of a planned moment; it raises MomentTaken.

        ``schedule`` as it was taken; ``moment``: the one that is ordered, the latest of those that were missed.
        """
        same = ScheduleRow.id == schedule.id, ScheduleRow.active, ScheduleRow.next_run_at == schedule.next_run_at

        def write(session: Session, report_id: str) -> None:
            row = session.scalar(select(ScheduleRow).where(*same).with_for_update())
            if row is None:
                raise MomentTaken
            _add_run(session, row, report_id, moment, self._db.now(session))
            row.next_run_at, row.due_at = following.moment, following.due_at

        return write

    def ordering_now(self, schedule: ScheduleRecord) -> WriteBeside:
        """What is written with a report that was asked for by hand; it raises MomentTaken when the schedule is gone."""

        def write(session: Session, report_id: str) -> None:
            row = session.scalar(select(ScheduleRow).where(ScheduleRow.id == schedule.id).with_for_update())
            if row is None:
                raise MomentTaken
            _add_run(session, row, report_id, None, self._db.now(session))

        return write

    def has_run(self, report_id: str) -> bool:
        """Whether a schedule has ordered this report."""
        with self._db.reading() as session:
            return session.get(ScheduleRunRow, report_id) is not None

    def take_ended(self, limit: int, lease: timedelta) -> list[DueRun]:
        """Reports of schedules that have ended and that nobody has seen to yet, for ``lease``."""
        with self._db.reading() as session:
            if session.scalar(self._ended(session).limit(1)) is None:
                return []
        with self._db.transaction() as session:
            ended = self._ended(session).order_by(ScheduleRunRow.due_at).limit(limit)
            rows = session.scalars(ended.with_for_update(skip_locked=True, of=ScheduleRunRow)).all()
            found = []
            for row in rows:
                row.due_at = self._db.now(session) + lease
                report = to_record(session.get_one(Report, row.report_id))
                found.append(DueRun(report, row.schedule_id, list(row.deliver), row.failures))
            return found

    def look_again(self, run: DueRun, at: datetime) -> None:
        """See to it again then."""
        self._set_due(run, at)

    def settle(self, run: DueRun) -> None:
        """All is done about this run."""
        self._set_due(run, None)

    def try_again(self, run: DueRun) -> bool:
        """Put the failed report back into the queue. → whether it stood there as failed."""
        with self._db.transaction() as session:
            now = self._db.now(session)
            again = {"status": QUEUED, "finished_at": None, "error_code": None, "error_params": None}
            failed = Report.id == run.report.id, Report.status == FAILED
            if not rows_touched(session, update(Report).where(*failed).values(**again, losses=0, suspect=False)):
                return False
            this = update(ScheduleRunRow).where(ScheduleRunRow.report_id == run.report.id)
            session.execute(this.values(failures=run.failures + 1, due_at=now))
            return True

    def idle_pairs(self, idle: timedelta) -> list[PairKey]:
        """Pairs of owners of active schedules that can be renewed and were last stored so long ago."""
        needed = exists().where(
            ScheduleRow.active,
            ScheduleRow.portal_id == UserToken.portal_id,
            ScheduleRow.user_id == UserToken.user_id,
        )
        with self._db.reading() as session:
            rows = session.execute(
                select(UserToken.portal_id, UserToken.user_id)
                .join(Portal, Portal.id == UserToken.portal_id)
                .where(
                    UserToken.kind == USER,
                    UserToken.refresh_token.is_not(None),
                    UserToken.updated_at < self._db.now(session) - idle,
                    Portal.status == INSTALLED,
                    needed,
                )
                .order_by(UserToken.updated_at)
            )
            return [PairKey(portal, user) for portal, user in rows]

    def _due(self, session: Session) -> Any:
        query = select(ScheduleRow).join(Portal, Portal.id == ScheduleRow.portal_id)
        return query.where(ScheduleRow.due_at <= self._db.now(session), ScheduleRow.active, _installed())

    def _ended(self, session: Session) -> Any:
        query = select(ScheduleRunRow).join(Report, Report.id == ScheduleRunRow.report_id)
        query = query.join(Portal, Portal.id == Report.portal_id)
        ended = Report.status.not_in(OPEN), ScheduleRunRow.due_at <= self._db.now(session)
        return query.where(*ended, _installed())

    def _set_due(self, run: DueRun, at: datetime | None) -> None:
        with self._db.transaction() as session:
            this = update(ScheduleRunRow).where(ScheduleRunRow.report_id == run.report.id)
            session.execute(this.values(due_at=at))


def _installed() -> ColumnElement[bool]:
    return Portal.status == INSTALLED


def _add_run(session: Session, row: ScheduleRow, report_id: str, moment: datetime | None, now: datetime) -> None:
    run = ScheduleRunRow(
        report_id=report_id,
        schedule_id=row.id,
        planned_at=moment,
        deliver=list(row.deliver),
        failures=0,
        due_at=now,
    )
    session.add(run)
    row.last_report_id = report_id
    session.flush()

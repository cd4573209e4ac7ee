"""Schedules as frozen records: made, changed, taken over, paused, removed; each query is scoped by portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from bitrix_app.errors import AppUninstalledError, TooManySchedulesError
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.tables import Portal, PortalUser, Report, ScheduleRow

ACTIVE_OF_USER, ACTIVE_OF_PORTAL = 10, 50
"""Active schedules at most (contract §7)."""
KEPT_OF_USER = 100
"""Paused ones included."""


@dataclass(frozen=True, slots=True)
class Planned:
    """When a schedule runs next: the planned moment, and when it is looked at (not before). Aware."""

    moment: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ScheduleContent:
    """What a user says of a schedule; ``params``: a report's body without days, ``names`` of what it is narrowed to;
    ``when``: ``{every, day, weekday, time}``; ``deliver``: targets."""

    name: str
    params: Mapping[str, Any] = field(hash=False)
    names: Mapping[str, Any] = field(hash=False)
    period: str
    when: Mapping[str, Any] = field(hash=False)
    deliver: Sequence[Mapping[str, Any]] = field(hash=False)
    active: bool


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """A schedule as it stands. ``user_id`` is its owner; ``paused``: the code of the error that paused it;
    ``last_status``: of its latest report, while there is one."""

    id: int
    portal_id: int
    user_id: int
    user_name: str
    content: ScheduleContent
    next_run_at: datetime | None
    last_report_id: str | None
    last_status: str | None
    last_finished_at: datetime | None
    paused: str | None


class Schedules:
    """Schedules of all portals. ``owner`` narrows to one user; None: all of the portal's, for administrators."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def now(self) -> datetime:
        """The moment by which plans are made and due (aware, UTC)."""
        with self._db.reading() as session:
            return self._db.now(session)

    def page(
        self, portal_id: int, owner: int | None, before: int | None = None, limit: int = 20
    ) -> tuple[list[ScheduleRecord], int | None]:
        """Schedules newest first, made before the one with id ``before``. → the page, ``before`` of the next or
        None."""
        query = _records().where(*_whose(portal_id, owner)).order_by(ScheduleRow.id.desc())
        if before is not None:
            query = query.where(ScheduleRow.id < before)
        with self._db.reading() as session:
            records = [_record(*row) for row in session.execute(query.limit(limit + 1))]
        return records[:limit], records[limit - 1].id if len(records) > limit else None

    def get(self, portal_id: int, schedule_id: int, owner: int | None) -> ScheduleRecord | None:
        """One schedule; None where there is none of theirs."""
        with self._db.reading() as session:
            return _one(session, ScheduleRow.id == schedule_id, *_whose(portal_id, owner))

    def active(self, portal_id: int, owner: int | None = None) -> list[ScheduleRecord]:
        """Active ones of a portal, or of one of its users."""
        query = _records().where(*_whose(portal_id, owner), ScheduleRow.active).order_by(ScheduleRow.id)
        with self._db.reading() as session:
            return [_record(*row) for row in session.execute(query)]

    def other_portals(self, portal_id: int) -> int:
        """How many other portals have active schedules."""
        others = select(func.count(ScheduleRow.portal_id.distinct())).where(
            ScheduleRow.active, ScheduleRow.portal_id != portal_id
        )
        with self._db.reading() as session:
            return session.scalar(others) or 0

    def create(self, portal_id: int, user_id: int, content: ScheduleContent, planned: Planned | None) -> ScheduleRecord:
        """Store a new schedule; ``planned`` is None for an inactive one.

        Raises TooManySchedulesError, AppUninstalledError when the portal was erased.
        """
        with self._db.transaction() as session:
            self._lock_portal(session, portal_id)
            kept = session.scalar(select(func.count()).select_from(ScheduleRow).where(*_whose(portal_id, user_id)))
            if (kept or 0) >= KEPT_OF_USER:
                raise TooManySchedulesError(user=ACTIVE_OF_USER, portal=ACTIVE_OF_PORTAL)
            row = ScheduleRow(portal_id=portal_id, user_id=user_id, created_at=self._db.now(session))
            self._write(session, row, content, planned)
            session.add(row)
            session.flush()
            return _found(session, row.id)

    def replace(
        self, portal_id: int, schedule_id: int, content: ScheduleContent, planned: Planned | None
    ) -> ScheduleRecord | None:
        """Replace what a user says of a schedule; nothing pauses it any more. → None when it is gone.

        Raises TooManySchedulesError.
        """
        with self._db.transaction() as session:
            self._lock_portal(session, portal_id)
            row = _locked(session, portal_id, schedule_id)
            if row is None:
                return None
            self._write(session, row, content, planned)
            session.flush()
            return _found(session, row.id)

    def take_over(
        self, portal_id: int, schedule_id: int, user_id: int, planned: Planned | None
    ) -> ScheduleRecord | None:
        """Make this user its owner; ``planned``: it is active from now on. → None when it is gone.

        Raises TooManySchedulesError.
        """
        with self._db.transaction() as session:
            self._lock_portal(session, portal_id)
            row = _locked(session, portal_id, schedule_id)
            if row is None:
                return None
            row.user_id = user_id
            self._plan(session, row, planned)
            session.flush()
            return _found(session, row.id)

    def delete(self, portal_id: int, schedule_id: int) -> bool:
        """Remove a schedule; what it has ordered stays in the history, undelivered. → whether it was there."""
        with self._db.transaction() as session:
            this = delete(ScheduleRow).where(ScheduleRow.portal_id == portal_id, ScheduleRow.id == schedule_id)
            return rows_touched(session, this) > 0

    def pause(self, schedule_id: int, owner: int, code: str) -> bool:
        """Pause an active schedule, as long as it is this owner's, for the reason of this code. → whether it was."""
        this = ScheduleRow.id == schedule_id, ScheduleRow.user_id == owner, ScheduleRow.active
        with self._db.transaction() as session:
            paused = {"active": False, "paused": code, "next_run_at": None, "due_at": None}
            return rows_touched(session, update(ScheduleRow).where(*this).values(**paused)) > 0

    def plan_anew(self, record: ScheduleRecord, planned: Planned) -> None:
        """Move an active schedule to another moment, unless it has run or was changed since it was read."""
        same = ScheduleRow.id == record.id, ScheduleRow.active, ScheduleRow.next_run_at == record.next_run_at
        with self._db.transaction() as session:
            moved = {"next_run_at": planned.moment, "due_at": planned.due_at}
            session.execute(update(ScheduleRow).where(*same).values(**moved))

    def _lock_portal(self, session: Session, portal_id: int) -> None:
        """Those who count wait for one another."""
        portal = select(Portal.id).where(Portal.id == portal_id)
        if session.scalar(portal.with_for_update(key_share=True)) is None:
            raise AppUninstalledError("the portal is not stored any more")

    def _write(self, session: Session, row: ScheduleRow, content: ScheduleContent, planned: Planned | None) -> None:
        row.name, row.period = content.name, content.period
        row.params, row.names = dict(content.params), dict(content.names)
        row.plan, row.deliver = dict(content.when), [dict(each) for each in content.deliver]
        self._plan(session, row, planned)

    def _plan(self, session: Session, row: ScheduleRow, planned: Planned | None) -> None:
        row.active, row.paused = planned is not None, None
        row.next_run_at = planned.moment if planned else None
        row.due_at = planned.due_at if planned else None
        if planned is None:
            return
        with session.no_autoflush:
            for owner, most in ((row.user_id, ACTIVE_OF_USER), (None, ACTIVE_OF_PORTAL)):
                others = *_whose(row.portal_id, owner), ScheduleRow.active, ScheduleRow.id != (row.id or 0)
                if (session.scalar(select(func.count()).select_from(ScheduleRow).where(*others)) or 0) >= most:
                    raise TooManySchedulesError(user=ACTIVE_OF_USER, portal=ACTIVE_OF_PORTAL)


def _whose(portal_id: int, owner: int | None) -> tuple[ColumnElement[bool], ...]:
    portal = ScheduleRow.portal_id == portal_id
    return (portal,) if owner is None else (portal, ScheduleRow.user_id == owner)


def _records() -> Any:
    """Schedules with their owner's name and their latest report."""
    same_user = (PortalUser.portal_id == ScheduleRow.portal_id) & (PortalUser.user_id == ScheduleRow.user_id)
    return (
        select(ScheduleRow, PortalUser.name, Report.status, Report.finished_at)
        .outerjoin(PortalUser, same_user)
        .outerjoin(Report, Report.id == ScheduleRow.last_report_id)
    )


def _one(session: Session, *which: ColumnElement[bool]) -> ScheduleRecord | None:
    row = session.execute(_records().where(*which)).first()
    return _record(*row) if row else None


def _found(session: Session, schedule_id: int) -> ScheduleRecord:
    return _record(*session.execute(_records().where(ScheduleRow.id == schedule_id)).one())


def _locked(session: Session, portal_id: int, schedule_id: int) -> ScheduleRow | None:
    this = ScheduleRow.portal_id == portal_id, ScheduleRow.id == schedule_id
    return session.scalar(select(ScheduleRow).where(*this).with_for_update())


def _record(
    row: ScheduleRow, user_name: str | None, last_status: str | None, last_finished_at: datetime | None
) -> ScheduleRecord:
    content = ScheduleContent(
        row.name, dict(row.params), dict(row.names), row.period, dict(row.plan), list(row.deliver), row.active
    )
    return ScheduleRecord(
        id=row.id,
        portal_id=row.portal_id,
        user_id=row.user_id,
        user_name=user_name or "",
        content=content,
        next_run_at=row.next_run_at,
        last_report_id=row.last_report_id,
        last_status=last_status,
        last_finished_at=last_finished_at,
        paused=row.paused,
    )


def record_of(session: Session, schedule_id: int) -> ScheduleRecord:
    """The record of a row that is there."""
    return _found(session, schedule_id)

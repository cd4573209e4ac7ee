"""Runs of the robot of automation rules: what came in, which report became of it, what was answered.

A run is stored before its request is answered, and known by its event token: one sent twice is one row. Who takes
something takes it for a while, as with schedules; that a run orders one report does not hang on that: report and run
are written in one transaction, the run locked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bitrix_app.errors import AppError
from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.reports import FAILED, OPEN, QUEUED, ReportRecord, to_record
from bitrix_app.storage.schedules.due import MomentTaken, WriteBeside
from bitrix_app.storage.tables import INSTALLED, Portal, Report, RobotRunRow

RECEIVED, ORDERED, FAILING, ENDED = "received", "ordered", "failing", "ended"
"""Waiting for its report to be ordered; for its report to end; for the portal to hear that there is none; all done."""
AT_ONCE_OF_PORTAL = 5
"""Reports of one portal's runs that are open at the same time: whoever builds one by hand meanwhile is neither refused
nor kept waiting behind hundreds."""


@dataclass(frozen=True, slots=True)
class RobotRequest:
    """What a portal has sent: ``asked`` are the robot's properties; ``waits``: its process waits for the answer."""

    event_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    asked: Mapping[str, Any] = field(hash=False)
    waits: bool


@dataclass(frozen=True, slots=True)
class RobotRun:
    """A run that somebody looks at now. ``report``: as it stands, None before it is ordered and once it is deleted;
    ``received_at`` is when it came in (aware, UTC). The tokens are empty where no key of ours opens them any more."""

    id: int
    portal_id: int
    digest: str
    request: RobotRequest = field(hash=False)
    state: str
    user_id: int | None
    report: ReportRecord | None
    deliver: Sequence[Mapping[str, Any]] = field(hash=False)
    failures: int
    tries: int
    received_at: datetime
    error_code: str | None
    error_params: Mapping[str, Any] = field(hash=False)


class RobotRuns:
    """Keeps runs and hands them out; only of portals where the app is installed."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self._db = db
        self._cipher = cipher

    def now(self) -> datetime:
        """The moment by which things are due (aware, UTC)."""
        with self._db.reading() as session:
            return self._db.now(session)

    def waiting(self, portal_id: int) -> int:
        """How many runs of a portal have no report yet."""
        mine = RobotRunRow.portal_id == portal_id, RobotRunRow.state == RECEIVED
        with self._db.reading() as session:
            return session.scalar(select(func.count()).select_from(RobotRunRow).where(*mine)) or 0

    def receive(self, portal_id: int, request: RobotRequest) -> bool:
        """Store a run. → whether it is new. Raises AppUninstalledError when the portal was erased."""
        digest = hashlib.sha256(request.event_token.encode("utf-8", "replace")).hexdigest()
        secret = {"event": request.event_token, "access": request.access_token, "refresh": request.refresh_token}
        with self._db.transaction() as session:
            now = self._db.now(session)
            fresh = {
                "portal_id": portal_id,
                "digest": digest,
                "secret": self._closed(portal_id, digest, secret),
                "asked": dict(request.asked),
                "waits": request.waits,
                "state": RECEIVED,
                "deliver": [],
                "failures": 0,
                "tries": 0,
                "received_at": now,
                "due_at": now,
            }
            with self._db.portal_exists():
                return self._db.insert_if_absent(session, RobotRunRow, fresh)

    def take(self, limit: int, lease: timedelta) -> list[RobotRun]:
        """Runs whose report is to be ordered, for ``lease``: portals in turn, a portal's oldest first, and of each no
        more than may be open at once."""
        return self._take(self._to_order, limit, lease)

    def take_ended(self, limit: int, lease: timedelta) -> list[RobotRun]:
        """Runs whose report has ended, or that will have none, and that nobody has seen to yet, for ``lease``."""
        return self._take(self._to_answer, limit, lease)

    def ordering(self, run: RobotRun, user_id: int, deliver: Sequence[Mapping[str, Any]]) -> WriteBeside:
        """What is written with the run's report; it raises MomentTaken where another worker was faster."""

        def write(session: Session, report_id: str) -> None:
            if not self._move(session, run, user_id, state=ORDERED, report_id=report_id, deliver=_plain(deliver)):
                raise MomentTaken

        return write

    def failing(self, run: RobotRun, user_id: int | None, code: str, params: Mapping[str, Any]) -> bool:
        """There will be no report, for the reason of this error code; the portal is to hear of it. → whether nobody was
        faster."""
        with self._db.transaction() as session:
            why = {"error_code": code, "error_params": dict(params)}
            return self._move(session, run, user_id, state=FAILING, **why)

    def look_again(self, run: RobotRun, at: datetime, *, tried: bool = False) -> None:
        """See to it again then; ``tried``: the portal was asked to take the answer."""
        with self._db.transaction() as session:
            later = {"due_at": at, "tries": run.tries + int(tried)}
            session.execute(update(RobotRunRow).where(_this(run), RobotRunRow.state != ENDED).values(**later))

    def try_again(self, run: RobotRun) -> bool:
        """Put the failed report back into the queue. → whether it stood there as failed."""
        if run.report is None:
            return False
        with self._db.transaction() as session:
            failed = Report.id == run.report.id, Report.status == FAILED
            again = {"status": QUEUED, "finished_at": None, "error_code": None, "error_params": None}
            if not rows_touched(session, update(Report).where(*failed).values(**again, losses=0, suspect=False)):
                return False
            counted = {"failures": run.failures + 1, "due_at": self._db.now(session)}
            session.execute(update(RobotRunRow).where(_this(run)).values(**counted))
            return True

    def settle(self, run: RobotRun, error: AppError | None = None) -> None:
        """All is done about this run; ``error``: why the portal has not heard of it."""
        with self._db.transaction() as session:
            ended: dict[str, Any] = {"state": ENDED, "ended_at": self._db.now(session), "due_at": None, "secret": None}
            if error is not None:
                ended |= {"error_code": error.code, "error_params": None}
            session.execute(update(RobotRunRow).where(_this(run)).values(**ended))

    def _take(self, due: Any, limit: int, lease: timedelta) -> list[RobotRun]:
        with self._db.reading() as session:
            if session.execute(due(self._db.now(session)).limit(1)).first() is None:
                return []
        with self._db.transaction() as session:
            now = self._db.now(session)
            query = due(now).limit(limit).with_for_update(skip_locked=True, of=RobotRunRow)
            rows = session.scalars(query).all()
            for row in rows:
                row.due_at = now + lease
            session.flush()
            return [self._record(session, row) for row in rows]

    def _to_order(self, now: datetime) -> Any:
        waits = RobotRunRow.state == RECEIVED, RobotRunRow.due_at <= now
        place = func.row_number().over(partition_by=RobotRunRow.portal_id, order_by=RobotRunRow.id).label("place")
        line = select(RobotRunRow.id, place).where(*waits).subquery()
        other, its = aliased(RobotRunRow), aliased(Report)
        is_open = and_(other.state == ORDERED, its.status.in_(OPEN))
        is_taken = and_(other.state == RECEIVED, other.due_at > now)
        going = (
            select(func.count())
            .select_from(other)
            .outerjoin(its, its.id == other.report_id)
            .where(other.portal_id == RobotRunRow.portal_id, or_(is_open, is_taken))
            .correlate(RobotRunRow)
            .scalar_subquery()
        )
        return (
            select(RobotRunRow)
            .join(line, line.c.id == RobotRunRow.id)
            .where(*waits, _installed(), line.c.place <= AT_ONCE_OF_PORTAL - going)
            .order_by(line.c.place, RobotRunRow.id)
        )

    def _to_answer(self, now: datetime) -> Any:
        open_report = exists().where(Report.id == RobotRunRow.report_id, Report.status.in_(OPEN))
        ready = or_(RobotRunRow.state == FAILING, and_(RobotRunRow.state == ORDERED, ~open_report))
        due = select(RobotRunRow).where(RobotRunRow.due_at <= now, ready, _installed())
        return due.order_by(RobotRunRow.due_at, RobotRunRow.id)

    def _move(self, session: Session, run: RobotRun, user_id: int | None, **values: Any) -> bool:
        """Leave the state ``received``; of the tokens only the event's is needed from here on."""
        secret = self._closed(run.portal_id, run.digest, {"event": run.request.event_token})
        moved = {"user_id": user_id, "due_at": self._db.now(session), "secret": secret, **values}
        still = _this(run), RobotRunRow.state == RECEIVED
        return rows_touched(session, update(RobotRunRow).where(*still).values(**moved)) > 0

    def _closed(self, portal_id: int, digest: str, secret: Mapping[str, str]) -> str:
        return self._cipher.encrypt(json.dumps(secret), place_of_run(portal_id, digest))

    def _record(self, session: Session, row: RobotRunRow) -> RobotRun:
        try:
            secret = json.loads(self._cipher.decrypt(row.secret or "", place_of_run(row.portal_id, row.digest)))
        except UnreadableSecretError:
            secret = {}
        report = session.get(Report, row.report_id) if row.report_id else None
        tokens = {f"{each}_token": str(secret.get(each, "")) for each in ("event", "access", "refresh")}
        return RobotRun(
            id=row.id,
            portal_id=row.portal_id,
            digest=row.digest,
            request=RobotRequest(**tokens, asked=dict(row.asked), waits=row.waits),
            state=row.state,
            user_id=row.user_id,
            report=to_record(report) if report is not None else None,
            deliver=list(row.deliver),
            failures=row.failures,
            tries=row.tries,
            received_at=row.received_at,
            error_code=row.error_code,
            error_params=dict(row.error_params or {}),
        )


def place_of_run(portal_id: int, digest: str) -> str:
    """What the ciphertext of a run's tokens is bound to."""
    return f"robot_run {portal_id} {digest}"


def _this(run: RobotRun) -> ColumnElement[bool]:
    return RobotRunRow.id == run.id


def _installed() -> ColumnElement[bool]:
    return exists().where(Portal.id == RobotRunRow.portal_id, Portal.status == INSTALLED)


def _plain(targets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(each) for each in targets]

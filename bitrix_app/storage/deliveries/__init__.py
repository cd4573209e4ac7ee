"""Deliveries of finished reports: one row a target, taken up by one worker at a time, one of a portal at a time.

Whoever asks the portal has written ``sending`` before, and what lay there already: after a crash or a lost answer the
next one looks whether the file has arrived instead of sending it again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from bitrix_app.errors import LeaseLostError
from bitrix_app.storage import reports
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.reports import ReportRecord, to_record
from bitrix_app.storage.tables import INSTALLED, DeliveryRow, Portal, Report

WAITING, SENDING, DONE, FAILED = "waiting", "sending", "done", "failed"
OPEN = (WAITING, SENDING)
CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class DeliveryLease:
    """A delivery that this worker alone works on. ``tries``: this one among them. ``known``: the portal was asked
    before, how that ended is not known, and these are the ids of files that lay there already. None: it was not."""

    id: int
    fence: int
    report: ReportRecord
    target: Mapping[str, Any] = field(hash=False)
    tries: int
    known: frozenset[int] | None = field(hash=False)


def key_of(target: Mapping[str, Any]) -> str:
    """What names a target within a report: ``chat chat42``."""
    return " ".join(str(target[each]) for each in ("to", "chat_id", "folder_id") if target.get(each) is not None)


class Deliveries:
    """Orders deliveries and hands them to workers."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def order(self, report_id: str, targets: Sequence[Mapping[str, Any]]) -> None:
        """Note where a report is to go: it is sent once it has ended. A target that it went to, or is on its way to,
        stays as it is; one that failed is tried anew. Harmless where the report is gone."""
        with self._db.transaction() as session:
            if session.scalar(select(Report.id).where(Report.id == report_id).with_for_update()) is None:
                return
            now = self._db.now(session)
            there = {
                row.key: row for row in session.scalars(select(DeliveryRow).where(DeliveryRow.report_id == report_id))
            }
            for given in targets:
                target = {name: value for name, value in given.items() if value is not None}
                row = there.get(key_of(target))
                if row is None:
                    row = DeliveryRow(
                        report_id=report_id, key=key_of(target), target=target, state=WAITING, tries=0, fence=0
                    )
                    row.next_at = now
                    session.add(row)
                    there[row.key] = row
                elif row.state == FAILED:
                    row.state = WAITING if row.known is None else SENDING
                    row.tries, row.next_at, row.ended_at, row.error_code, row.error_params = 0, now, None, None, None

    def claim(self, seconds: float) -> DeliveryLease | None:
        """Take up a delivery that is due, for ``seconds``; None where there is none. One of a portal at a time, so that
        a slow portal holds up nobody else's."""
        with self._db.transaction() as session:
            now = self._db.now(session)
            for row, report in session.execute(self._due(now)).all():
                portal = (
                    select(Portal.id)
                    .where(Portal.id == report.portal_id)
                    .with_for_update(skip_locked=True, key_share=True)
                )
                if session.scalar(portal) is None or self._is_busy(session, report.portal_id, now):
                    continue
                row.fence, row.tries, row.lease_until = row.fence + 1, row.tries + 1, now + timedelta(seconds=seconds)
                session.flush()
                known = None if row.known is None else frozenset(row.known)
                return DeliveryLease(row.id, row.fence, to_record(report), dict(row.target), row.tries, known)
        return None

    def _due(self, now: datetime) -> Any:
        held = DeliveryRow.lease_until.is_(None) | (DeliveryRow.lease_until < now)
        other, its = aliased(DeliveryRow), aliased(Report)
        busy = select(its.portal_id).join(other, other.report_id == its.id).where(other.lease_until >= now)
        ended = Report.status.in_((reports.DONE, reports.FAILED))
        ready = ended, Portal.status == INSTALLED
        return (
            select(DeliveryRow, Report)
            .join(Report, Report.id == DeliveryRow.report_id)
            .join(Portal, Portal.id == Report.portal_id)
            .where(DeliveryRow.state.in_(OPEN), DeliveryRow.next_at <= now, held, *ready, Portal.id.not_in(busy))
            .order_by(DeliveryRow.next_at, DeliveryRow.id)
            .limit(CANDIDATES)
            .with_for_update(skip_locked=True, of=DeliveryRow)
        )

    def _is_busy(self, session: Session, portal_id: int, now: datetime) -> bool:
        other, its = aliased(DeliveryRow), aliased(Report)
        going = other.report_id == its.id, its.portal_id == portal_id, other.lease_until >= now
        return bool(session.scalar(select(exists().where(*going))))

    def extend(self, lease: DeliveryLease, seconds: float) -> None:
        """Keep it for ``seconds`` more. Raises LeaseLostError."""
        with self._db.transaction() as session:
            self._write(session, lease, {"lease_until": self._db.now(session) + timedelta(seconds=seconds)})

    def sending(self, lease: DeliveryLease, known: Collection[int]) -> None:
        """The portal is about to be asked; ``known``: ids of files that lie there already. Raises LeaseLostError."""
        with self._db.transaction() as session:
            self._write(session, lease, {"state": SENDING, "known": sorted(known)})

    def done(self, lease: DeliveryLease) -> None:
        """It has arrived. Raises LeaseLostError."""
        self._end(lease, DONE, None, None)

    def failed(self, lease: DeliveryLease, code: str, params: Mapping[str, Any], *, sent: bool) -> None:
        """It was tried for the last time; ``params`` are plain JSON values, ``sent`` as ``again``. Raises
        LeaseLostError."""
        self._end(lease, FAILED, code, params, **({} if sent else {"known": None}))

    def again(self, lease: DeliveryLease, code: str, params: Mapping[str, Any], seconds: float, *, sent: bool) -> None:
        """Another try after ``seconds``; ``sent``: how this one ended is not known. Raises LeaseLostError."""
        with self._db.transaction() as session:
            later = self._db.now(session) + timedelta(seconds=seconds)
            told = {"error_code": code, "error_params": dict(params), "next_at": later, "lease_until": None}
            whether = {"state": SENDING} if sent else {"state": WAITING, "known": None}
            self._write(session, lease, {**told, **whether})

    def release(self, lease: DeliveryLease) -> None:
        """The worker is going down: somebody else takes it up, and this was no try."""
        with self._db.transaction() as session:
            mine = DeliveryRow.id == lease.id, DeliveryRow.fence == lease.fence, DeliveryRow.state.in_(OPEN)
            session.execute(update(DeliveryRow).where(*mine).values(lease_until=None, tries=DeliveryRow.tries - 1))

    def _end(
        self, lease: DeliveryLease, state: str, code: str | None, params: Mapping[str, Any] | None, **more: Any
    ) -> None:
        with self._db.transaction() as session:
            ended = {"ended_at": self._db.now(session), "lease_until": None}
            told = {"error_code": code, "error_params": None if params is None else dict(params)}
            self._write(session, lease, {**ended, **told, **more, "state": state})

    def _write(self, session: Session, lease: DeliveryLease, values: Mapping[str, Any]) -> None:
        mine = DeliveryRow.id == lease.id, DeliveryRow.fence == lease.fence, DeliveryRow.state.in_(OPEN)
        if not rows_touched(session, update(DeliveryRow).where(*mine).values(**values)):
            raise LeaseLostError

"""Uninstalls that are not verified yet, one row a portal: noted, answered, suspended, carried out.

Every answer is fenced by the row's stamp: what an event, a launch or an install has overtaken is not acted upon.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bitrix_app.storage.database import Database
from bitrix_app.storage.reports import QUEUED, RUNNING
from bitrix_app.storage.tables import (
    INSTALLED,
    SUSPENDED,
    UNINSTALLED,
    DeliveryRow,
    Erasure,
    PendingUninstallRow,
    Portal,
    Report,
    ReportFileRow,
    RobotRunRow,
    UserToken,
)
from bitrix_app.storage.tokens import forget_pairs


@dataclass(frozen=True, slots=True)
class PendingUninstall:
    """An uninstall to be verified, as its row stood when it was read. ``clean``: everything is to be erased;
    ``age``: since the event; ``rounds``: how often it was asked."""

    portal_id: int
    clean: bool
    digest: str
    age: timedelta
    rounds: int
    stamp: int


class Uninstalls:
    """Keeps what waits to be verified. A portal that is removed already has nothing to wait for."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, member_id: str, *, clean: bool, digest: str) -> PendingUninstall | None:
        """Note an event whose application token was right; due at once. None where the app is removed already.

        The latest event counts, since the genuine one comes last; but while the portal is suspended the one that
        suspended it stands.
        """
        with self._db.transaction() as session:
            portal = session.scalar(select(Portal).where(Portal.member_id == member_id).with_for_update())
            if portal is None or portal.status == UNINSTALLED:
                return None
            now = self._db.now(session)
            first = {"clean": clean, "digest": digest, "noted_at": now, "next_at": now, "rounds": 0, "stamp": 0}
            self._db.insert_if_absent(session, PendingUninstallRow, {"portal_id": portal.id, **first})
            row = session.get_one(PendingUninstallRow, portal.id)
            if portal.status != SUSPENDED:
                row.clean, row.digest, row.noted_at, row.rounds = clean, digest, now, 0
            row.next_at, row.stamp = now, row.stamp + 1
            return _pending(row, now)

    def due(self) -> list[PendingUninstall]:
        """Those that are to be asked for now, the longest waiting first."""
        with self._db.reading() as session:
            now = self._db.now(session)
            waiting = select(PendingUninstallRow).where(PendingUninstallRow.next_at <= now)
            return [_pending(row, now) for row in session.scalars(waiting.order_by(PendingUninstallRow.next_at))]

    def installed(self, pending: PendingUninstall, ask_again: timedelta | None) -> bool:
        """The app is there still: no suspension any more; the question is asked again then, None: never.

        → whether the answer was acted upon.
        """
        with self._db.transaction() as session:
            portal, row = self._locked(session, pending)
            if portal is None or row is None:
                return False
            portal.status = INSTALLED
            if ask_again is None:
                session.delete(row)
            else:
                row.rounds, row.next_at = row.rounds + 1, self._db.now(session) + ask_again
            return True

    def unknown(self, pending: PendingUninstall, ask_again: timedelta) -> bool:
        """Nobody can say: the portal is suspended, its running report goes back into the queue. → whether it was not
        suspended before."""
        with self._db.transaction() as session:
            portal, row = self._locked(session, pending)
            if portal is None or row is None:
                return False
            row.rounds, row.next_at = row.rounds + 1, self._db.now(session) + ask_again
            suspended_now, portal.status = portal.status != SUSPENDED, SUSPENDED
            running = Report.portal_id == portal.id, Report.status == RUNNING
            waiting = {"status": QUEUED, "worker": None, "lease_until": None, "waiting": None}
            session.execute(update(Report).where(*running).values(**waiting))
            return suspended_now

    def carry_out(self, pending: PendingUninstall) -> list[str] | None:
        """The app is gone: do what the event asks. → names of files to delete from the file store; None where the
        answer was overtaken."""
        with self._db.transaction() as session:
            portal, row = self._locked(session, pending)
            if portal is None or row is None:
                return None
            now = self._db.now(session)
            uninstall_row(session, portal, now)
            files = erase_row(session, portal, now, pending.digest) if pending.clean else []
        if pending.clean:
            self._db.truncate_wal()
        return files

    def _locked(self, session: Session, pending: PendingUninstall) -> tuple[Portal | None, PendingUninstallRow | None]:
        portal = session.scalar(select(Portal).where(Portal.id == pending.portal_id).with_for_update())
        same = PendingUninstallRow.portal_id == pending.portal_id, PendingUninstallRow.stamp == pending.stamp
        return portal, session.scalar(select(PendingUninstallRow).where(*same).with_for_update())


def _pending(row: PendingUninstallRow, now: datetime) -> PendingUninstall:
    return PendingUninstall(row.portal_id, row.clean, row.digest, now - row.noted_at, row.rounds, row.stamp)


def uninstall_row(session: Session, row: Portal, now: datetime) -> None:
    """What an uninstall takes: pairs, sessions, open reports, the question whether it is genuine."""
    row.epoch = max(row.epoch + 1, int(now.timestamp()))
    row.status, row.uninstalled_at = UNINSTALLED, now
    session.execute(delete(PendingUninstallRow).where(PendingUninstallRow.portal_id == row.id))
    forget_pairs(session, UserToken.portal_id == row.id)
    open_reports = Report.portal_id == row.id, Report.status.in_((QUEUED, RUNNING))
    ended = {"status": "cancelled", "finished_at": now, "error_code": "app_uninstalled", "lease_until": None}
    session.execute(update(Report).where(*open_reports).values(**ended))
    runs = RobotRunRow.portal_id == row.id, RobotRunRow.ended_at.is_(None)
    over = {"state": "ended", "ended_at": now, "due_at": None, "secret": None, "error_code": "app_uninstalled"}
    session.execute(update(RobotRunRow).where(*runs).values(**over))
    its_reports = select(Report.id).where(Report.portal_id == row.id)
    unsent = DeliveryRow.report_id.in_(its_reports), DeliveryRow.ended_at.is_(None)
    undelivered = {"state": "failed", "ended_at": now, "error_code": "app_uninstalled", "lease_until": None}
    session.execute(
        update(DeliveryRow).where(*unsent).values(**undelivered).execution_options(synchronize_session=False)
    )


def erase_row(session: Session, row: Portal, now: datetime, digest: str | None) -> list[str]:
    """Remove everything of the portal. → names of the files to delete from the file store."""
    files = list(session.scalars(select(ReportFileRow.name).join(Report).where(Report.portal_id == row.id)))
    session.execute(delete(Portal).where(Portal.id == row.id))
    if digest is not None:
        session.execute(delete(Erasure).where(Erasure.digest == digest))
        session.add(Erasure(digest=digest, at=now))
    return files

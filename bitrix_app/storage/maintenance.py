"""What is done to the tables now and then: periodic tasks taken up once, old rows removed, secrets re-encrypted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, exists, select, tuple_, update
from sqlalchemy.orm import Session

from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.portals import ERASURE_KEPT, place_of
from bitrix_app.storage.reports import OPEN
from bitrix_app.storage.robots import place_of_run
from bitrix_app.storage.tables import (
    UNINSTALLED,
    AuditRow,
    Erasure,
    PeriodicTaskRow,
    Portal,
    PortalUser,
    Report,
    ReportFileRow,
    RobotRunRow,
    UserToken,
)
from bitrix_app.storage.tokens import ACCESS, REFRESH, key_of
from bitrix_app.storage.uninstalls import erase_row

log = structlog.get_logger("storage")


class PeriodicTasks:
    """Notes when a periodic task was last taken up."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def take(self, name: str, every: timedelta) -> bool:
        """Whether the caller shall do the task now: nobody has taken it up within ``every``."""
        with self._db.transaction() as session:
            now = self._db.now(session)
            if self._db.insert_if_absent(session, PeriodicTaskRow, {"name": name, "taken_at": now}):
                return True
            due = PeriodicTaskRow.name == name, PeriodicTaskRow.taken_at <= now - every
            return rows_touched(session, update(PeriodicTaskRow).where(*due).values(taken_at=now)) > 0


REPORT_DAYS = 90
JOURNAL_DAYS = 365
LONGEST_JOURNAL_DAYS = 3 * 365
LONGEST_DAYS = 36500
UNINSTALLED_KEPT = timedelta(days=30)
VISITORS_KEPT = timedelta(days=180)
ROBOT_RUNS_KEPT = timedelta(days=30)


class Retention:
    """Removes old rows. Terms: each portal's settings ``report_days`` and ``journal_days`` (at most three years), and
    one for all where nobody chooses. docs/privacy.md tells them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def expire_reports(self) -> list[str]:
        """Remove finished reports past their term. → names of their files, to delete from the file store."""
        names: list[str] = []
        for portal_id, before in self._terms("report_days", REPORT_DAYS):
            with self._db.transaction() as session:
                names += self._expire_reports_of(session, portal_id, before)
        return names

    def _expire_reports_of(self, session: Session, portal_id: int, before: datetime) -> list[str]:
        old = Report.portal_id == portal_id, Report.status.not_in(OPEN), Report.created_at < before
        names = list(session.scalars(select(ReportFileRow.name).join(Report).where(*old)))
        session.execute(delete(Report).where(*old))
        return names

    def expire_journal(self) -> None:
        """Remove journal lines past their term."""
        for portal_id, before in self._terms("journal_days", JOURNAL_DAYS, LONGEST_JOURNAL_DAYS):
            old = AuditRow.portal_id == portal_id, AuditRow.at < before
            with self._db.transaction() as session:
                session.execute(delete(AuditRow).where(*old))

    def expire_portals(self) -> list[str]:
        """Erase portals thirty days after the app was removed from them. → names of their files.

        The days count from the uninstall that was carried out; one that is still being verified is none.
        """
        names: list[str] = []
        with self._db.reading() as session:
            now = self._db.now(session)
            gone = Portal.status == UNINSTALLED, Portal.uninstalled_at <= now - UNINSTALLED_KEPT
            numbers = session.scalars(select(Portal.id).where(*gone)).all()
        for number in numbers:
            with self._db.transaction() as session:
                row = session.scalar(select(Portal).where(Portal.id == number, *gone).with_for_update())
                if row is not None:
                    names += erase_row(session, row, now, None)
                    log.warning("uninstall", portal_id=number, domain=row.domain, by="cleanup", outcome="erased")
        return names

    def expire_users(self) -> None:
        """Forget what portals said of users who have not come for 180 days and have no report."""
        has_report = exists().where(Report.portal_id == PortalUser.portal_id, Report.user_id == PortalUser.user_id)
        with self._db.transaction() as session:
            before = self._db.now(session) - VISITORS_KEPT
            session.execute(delete(PortalUser).where(PortalUser.checked_at < before, ~has_report))

    def expire_robot_runs(self) -> None:
        """Remove runs of the robot that came in a month ago: by then no portal sends one a second time."""
        with self._db.transaction() as session:
            old = RobotRunRow.received_at < self._db.now(session) - ROBOT_RUNS_KEPT
            session.execute(delete(RobotRunRow).where(old))

    def expire_erasures(self) -> None:
        """Forget which events erased portals, after a day."""
        with self._db.transaction() as session:
            session.execute(delete(Erasure).where(Erasure.at < self._db.now(session) - ERASURE_KEPT))

    def truncate_wal(self) -> None:
        """Nothing of what has been removed stays in SQLite's WAL."""
        self._db.truncate_wal()

    def orphans(self, names: Iterable[str]) -> list[str]:
        """Those of the names in the file store that no report has."""
        candidates = list(names)
        known: set[str] = set()
        with self._db.reading() as session:
            for start in range(0, len(candidates), 500):
                some = candidates[start : start + 500]
                known.update(session.scalars(select(ReportFileRow.name).where(ReportFileRow.name.in_(some))))
        return [name for name in candidates if name not in known]

    def _terms(self, setting: str, default: int, longest: int = LONGEST_DAYS) -> list[tuple[int, datetime]]:
        with self._db.reading() as session:
            now = self._db.now(session)
            portals = session.execute(select(Portal.id, Portal.settings)).all()
        days = {portal_id: min(_days(settings, setting, default), longest) for portal_id, settings in portals}
        return [(portal_id, now - timedelta(days=each)) for portal_id, each in days.items()]


def _days(settings: dict[str, Any], name: str, default: int) -> int:
    value = settings.get(name)
    return value if isinstance(value, int) and 0 < value <= LONGEST_DAYS else default


@dataclass(slots=True)
class Rotation:
    """Re-encryption of all stored secrets with the first key and for their rows, ``batch`` rows a transaction: the app
    works on meanwhile.

    ``moved``: so many are encrypted so now; ``unreadable``: no key opens these where they stand.
    """

    cipher: Cipher
    batch: int = 200
    moved: int = 0
    unreadable: int = 0

    def run(self, db: Database) -> None:
        """Encrypt anew what an older key, or an earlier version, has encrypted. May be interrupted and repeated."""
        portal = self._move_portals(db, 0)
        while portal is not None:
            portal = self._move_portals(db, portal.id)
        run = self._move_runs(db, 0)
        while run is not None:
            run = self._move_runs(db, run.id)
        pair = self._move_pairs(db, None)
        while pair is not None:
            pair = self._move_pairs(db, pair)

    def _move_portals(self, db: Database, after: int) -> Portal | None:
        """The batch of portals that follows this number. → its last row."""
        batch = select(Portal).where(Portal.id > after).order_by(Portal.id).limit(self.batch)
        with db.transaction() as session:
            rows = session.scalars(batch.with_for_update(key_share=True)).all()
            for row in rows:
                row.application_token = self._rotate(row.application_token, place_of(row.id))
        return rows[-1] if rows else None

    def _move_runs(self, db: Database, after: int) -> RobotRunRow | None:
        """The batch of unfinished runs of the robot that follows this number. → its last row."""
        batch = select(RobotRunRow).where(RobotRunRow.id > after, RobotRunRow.secret.is_not(None))
        with db.transaction() as session:
            rows = session.scalars(batch.order_by(RobotRunRow.id).limit(self.batch).with_for_update()).all()
            for row in rows:
                row.secret = self._rotate(row.secret, place_of_run(row.portal_id, row.digest))
        return rows[-1] if rows else None

    def _move_pairs(self, db: Database, after: UserToken | None) -> UserToken | None:
        """The batch of pairs that follows this row. → its last row."""
        key = UserToken.portal_id, UserToken.user_id, UserToken.kind
        batch = select(UserToken).order_by(*key).limit(self.batch)
        if after is not None:
            batch = batch.where(tuple_(*key) > tuple_(after.portal_id, after.user_id, after.kind))
        with db.transaction() as session:
            rows = session.scalars(batch.with_for_update(key_share=True)).all()
            for row in rows:
                pair = key_of(row)
                row.access_token = self._rotate(row.access_token, pair.place(ACCESS)) or row.access_token
                row.refresh_token = self._rotate(row.refresh_token, pair.place(REFRESH))
        return rows[-1] if rows else None

    def _rotate(self, secret: str | None, place: str) -> str | None:
        if secret is None or self.cipher.is_current(secret, place):
            return secret
        try:
            rotated = self.cipher.rotate(secret, place)
        except UnreadableSecretError:
            self.unreadable += 1
            return secret
        self.moved += 1
        return rotated

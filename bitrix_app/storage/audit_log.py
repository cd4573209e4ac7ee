"""The audit log: who built, downloaded, deleted which report, when, over which period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from bitrix_app.storage.database import Database
from bitrix_app.storage.tables import AuditRow


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log; ``at`` aware, UTC."""

    id: int
    at: datetime
    user_id: int
    user_name: str
    action: str
    report_id: str | None
    details: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are wanted: of one user, of actions that begin so, from ``since`` to before ``until`` (aware)."""

    user_id: int | None = None
    actions: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same as conditions of a query."""
        found: list[ColumnElement[bool]] = []
        if self.user_id is not None:
            found.append(AuditRow.user_id == self.user_id)
        if self.actions:
            found.append(or_(*(AuditRow.action.startswith(each, autoescape=True) for each in self.actions)))
        if self.since is not None:
            found.append(AuditRow.at >= self.since)
        if self.until is not None:
            found.append(AuditRow.at < self.until)
        return found


EVERYTHING = AuditFilter()


class AuditLog:
    """Adds lines and shows them, a portal's own only. Old lines go by ``Retention``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self,
        portal_id: int,
        user_id: int,
        user_name: str,
        action: str,
        report_id: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a line. Raises AppUninstalledError when the portal was erased."""
        row = AuditRow(
            portal_id=portal_id,
            user_id=user_id,
            user_name=user_name,
            action=action,
            report_id=report_id,
            details=dict(details or {}),
        )
        with self._db.transaction() as session:
            self._write(session, row)

    def add_beside(
        self, portal_id: int, user_id: int, user_name: str, action: str, *, details: Mapping[str, Any]
    ) -> Callable[[Session, str], None]:
        """What writes a line about a new report (its id) in the transaction that stores the report: neither is kept
        without the other, wherever the process dies."""

        def write(session: Session, report_id: str) -> None:
            line = AuditRow(portal_id=portal_id, user_id=user_id, user_name=user_name, action=action)
            line.report_id, line.details = report_id, dict(details)
            self._write(session, line)

        return write

    def _write(self, session: Session, row: AuditRow) -> None:
        row.at = self._db.now(session)
        session.add(row)
        with self._db.portal_exists():
            session.flush()

    def people(self, portal_id: int) -> list[tuple[int, str]]:
        """Users with lines of their own: number and a name they had, by name; forgotten ones have none."""
        query = select(AuditRow.user_id, func.max(AuditRow.user_name)).group_by(AuditRow.user_id)
        with self._db.reading() as session:
            rows = session.execute(query.where(AuditRow.portal_id == portal_id, AuditRow.user_name != "")).all()
        return sorted(((number, name) for number, name in rows), key=lambda each: each[1].casefold())

    def page(
        self, portal_id: int, before: int | None = None, limit: int = 50, *, wanted: AuditFilter = EVERYTHING
    ) -> tuple[list[AuditEntry], int | None]:
        """Lines newest first, older than the line with id ``before``. → the page, ``before`` of the next or None."""
        query = select(AuditRow).where(AuditRow.portal_id == portal_id, *wanted.conditions())
        query = query.order_by(AuditRow.id.desc())
        if before is not None:
            query = query.where(AuditRow.id < before)
        with self._db.reading() as session:
            rows = session.scalars(query.limit(limit + 1)).all()
            entries = [_entry(row) for row in rows[:limit]]
        return entries, entries[-1].id if len(rows) > limit else None


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(row.id, row.at, row.user_id, row.user_name, row.action, row.report_id, dict(row.details))

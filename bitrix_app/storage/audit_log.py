"""The audit log: who built, downloaded, deleted which report, when, over which period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

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
            row.at = self._db.now(session)
            session.add(row)
            with self._db.portal_exists():
                session.flush()

    def page(self, portal_id: int, before: int | None = None, limit: int = 50) -> tuple[list[AuditEntry], int | None]:
        """Lines newest first, older than the line with id ``before``. → the page, ``before`` of the next or None."""
        query = select(AuditRow).where(AuditRow.portal_id == portal_id).order_by(AuditRow.id.desc())
        if before is not None:
            query = query.where(AuditRow.id < before)
        with self._db.reading() as session:
            rows = session.scalars(query.limit(limit + 1)).all()
            entries = [_entry(row) for row in rows[:limit]]
        return entries, entries[-1].id if len(rows) > limit else None


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(row.id, row.at, row.user_id, row.user_name, row.action, row.report_id, dict(row.details))

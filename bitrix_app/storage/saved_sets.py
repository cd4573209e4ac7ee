"""Saved sets of report parameters: a user's own, and those shared with the portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.tables import SavedSetRow


@dataclass(frozen=True, slots=True)
class SavedSet:
    """A named set; ``mine``: whether the asking user made it (only then they may change it)."""

    id: int
    name: str
    params: dict[str, Any] = field(hash=False)
    shared: bool
    mine: bool


class SavedSets:
    """The door to saved sets, scoped like reports."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, portal_id: int, user_id: int) -> UserSavedSets:
        """What one user of one portal sees and may change."""
        return UserSavedSets(self._db, portal_id, user_id)


class UserSavedSets:
    """The sets of one user, and the shared ones of their portal (to read only)."""

    def __init__(self, db: Database, portal_id: int, user_id: int) -> None:
        self._db = db
        self._portal_id = portal_id
        self._user_id = user_id

    def list(self) -> list[SavedSet]:
        """The user's own sets and the portal's shared ones, by name."""
        visible = SavedSetRow.portal_id == self._portal_id, or_(SavedSetRow.shared, self._mine)
        with self._db.reading() as session:
            rows = session.scalars(select(SavedSetRow).where(*visible).order_by(SavedSetRow.name, SavedSetRow.id))
            return [self._record(row) for row in rows]

    def count(self) -> int:
        """How many sets the user has."""
        with self._db.reading() as session:
            return session.scalar(select(func.count()).select_from(SavedSetRow).where(self._mine)) or 0

    def create(self, name: str, params: Mapping[str, Any], *, shared: bool = False) -> SavedSet:
        """Store a new set. Raises AppUninstalledError when the portal was erased."""
        row = SavedSetRow(
            portal_id=self._portal_id, user_id=self._user_id, name=name, params=dict(params), shared=shared
        )
        with self._db.transaction() as session:
            row.created_at = self._db.now(session)
            session.add(row)
            with self._db.portal_exists():
                session.flush()
            session.refresh(row)
            return self._record(row)

    def update(self, set_id: int, name: str, params: Mapping[str, Any], *, shared: bool = False) -> SavedSet | None:
        """Replace one of the user's own sets; None when it is not theirs or not there."""
        with self._db.transaction() as session:
            own = update(SavedSetRow).where(self._mine, SavedSetRow.id == set_id)
            session.execute(own.values(name=name, params=dict(params), shared=shared))
            row = session.scalar(select(SavedSetRow).where(self._mine, SavedSetRow.id == set_id))
            return self._record(row) if row else None

    def delete(self, set_id: int) -> bool:
        """Remove one of the user's own sets. → whether there was one."""
        with self._db.transaction() as session:
            return rows_touched(session, delete(SavedSetRow).where(self._mine, SavedSetRow.id == set_id)) > 0

    @property
    def _mine(self) -> ColumnElement[bool]:
        return (SavedSetRow.portal_id == self._portal_id) & (SavedSetRow.user_id == self._user_id)

    def _record(self, row: SavedSetRow) -> SavedSet:
        return SavedSet(row.id, row.name, dict(row.params), row.shared, row.user_id == self._user_id)

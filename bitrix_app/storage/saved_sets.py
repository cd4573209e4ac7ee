"""Saved sets of report parameters: a user's own, and those shared with the portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.tables import SavedSetRow


@dataclass(frozen=True, slots=True)
class SavedSet:
    """A named set; ``mine``: whether the asking user made it."""

    id: int
    name: str
    params: dict[str, Any] = field(hash=False)
    shared: bool
    mine: bool


class SavedSets:
    """Saved sets of all portals; ``of`` narrows them to one user, as ``Reports.of`` does."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, portal_id: int, user_id: int) -> UserSavedSets:
        """What one user of one portal sees and may change."""
        return UserSavedSets(self._db, portal_id, user_id)

    def shared(self, portal_id: int) -> list[SavedSet]:
        """The portal's shared sets, by name; none counts as anybody's own."""
        mine = SavedSetRow.portal_id == portal_id, SavedSetRow.shared
        query = select(SavedSetRow).where(*mine).order_by(SavedSetRow.name, SavedSetRow.id)
        with self._db.reading() as session:
            return [SavedSet(row.id, row.name, dict(row.params), row.shared, False) for row in session.scalars(query)]


class UserSavedSets:
    """The sets of one user, and the shared ones of their portal.

    An administrator changes and removes the shared ones too, whoever made them: ``administrator=True``.
    """

    def __init__(self, db: Database, portal_id: int, user_id: int) -> None:
        self._db = db
        self._portal_id = portal_id
        self._user_id = user_id

    def list(self) -> list[SavedSet]:
        """The user's own sets and the portal's shared ones, by name."""
        with self._db.reading() as session:
            rows = session.scalars(
                select(SavedSetRow).where(self._shared | self._mine).order_by(SavedSetRow.name, SavedSetRow.id)
            )
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

    def get(self, set_id: int) -> SavedSet | None:
        """One of the sets that ``list`` names; None for any other."""
        visible = SavedSetRow.id == set_id, self._shared | self._mine
        with self._db.reading() as session:
            row = session.scalar(select(SavedSetRow).where(*visible))
            return self._record(row) if row else None

    def update(  # the parts of a set, each by its name
        self, set_id: int, *, name: str, params: Mapping[str, Any], shared: bool = False, administrator: bool = False
    ) -> SavedSet | None:
        """Replace a set, its owner staying the same; None when it is not theirs to change or not there."""
        theirs = SavedSetRow.id == set_id, self._changeable(administrator)
        with self._db.transaction() as session:
            row = session.scalar(select(SavedSetRow).where(*theirs).with_for_update())
            if row is None:
                return None
            row.name, row.params, row.shared = name, dict(params), shared
            session.flush()
            return self._record(row)

    def delete(self, set_id: int, *, administrator: bool = False) -> bool:
        """Remove a set. → whether there was one of theirs to remove."""
        theirs = SavedSetRow.id == set_id, self._changeable(administrator)
        with self._db.transaction() as session:
            return rows_touched(session, delete(SavedSetRow).where(*theirs)) > 0

    def _changeable(self, administrator: bool) -> ColumnElement[bool]:
        return self._shared | self._mine if administrator else self._mine

    @property
    def _shared(self) -> ColumnElement[bool]:
        return (SavedSetRow.portal_id == self._portal_id) & SavedSetRow.shared

    @property
    def _mine(self) -> ColumnElement[bool]:
        return (SavedSetRow.portal_id == self._portal_id) & (SavedSetRow.user_id == self._user_id)

    def _record(self, row: SavedSetRow) -> SavedSet:
        return SavedSet(row.id, row.name, dict(row.params), row.shared, row.user_id == self._user_id)

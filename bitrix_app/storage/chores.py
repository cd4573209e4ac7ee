"""Periodic chores: each is taken up by one worker at a time, however many wake up for it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.tables import Chore


class Chores:
    """Notes when a chore was last taken up."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def take(self, name: str, every: timedelta) -> bool:
        """Whether the caller shall do the chore now: nobody has taken it up within ``every``."""
        with self._db.transaction() as session:
            now = self._db.now(session)
            if self._db.insert_if_absent(session, Chore, {"name": name, "taken_at": now}):
                return True
            due = Chore.name == name, Chore.taken_at <= now - every
            return rows_touched(session, update(Chore).where(*due).values(taken_at=now)) > 0

"""What the portal last said about its users, and what they last chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from bitrix_app.storage.database import Database
from bitrix_app.storage.tables import PortalUser


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user as the portal described them at ``checked_at`` (aware, UTC). ``time_zone`` may be empty."""

    portal_id: int
    user_id: int
    name: str
    is_admin: bool
    time_zone: str
    checked_at: datetime


class PortalUsers:
    """Remembers users; rights are asked of the portal again when they matter."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def remember(
        self,
        portal_id: int,
        user_id: int,
        name: str,
        is_admin: bool,
        checked_at: datetime | None = None,
        *,
        time_zone: str = "",
    ) -> None:
        """Store what ``profile`` said; ``checked_at`` is now unless given. Raises AppUninstalledError when the
        portal was erased."""
        with self._db.transaction() as session:
            key = {"portal_id": portal_id, "user_id": user_id}
            seen = {"name": name, "is_admin": is_admin, "time_zone": time_zone}
            seen["checked_at"] = checked_at or self._db.now(session)
            with self._db.portal_exists():
                created = self._db.insert_if_absent(session, PortalUser, key | seen)
            if not created:
                session.execute(update(PortalUser).filter_by(**key).values(**seen))

    def get(self, portal_id: int, user_id: int) -> UserRecord | None:
        """What is remembered of a user."""
        with self._db.reading() as session:
            row = session.get(PortalUser, (portal_id, user_id))
            if row is None:
                return None
            return UserRecord(row.portal_id, row.user_id, row.name, row.is_admin, row.time_zone, row.checked_at)

    def last_choice(self, portal_id: int, user_id: int) -> dict[str, Any] | None:
        """What the user chose in the form last time."""
        with self._db.reading() as session:
            return session.scalar(select(PortalUser.last_choice).filter_by(portal_id=portal_id, user_id=user_id))

    def save_last_choice(self, portal_id: int, user_id: int, choice: Mapping[str, Any]) -> None:
        """Store the user's choice; nothing happens for a user who is not remembered."""
        with self._db.transaction() as session:
            mine = update(PortalUser).filter_by(portal_id=portal_id, user_id=user_id)
            session.execute(mine.values(last_choice=dict(choice)))

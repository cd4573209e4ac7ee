"""What is kept of a portal's users: what the portal last said, what they last chose; all of it shown or removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select, update
from sqlalchemy.orm import Session

from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.tables import (
    AuditRow,
    Base,
    Portal,
    PortalUser,
    Report,
    ReportFileRow,
    SavedSetRow,
    ScheduleRow,
    UserToken,
)
from bitrix_app.storage.tokens import forget_pairs

SECRETS = {"access_token", "refresh_token", "renewal_owner", "secret"}
THEME = "theme"
FORGOTTEN_USER = -1
"""Whose the lines and shared sets of a forgotten user are; no portal has such a user."""


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
        return {each: value for each, value in self._chosen(portal_id, user_id).items() if each != THEME} or None

    def save_last_choice(self, portal_id: int, user_id: int, choice: Mapping[str, Any]) -> None:
        """Store the user's choice; nothing happens for a user who is not remembered."""
        theme = self.theme(portal_id, user_id)
        self._choose(portal_id, user_id, {**choice, **({THEME: theme} if theme else {})})

    def theme(self, portal_id: int, user_id: int) -> str | None:
        """The theme that the user has switched to, ``light`` or ``dark``: browsers may keep nothing for a page in a
        frame. It is kept with the last choice."""
        return self._chosen(portal_id, user_id).get(THEME)

    def save_theme(self, portal_id: int, user_id: int, theme: str) -> None:
        """Store the theme; nothing happens for a user who is not remembered."""
        self._choose(portal_id, user_id, {**self._chosen(portal_id, user_id), THEME: theme})

    def _chosen(self, portal_id: int, user_id: int) -> dict[str, Any]:
        with self._db.reading() as session:
            mine = select(PortalUser.last_choice).filter_by(portal_id=portal_id, user_id=user_id)
            return session.scalar(mine) or {}

    def _choose(self, portal_id: int, user_id: int, chosen: Mapping[str, Any]) -> None:
        with self._db.transaction() as session:
            mine = update(PortalUser).filter_by(portal_id=portal_id, user_id=user_id)
            session.execute(mine.values(last_choice=dict(chosen)))


@dataclass(frozen=True, slots=True)
class ForgottenUser:
    """What was removed: ``rows`` by table (``journal``: lines that lost their name), and ``files`` to delete from the
    file store. ``installer``: the portal's own pair of tokens was theirs."""

    rows: dict[str, int]
    files: list[str]
    installer: bool


class PersonalData:
    """All that is kept of one employee of one portal, for the rights of access and of erasure (152-ФЗ, GDPR).

    It goes by every table that has a portal's user, so that one that is added later is not left out.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def export(self, portal_id: int, user_id: int) -> dict[str, Any]:
        """Rows by table as JSON values, without secrets; files by their report; ``portal``: what its own row says of
        the user; ``named_by_colleagues``: whose reports, sets and schedules are narrowed to this person."""
        with self._db.reading() as session:
            held: dict[str, Any] = {}
            for table in personal_tables():
                rows = session.execute(select(table).where(*_theirs(table, portal_id, user_id))).mappings()
                held[table.name] = [_shown(row) for row in rows]
            for report in held[Report.__tablename__]:
                files = select(ReportFileRow).where(ReportFileRow.report_id == report["id"])
                report["files"] = [{"name": each.name, "size": each.size} for each in session.scalars(files)]
            portal = session.get_one(Portal, portal_id)
            builders = portal.settings.get("builders") or {}
            said = {
                "installed_by": portal.installed_by == user_id,
                "may_build_reports": user_id in builders.get("users", []),
                "name": builders.get("names", {}).get(_code(user_id)),
            }
            named = {table.name: _naming(session, table, portal_id, user_id) for table in (REPORT, SAVED_SET, SCHEDULE)}
        return {"user_id": user_id, "portal": said, **held, "named_by_colleagues": named}

    def forget(self, portal_id: int, user_id: int) -> ForgottenUser:
        """Remove all rows of the user, running reports included: their worker hears it with the next beat.

        Sets that are shared with the portal stay, as nobody's; lines of the audit log stay without name and number.
        Conditions of colleagues that name the user's number stay theirs.
        """
        with self._db.transaction() as session:
            portal = session.scalars(select(Portal).where(Portal.id == portal_id).with_for_update(key_share=True)).one()
            pairs = forget_pairs(session, UserToken.portal_id == portal_id, UserToken.user_id == user_id)
            names = select(ReportFileRow.name).join(Report)
            files = list(session.scalars(names.where(Report.portal_id == portal_id, Report.user_id == user_id)))
            shared = *_theirs(SAVED_SET, portal_id, user_id), SAVED_SET.c.shared
            session.execute(update(SAVED_SET).where(*shared).values(user_id=FORGOTTEN_USER))
            lines = update(JOURNAL).where(*_theirs(JOURNAL, portal_id, user_id))
            rows = {JOURNAL.name: rows_touched(session, lines.values(user_id=FORGOTTEN_USER, user_name=""))}
            for table in personal_tables():
                if table is not JOURNAL:
                    rows[table.name] = rows_touched(session, delete(table).where(*_theirs(table, portal_id, user_id)))
            rows[UserToken.__tablename__] += pairs
            installer = portal.installed_by == user_id
            portal.installed_by = None if installer else portal.installed_by
            portal.settings = _without(portal.settings, user_id)
            line = {"user_id": FORGOTTEN_USER, "user_name": "", "action": "user_forgotten", "details": {}}
            session.add(AuditRow(portal_id=portal_id, at=self._db.now(session), **line))
        self._db.truncate_wal()
        return ForgottenUser(rows, files, installer)


def table_of(row: type[Base]) -> Table:
    """The table of this row."""
    table = row.__table__
    assert isinstance(table, Table)  # noqa: S101 # tells mypy what all of ours are
    return table


JOURNAL, REPORT, SAVED_SET = table_of(AuditRow), table_of(Report), table_of(SavedSetRow)
SCHEDULE = table_of(ScheduleRow)


def personal_tables() -> list[Table]:
    """Tables whose rows belong to a user of a portal."""
    return [table for table in Base.metadata.sorted_tables if {"portal_id", "user_id"} <= set(table.columns.keys())]


def _theirs(table: Table, portal_id: int, user_id: int) -> tuple[ColumnElement[bool], ...]:
    return table.c.portal_id == portal_id, table.c.user_id == user_id


def _shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    shown = {str(name): value for name, value in row.items() if name not in SECRETS}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in shown.items()}


def _naming(session: Session, table: Table, portal_id: int, user_id: int) -> list[str | int]:
    """Rows of others in whose conditions the user is the responsible person."""
    others = select(table.c.id, table.c.params).where(table.c.portal_id == portal_id, table.c.user_id != user_id)
    return [number for number, params in session.execute(others) if params.get("assigned_by_id") == user_id]


def _code(user_id: int) -> str:
    """How the settings name an employee."""
    return f"U{user_id}"


def _without(settings: dict[str, Any], user_id: int) -> dict[str, Any]:
    """The settings with the user taken out of those who may build reports; nobody else gains a right by it."""
    builders = settings.get("builders")
    if not isinstance(builders, dict):
        return settings
    users = [each for each in builders.get("users", []) if each != user_id]
    names = {code: name for code, name in builders.get("names", {}).items() if code != _code(user_id)}
    return {**settings, "builders": {**builders, "users": users, "names": names}}

"""The portals that have installed the app."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bitrix_app.errors import AppUninstalledError, SettingsChangedError
from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database
from bitrix_app.storage.tables import (
    INSTALLED,
    SUSPENDED,
    UNINSTALLED,
    AuditRow,
    Erasure,
    PendingUninstallRow,
    Portal,
    PortalUser,
    Report,
    ReportFileRow,
    RobotRunRow,
    SavedSetRow,
    ScheduleRow,
    UserToken,
)
from bitrix_app.storage.tokens import INSTALL, PairKey, PairRows, TokenPair, forget_pairs
from bitrix_app.storage.uninstalls import erase_row, uninstall_row

ERASURE_KEPT = timedelta(days=1)
MOST_ORIGINS = 8
MOST_HABITS = 500


@dataclass(frozen=True, slots=True)
class PortalRecord:
    """A portal as it stands. ``status``: ``installed``, ``uninstalled``, or ``suspended`` while nobody can say which of
    the two (no jobs, no sessions); session tokens carry ``epoch``, which
    grows with each uninstall and the install after it. ``installed_by`` is the administrator's user id;
    ``oauth_root``: of the authorization server that serves it, None until one has; ``origins``: names under which
    administrators have opened it, besides the confirmed one; ``payment``: what it has told of the application's payment
    (``portals.Payment``), None until it has."""

    id: int
    member_id: str
    client_endpoint: str
    domain: str
    status: str
    scopes: frozenset[str]
    license_family: str | None
    installed_by: int | None
    settings: dict[str, Any] = field(hash=False)
    epoch: int = 0
    oauth_root: str | None = None
    origins: tuple[str, ...] = ()
    payment: dict[str, Any] | None = field(default=None, hash=False)

    @property
    def installed(self) -> bool:
        """Whether the app is installed there now."""
        return self.status == INSTALLED

    @property
    def removed(self) -> bool:
        """Whether the app was removed; then only an install brings it back."""
        return self.status == UNINSTALLED


class Portals:
    """Stores what an install, a launch and an uninstall say, after the caller has had it confirmed."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self._db = db
        self._cipher = cipher
        self._pairs = PairRows(db, cipher)
        self._nobody = cipher.encrypt("no portal has this application token", place_of(0))

    def by_member_id(self, member_id: str) -> PortalRecord | None:
        """The portal with this ``member_id``, installed or not; None when it never was here."""
        with self._db.reading() as session:
            row = session.scalar(select(Portal).where(Portal.member_id == member_id))
            return _record(row) if row else None

    def by_id(self, portal_id: int) -> PortalRecord | None:
        """The portal with our own number."""
        with self._db.reading() as session:
            row = session.get(Portal, portal_id)
            return _record(row) if row else None

    def install(
        self,
        *,
        member_id: str,
        client_endpoint: str,
        domain: str,
        scopes: Iterable[str],
        application_token: str,
        installed_by: int,
        access_token: str,
        refresh_token: str | None,
        expires_at: int | None,
        oauth_root: str = "",
        again: bool = False,
    ) -> PortalRecord:
        """Store a confirmed install by an administrator, with the portal's own pair (kind ``install``).

        Settings of an earlier install stay; a question whether it was uninstalled is answered thereby. An empty
        ``application_token`` or ``oauth_root`` keeps the stored one. ``again``: the app stands there already; raises
        AppUninstalledError where it was removed, be it in this very moment.
        ``expires_at`` in seconds since 1970.
        """
        pair = TokenPair(access_token, refresh_token, expires_at)
        with self._db.transaction() as session:
            row = self._row_to_install(session, member_id, client_endpoint, domain)
            if again and row.status == UNINSTALLED:
                raise AppUninstalledError("the app is not installed in this portal")
            now = self._db.now(session)
            row.client_endpoint, row.domain, row.scopes = client_endpoint, domain, sorted(scopes)
            if row.status == UNINSTALLED:  # a repeated install ends nobody's session
                row.epoch, row.habits, row.payment = max(row.epoch + 1, int(now.timestamp())), {}, None
            row.status, row.installed_by, row.installed_at, row.uninstalled_at = INSTALLED, installed_by, now, None
            if application_token:
                row.application_token = self._cipher.encrypt(application_token, place_of(row.id))
            row.oauth_root = oauth_root or row.oauth_root
            session.execute(delete(PendingUninstallRow).where(PendingUninstallRow.portal_id == row.id))
            forget_pairs(session, UserToken.portal_id == row.id, UserToken.kind == INSTALL)
            self._pairs.put(session, PairKey(row.id, installed_by, INSTALL), pair)
            return _record(row)

    def _row_to_install(self, session: Session, member_id: str, client_endpoint: str, domain: str) -> Portal:
        fresh = {
            "member_id": member_id,
            "client_endpoint": client_endpoint,
            "domain": domain,
            "status": UNINSTALLED,
            "scopes": [],
            "settings": {},
            "origins": [],
            "habits": {},
            "epoch": 0,
            "installed_at": self._db.now(session),
        }
        self._db.insert_if_absent(session, Portal, fresh)
        return session.scalars(select(Portal).where(Portal.member_id == member_id).with_for_update()).one()

    def launched(
        self, portal_id: int, *, client_endpoint: str, domain: str, scopes: Iterable[str], oauth_root: str = ""
    ) -> None:
        """A confirmed launch: only address, scopes and which authorization server confirmed them (where it is told).
        It lifts a suspension, and overtakes what is just being asked of an uninstall."""
        values: dict[str, Any] = {"client_endpoint": client_endpoint, "domain": domain, "scopes": sorted(scopes)}
        if oauth_root:
            values["oauth_root"] = oauth_root
        with self._db.transaction() as session:
            session.execute(update(Portal).where(Portal.id == portal_id).values(**values))
            suspended = Portal.id == portal_id, Portal.status == SUSPENDED
            session.execute(update(Portal).where(*suspended).values(status=INSTALLED))
            pending = update(PendingUninstallRow).where(PendingUninstallRow.portal_id == portal_id)
            session.execute(pending.values(stamp=PendingUninstallRow.stamp + 1))

    def holds_application_token(self, portal_id: int) -> bool:
        """Whether the portal's application token is known."""
        with self._db.reading() as session:
            return session.scalar(select(Portal.application_token).where(Portal.id == portal_id)) is not None

    def opened_at(self, portal_id: int, origin: str) -> None:
        """Note a name (scheme, host and port) under which a confirmed administrator has opened the portal; of more
        than MOST_ORIGINS the oldest goes."""
        with self._db.transaction() as session:
            row = session.scalar(select(Portal).where(Portal.id == portal_id).with_for_update(key_share=True))
            if row is not None and origin not in row.origins:
                row.origins = [*row.origins, origin][-MOST_ORIGINS:]

    def served_by(self, portal_id: int, oauth_root: str) -> None:
        """Note which authorization server a renewal came from."""
        with self._db.transaction() as session:
            session.execute(update(Portal).where(Portal.id == portal_id).values(oauth_root=oauth_root))

    def oauth_root(self, member_id: str) -> str | None:
        """Which authorization server serves the portal; None where that is not known."""
        with self._db.reading() as session:
            return session.scalar(select(Portal.oauth_root).where(Portal.member_id == member_id))

    def has_application_token(self, member_id: str, candidate: str) -> bool:
        """Whether this is the portal's application token; compared in constant time, unknown portals included."""
        with self._db.reading() as session:
            row = session.scalar(select(Portal).where(Portal.member_id == member_id))
            number, stored = (row.id, row.application_token) if row else (0, None)
        try:
            expected = self._cipher.decrypt(stored or self._nobody, place_of(number if stored else 0))
        except UnreadableSecretError:
            return False
        same = hmac.compare_digest(expected.encode(), candidate.encode("utf-8", "replace"))
        return same and stored is not None

    def uninstall(self, member_id: str) -> PortalRecord | None:
        """Forget all OAuth tokens of the portal at once, cancel its reports, end its sessions (epoch).

        The application token stays until ``erase`` or the next install: a repeated event is still known as genuine.
        """
        with self._db.transaction() as session:
            row = session.scalar(select(Portal).where(Portal.member_id == member_id).with_for_update())
            if row is None:
                return None
            uninstall_row(session, row, self._db.now(session))
            return _record(row)

    def erase(self, member_id: str, digest: str | None = None) -> list[str]:
        """Remove everything of the portal. → names of the files to delete from the file store.

        ``digest``: of the event that asked for it, to be known by ``was_erased`` for a day.
        """
        with self._db.transaction() as session:
            row = session.scalar(select(Portal).where(Portal.member_id == member_id).with_for_update())
            if row is None:
                return []
            files = erase_row(session, row, self._db.now(session), digest)
        self._db.truncate_wal()
        return files

    def was_erased(self, digest: str) -> bool:
        """Whether an event with this digest has erased a portal lately."""
        with self._db.reading() as session:
            since = self._db.now(session) - ERASURE_KEPT
            found = select(Erasure.digest).where(Erasure.digest == digest, Erasure.at > since)
            return session.scalar(found) is not None

    def holdings(self, portal_id: int) -> dict[str, int]:
        """How much is stored of the portal: ``reports``, ``files``, ``users``, ``saved_sets``, ``schedules``,
        ``robot_runs``, ``journal``, ``tokens``."""
        tables = {
            "reports": select(Report.id).where(Report.portal_id == portal_id),
            "files": select(ReportFileRow.id).join(Report).where(Report.portal_id == portal_id),
            "users": select(PortalUser.user_id).where(PortalUser.portal_id == portal_id),
            "saved_sets": select(SavedSetRow.id).where(SavedSetRow.portal_id == portal_id),
            "schedules": select(ScheduleRow.id).where(ScheduleRow.portal_id == portal_id),
            "robot_runs": select(RobotRunRow.id).where(RobotRunRow.portal_id == portal_id),
            "journal": select(AuditRow.id).where(AuditRow.portal_id == portal_id),
            "tokens": select(UserToken.user_id).where(UserToken.portal_id == portal_id),
        }
        with self._db.reading() as session:
            return {
                name: session.scalar(select(func.count()).select_from(rows.subquery())) or 0
                for name, rows in tables.items()
            }

    def endpoints(self) -> list[str]:
        """The REST addresses of all portals in which the app is installed."""
        with self._db.reading() as session:
            return list(session.scalars(select(Portal.client_endpoint).where(Portal.status == INSTALLED).distinct()))

    def settings(self, portal_id: int) -> dict[str, Any]:
        """The portal's settings as they were saved; empty for an unknown portal."""
        with self._db.reading() as session:
            return dict(session.scalar(select(Portal.settings).where(Portal.id == portal_id)) or {})

    def save_settings(
        self, portal_id: int, settings: Mapping[str, Any], *, expected: Mapping[str, Any] | None = None
    ) -> None:
        """Replace the portal's settings (a JSON object).

        ``expected``: the stored settings that the new ones were made from; SettingsChangedError when others stand
        there by now. None replaces whatever is there.
        """
        with self._db.transaction() as session:
            row = session.scalar(select(Portal).where(Portal.id == portal_id).with_for_update(key_share=True))
            if row is None:
                return
            if expected is not None and row.settings != expected:
                raise SettingsChangedError
            row.settings = dict(settings)

    def remember(self, portal_id: int, name: str, value: str | None) -> None:
        """Note what was learnt of how the portal takes questions, now; None forgets it. Of more than MOST_HABITS the
        oldest goes."""
        with self._db.transaction() as session:
            row = session.scalar(select(Portal).where(Portal.id == portal_id).with_for_update(key_share=True))
            if row is None:
                return
            others = [(each, kept) for each, kept in row.habits.items() if each != name]
            kept = sorted(others, key=lambda each: str(each[1][1]))[-MOST_HABITS + 1 :]
            new = {} if value is None else {name: [value, self._db.now(session).isoformat()]}
            row.habits = {**dict(kept), **new}

    def remembered(self, portal_id: int) -> dict[str, tuple[str, timedelta]]:
        """What was learnt of the portal: its value and how long ago."""
        with self._db.reading() as session:
            habits = session.scalar(select(Portal.habits).where(Portal.id == portal_id)) or {}
            now = self._db.now(session) if habits else None
        return {name: (value, now - datetime.fromisoformat(at)) for name, (value, at) in habits.items() if now}

    def set_license(self, portal_id: int, family: str | None) -> None:
        """Note the license family that the portal's ``app.info`` told (Enterprise plans have a larger bucket)."""
        with self._db.transaction() as session:
            session.execute(update(Portal).where(Portal.id == portal_id).values(license_family=family))

    def set_payment(self, portal_id: int, payment: Mapping[str, Any]) -> None:
        """Note what the portal has told of the application's payment."""
        with self._db.transaction() as session:
            session.execute(update(Portal).where(Portal.id == portal_id).values(payment=dict(payment)))

    def with_payment(self, *, used_within: timedelta) -> list[PortalRecord]:
        """Portals where the app is installed and which have told of its payment, with a report taken up of late."""
        with self._db.reading() as session:
            used = Portal.served_at > self._db.now(session) - used_within
            rows = select(Portal).where(Portal.status == INSTALLED, Portal.payment.is_not(None), used)
            return [_record(row) for row in session.scalars(rows.order_by(Portal.id))]


def place_of(portal_id: int) -> str:
    """What the ciphertext of a portal's application token is bound to."""
    return f"portal {portal_id} application_token"


def _record(row: Portal) -> PortalRecord:
    return PortalRecord(
        id=row.id,
        member_id=row.member_id,
        client_endpoint=row.client_endpoint,
        domain=row.domain,
        status=row.status,
        scopes=frozenset(row.scopes),
        license_family=row.license_family,
        installed_by=row.installed_by,
        settings=dict(row.settings),
        epoch=row.epoch,
        oauth_root=row.oauth_root,
        origins=tuple(row.origins),
        payment=row.payment,
    )

"""Pairs of OAuth tokens: stored encrypted, read decrypted, leased to one renewer at a time.

A refresh token can be spent once, so whoever renews a pair leases it first; ``portals.identity`` decides and asks the
authorization server, with no transaction open. A renewer that dies leaves a lease that runs out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bitrix_app.errors import AppUninstalledError, InvalidGrantError
from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database
from bitrix_app.storage.tables import INSTALLED, Portal, UserToken

USER = "user"
INSTALL = "install"
ACCESS = "access"
REFRESH = "refresh"
LEASE = timedelta(seconds=60)  # longer than the authorization server's time-outs together


@dataclass(frozen=True, slots=True)
class PairKey:
    """What a pair is stored under. ``kind``: ``user`` from launches, ``install`` the portal's own."""

    portal_id: int
    user_id: int
    kind: str = USER

    def place(self, token: str) -> str:
        """What the ciphertext of this pair's ``access`` or ``refresh`` token is bound to."""
        return f"user_token {self.portal_id} {self.user_id} {self.kind} {token}"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A pair of OAuth tokens; ``expires_at`` in seconds since 1970.

    ``refresh_token`` is None where the portal gave only an access token. Secrets do not show in repr.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: int | None

    def has_lapsed(self, now: float) -> bool:
        """Whether the access token is past its time; False where that is not known."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class RenewalLease:
    """The right to renew a pair for a minute: its access token as it stands, and the refresh token to spend."""

    key: PairKey
    owner: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class PairRows:
    """Reads and writes pairs inside the caller's transaction."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self._db = db
        self._cipher = cipher

    def row(self, session: Session, key: PairKey, *, lock: bool = False) -> UserToken | None:
        """The row under this key, locked for the transaction if asked."""
        query = select(UserToken).where(*_of_user(key), UserToken.kind == key.kind)
        return session.scalar(query.with_for_update() if lock else query)

    def put(self, session: Session, key: PairKey, pair: TokenPair) -> None:
        """Write a pair. Without a refresh token the stored one stays. A renewal under way loses its lease."""
        access = self._cipher.encrypt(pair.access_token, key.place(ACCESS))
        now = self._db.now(session)
        fresh = {
            "portal_id": key.portal_id,
            "user_id": key.user_id,
            "kind": key.kind,
            "access_token": access,
            "updated_at": now,
        }
        with self._db.portal_exists():
            self._db.insert_if_absent(session, UserToken, fresh)
        row = self.row(session, key, lock=True)
        if row is None:
            return  # forgotten in this very moment: an uninstall was faster
        row.access_token = access
        if pair.refresh_token:
            row.refresh_token = self._cipher.encrypt(pair.refresh_token, key.place(REFRESH))
        row.expires_at, row.updated_at = pair.expires_at, now
        row.renewal_owner, row.renewal_until = None, None

    def open(self, row: UserToken) -> TokenPair | None:
        """The pair of a row, decrypted; None when none of our keys opens it there."""
        key = key_of(row)
        try:
            refresh = self._cipher.decrypt(row.refresh_token, key.place(REFRESH)) if row.refresh_token else None
            return TokenPair(self._cipher.decrypt(row.access_token, key.place(ACCESS)), refresh, row.expires_at)
        except UnreadableSecretError:
            return None


def key_of(row: UserToken) -> PairKey:
    """What this pair is stored under."""
    return PairKey(row.portal_id, row.user_id, row.kind)


def lock_pairs(session: Session, *which: ColumnElement[bool]) -> list[UserToken]:
    """These rows, locked in one statement and in one order for all: two who lock several never wait in a circle."""
    order = UserToken.portal_id, UserToken.user_id, UserToken.kind
    return list(session.scalars(select(UserToken).where(*which).order_by(*order).with_for_update()))


def forget_pairs(session: Session, *which: ColumnElement[bool]) -> int:
    """Remove these rows. → how many."""
    rows = lock_pairs(session, *which)
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


def _of_user(key: PairKey) -> tuple[ColumnElement[bool], ...]:
    return UserToken.portal_id == key.portal_id, UserToken.user_id == key.user_id


@dataclass(frozen=True, slots=True)
class _Locked:
    """A stored pair and its locked row."""

    row: UserToken
    pair: TokenPair


class UserTokens:
    """Stores, reads and leases pairs. ``kind`` is ``user`` (from launches) or ``install`` (the portal's own)."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self._db = db
        self._rows = PairRows(db, cipher)

    def save(self, portal_id: int, user_id: int, pair: TokenPair, kind: str = USER) -> None:
        """Store a pair; one without a refresh token keeps the refresh token that is stored.

        Raises AppUninstalledError when the app was removed from the portal, be it in this very moment: what an
        uninstall forgets must not come back.
        """
        installed = select(Portal.id).where(Portal.id == portal_id, Portal.status == INSTALLED)
        with self._db.transaction() as session:
            if session.scalar(installed.with_for_update(read=True, key_share=True)) is None:
                raise AppUninstalledError("the app is not installed in this portal")
            self._rows.put(session, PairKey(portal_id, user_id, kind), pair)

    def read(self, key: PairKey) -> TokenPair | None:
        """The stored pair; None when there is none, or none of our keys opens it any more."""
        with self._db.reading() as session:
            row = self._rows.row(session, key)
            return self._rows.open(row) if row else None

    def held_by(self, portal_id: int, limit: int) -> list[PairKey]:
        """Keys of pairs of a portal, at most so many: its own first, then those that were stored last."""
        order = UserToken.kind != INSTALL, UserToken.updated_at.desc(), UserToken.user_id
        query = select(UserToken.user_id, UserToken.kind).where(UserToken.portal_id == portal_id).order_by(*order)
        with self._db.reading() as session:
            return [PairKey(portal_id, user, kind) for user, kind in session.execute(query.limit(limit))]

    def idle_own(self, idle: timedelta, *, used_within: timedelta) -> list[PairKey]:
        """Keys of portals' own pairs that can be renewed and were last stored so long ago, longest ago first.

        Only of portals where the app is installed and a report was taken up within ``used_within``.
        """
        with self._db.reading() as session:
            now = self._db.now(session)
            rows = session.execute(
                select(UserToken.portal_id, UserToken.user_id)
                .join(Portal, Portal.id == UserToken.portal_id)
                .where(
                    UserToken.kind == INSTALL,
                    UserToken.refresh_token.is_not(None),
                    UserToken.updated_at < now - idle,
                    Portal.status == INSTALLED,
                    Portal.served_at > now - used_within,
                )
                .order_by(UserToken.updated_at)
            )
            return [PairKey(portal, user, INSTALL) for portal, user in rows]

    def forget_lapsed(self, life: timedelta) -> int:
        """Remove pairs that were last stored so long ago that neither of their tokens is worth anything. → how many."""
        with self._db.transaction() as session:
            return forget_pairs(session, UserToken.updated_at < self._db.now(session) - life)

    def lease(self, key: PairKey, spent_access_token: str) -> TokenPair | RenewalLease | None:
        """The right to renew a pair whose access token has expired.

        → the stored pair, where it is another one than the spent and has not lapsed; or a lease; or None: somebody
        else is renewing now. Raises InvalidGrantError when nothing is stored that could be renewed.
        """
        with self._db.transaction() as session:
            locked = self._locked(session, key)
            mine, now = _mine(locked, key), self._db.now(session)
            if mine.pair.access_token != spent_access_token and not mine.pair.has_lapsed(now.timestamp()):
                return mine.pair
            if not mine.pair.refresh_token:
                raise InvalidGrantError("there is no refresh token to renew with")
            sharing = _sharing(locked, mine.pair.refresh_token)
            if any(each.row.renewal_until is not None and each.row.renewal_until > now for each in sharing):
                return None
            lease = RenewalLease(key, uuid4().hex, mine.pair.access_token, mine.pair.refresh_token)
            mine.row.renewal_owner, mine.row.renewal_until = lease.owner, now + LEASE
            return lease

    def store(self, lease: RenewalLease, renewed: TokenPair) -> TokenPair:
        """Write the renewed pair wherever the spent refresh token stands. → the pair that counts now.

        That is another one, where a pair with another refresh token was stored meanwhile (a launch). Raises
        InvalidGrantError when the pair was forgotten meanwhile.
        """
        with self._db.transaction() as session:
            locked = self._locked(session, lease.key)
            standing = _mine(locked, lease.key).pair
            if lease.refresh_token != standing.refresh_token and lease.access_token != standing.access_token:
                return standing
            for kind in sorted({lease.key.kind} | {each.row.kind for each in _sharing(locked, lease.refresh_token)}):
                self._rows.put(session, PairKey(lease.key.portal_id, lease.key.user_id, kind), renewed)
        return renewed

    def refuse(self, lease: RenewalLease) -> TokenPair:
        """The authorization server refuses the refresh token: it is dropped wherever it stands.

        → a pair that was stored meanwhile; raises InvalidGrantError when there is none.
        """
        with self._db.transaction() as session:
            locked = self._locked(session, lease.key)
            standing = _mine(locked, lease.key).pair
            if standing.access_token != lease.access_token:
                return standing
            for each in _sharing(locked, lease.refresh_token):
                each.row.refresh_token, each.row.renewal_owner, each.row.renewal_until = None, None, None
        raise InvalidGrantError("the authorization server does not accept the refresh token")

    def release(self, lease: RenewalLease) -> None:
        """The authorization server was not asked, or did not answer: somebody else may try at once."""
        with self._db.transaction() as session:
            row = self._rows.row(session, lease.key, lock=True)
            if row is not None and row.renewal_owner == lease.owner:
                row.renewal_owner, row.renewal_until = None, None

    def _locked(self, session: Session, key: PairKey) -> list[_Locked]:
        """All pairs of this user in this portal: an administrator's own and the portal's may be one and the same."""
        opened = ((row, self._rows.open(row)) for row in lock_pairs(session, *_of_user(key)))
        return [_Locked(row, pair) for row, pair in opened if pair is not None]


def _mine(locked: list[_Locked], key: PairKey) -> _Locked:
    mine = next((each for each in locked if each.row.kind == key.kind), None)
    if mine is None:
        raise InvalidGrantError("no tokens of this user are stored")
    return mine


def _sharing(locked: list[_Locked], refresh_token: str) -> list[_Locked]:
    """An administrator's install and launch may have brought the same pair: what is spent is spent in both."""
    return [each for each in locked if each.pair.refresh_token == refresh_token]

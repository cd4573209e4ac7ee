"""Users' pairs of OAuth tokens, encrypted; renewed by one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bitrix_app.errors import AppUninstalledError, InvalidGrantError
from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.tables import INSTALLED, Portal, UserToken

USER = "user"
INSTALL = "install"


@dataclass(frozen=True, slots=True)
class PairKey:
    """What a pair is stored under. ``kind``: ``user`` from launches, ``install`` the portal's own."""

    portal_id: int
    user_id: int
    kind: str = USER


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A pair of OAuth tokens and the REST address they are for; ``expires_at`` in seconds since 1970.

    ``refresh_token`` is None where the portal gave only an access token. Secrets do not show in repr.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: int | None
    client_endpoint: str

    def has_lapsed(self, now: float) -> bool:
        """Whether the access token is past its time; False where that is not known."""
        return self.expires_at is not None and self.expires_at <= now


class PairRows:
    """Reads and writes pairs inside the caller's transaction."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self._db = db
        self._cipher = cipher

    def row(self, session: Session, key: PairKey, *, lock: bool = False) -> UserToken | None:
        """The row under this key, locked for the transaction if asked."""
        query = select(UserToken).where(
            UserToken.portal_id == key.portal_id, UserToken.user_id == key.user_id, UserToken.kind == key.kind
        )
        return session.scalar(query.with_for_update() if lock else query)

    def put(self, session: Session, key: PairKey, pair: TokenPair) -> None:
        """Write a pair. Without a refresh token the stored one stays. A renewal under way loses its lease."""
        access = self._cipher.encrypt(pair.access_token)
        now = self._db.now(session)
        fresh = {
            "portal_id": key.portal_id,
            "user_id": key.user_id,
            "kind": key.kind,
            "access_token": access,
            "client_endpoint": pair.client_endpoint,
            "updated_at": now,
        }
        with self._db.portal_exists():
            self._db.insert_if_absent(session, UserToken, fresh)
        row = self.row(session, key, lock=True)
        if row is None:
            return  # forgotten in this very moment: an uninstall was faster
        row.access_token = access
        if pair.refresh_token:
            row.refresh_token = self._cipher.encrypt(pair.refresh_token)
        row.expires_at, row.client_endpoint, row.updated_at = pair.expires_at, pair.client_endpoint, now
        row.renewal_owner, row.renewal_until = None, None

    def open(self, row: UserToken) -> TokenPair | None:
        """The pair of a row, decrypted; None when none of our keys opens it."""
        try:
            refresh = self._cipher.decrypt(row.refresh_token) if row.refresh_token else None
            return TokenPair(self._cipher.decrypt(row.access_token), refresh, row.expires_at, row.client_endpoint)
        except UnreadableSecretError:
            return None


class UserTokens:
    """Reads, stores and renews pairs. ``kind`` is ``user`` (from launches) or ``install`` (the portal's own).

    The two kinds must hold different pairs: renewing one spends its refresh token.
    """

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

    def read(self, portal_id: int, user_id: int, kind: str = USER) -> TokenPair | None:
        """The stored pair; None when there is none, or none of our keys opens it any more."""
        with self._db.reading() as session:
            row = self._rows.row(session, PairKey(portal_id, user_id, kind))
            return self._rows.open(row) if row else None

    def installed(self, portal_id: int) -> tuple[int, TokenPair] | None:
        """The portal's own pair (kind ``install``) and the user id of the administrator it belongs to."""
        with self._db.reading() as session:
            mine = UserToken.portal_id == portal_id, UserToken.kind == INSTALL
            row = session.scalar(select(UserToken).where(*mine))
            pair = self._rows.open(row) if row else None
            return (row.user_id, pair) if row and pair else None

    def forget(self, portal_id: int, user_id: int, kind: str = USER) -> None:
        """Remove a pair; harmless when there is none."""
        mine = UserToken.portal_id == portal_id, UserToken.user_id == user_id, UserToken.kind == kind
        with self._db.transaction() as session:
            session.execute(delete(UserToken).where(*mine))

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
            lapsed = UserToken.updated_at < self._db.now(session) - life
            return rows_touched(session, delete(UserToken).where(lapsed))

    def renew(
        self,
        portal_id: int,
        user_id: int,
        spent_access_token: str,
        ask: Callable[[str], TokenPair],
        wait: Callable[[float], None],
        *,
        kind: str = USER,
    ) -> TokenPair:
        """A pair other than the spent one; single-flight over threads, processes and machines.

        ``ask`` gets the refresh token and returns the new pair from the authorization server. Of all who renew the
        same pair at once one asks; the others ``wait`` (seconds) and get what that one stored. The new pair is
        stored before it is returned. Raises InvalidGrantError, and whatever ``ask`` and ``wait`` raise.
        """
        return Renewal(self._db, self._rows, PairKey(portal_id, user_id, kind), spent_access_token).run(ask, wait)


LEASE = timedelta(seconds=60)  # longer than the authorization server's time-outs together
LOOK_AGAIN_SECONDS = 0.2


class Renewal:
    """Renews one pair once."""

    def __init__(self, db: Database, rows: PairRows, key: PairKey, spent_access_token: str) -> None:
        self._db = db
        self._rows = rows
        self._key = key
        self._spent = spent_access_token
        self._owner = uuid4().hex

    def run(self, ask: Callable[[str], TokenPair], wait: Callable[[float], None]) -> TokenPair:
        """The pair that follows the spent one: somebody else's or, stored first, our own."""
        while True:
            found = self._look()
            if isinstance(found, TokenPair):
                return found
            if found is not None:
                return self._ask(ask, found)
            wait(LOOK_AGAIN_SECONDS)

    def _look(self) -> TokenPair | str | None:
        """→ a fresh pair; or the refresh token, with the lease ours; or None: somebody else is renewing.

        A pair that somebody else has stored may have lapsed meanwhile: that one is renewed then.
        """
        with self._db.transaction() as session:
            row, pair = self._locked(session)
            now = self._db.now(session)
            if pair.access_token != self._spent and not pair.has_lapsed(now.timestamp()):
                return pair
            self._spent = pair.access_token
            if not pair.refresh_token:
                raise InvalidGrantError("there is no refresh token to renew with")
            if row.renewal_until is not None and row.renewal_until > now:
                return None
            row.renewal_owner, row.renewal_until = self._owner, now + LEASE
            return pair.refresh_token

    def _ask(self, ask: Callable[[str], TokenPair], refresh_token: str) -> TokenPair:
        try:
            renewed = ask(refresh_token)
        except InvalidGrantError:
            return self._refused(refresh_token)
        except BaseException:
            self._give_back()
            raise
        return self._store(renewed, refresh_token)

    def _store(self, renewed: TokenPair, refresh_token: str) -> TokenPair:
        """Write our pair, unless a pair with another refresh token was stored meanwhile (a launch): that one stays."""
        with self._db.transaction() as session:
            _, standing = self._locked(session)
            if standing.refresh_token != refresh_token and standing.access_token != self._spent:
                return standing
            self._rows.put(session, self._key, renewed)
            self._put_twin(session, renewed, refresh_token)
        return renewed

    def _put_twin(self, session: Session, renewed: TokenPair, refresh_token: str) -> None:
        """An administrator's install and launch may have brought the same pair: what was spent is renewed in both."""
        twin = replace(self._key, kind=USER if self._key.kind == INSTALL else INSTALL)
        row = self._rows.row(session, twin, lock=True)
        pair = self._rows.open(row) if row else None
        if pair is not None and pair.refresh_token == refresh_token:
            self._rows.put(session, twin, renewed)

    def _refused(self, refresh_token: str) -> TokenPair:
        """``invalid_grant``: a pair stored meanwhile helps; else the spent refresh token is dropped for good."""
        with self._db.transaction() as session:
            row, standing = self._locked(session)
            if standing.access_token != self._spent:
                return standing
            if standing.refresh_token == refresh_token:
                row.refresh_token, row.renewal_owner, row.renewal_until = None, None, None
        raise InvalidGrantError("the authorization server does not accept the refresh token")

    def _give_back(self) -> None:
        with self._db.transaction() as session:
            row = self._rows.row(session, self._key, lock=True)
            if row is not None and row.renewal_owner == self._owner:
                row.renewal_owner, row.renewal_until = None, None

    def _locked(self, session: Session) -> tuple[UserToken, TokenPair]:
        row = self._rows.row(session, self._key, lock=True)
        pair = self._rows.open(row) if row else None
        if row is None or pair is None:
            raise InvalidGrantError("no tokens of this user are stored")
        return row, pair

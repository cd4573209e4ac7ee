"""Users' pairs of OAuth tokens, encrypted; renewed by one at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, select

from bitrix_app.errors import AppUninstalledError
from bitrix_app.storage.cipher import Cipher
from bitrix_app.storage.database import Database, rows_touched
from bitrix_app.storage.pairs import INSTALL, USER, PairKey, PairRows, TokenPair
from bitrix_app.storage.renewal import Renewal
from bitrix_app.storage.tables import INSTALLED, Portal, UserToken


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

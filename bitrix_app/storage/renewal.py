"""One renewal of a pair, by a lease in its row: the refresh token is spent once, whoever asks at the same time.

No transaction is open while the authorization server is asked. A renewer that dies leaves a lease that runs out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from bitrix_app.errors import InvalidGrantError
from bitrix_app.storage.database import Database
from bitrix_app.storage.pairs import INSTALL, USER, PairKey, PairRows, TokenPair
from bitrix_app.storage.tables import UserToken

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

"""What a user may do, as the portal says now."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bitrix_app.bitrix24 import Bitrix24Client, whole
from bitrix_app.errors import (
    AdminRequiredError,
    AppError,
    PaymentRequiredError,
    PortalDeletedError,
    PortalError,
    ReportAccessError,
    UnexpectedAnswerError,
    UserAccessError,
)
from bitrix_app.portals.cache import PortalCache
from bitrix_app.portals.catalog import USER_SCOPES
from bitrix_app.portals.clients import PortalClients
from bitrix_app.portals.preferences import complete_settings
from bitrix_app.portals.waiting import at_most
from bitrix_app.storage import PortalRecord, PortalUsers

FRESH_SECONDS = 60
OPEN_SECONDS = 240.0
"""For so long the portal is not asked whether the app is open to a user, twice where another process asked: together
less than the ten minutes after which a closed session must have ended."""
CLOSED_SECONDS = 30.0
CHECK_SECONDS = 2.0
"""A portal that does not answer so soon has not closed anything."""
CLOSED = (UserAccessError, PortalDeletedError, PaymentRequiredError)
NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class SeenUser:
    """A user as the portal described them at most a minute ago."""

    id: int
    name: str
    is_admin: bool
    time_zone: str


class Access:
    """Answers who somebody is and what they may do. Fails closed: no answer from the portal is an error, not a yes."""

    def __init__(
        self,
        clients: PortalClients,
        users: PortalUsers,
        departments: PortalCache,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients
        self._users = users
        self._departments = departments
        self._clock = clock
        self._open = PortalCache(OPEN_SECONDS, clock=clock)
        self._closed = PortalCache(CLOSED_SECONDS, clock=clock)

    def ask(self, portal: PortalRecord, user_id: int) -> SeenUser:
        """The user as the portal describes them now. Raises PortalError and the like."""
        with self._clients.interactive(portal, user_id) as client:
            return self.look(client, portal, user_id)

    def require_open(self, portal: PortalRecord, user_id: int) -> None:
        """Raises UserAccessError, PortalDeletedError, PaymentRequiredError where the portal, or the authorization
        server at a renewal, has said so at most ten minutes ago. Neither answering closes nothing."""
        closed: PortalError | None = self._closed.peek(portal, user_id)
        if closed is not None:
            raise closed.with_traceback(None)
        self._open.get(portal, user_id, lambda: self._check_open(portal, user_id))

    def _check_open(self, portal: PortalRecord, user_id: int) -> bool:
        known = self._users.get(portal.id, user_id)
        if known is not None and self._clock() - known.checked_at.timestamp() < OPEN_SECONDS:
            return True
        try:
            with at_most(CHECK_SECONDS):
                self.ask(portal, user_id)
        except CLOSED:
            raise
        except AppError:
            return False
        return True

    def user(self, portal: PortalRecord, user_id: int) -> SeenUser:
        """The user by the portal's ``profile``, at most a minute old. Raises PortalError and the like."""
        known = self._users.get(portal.id, user_id)
        if known is not None and self._clock() - known.checked_at.timestamp() < FRESH_SECONDS:
            return SeenUser(user_id, known.name, known.is_admin, known.time_zone)
        return self.ask(portal, user_id)

    def known(self, portal: PortalRecord, user_id: int) -> SeenUser | None:
        """What is remembered of a user, however old: for showing, never for deciding."""
        known = self._users.get(portal.id, user_id)
        return SeenUser(user_id, known.name, known.is_admin, known.time_zone) if known else None

    def look(self, client: Bitrix24Client, portal: PortalRecord, user_id: int) -> SeenUser:
        """Asks ``profile`` through ``client`` now, and remembers the answer; a refusal closes open sessions."""
        try:
            seen = ask_profile(client, user_id)
        except CLOSED as error:
            closed = error
            self._closed.renew(portal, user_id, lambda: closed)
            raise
        self._closed.renew(portal, user_id, lambda: None)
        self.remember(portal, seen)
        return seen

    def remember(self, portal: PortalRecord, seen: SeenUser) -> None:
        """Notes what the portal has just said about a user."""
        self._users.remember(
            portal.id,
            seen.id,
            name=seen.name,
            is_admin=seen.is_admin,
            checked_at=datetime.fromtimestamp(self._clock(), UTC),
            time_zone=seen.time_zone,
        )

    def require_admin(self, portal: PortalRecord, user_id: int) -> SeenUser:
        """The user. Raises AdminRequiredError when the portal says that they are none."""
        seen = self.user(portal, user_id)
        if not seen.is_admin:
            raise AdminRequiredError
        return seen

    def has_report_access(self, portal: PortalRecord, user_id: int) -> bool:
        """Whether the administrator lets this user build reports. Everybody may until somebody chooses."""
        builders = complete_settings(portal.settings)["builders"]
        if builders["mode"] == "everybody":
            return True
        if builders["mode"] == "chosen" and user_id in builders["users"]:
            return True
        if self.user(portal, user_id).is_admin:
            return True
        return builders["mode"] == "chosen" and self._in_departments(portal, user_id, set(builders["departments"]))

    def require_report_access(self, portal: PortalRecord, user_id: int) -> None:
        """Raises ReportAccessError unless ``has_report_access``."""
        if not self.has_report_access(portal, user_id):
            raise ReportAccessError

    def _in_departments(self, portal: PortalRecord, user_id: int, chosen: set[int]) -> bool:
        if not chosen or not portal.scopes & USER_SCOPES:
            return False

        def ask() -> frozenset[int]:
            with self._clients.interactive(portal, user_id) as client:
                return _departments_of(client)

        return bool(chosen & self._departments.get(portal, user_id, ask))


def ask_profile(client: Bitrix24Client, user_id: int) -> SeenUser:
    """The user by ``profile``. The id is the authorization server's, whatever the portal says.

    Raises UnexpectedAnswerError when the portal describes somebody else.
    """
    profile = client.profile()
    if profile.id != user_id:
        raise UnexpectedAnswerError(method="profile", status=200)
    return SeenUser(user_id, profile.name[:NAME_LENGTH], profile.is_admin, profile.time_zone)


def _departments_of(client: Bitrix24Client) -> frozenset[int]:
    result = client.call("user.current").result
    listed = result.get("UF_DEPARTMENT") if isinstance(result, dict) else None
    known = map(whole, listed) if isinstance(listed, list) else ()
    return frozenset(each for each in known if each is not None)

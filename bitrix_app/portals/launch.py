"""Opening the app: an employee's genuine token is taken as that employee's, and as nothing more.

A launch never touches what an administrator has installed: not the application token, not the portal's own pair, not
its settings. Only the portal's address and scopes follow what the authorization server says now, and a portal that was
suspended is not any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from bitrix_app.errors import (
    AuthorizationServerError,
    NotInstalledError,
    PortalAddressError,
    PortalBusyError,
    PortalError,
)
from bitrix_app.portals.access import CLOSED, Access, SeenUser
from bitrix_app.portals.identity import Caller, CallerCheck, require_token
from bitrix_app.portals.install import fresh_pair
from bitrix_app.portals.waiting import at_most
from bitrix_app.storage import PortalRecord, Portals, UserTokens

log = structlog.get_logger("portals")

PROFILE_SECONDS = 2.0
"""The page opens without the user's name rather than late; it asks for them anyway."""


@dataclass(frozen=True, slots=True)
class LaunchForm:
    """What a launch says. Believed only as far as the authorization server confirms it.

    ``origin``: the name under which the portal's page was opened; an administrator's is kept. ``refresh_token`` is None
    where a page that has been open long renews its session without one.
    """

    member_id: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    server_endpoint: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Launch:
    """A user at the open app. ``user`` is for showing: what was known before when the portal could not be asked just
    now, None when nothing was. ``confirmed_admin``: the portal has just said that they are an administrator."""

    portal: PortalRecord
    user_id: int
    user: SeenUser | None
    confirmed_admin: bool = False


class Launcher:
    """Confirms a caller, keeps their tokens, tells which portal and user they are."""

    def __init__(
        self,
        *,
        check: CallerCheck,
        portals: Portals,
        tokens: UserTokens,
        access: Access,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._check = check
        self._portals = portals
        self._tokens = tokens
        self._access = access
        self._clock = clock

    def confirm(self, form: LaunchForm, network: str) -> Caller:
        """Who is opening the app, from which network. Raises MalformedFieldError, and what CallerCheck raises."""
        if form.refresh_token is not None:
            require_token("REFRESH_ID", form.refresh_token)
        return self._check.confirm(form.access_token, form.member_id, network, form.server_endpoint)

    def launch(self, caller: Caller, form: LaunchForm) -> Launch:
        """Keeps the user's tokens. A portal that does not answer soon does not keep the page from opening; one that
        answers that it is closed does.

        Raises NotInstalledError, PortalAddressError; UserAccessError, PortalDeletedError, PaymentRequiredError.
        """
        portal = self.enter(caller, form)
        user: SeenUser | None
        confirmed_admin = False
        try:
            with at_most(PROFILE_SECONDS):
                user = self._access.ask(portal, caller.user_id)
            confirmed_admin = user.is_admin
            if user.is_admin and form.origin and form.origin not in portal.origins:
                self._portals.opened_at(portal.id, form.origin)
                portal = self._portals.by_id(portal.id) or portal
        except (PortalAddressError, *CLOSED):
            raise  # nothing on the page would work
        except (PortalError, AuthorizationServerError, PortalBusyError):
            user = self._access.known(portal, caller.user_id)
        return Launch(portal, caller.user_id, user, confirmed_admin)

    def enter(self, caller: Caller, form: LaunchForm) -> PortalRecord:
        """Keeps the tokens of a confirmed caller, and the address and scopes that were confirmed with them.

        Raises NotInstalledError.
        """
        portal = self._portals.by_member_id(caller.member_id)
        if portal is None or portal.removed:
            raise NotInstalledError
        self._portals.launched(
            portal.id,
            client_endpoint=caller.client_endpoint,
            domain=caller.domain,
            scopes=caller.scopes,
            oauth_root=caller.oauth_root,
        )
        if not portal.installed:
            log.info("uninstall", portal_id=portal.id, domain=portal.domain, by="launch", outcome="resumed")
        self._tokens.save(portal.id, caller.user_id, fresh_pair(caller, form.refresh_token or "", self._clock()))
        return self._portals.by_id(portal.id) or portal

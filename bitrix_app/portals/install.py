"""Installing the app in a portal: by an administrator, any number of times.

The order makes a repeat mend whatever a failed attempt has left: first who is calling and whether they are an
administrator (nothing stored yet), then the portal and its tokens, then handlers and settings. The page calls
``BX24.installFinish()`` only when all of it has worked, so until then the portal shows the install page again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bitrix_app.bitrix24 import Bitrix24Client
from bitrix_app.errors import AdminRequiredError, AppError, GiveUpError, UnknownMethodError
from bitrix_app.portals.access import Access, SeenUser, ask_profile
from bitrix_app.portals.catalog import read_fields
from bitrix_app.portals.clients import PortalClients, license_family
from bitrix_app.portals.embedding import Embedding
from bitrix_app.portals.identity import Caller, CallerCheck, require_token
from bitrix_app.portals.preferences import guessed_settings
from bitrix_app.storage import PortalRecord, Portals, TokenPair, UserTokens

TOKEN_SECONDS = 3600
INSTALL_TIMES = 3
"""An installation is ten calls, and it is made once: it may take so many times what an ordinary page may."""


@dataclass(frozen=True, slots=True)
class InstallForm:
    """What an install or an ``ONAPPINSTALL`` says. Believed only as far as the authorization server confirms it."""

    member_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    application_token: str = field(repr=False)
    server_endpoint: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class InstallStep:
    """A step of the installation: ``stored``, ``license``, ``placements``, ``events``, ``settings``; and what went
    wrong in it, if anything. ``unknown``: placements that the portal's version does not have."""

    code: str
    error: AppError | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Installation:
    """How an installation went: the portal, the administrator, and all steps; one that failed keeps none from
    being tried."""

    portal: PortalRecord
    user: SeenUser
    steps: tuple[InstallStep, ...] = ()

    @property
    def error(self) -> AppError | None:
        """The first that went wrong; None when the installation is complete."""
        return next((step.error for step in self.steps if step.error), None)


class Installer:
    """Confirms, checks, stores, binds; see the module's docstring for the order."""

    def __init__(
        self,
        *,
        check: CallerCheck,
        clients: PortalClients,
        portals: Portals,
        tokens: UserTokens,
        access: Access,
        embedding: Embedding,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._check = check
        self._clients = clients
        self._portals = portals
        self._tokens = tokens
        self._access = access
        self._embedding = embedding
        self._clock = clock

    def confirm(self, form: InstallForm, network: str) -> Caller:
        """Who is installing, from which network. Raises MalformedFieldError, and what CallerCheck raises."""
        require_token("REFRESH_ID", form.refresh_token)
        if form.application_token:  # portals of 2024 send it with ONAPPINSTALL alone
            require_token("APPLICATION_TOKEN", form.application_token)
        return self._check.confirm(form.access_token, form.member_id, network, form.server_endpoint)

    def install(self, caller: Caller, form: InstallForm) -> Installation:
        """Installs the app in the caller's portal. Harmless to repeat: a repeat does what is left.

        A step that the portal refuses is in the answer. Raises AdminRequiredError and PortalError
        from before anything was stored.
        """
        stored = self.store(caller, form, times=INSTALL_TIMES)
        portal = stored.portal
        await_token = not (form.application_token or self._portals.holds_application_token(portal.id))
        work: Mapping[str, Callable[[Bitrix24Client], tuple[str, ...] | None]] = {
            "license": lambda client: self._note_license(client, portal),
            "placements": self._embedding.bind_placements,
            "events": lambda client: self._embedding.bind_events(client, await_token=await_token),
            "settings": lambda client: self._choose_settings(client, portal, stored.user),
        }
        with self._clients.for_caller(caller, portal, times=INSTALL_TIMES) as client:
            steps = [_attempt(code, do, client) for code, do in work.items()]
        return Installation(self._portals.by_id(portal.id) or portal, stored.user, (InstallStep("stored"), *steps))

    def store(self, caller: Caller, form: InstallForm, *, times: int = 1) -> Installation:
        """Stores the portal and its tokens, after the portal says that the caller is an administrator of it.

        ``times``: so many times what an ordinary page may spend on its portal.

        Raises AdminRequiredError, PortalError.
        """
        known = self._portals.by_member_id(caller.member_id)
        with self._clients.for_caller(caller, known, times=times) as client:
            user = ask_profile(client, caller.user_id)
        if not user.is_admin:
            raise AdminRequiredError
        pair = fresh_pair(caller, form.refresh_token, self._clock())
        portal = self._portals.install(
            member_id=caller.member_id,
            client_endpoint=caller.client_endpoint,
            domain=caller.domain,
            scopes=caller.scopes,
            application_token=form.application_token,
            installed_by=caller.user_id,
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            expires_at=pair.expires_at,
            oauth_root=caller.oauth_root,
        )
        if form.origin:
            self._portals.opened_at(portal.id, form.origin)
        self._tokens.save(portal.id, caller.user_id, pair)
        self._access.remember(portal, user)
        return Installation(portal, user)

    def _note_license(self, client: Bitrix24Client, portal: PortalRecord) -> None:
        try:
            family = license_family(client.app_info())
        except UnknownMethodError:  # an ordinary plan's bucket suits every portal
            family = None
        self._portals.set_license(portal.id, family)

    def _choose_settings(self, client: Bitrix24Client, portal: PortalRecord, user: SeenUser) -> None:
        if self._portals.settings(portal.id):
            return
        try:
            titles = {each.name: each.title for each in read_fields(client).dates}
        except GiveUpError:  # an administrator without access to CRM: nothing to guess from
            titles = {}
        self._portals.save_settings(portal.id, guessed_settings(titles, user.time_zone))


def _attempt(code: str, do: Callable[[Bitrix24Client], tuple[str, ...] | None], client: Bitrix24Client) -> InstallStep:
    try:
        return InstallStep(code, unknown=do(client) or ())
    except AppError as error:
        return InstallStep(code, error)


def fresh_pair(caller: Caller, refresh_token: str, now: float) -> TokenPair:
    """The caller's tokens, ready to be stored. Without a confirmed expiry, an hour from now."""
    return TokenPair(
        access_token=caller.access_token,
        refresh_token=refresh_token or None,
        expires_at=caller.expires_at or int(now) + TOKEN_SECONDS,
    )

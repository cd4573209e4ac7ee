"""Installing the app in a portal: by an administrator, any number of times.

The order makes a repeat mend whatever a failed attempt has left: first who is calling and whether they are an
administrator (nothing stored yet), then the portal and its tokens, then handlers and settings. The page calls
``BX24.installFinish()`` only when all of it has worked, so until then the portal shows the install page again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from bitrix_app.bitrix24 import Bitrix24Client
from bitrix_app.errors import AdminRequiredError, AppError, GiveUpError, UnknownMethodError
from bitrix_app.portals.access import Access, SeenUser, ask_profile
from bitrix_app.portals.cache import PortalCache
from bitrix_app.portals.catalog import read_fields
from bitrix_app.portals.clients import PortalClients
from bitrix_app.portals.embedding import APP_LINK, Embedding
from bitrix_app.portals.embedding.robot import RobotRegistration
from bitrix_app.portals.identity import TOKEN_SHAPE, Caller, CallerCheck, require_token
from bitrix_app.portals.maintenance import note_app_info
from bitrix_app.portals.preferences import SWITCHED_OFF, complete_settings, guess_zone, guessed_settings
from bitrix_app.portals.waiting import Deadline, begin_work
from bitrix_app.storage import INSTALL, PortalRecord, Portals, TokenPair, UserTokens

log = structlog.get_logger("portals")

TOKEN_SECONDS = 3600
LOOK_AGAIN_SECONDS = 120.0
CLOSE_SECONDS = 10.0
INSTALL_TIMES = 5
"""An installation is some fifteen calls, and it is made once: it may take so many times what an ordinary page may."""


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
    """A step of the installation: ``stored``, ``license``, ``placements``, ``events``, ``settings``, ``robot`` where
    the portal has one; and what went wrong in it, if anything. ``unknown``: placements that the portal's version does
    not have."""

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
        robot: RobotRegistration,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._check = check
        self._clients = clients
        self._portals = portals
        self._tokens = tokens
        self._access = access
        self._embedding = embedding
        self._robot = robot
        self._clock = clock
        self._looked_after = PortalCache(LOOK_AGAIN_SECONDS)
        self._looking: dict[threading.Thread, Deadline] = {}
        self._closing = threading.Event()

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
            "placements": lambda client: self._bind_placements(client, portal),
            "events": lambda client: self._embedding.bind_events(client, await_token=await_token),
            "settings": lambda client: self._choose_settings(client, portal, stored.user),
        }
        with self._clients.for_caller(caller, portal, times=INSTALL_TIMES) as client:
            steps = [InstallStep("stored"), *(_attempt(code, do, client) for code, do in work.items())]
            if self._has_robot(client, portal):
                steps.append(InstallStep("robot"))
        return Installation(self._portals.by_id(portal.id) or portal, stored.user, tuple(steps))

    def look_after(self, caller: Caller, portal: PortalRecord, form: InstallForm) -> None:
        """What an update of the app has taken away is set right, in the background, at a launch of an administrator
        whom the portal has just confirmed: handlers that are missing, another application token, the plan.

        An update is told by nothing that can be relied upon, so the portal is asked at the first launch within
        LOOK_AGAIN_SECONDS, and at once where the version or the application token is another one.
        """
        seen = caller.app_version, form.application_token
        if self._looked_after.peek(portal, "seen") == seen:
            return
        self._looked_after.renew(portal, "seen", lambda: seen)
        self._begin(lambda deadline: self._look_after(caller, portal, form, deadline))

    def refresh_robot(self, portal: PortalRecord) -> None:
        """A shared set may have changed, which the robot offers: it is registered anew where it has, in the background,
        by the portal's own pair. What fails is done at the next launch of an administrator."""
        if portal.installed_by is not None and not self._robot.is_current(portal):
            self._begin(lambda deadline: self._refresh_robot(portal, deadline))

    def _begin(self, do: Callable[[Deadline], None]) -> None:
        deadline = Deadline(sleep=lambda seconds: _nap(self._closing, seconds))
        work = threading.Thread(target=do, args=(deadline,), name="look-after", daemon=True)
        self._looking = {each: its for each, its in self._looking.items() if each.is_alive()} | {work: deadline}
        work.start()

    def close(self) -> None:
        """Ends what goes on in the background: a call that is under way is the last one."""
        self._closing.set()
        looking = self._looking
        for deadline in looking.values():
            deadline.end()
        for work in looking:
            work.join(CLOSE_SECONDS)

    def _look_after(self, caller: Caller, portal: PortalRecord, form: InstallForm, deadline: Deadline) -> None:
        begin_work(deadline)
        try:
            if TOKEN_SHAPE.fullmatch(form.application_token) and not self._portals.has_application_token(
                caller.member_id, form.application_token
            ):
                self._keep(caller, form, again=True)
                log.info("app_updated", portal_id=portal.id, version=caller.app_version)
            self.bind_again(caller, portal)
        except AppError as error:
            self._looked_after.renew(portal, "seen", lambda: None)
            log.warning("app_not_looked_after", portal_id=portal.id, code=error.code)

    def _refresh_robot(self, portal: PortalRecord, deadline: Deadline) -> None:
        begin_work(deadline)
        try:
            client = self._clients.within(deadline, portal, portal.installed_by or 0, kind=INSTALL)
            self._robot.register(client, portal)
        except AppError as error:
            log.warning("robot_not_refreshed", portal_id=portal.id, code=error.code)

    def _has_robot(self, client: Bitrix24Client, portal: PortalRecord) -> bool:
        """Whether the robot is registered. The app works without it: what fails keeps nobody from the rest."""
        try:
            return self._robot.register(client, portal)
        except AppError as error:
            log.warning("robot_not_registered", portal_id=portal.id, code=error.code)
            return False

    def bind_again(self, caller: Caller, portal: PortalRecord) -> None:
        """Handlers and plan as after an install. Raises PortalError and the like."""
        await_token = not self._portals.holds_application_token(portal.id)
        with self._clients.for_caller(caller, portal, times=INSTALL_TIMES) as client:
            self._bind_placements(client, portal)
            self._embedding.bind_events(client, await_token=await_token, life=True)
            self._note_license(client, portal)
            self._has_robot(client, portal)

    def store(self, caller: Caller, form: InstallForm, *, times: int = 1, again: bool = False) -> Installation:
        """Stores the portal and its tokens, after the portal says that the caller is an administrator of it.

        ``times``: so many times what an ordinary page may spend on its portal; ``again``: as ``Portals.install``.

        Raises AdminRequiredError, PortalError; AppUninstalledError.
        """
        known = self._portals.by_member_id(caller.member_id)
        with self._clients.for_caller(caller, known, times=times) as client:
            user = ask_profile(client, caller.user_id)
        if not user.is_admin:
            raise AdminRequiredError
        portal = self._keep(caller, form, again=again)
        self._access.remember(portal, user)
        return Installation(portal, user)

    def _keep(self, caller: Caller, form: InstallForm, *, again: bool) -> PortalRecord:
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
            again=again,
        )
        if form.origin:
            self._portals.opened_at(portal.id, form.origin)
        self._tokens.save(portal.id, caller.user_id, pair)
        return portal

    def _bind_placements(self, client: Bitrix24Client, portal: PortalRecord) -> tuple[str, ...]:
        switched_off = self._switched_off(portal)
        unknown = self._embedding.bind_placements(client, switched_off)
        if (now := self._switched_off(portal)) != switched_off:  # what was unbound meanwhile may be bound again
            unknown = self._embedding.bind_placements(client, now)
        self._portals.remember(portal.id, APP_LINK, None if APP_LINK in unknown else "bound")
        return unknown

    def _switched_off(self, portal: PortalRecord) -> list[str]:
        """What the settings say now: they may have been saved since ``portal`` was read."""
        found: list[str] = complete_settings(self._portals.settings(portal.id))[SWITCHED_OFF]
        return found

    def _note_license(self, client: Bitrix24Client, portal: PortalRecord) -> None:
        try:
            info = client.app_info()
        except UnknownMethodError:  # an ordinary plan's bucket suits every portal
            info = {}
        note_app_info(self._portals, portal.id, info, self._clock())

    def _choose_settings(self, client: Bitrix24Client, portal: PortalRecord, user: SeenUser) -> None:
        if self._portals.settings(portal.id):
            return
        try:
            titles = {each.name: each.title for each in read_fields(client).dates}
        except GiveUpError:  # an administrator without access to CRM: nothing to guess from
            titles = {}
        zone = guess_zone(user.time_zone, None if user.time_zone else client.server_offset())
        self._portals.save_settings(portal.id, guessed_settings(titles, zone))


def _nap(closing: threading.Event, seconds: float) -> None:
    closing.wait(seconds)


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

"""Periodic maintenance of portals: uninstalls are verified, plans and payment asked for, lapsed tokens forgotten.

**Uninstalls.** An ``ONAPPUNINSTALL`` proves nothing, since its application token is known to every employee. What
decides is whether the authorization server still confirms, or renews, a pair of tokens that we hold: a removed app's
pairs are refused. Asked at once, then in minutes, an hour and a day, for nobody says how soon after an uninstall the
refusals begin. Source: contract §2 "Uninstalling".

**Plans.** Once a month, by the portal's own pair (kept from the install). An access token that has expired is renewed
when the portal says so (``settings/oauth/auto-renewal``), as everywhere, and so the refresh token, which lives for 180
days, never lapses while the app is in use there. Where nobody builds reports any more it is left to lapse.

**Payment.** The same answer of ``app.info`` tells whether the application is paid for. No event is sent when a paid
period ends (``common/events/on-app-payment``), so a portal is asked each day from a week before that day on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import structlog

from bitrix_app.bitrix24 import AccessToken
from bitrix_app.errors import (
    AppError,
    AppUninstalledError,
    AuthorizationServerUnavailableError,
    ForeignTokenError,
    InvalidGrantError,
    PaymentRequiredError,
)
from bitrix_app.portals.clients import PortalClients, license_family
from bitrix_app.portals.identity import PortalTokens, RenewsTokens
from bitrix_app.portals.waiting import Deadline
from bitrix_app.storage import (
    INSTALL,
    AuditLog,
    Files,
    PairKey,
    PendingUninstall,
    PortalRecord,
    Portals,
    TokenPair,
    Uninstalls,
    UserTokens,
)

log = structlog.get_logger("portals")

ASK_AGAIN = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
"""When it is asked again after the first, second … answer; the last one over and over."""
FORGED_AFTER = timedelta(days=1)
"""An uninstall whose pairs are confirmed after this time was none."""
MOST_PAIRS = 20
ASK_SECONDS = 30.0
REFRESH_TOKEN_LIVES = timedelta(days=180)
ASK_AFTER = timedelta(days=30)
IN_USE = timedelta(days=150)
"""A report was taken up within this time. From then on a pair that is not renewed any more has thirty days left."""
SOON_DAYS = 7
"""So many days before the end of a paid period administrators are told, and the portal is asked each day."""
DAY_SECONDS = 86_400
NOBODY = 0
"""In the audit log: an event names no user."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Whether the application is paid for in a portal, as its ``app.info`` told at ``told_at`` (Unix seconds).

    ``status``: F free, D demo, T trial, P paid, L local, S by subscription; ``expired``: the paid or trial period has
    ended, though a portal lets the application work on for a while; ``days``: left of it then, None without an end.
    """

    status: str
    expired: bool
    days: int | None
    told_at: int

    @classmethod
    def told(cls, info: Mapping[str, Any], now: float) -> Payment:
        """Read from an answer of ``app.info``; what cannot be read counts as absent."""
        status = str(info.get("STATUS") or "")
        return cls(
            status if status in {"F", "D", "T", "P", "L", "S"} else "",
            info.get("PAYMENT_EXPIRED") in {"Y", True},
            _days(info.get("DAYS")),
            int(now),
        )

    @classmethod
    def of(cls, portal: PortalRecord) -> Payment | None:
        """As the portal's row has it; None where it was never told."""
        kept = portal.payment
        return cls(kept["status"], kept["expired"], kept["days"], kept["told_at"]) if kept else None

    def stored(self) -> dict[str, Any]:
        """For the portal's row."""
        return {"status": self.status, "expired": self.expired, "days": self.days, "told_at": self.told_at}

    def days_left(self, now: float) -> int | None:
        """Days until the period ends, 0 after it; None where it has no end or has ended by the portal's word."""
        if self.days is None or self.expired:
            return None
        return max(0, self.days - int((now - self.told_at) // DAY_SECONDS))

    def ends_soon(self, now: float) -> bool:
        """Whether it has ended, or will within SOON_DAYS."""
        left = self.days_left(now)
        return self.expired or (left is not None and left <= SOON_DAYS)


def _days(value: Any) -> int | None:
    """A number of days, negative after the end, given as a number or as text."""
    try:
        return None if value is None or isinstance(value, bool) else max(-(10**6), min(int(value), 10**6))
    except (TypeError, ValueError, OverflowError):
        return None


def note_app_info(portals: Portals, portal_id: int, info: Mapping[str, Any], now: float) -> Payment:
    """Note what the portal's ``app.info`` tells: its plan, and whether the application is paid for. → the latter."""
    payment = Payment.told(info, now)
    portals.set_license(portal_id, license_family(info))
    portals.set_payment(portal_id, payment.stored())
    return payment


class Verdict(Enum):
    """What the authorization server says of the pairs of a portal."""

    INSTALLED = auto()
    REMOVED = auto()
    UNKNOWN = auto()


class UninstallCheck:
    """Asks the authorization server about uninstalls that were noted, and acts upon its answers."""

    def __init__(
        self,
        *,
        authorization_server: RenewsTokens,
        portals: Portals,
        tokens: UserTokens,
        uninstalls: Uninstalls,
        audit_log: AuditLog,
        files: Files,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._server = authorization_server
        self._portals = portals
        self._tokens = tokens
        self._uninstalls = uninstalls
        self._audit_log = audit_log
        self._files = files
        self._clock = clock

    def run(self) -> None:
        """Ask for each that is due."""
        for pending in self._uninstalls.due():
            self.ask(pending)

    def ask(self, pending: PendingUninstall) -> None:
        """Ask for one now, and do what follows. Harmless to repeat, also at the same time elsewhere."""
        portal = self._portals.by_id(pending.portal_id)
        if portal is None or portal.removed:
            return
        verdict = self._verdict(portal)
        again = ASK_AGAIN[min(pending.rounds, len(ASK_AGAIN) - 1)]
        if verdict is Verdict.REMOVED:
            self._carry_out(portal, pending)
        elif verdict is Verdict.UNKNOWN:
            if self._uninstalls.unknown(pending, again):
                self._note(portal, "suspended", "uninstall_unverified")
        elif pending.age >= FORGED_AFTER:
            if self._uninstalls.installed(pending, None):
                self._note(portal, "forged", "uninstall_forged")
        elif self._uninstalls.installed(pending, again):
            log.warning("uninstall", portal_id=portal.id, domain=portal.domain, by="event", outcome="still_installed")

    def _carry_out(self, portal: PortalRecord, pending: PendingUninstall) -> None:
        files = self._uninstalls.carry_out(pending)
        if files is None:
            return
        self._note(portal, "erased" if pending.clean else "uninstalled", "uninstalled")
        self._files.delete_all(files)

    def _note(self, portal: PortalRecord, outcome: str, action: str) -> None:
        """Log who did it and what came of it; in the audit log too, where the portal's data are kept."""
        log.warning("uninstall", portal_id=portal.id, domain=portal.domain, by="event", outcome=outcome)
        if outcome != "erased":
            self._audit_log.add(portal.id, NOBODY, "", action)

    def _verdict(self, portal: PortalRecord) -> Verdict:
        """The first confirmed pair decides. Refusals decide when no other pair is left; silence says nothing."""
        deadline, said = Deadline(ASK_SECONDS), set[Verdict]()
        for key in self._tokens.held_by(portal.id, MOST_PAIRS):
            verdict = self._verdict_on(portal, key, deadline)
            if verdict is Verdict.INSTALLED:
                return verdict
            if verdict is not None:
                said.add(verdict)
        return Verdict.REMOVED if said == {Verdict.REMOVED} else Verdict.UNKNOWN

    def _verdict_on(self, portal: PortalRecord, key: PairKey, deadline: Deadline) -> Verdict | None:
        """What one pair tells; None for one that was worthless before: nothing to renew with, and lapsed."""
        pair = self._tokens.read(key)
        if pair is None:
            return None
        try:
            deadline.check()
            return self._confirmed(portal, pair) or self._renewed(portal, key, pair, deadline)
        except AuthorizationServerUnavailableError:
            return Verdict.UNKNOWN
        except AppError as error:  # payment, a portal closed to this user, our own keys refused: no word about the app
            log.info("uninstall_unclear", portal_id=portal.id, code=error.code)
            return Verdict.UNKNOWN

    def _confirmed(self, portal: PortalRecord, pair: TokenPair) -> Verdict | None:
        """None where the access token is not confirmed: it may merely have expired."""
        try:
            owner = self._server.confirm(pair.access_token, remembered=portal.oauth_root)
        except ForeignTokenError:
            return None
        return Verdict.INSTALLED if owner.member_id == portal.member_id else None

    def _renewed(self, portal: PortalRecord, key: PairKey, pair: TokenPair, deadline: Deadline) -> Verdict | None:
        """By renewal, whose new pair is stored like any other."""
        if not pair.refresh_token:
            alive = pair.expires_at is not None and not pair.has_lapsed(self._clock())
            return Verdict.REMOVED if alive else None
        tokens = PortalTokens(
            portal=portal,
            user_id=key.user_id,
            tokens=self._tokens,
            portals=self._portals,
            authorization_server=self._server,
            wait=deadline.wait,
            kind=key.kind,
        )
        try:
            tokens.renew(AccessToken(pair.access_token, portal.client_endpoint))
        except (InvalidGrantError, AppUninstalledError):
            return Verdict.REMOVED
        return Verdict.INSTALLED


class PortalMaintenance:
    """Looks after all portals; it is run once however many workers there are."""

    def __init__(
        self, clients: PortalClients, portals: Portals, tokens: UserTokens, clock: Callable[[], float] = time.time
    ) -> None:
        self._clients = clients
        self._portals = portals
        self._tokens = tokens
        self._clock = clock

    def run(self) -> None:
        """Forget what has lapsed; ask each portal in use that has not been asked for a month, and, each day, those
        whose paid period has ended or ends soon.

        What fails with one portal is logged and left for the next run; the others have their turn.
        """
        self._tokens.forget_lapsed(REFRESH_TOKEN_LIVES)
        for key in self._tokens.idle_own(ASK_AFTER, used_within=IN_USE):
            portal = self._portals.by_id(key.portal_id)
            if portal is not None and portal.installed:
                self.ask(portal)
        now = self._clock()
        for portal in self._portals.with_payment(used_within=IN_USE):
            payment = Payment.of(portal)
            if payment and payment.ends_soon(now) and now - payment.told_at >= DAY_SECONDS / 2:
                self.ask(portal)

    def ask(self, portal: PortalRecord) -> None:
        """Note the portal's plan, which decides how fast the portal may be asked, and whether the app is paid for."""
        if portal.installed_by is None:
            return
        try:
            info = self._clients.within(Deadline(), portal, portal.installed_by, kind=INSTALL).app_info()
        except AppError as error:
            log.warning("portal_not_asked", portal_id=portal.id, code=error.code)
            if isinstance(error, PaymentRequiredError):
                self._note_unpaid(portal)
            return
        payment = note_app_info(self._portals, portal.id, info, self._clock())
        log.info("portal_asked", portal_id=portal.id, **payment.stored())

    def _note_unpaid(self, portal: PortalRecord) -> None:
        """The authorization server gives no tokens any more once the paid period has ended (``oauth/error-codes``)."""
        known = Payment.of(portal)
        unpaid = Payment(known.status if known else "", True, known.days if known else None, int(self._clock()))
        self._portals.set_payment(portal.id, unpaid.stored())

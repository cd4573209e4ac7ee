"""Clients of a portal: background ones for report jobs, interactive ones for web requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bitrix_app.bitrix24 import (
    AccessToken,
    Bitrix24Client,
    Bucket,
    CallObserver,
    CallRecord,
    Habits,
    Spellings,
    StopSignal,
    TokenSource,
    Transport,
    Wait,
)
from bitrix_app.bitrix24.habits import BATCH as BATCH_METHOD
from bitrix_app.bitrix24.habits import OWNER_LISTS, REFUSED, Keep, stored_spellings
from bitrix_app.errors import PortalBusyError
from bitrix_app.portals.cache import ENTRY_BYTES, PortalCache
from bitrix_app.portals.identity import Caller, GivenToken, PortalTokens, RenewsTokens
from bitrix_app.portals.preferences import BATCH, complete_settings
from bitrix_app.portals.waiting import (
    INTERACTIVE_SECONDS,
    Bulkhead,
    Deadline,
    begin_request,
    request_deadline,
    retry_after,
)
from bitrix_app.storage import (
    ENTERPRISE,
    ORDINARY,
    SELF_HOSTED,
    USER,
    Plan,
    PortalBuckets,
    PortalRecord,
    Portals,
    SharedBucket,
    UserTokens,
)

ENTERPRISE_FAMILY = "ent"
SELF_HOSTED_FAMILY = "selfhosted"
_PLANS = {ENTERPRISE_FAMILY: ENTERPRISE, SELF_HOSTED_FAMILY: SELF_HOSTED}
CALL_SECONDS = 1.0
"""What a page's call takes at most, as a rule: a place that comes free later before the deadline is of no use."""
HABITS_SECONDS, HABITS_KEPT = 3600.0, 5000
"""In this process; what another one has learnt is read after this."""
SPELLINGS_KEPT, RIGHTS_KEPT = timedelta(days=30), timedelta(days=1)
"""In the portal's row: an update of a portal is met anew after the one, a right given to a user after the other."""
SPELLING = "spelling: "


def plan_of(portal: PortalRecord) -> Plan:
    """How many calls the portal's plan grants, by the license family that ``app.info`` told."""
    return _PLANS.get(portal.license_family or "", ORDINARY)


def license_family(info: Mapping[str, Any]) -> str | None:
    """The family of the portal's licence as its ``app.info`` tells it; that of every self-hosted portal is one."""
    if str(info.get("LICENSE") or "").endswith("_selfhosted"):
        return SELF_HOSTED_FAMILY
    family = info.get("LICENSE_FAMILY")
    return family if isinstance(family, str) else None


class KnownHabits:
    """Habits of many portals and their users, kept in the portals' rows; one instance an app. Use from several
    threads."""

    def __init__(self, portals: Portals) -> None:
        self._portals = portals
        self._of_users = PortalCache(HABITS_SECONDS)
        self._of_portals = PortalCache(HABITS_SECONDS, most=HABITS_KEPT * ENTRY_BYTES)

    def of(self, portal: PortalRecord, user_id: int) -> Habits:
        """Those of the portal towards this user."""
        spellings = self._of_portals.get(portal, "spellings", lambda: self._spellings(portal.id))
        return self._of_users.get(portal, user_id, lambda: self._habits(portal.id, user_id, spellings))

    def _spellings(self, portal_id: int) -> Spellings:
        kept = self._kept(portal_id, SPELLING, SPELLINGS_KEPT)
        return stored_spellings(kept, self._keeping(portal_id, SPELLING))

    def _habits(self, portal_id: int, user_id: int, spellings: Spellings) -> Habits:
        prefix = f"user {user_id}: "
        kept = self._kept(portal_id, prefix, RIGHTS_KEPT)
        lists, batch = (False if kept.get(each) == REFUSED else None for each in (OWNER_LISTS, BATCH_METHOD))
        return Habits(lists, spellings, self._keeping(portal_id, prefix), batch)

    def _kept(self, portal_id: int, prefix: str, longest: timedelta) -> dict[str, str]:
        kept = self._portals.remembered(portal_id)
        return {
            name.removeprefix(prefix): value
            for name, (value, age) in kept.items()
            if name.startswith(prefix) and age < longest
        }

    def _keeping(self, portal_id: int, prefix: str) -> Keep:
        return lambda name, value: self._portals.remember(portal_id, f"{prefix}{name}", value)


class BackgroundBucket:
    """A report's part of its portal's bucket. A Bucket."""

    def __init__(self, shared: SharedBucket) -> None:
        self._shared = shared
        self.penalize = shared.penalize

    def take(self) -> float:
        """Seconds until the place that was reserved."""
        return self._shared.take(background=True)


class InteractiveBucket:
    """The whole bucket of a portal, for a page that waits no longer than until its deadline. A Bucket."""

    def __init__(self, shared: SharedBucket, deadline: Deadline) -> None:
        self._shared = shared
        self._deadline = deadline
        self.penalize = shared.penalize

    def take(self) -> float:
        """Seconds until the place that was reserved. Raises PortalBusyError, and reserves none, when so much time
        would not be left after the wait that the call itself can be answered."""
        patience = max(0.0, self._deadline.remaining() - CALL_SECONDS)
        seconds = self._shared.take(patience=patience)
        if seconds > patience:
            raise PortalBusyError(retry_after=retry_after(seconds))
        return seconds


class UnsharedBucket:
    """A bucket without a row, for the calls of a first install: nobody else calls that portal yet. A Bucket."""

    def take(self) -> float:
        """Always 0: go now."""
        return 0.0

    def penalize(self, seconds: float) -> None:
        """Nothing to remember."""


class Observers:
    """Tells several observers of each call and wait. A CallObserver."""

    def __init__(self, *observers: CallObserver) -> None:
        self._observers = observers

    def waited(self, wait: Wait) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.waited(wait)

    def answered(self, call: CallRecord) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.answered(call)


class OfPortal:
    """Tells an observer of each call whose portal it went to. A CallObserver."""

    def __init__(self, observer: CallObserver, member_id: str) -> None:
        self._observer = observer
        self._member_id = member_id
        self.waited = observer.waited

    def answered(self, call: CallRecord) -> None:
        """Passes it on, with the portal's ``member_id``."""
        self._observer.answered(replace(call, member_id=self._member_id))


@dataclass(frozen=True, slots=True)
class Transports:
    """HTTP connections: ``background`` waits as long as a portal may take (60 s), ``interactive`` a few seconds."""

    background: Transport
    interactive: Transport


class PortalClients:
    """Builds clients with the right tokens, the portal's shared bucket, and the right patience."""

    def __init__(
        self,
        *,
        transports: Transports,
        tokens: UserTokens,
        portals: Portals,
        buckets: PortalBuckets,
        authorization_server: RenewsTokens,
        observer: CallObserver,
        bulkhead: Bulkhead,
        interactive_seconds: float = INTERACTIVE_SECONDS,
    ) -> None:
        self._transports = transports
        self._tokens = tokens
        self._portals = portals
        self._buckets = buckets
        self._server = authorization_server
        self._observer = observer
        self._bulkhead = bulkhead
        self._interactive_seconds = interactive_seconds
        self._habits = KnownHabits(portals)

    def begin_request(self) -> None:
        """Before each web request: from here on all that its thread waits for shares its seconds."""
        begin_request(self._interactive_seconds)

    def background(
        self, portal: PortalRecord, user_id: int, *, stop: StopSignal, observer: CallObserver | None = None
    ) -> Bitrix24Client:
        """A client that builds reports of ``portal`` with the rights and the pair of ``user_id``.

        ``observer`` is told of each call beside the app's own observers (REST log, metrics).
        """
        observer = self._observers(portal.member_id, observer)
        tokens = self._tokens_of(portal, user_id, stop, USER)
        bucket = BackgroundBucket(self._bucket(portal))
        habits = self._habits.of(portal, user_id)
        batches = complete_settings(portal.settings)["fetch_mode"] == BATCH
        return self._client(self._transports.background, tokens, bucket, stop, observer, habits=habits, batches=batches)

    def within(
        self,
        deadline: Deadline,
        portal: PortalRecord,
        user_id: int,
        *,
        kind: str = USER,
        observer: CallObserver | None = None,
    ) -> Bitrix24Client:
        """A client with the rights of ``user_id`` that waits for nothing longer than until ``deadline``.

        ``kind``: it calls by that user's pair, or by the portal's own, which is theirs; ``observer`` as ``background``.
        """
        tokens = self._tokens_of(portal, user_id, deadline, kind)
        observer = self._observers(portal.member_id, observer)
        return self._interactive(deadline, portal, tokens, self._habits.of(portal, user_id), observer)

    @contextmanager
    def interactive(
        self, portal: PortalRecord, user_id: int, observer: CallObserver | None = None
    ) -> Iterator[Bitrix24Client]:
        """A client for one web request: the request's remaining time, and a place in the bulkhead while it is used;
        ``observer`` as ``background``.

        Raises PortalBusyError: at once when too many requests wait for this portal, and when the request's time is
        used up.
        """
        deadline = request_deadline()
        with self._bulkhead.enter(portal.member_id, deadline.remaining()):
            yield self.within(deadline, portal, user_id, observer=observer)

    @contextmanager
    def for_caller(self, caller: Caller, portal: PortalRecord | None, *, times: int = 1) -> Iterator[Bitrix24Client]:
        """As ``interactive``, with the token that the caller has just proved to own; ``portal`` where it is known.

        ``times``: so many times what an ordinary page may spend.
        """
        tokens = GivenToken(AccessToken(caller.access_token, caller.client_endpoint))
        deadline = request_deadline()
        deadline.lengthen(times)
        with self._bulkhead.enter(caller.member_id, deadline.remaining()):
            yield self._interactive(deadline, portal, tokens, Habits(), self._observers(caller.member_id))

    def renew(self, portal: PortalRecord, user_id: int) -> None:
        """Renew the user's pair, be its access token valid still. Raises InvalidGrantError when it has lapsed, and what
        the authorization server's silence raises."""
        tokens = self._tokens_of(portal, user_id, Deadline(), USER)
        tokens.renew(tokens.current())

    def _tokens_of(self, portal: PortalRecord, user_id: int, stop: StopSignal, kind: str) -> PortalTokens:
        return PortalTokens(
            portal=portal,
            user_id=user_id,
            tokens=self._tokens,
            portals=self._portals,
            authorization_server=self._server,
            wait=stop.wait,
            kind=kind,
        )

    def _interactive(
        self,
        deadline: Deadline,
        portal: PortalRecord | None,
        tokens: TokenSource,
        habits: Habits,
        observer: CallObserver,
    ) -> Bitrix24Client:
        bucket = InteractiveBucket(self._bucket(portal), deadline) if portal else UnsharedBucket()
        return self._client(self._transports.interactive, tokens, bucket, deadline, observer, habits=habits)

    def _client(
        self,
        transport: Transport,
        tokens: TokenSource,
        bucket: Bucket,
        stop: StopSignal,
        observer: CallObserver,
        *,
        habits: Habits,
        batches: bool = False,
    ) -> Bitrix24Client:
        return Bitrix24Client(
            transport=transport,
            tokens=tokens,
            bucket=bucket,
            stop=stop,
            observer=observer,
            habits=habits,
            batches=batches,
        )

    def _observers(self, member_id: str, observer: CallObserver | None = None) -> CallObserver:
        apps = OfPortal(self._observer, member_id)
        return Observers(apps, observer) if observer else apps

    def _bucket(self, portal: PortalRecord) -> SharedBucket:
        return self._buckets.bucket(portal.id, plan_of(portal))

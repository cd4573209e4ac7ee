"""Clients of a portal: background ones for report jobs, interactive ones for web requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from bitrix_app.bitrix24 import (
    AccessToken,
    Bitrix24Client,
    Bucket,
    CallObserver,
    CallRecord,
    StopSignal,
    TokenSource,
    Transport,
    Wait,
)
from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals.bulkhead import Bulkhead
from bitrix_app.portals.identity import Caller
from bitrix_app.portals.renewal import GivenToken, PortalTokens, RenewsTokens
from bitrix_app.storage import USER, PortalBuckets, PortalRecord, Portals, SharedBucket, UserTokens

INTERACTIVE_SECONDS = 8.0
ENTERPRISE_FAMILY = "ent"
CALL_SECONDS = 1.0
"""What a page's call takes at most, as a rule: a place that comes free later before the deadline is of no use."""


class Deadline:
    """The total time that one web request may spend on its portal, as a StopSignal.

    Time is up: RejectedRequestError 503 ``portal_busy``. A wait that would not end in time is not begun.
    """

    def __init__(
        self,
        seconds: float = INTERACTIVE_SECONDS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Seconds until the end, 0.0 after it."""
        return max(0.0, self._end - self._clock())

    def check(self) -> None:
        """Raises when the time is up."""
        if self._clock() >= self._end:
            raise RejectedRequestError(503, "portal_busy", retry_after=5)

    def wait(self, seconds: float) -> None:
        """Sleeps, or raises at once when the sleep would go past the end."""
        if self._clock() + seconds >= self._end:
            raise RejectedRequestError(503, "portal_busy", retry_after=max(1, min(60, round(seconds))))
        self._sleep(seconds)


class _RequestTime:
    """The time of the web request that is being answered: it begins with the first call to a portal."""

    def __init__(self) -> None:
        self._stop: Deadline | None = None

    def stop(self, seconds: float) -> Deadline:
        """The same for all calls of the request."""
        self._stop = self._stop or Deadline(seconds)
        return self._stop


_request_time: ContextVar[_RequestTime | None] = ContextVar("request_time", default=None)


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
        """Seconds until the place that was reserved. Raises RejectedRequestError, and reserves none, when so much time
        would not be left after the wait that the call itself can be answered."""
        patience = max(0.0, self._deadline.remaining() - CALL_SECONDS)
        seconds = self._shared.take(patience=patience)
        if seconds > patience:
            raise RejectedRequestError(503, "portal_busy", retry_after=max(1, min(60, round(seconds))))
        return seconds


class UnsharedBucket:
    """For the one or two calls to a portal that we do not know yet: nobody else calls it. A Bucket."""

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

    def client_for(
        self,
        portal: PortalRecord,
        user_id: int,
        *,
        stop: StopSignal,
        observer: CallObserver | None = None,
        background: bool = True,
        kind: str = USER,
    ) -> Bitrix24Client:
        """A client that calls ``portal`` with the rights of ``user_id``, by that user's pair or (``kind``) by the
        portal's own, which is theirs.

        ``observer`` is told of each call beside the app's own observers (REST log, metrics).
        """
        tokens = PortalTokens(
            portal=portal,
            user_id=user_id,
            tokens=self._tokens,
            portals=self._portals,
            authorization_server=self._server,
            wait=stop.wait,
            kind=kind,
        )
        shared = self._bucket(portal)
        bucket = InteractiveBucket(shared, stop) if isinstance(stop, Deadline) else BackgroundBucket(shared)
        return self._client(tokens, bucket, stop, observer=observer, background=background)

    @staticmethod
    def begin_request() -> None:
        """From here to ``end_request`` all interactive clients of this thread share the time of one web request."""
        _request_time.set(_RequestTime())

    @staticmethod
    def end_request() -> None:
        """The request is answered; harmless when none was begun."""
        _request_time.set(None)

    @contextmanager
    def interactive(self, portal: PortalRecord, user_id: int) -> Iterator[Bitrix24Client]:
        """A client for one web request: little total time, and a place in the bulkhead while it is used.

        Raises RejectedRequestError 503 ``portal_busy``: at once when too many requests wait for this portal, and when
        the request's time is used up.
        """
        stop = self._stop()
        with self._bulkhead.enter(portal.member_id):
            yield self.client_for(portal, user_id, stop=stop, background=False)

    @contextmanager
    def for_caller(self, caller: Caller, portal: PortalRecord | None, *, times: int = 1) -> Iterator[Bitrix24Client]:
        """As ``interactive``, with the token that the caller has just proved to own; ``portal`` where it is known.

        ``times``: so many times what an ordinary page may spend; what the request's first client gets holds for all.
        """
        tokens = GivenToken(AccessToken(caller.access_token, caller.client_endpoint))
        stop = self._stop(times)
        bucket = InteractiveBucket(self._bucket(portal), stop) if portal else UnsharedBucket()
        with self._bulkhead.enter(caller.member_id):
            yield self._client(tokens, bucket, stop, observer=None, background=False)

    def _stop(self, times: int = 1) -> Deadline:
        request, seconds = _request_time.get(), self._interactive_seconds * times
        return request.stop(seconds) if request else Deadline(seconds)

    def _bucket(self, portal: PortalRecord) -> SharedBucket:
        is_enterprise = portal.license_family == ENTERPRISE_FAMILY
        return self._buckets.bucket(portal.id, enterprise=is_enterprise)

    def _client(
        self, tokens: TokenSource, bucket: Bucket, stop: StopSignal, *, observer: CallObserver | None, background: bool
    ) -> Bitrix24Client:
        return Bitrix24Client(
            transport=self._transports.background if background else self._transports.interactive,
            tokens=tokens,
            bucket=bucket,
            stop=stop,
            observer=Observers(self._observer, observer) if observer else self._observer,
        )

"""Stand-ins in memory for what surrounds the portal client: a stop signal, a bucket, tokens, a transport.

They are small and real, not mocks: each does what its Protocol says and keeps what it was told.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.bitrix24 import AccessToken, Bitrix24Client, CallRecord, Wait
from bitrix_app.bitrix24.transport import Exchange, Failure
from bitrix_app.errors import AppError, ReportCancelledError
from demo_portal import ManualClock

ENDPOINT = "https://romashka.example/rest/"
NOW = 1_790_000_000.0


@dataclass
class FakeStop:
    """A stop signal whose waits take no time but move the clock. ``stopped`` is raised once it is set."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    waits: list[float] = field(default_factory=list)
    stopped: AppError | None = None
    stop_in_wait: int | None = None
    """Number of the wait in which the user cancels (from 1)."""

    def check(self) -> None:
        if self.stopped is not None:
            raise self.stopped

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.stop_in_wait == len(self.waits):
            self.stopped = ReportCancelledError()
        self.check()
        self.clock.advance(seconds)


@dataclass
class FakeBucket:
    """A bucket with as much credit as is wanted: ``delays`` are handed out one after another, then 0."""

    delays: deque[float] = field(default_factory=deque)
    taken: int = 0
    penalties: list[float] = field(default_factory=list)

    def take(self) -> float:
        self.taken += 1
        return self.delays.popleft() if self.delays else 0.0

    def penalize(self, seconds: float) -> None:
        self.penalties.append(seconds)


@dataclass
class RecordingObserver:
    """Keeps all waits and exchanges it is told of."""

    waits: list[Wait] = field(default_factory=list)
    calls: list[CallRecord] = field(default_factory=list)

    def waited(self, wait: Wait) -> None:
        self.waits.append(wait)

    def answered(self, call: CallRecord) -> None:
        self.calls.append(call)


@dataclass
class FakeTokens:
    """Tokens ``access-1``, ``access-2``, …: a renewal gives the next one, once for several that ask with the same.

    ``failures`` are raised by renewals and questions for the address, one after another, before they work again;
    ``new_endpoint`` is what the authorization server would confirm after a move.
    """

    endpoint: str = ENDPOINT
    new_endpoint: str = "https://roza.example/rest/"
    failures: deque[AppError] = field(default_factory=deque)
    renewals: int = 0
    moves: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self) -> AccessToken:
        return AccessToken(f"access-{self.renewals + 1}", self.endpoint)

    def renew(self, spent: AccessToken) -> AccessToken:
        with self._lock:
            if spent == self.current():
                self._fail()
                self.renewals += 1
            return self.current()

    def moved(self, spent: AccessToken) -> AccessToken:
        with self._lock:
            if spent.client_endpoint == self.endpoint:
                self._fail()
                self.moves += 1
                self.endpoint = self.new_endpoint
            return self.current()

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.popleft()


Handler = Callable[[Mapping[str, Any]], dict[str, Any]]
"""What a method answers to its parameters: the body."""


@dataclass
class ScriptedTransport:
    """In the place of a Transport: answers what a test has written and knows nothing of a portal by itself. A portal
    that holds records is the demo portal in memory (``tests.memory.Scene``).

    ``answers``: method → body or handler. ``faults``: (method, nth call from 1) → status and body, or a Failure.
    ``seen`` keeps the calls.
    """

    answers: dict[str, dict[str, Any] | Handler] = field(default_factory=dict)
    faults: dict[tuple[str, int], tuple[int, Any] | Failure] = field(default_factory=dict)
    seen: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    tokens_seen: list[AccessToken] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(
        self,
        token: AccessToken,
        method: str,
        params: Mapping[str, Any],
        watch: Callable[[], None] | None = None,
    ) -> Exchange:
        with self._lock:
            self.counts[method] += 1
            nth = self.counts[method]
            self.seen.append((method, params))
            self.tokens_seen.append(token)
        fault = self.faults.get((method, nth))
        if isinstance(fault, Failure):
            return Exchange(method, None, failure=fault, request_id=f"{method}-{nth}")
        status, body = fault or (200, self._body(method, params))
        return Exchange(method, status, body=body, request_id=f"{method}-{nth}")

    def close(self) -> None:
        """Nothing to close."""

    def asked(self, method: str) -> list[Mapping[str, Any]]:
        """Parameters of the calls of one method, in order."""
        return [params for name, params in self.seen if name == method]

    def _body(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.answers[method]
        return answer(params) if callable(answer) else answer


@dataclass
class Surroundings:
    """A client and all that surrounds it."""

    portal: Any = field(default_factory=ScriptedTransport)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    tokens: Any = field(default_factory=FakeTokens)
    bucket: FakeBucket = field(default_factory=FakeBucket)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    jitter: Callable[[], float] = lambda: 0.5
    stop: FakeStop = field(init=False)
    client: Bitrix24Client = field(init=False)

    def __post_init__(self) -> None:
        self.stop = FakeStop(self.clock)
        self.client = Bitrix24Client(
            transport=self.portal,
            tokens=self.tokens,
            bucket=self.bucket,
            stop=self.stop,
            observer=self.observer,
            clock=self.clock,
            jitter=lambda: self.jitter(),  # noqa: PLW0108 # a test may replace it later
        )

    @property
    def reasons(self) -> list[str]:
        """Why it was waited, in order."""
        return [wait.reason for wait in self.observer.waits]

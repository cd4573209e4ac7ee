"""How long and how many web requests wait for others: for portals, and for the authorization server.

A thread of the web server waits with its request, so both are bounded: pages that need nobody are always answered.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from bitrix_app.errors import AuthorizationServerUnavailableError, PortalBusyError

INTERACTIVE_SECONDS = 8.0
RETRY_SECONDS = 3
LONGEST_RETRY_SECONDS = 60
SPARE_THREADS = 8
"""Threads of the web server that never wait for anybody."""


@dataclass(frozen=True, slots=True)
class Places:
    """How many requests of a process may wait at once: ``portals`` for portals, ``callers`` for the authorization
    server. All but SPARE_THREADS of the web server's threads, two thirds of them for openings: a whole office opens
    the app at nine o'clock."""

    portals: int
    callers: int

    @classmethod
    def of(cls, web_threads: int) -> Places:
        """The places that so many threads leave."""
        waiting = web_threads - SPARE_THREADS
        return cls(waiting // 3, waiting - waiting // 3)


class Deadline:
    """The total time that one web request may wait for others. A StopSignal.

    Time is up: PortalBusyError. A wait that would not end in time is not begun.
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
        self._begun = clock()
        self._usual = self._seconds = seconds

    def remaining(self) -> float:
        """Seconds until the end, 0.0 after it."""
        return max(0.0, self._begun + self._seconds - self._clock())

    def lengthen(self, times: int) -> None:
        """For a request that is known to need more: its time is so many times the usual, from its beginning."""
        self._seconds = max(self._seconds, self._usual * times)

    def end(self) -> None:
        """From now on the time is up, whatever it was."""
        self._usual = self._seconds = 0.0

    def check(self) -> None:
        """Raises when the time is up."""
        if not self.remaining():
            raise PortalBusyError

    def wait(self, seconds: float) -> None:
        """Sleeps, or raises at once when the sleep would go past the end."""
        if seconds >= self.remaining():
            raise PortalBusyError(retry_after=retry_after(seconds))
        self._sleep(seconds)


def retry_after(seconds: float) -> int:
    """When to come again who would have had to wait so long."""
    return max(1, min(LONGEST_RETRY_SECONDS, round(seconds)))


_of_request: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def begin_request(seconds: float = INTERACTIVE_SECONDS) -> None:
    """From here to ``end_request`` everything that this thread waits for shares the time of one web request."""
    begin_work(Deadline(seconds))


def begin_work(deadline: Deadline) -> None:
    """The same for a thread that answers no request."""
    _of_request.set(deadline)


def end_request() -> None:
    """The request is answered; harmless when none was begun."""
    _of_request.set(None)


def request_deadline() -> Deadline:
    """The deadline of the request that is being answered; outside of one, a new deadline."""
    return _of_request.get() or Deadline()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """For something that the request can do without: what is waited for in here has only so much of its time."""
    whole = _of_request.set(Deadline(min(seconds, request_deadline().remaining())))
    try:
        yield
    finally:
        _of_request.reset(whole)


class Bulkhead:
    """Counts the web requests that talk to portals: ``per_portal`` at once, ``waiting`` more may wait for a place.

    One instance a process. ``total``: all portals together, waiting ones included. Nobody takes more places than are
    left for others, and the last ``newcomers`` are for portals with nobody present: a few slow portals never take all.
    """

    def __init__(self, *, per_portal: int = 4, waiting: int = 12, newcomers: int = 6, total: int) -> None:
        self._newcomers = newcomers
        self._per_portal = per_portal
        self._waiting = waiting
        self._total = total
        self._present: Counter[str] = Counter()
        self._calling: Counter[str] = Counter()
        self._change = threading.Condition()

    @contextmanager
    def enter(self, member_id: str, patience: float) -> Iterator[None]:
        """A place for one request to the portal ``member_id``; ``patience``: seconds to wait for it.

        Raises PortalBusyError: at once when too many wait already, after ``patience`` when no place came free.
        """
        with self._change:
            if self._present[member_id] >= self._most(member_id):
                raise PortalBusyError(retry_after=RETRY_SECONDS)
            self._present[member_id] += 1
        try:
            with self._place(member_id, patience):
                yield
        finally:
            with self._change:
                _take_one(self._present, member_id)

    def _most(self, member_id: str) -> int:
        """So many requests to this portal may be present now."""
        left = self._total - self._present.total()
        if left <= self._newcomers and self._present[member_id]:
            return 0
        return min(self._per_portal + self._waiting, left)

    @contextmanager
    def _place(self, member_id: str, patience: float) -> Iterator[None]:
        with self._change:
            if not self._change.wait_for(lambda: self._calling[member_id] < self._per_portal, patience):
                raise PortalBusyError(retry_after=RETRY_SECONDS)
            self._calling[member_id] += 1
        try:
            yield
        finally:
            with self._change:
                _take_one(self._calling, member_id)
                self._change.notify_all()


def _take_one(counter: Counter[str], member_id: str) -> None:
    """One less; a portal that nobody calls is not remembered."""
    counter[member_id] -= 1
    if not counter[member_id]:
        del counter[member_id]


@dataclass(eq=False, slots=True)
class _Waiting:
    """A request in the queue: ``decided`` is set when it is ``admitted``, or has lost its place to another network."""

    decided: threading.Event = field(default_factory=threading.Event)
    admitted: bool = False


class FairQueue:
    """The queue before one server: round robin by network, so that a crowd from one network holds up no other.

    ``at_once`` requests are inside; ``places`` are inside and waiting together. When all are taken, the longest
    network gives its newest place to a shorter one (longest queue drop). One instance a process.
    """

    def __init__(self, *, at_once: int, places: int) -> None:
        self._at_once = min(at_once, places)
        self._places = places
        self._inside = 0
        self._queues: OrderedDict[str, deque[_Waiting]] = OrderedDict()  # the next network's turn first
        self._lock = threading.Lock()

    @contextmanager
    def enter(self, network: str, patience: float) -> Iterator[None]:
        """A turn for one request of ``network``; ``patience``: seconds to wait for it.

        Raises AuthorizationServerUnavailableError: at once when all places are taken by networks that have no more
        than this one; later when the patience is at its end, or the place went to a network with fewer.
        """
        request = _Waiting()
        with self._lock:
            self._join(network, request)
        request.decided.wait(patience)
        with self._lock:
            if not request.admitted:
                self._leave(network, request)
                raise AuthorizationServerUnavailableError("too many requests wait for the authorization server")
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                self._admit()

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        with self._lock:
            return self._in_queues()

    def _join(self, network: str, request: _Waiting) -> None:
        if self._inside + self._in_queues() >= self._places:
            self._make_room(len(self._queues.get(network, ())))
        self._queues.setdefault(network, deque()).append(request)
        self._admit()

    def _make_room(self, own: int) -> None:
        longest = max(self._queues, key=lambda each: len(self._queues[each]), default="")
        if len(self._queues.get(longest, ())) <= own + 1:
            raise AuthorizationServerUnavailableError("too many requests wait for the authorization server")
        self._queues[longest].pop().decided.set()

    def _leave(self, network: str, request: _Waiting) -> None:
        """Out of the queue, if it still stands there; a network that nobody waits from is not remembered."""
        queue = self._queues.get(network, deque())
        if request in queue:
            queue.remove(request)
            if not queue:
                del self._queues[network]

    def _admit(self) -> None:
        while self._queues and self._inside < self._at_once:
            network, queue = next(iter(self._queues.items()))
            request = queue.popleft()
            if queue:
                self._queues.move_to_end(network)
            else:
                del self._queues[network]
            self._inside += 1
            request.admitted = True
            request.decided.set()

    def _in_queues(self) -> int:
        return sum(map(len, self._queues.values()))

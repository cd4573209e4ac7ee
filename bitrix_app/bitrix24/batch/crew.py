"""The crew: tasks that run at the same time, and the moment when their questions are sent together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any, ParamSpec, TypeVar

from bitrix_app.bitrix24.batch.commands import MOST_COMMANDS
from bitrix_app.bitrix24.questions import Question
from bitrix_app.bitrix24.transport import Exchange
from bitrix_app.bitrix24.types import AccessToken, StopSignal
from bitrix_app.errors import AppError

P = ParamSpec("P")
T = TypeVar("T")
Q = TypeVar("Q")

IN_FLIGHT = 4
THREADS = 128
WORTH_A_REQUEST, WORTH_ONE_AT_FIRST, AT_FIRST = 40, 30, 12
"""Commands that are spread over further requests in flight rather than left to follow one another; sooner as long as
the portal's credit has hardly been touched, for then time is dearer than requests."""
MOST_OF = 0.6
"""Of the commands of a request: so many leave before a change of method, the rest goes in the next request."""
GRACE_SECONDS = 0.1
"""So long after the last one that came, what has gathered waits no longer for tasks that are busy otherwise."""
CHECK_SECONDS = 0.25


@dataclass(slots=True, eq=False)
class Asked:
    """A question on its way, and what comes of it: an exchange, sent with ``token``, the error of the whole, or neither
    where it shall go alone."""

    question: Question[Any]
    command: str
    token: AccessToken | None = None
    exchange: Exchange | None = None
    error: AppError | None = None
    is_sent: bool = False
    done: threading.Event = field(default_factory=threading.Event)


class Crew:
    """The tasks of one piece of work, whose questions go together.

    Whoever opens it is one of them while waiting for the others. Questions are sent when every task waits, a few
    requests at once; in any case when nothing more comes for ``GRACE_SECONDS``.
    """

    threads = (THREADS, THREADS)

    def __init__(self, send: Callable[[list[Asked]], None], size: Callable[[Sequence[Asked]], int], stop: StopSignal):
        self._send = send
        self._size = size
        self._stop = stop
        self._lock = threading.RLock()
        self._tasks: Counter[ThreadPoolExecutor] = Counter()
        self._waited_for: set[Future[Any]] = set()
        self._blocked = 0
        self._closed = False
        self._open: set[Asked] = set()
        self._gathered: list[Asked] = []
        self._arrivals = 0
        self._asleep = threading.local()
        self._flying = self._sent = 0
        self._helpers = ThreadPoolExecutor(THREADS, thread_name_prefix="portal-task")
        self._senders = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="portal-batch")

    def start(self, pool: ThreadPoolExecutor, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Starts a task in a pool of ``threads`` threads."""
        with self._lock:
            future = pool.submit(call, *args, **kwargs)
            self._tasks[pool] += 1
        future.add_done_callback(lambda done: self._ended(pool, done))
        return future

    @contextmanager
    def waits(self, future: Future[Any]) -> Iterator[None]:
        """While its caller does nothing but wait for a task."""
        with self._lock:
            if not future.done():
                self._waited_for.add(future)
                self._blocked += 1
            self._flush_if_idle()
        try:
            yield
        finally:
            with self._lock:
                self._freed(future)

    def run(self, ask: Callable[[Q], T], questions: Iterable[Q], /) -> list[T]:
        """Asks several questions at once. → the answers, in their order."""
        return [self._result(each) for each in [self.start(self._helpers, ask, each) for each in questions]]

    def ask(self, asked: Asked) -> None:
        """Sends a question with the others and waits for what comes of it. Raises what the stop raises, and
        CancelledError where the crew is closed, for then nobody sends it."""
        with self._lock:
            if self._closed:
                raise CancelledError
            self._open.add(asked)
            self._gathered.append(asked)
            self._arrivals += 1
            arrivals = self._arrivals
            self._blocked += 1
            self._flush_if_idle()
        try:
            while not asked.done.wait(CHECK_SECONDS if asked.is_sent else GRACE_SECONDS):
                self._stop.check()
                with self._lock:
                    if arrivals == self._arrivals and not asked.is_sent:
                        self._flush()
                    arrivals = self._arrivals
        finally:
            with self._lock:
                self._open.discard(asked)
                if not asked.done.is_set():
                    self._blocked -= 1
                    asked.done.set()
        if self._closed:
            raise CancelledError

    @contextmanager
    def sleeps(self) -> Iterator[None]:
        """While a task waits for time to pass: the others do not wait for it."""
        if getattr(self._asleep, "now", False):  # a call of its own that waits for a place
            yield
            return
        self._asleep.now = True
        with self._lock:
            self._blocked += 1
            self._flush_if_idle()
        try:
            yield
        finally:
            self._asleep.now = False
            with self._lock:
                self._blocked -= 1

    def close(self) -> None:
        """Starts nothing more and wakes the tasks that wait: their work has ended without them."""
        with self._lock:
            self._closed = True
            self._gathered.clear()
            for asked in self._open:
                asked.done.set()
        for pool in (self._helpers, self._senders):
            pool.shutdown(wait=False, cancel_futures=True)

    def _result(self, future: Future[T]) -> T:
        with self.waits(future):
            while not future.done():
                self._stop.check()
                wait([future], timeout=CHECK_SECONDS)
        return future.result()

    def _ended(self, pool: ThreadPoolExecutor, future: Future[Any]) -> None:
        with self._lock:
            self._tasks[pool] -= 1
            self._freed(future)
            self._flush_if_idle()

    def _freed(self, future: Future[Any]) -> None:
        if future in self._waited_for:
            self._waited_for.remove(future)
            self._blocked -= 1

    def _flush_if_idle(self) -> None:
        """Sends what has gathered when nobody could add to it: all tasks that have a thread wait, and the opener."""
        running = 1 + sum(min(count, THREADS) for count in self._tasks.values())
        if self._blocked >= running:
            self._flush()

    def _flush(self) -> None:
        self._gathered = _rarest_first(self._gathered)
        while self._gathered and self._flying < IN_FLIGHT and not self._closed:
            free = IN_FLIGHT - self._flying
            waiting = len(self._gathered)
            worth = WORTH_ONE_AT_FIRST if self._sent < AT_FIRST else WORTH_A_REQUEST
            requests = min(free, max(ceil(waiting / MOST_COMMANDS), waiting // worth))
            even = _up_to_a_change(self._gathered[: min(ceil(waiting / requests), MOST_COMMANDS)])
            chunk = self._gathered[: max(1, self._size(even))]
            del self._gathered[: len(chunk)]
            for asked in chunk:
                asked.is_sent = True
            self._flying += 1
            self._sent += 1
            self._senders.submit(self._carry, chunk)

    def _carry(self, chunk: list[Asked]) -> None:
        try:
            self._send(chunk)
        except AppError as error:
            for asked in chunk:
                asked.error = asked.error or error
        finally:
            with self._lock:
                self._flying -= 1
                for asked in chunk:
                    if not asked.done.is_set():
                        asked.done.set()
                        self._blocked -= 1
                self._flush_if_idle()


def _rarest_first(gathered: list[Asked]) -> list[Asked]:
    """The questions of each method together, those first that are few: more often than of the many is it from them that
    further questions follow, which then go while the many are still answered."""
    times = Counter(each.question.method for each in gathered)
    return sorted(gathered, key=lambda each: (times[each.question.method], each.question.method))


def _up_to_a_change(commands: list[Asked]) -> list[Asked]:
    """As many as are of the methods before the last one, where that leaves most of them."""
    last = commands[-1].question.method
    before = [each for each in commands if each.question.method != last]
    return before if len(before) > MOST_OF * len(commands) else commands

"""What the threads of one running report share: the stop signal, the calls in flight, the progress."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar

from bitrix_app.errors import AppError, LeaseLostError, ReportCancelledError, ReportError
from bitrix_app.reports.protocols import Crew
from bitrix_app.texts import language, speak

P = ParamSpec("P")
T = TypeVar("T")
Q = TypeVar("Q")

STEPS_AT_ONCE = 2
CHECK_SECONDS = 0.25
STAGES = ("invoices", "requisites", "products", "workbook")


class ShutdownError(LeaseLostError):
    """The worker is going down: the report goes back into the queue. Stop at once and touch nothing."""

    code = "shutdown"


class StopSignal:
    """Whether a running report must stop, and why: only the first reason counts. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._reason: type[AppError] | None = None
        self._aborted = False

    @property
    def reason(self) -> type[AppError] | None:
        """Why the report must stop; None while it may go on, and after ``abort``."""
        return self._reason

    def check(self) -> None:
        """Raises ReportCancelledError, LeaseLostError, ShutdownError or a ReportError when the report must stop."""
        if self._reason is not None:
            raise self._reason
        if self._aborted:
            raise ReportCancelledError("the report has failed in another thread")

    def wait(self, seconds: float) -> None:
        """Sleeps; wakes early and raises as ``check`` does."""
        self._stopped.wait(max(0.0, seconds))
        self.check()

    def abort(self) -> None:
        """The report has failed in one of its threads: ``check`` and ``wait`` end the others."""
        self._aborted = True
        self._stopped.set()

    def cancel(self) -> None:
        """The user cancelled the report."""
        self._stop(ReportCancelledError)

    def lose(self) -> None:
        """The lease is lost: another worker may have the report."""
        self._stop(LeaseLostError)

    def shut_down(self) -> None:
        """This worker is going down."""
        self._stop(ShutdownError)

    def fail(self, reason: type[ReportError]) -> None:
        """The report has used up what one report may: it fails with this reason."""
        self._stop(reason)

    def _stop(self, reason: type[AppError]) -> None:
        with self._lock:
            self._reason = self._reason or reason
        self._stopped.set()


class Calls:
    """The threads of one report: some for single calls, some for chains of calls that read a list to its end.

    Two pools, because a long chain must not keep the next page of invoices waiting. Leaving after an error stops
    every call that waits.
    """

    def __init__(self, stop: StopSignal, crew: Crew) -> None:
        self._stop = stop
        self._crew = crew
        look_ups, chains = crew.threads
        in_its_language: dict[str, Any] = {"initializer": speak, "initargs": (language(),)}
        self._look_ups = ThreadPoolExecutor(look_ups, thread_name_prefix="portal-call", **in_its_language)
        self._chains = ThreadPoolExecutor(chains, thread_name_prefix="portal-chain", **in_its_language)
        self._steps = ThreadPoolExecutor(STEPS_AT_ONCE, thread_name_prefix="portal-step", **in_its_language)

    def start(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Starts a single call."""
        return self._crew.start(self._look_ups, call, *args, **kwargs)

    def start_chain(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Starts something that makes many calls one after another."""
        return self._crew.start(self._chains, call, *args, **kwargs)

    def run(self, ask: Callable[[Q], T], questions: Iterable[Q], /) -> list[T]:
        """Asks several questions at once. → the answers, in their order."""
        asked = [self.start(ask, each) for each in questions]
        return [self.result(each) for each in asked]

    def at_once(self, *steps: Callable[[], None]) -> None:
        """Takes steps that ask several questions each at the same time: two at most."""
        for each in [self._crew.start(self._steps, step) for step in steps]:
            self.result(each)

    def result(self, future: Future[T]) -> T:
        """What the call returned or raised, or what the stop signal raises meanwhile."""
        with self._crew.waits(future):
            while not future.done():
                self._stop.check()
                wait([future], timeout=CHECK_SECONDS)
        return future.result()

    def __enter__(self) -> Calls:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stop.abort()
        for pool in (self._look_ups, self._chains, self._steps):
            pool.shutdown(wait=kind is None, cancel_futures=kind is not None)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the report waits for: ``reason`` is ``bucket``, ``query_limit``, ``operating_time`` or ``retry``."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the report is: ``done`` of ``total`` invoices in ``stage``."""

    stage: str
    done: int
    total: int
    waiting: Waiting | None = None


class ProgressSink(Protocol):
    """Takes the newest progress; must be quick and may drop what is outdated."""

    def update(self, progress: Progress) -> None: ...


class ProgressTracker:
    """Counts the invoices that have passed each stage, and reports the first stage that is unfinished.

    The stages overlap: requisites of earlier pages are read while later pages come in. Safe to use from several
    threads.
    """

    def __init__(self, sink: ProgressSink, *, detailed: bool) -> None:
        self._sink = sink
        self._stages = tuple(stage for stage in STAGES if detailed or stage != "products")
        self._done = dict.fromkeys(self._stages, 0)
        self._total = dict.fromkeys(self._stages, 0)
        self._read_through = False
        self._waiting: Waiting | None = None
        self._lock = threading.Lock()

    def expect(self, invoices: int) -> None:
        """The portal counted so many invoices."""
        with self._lock:
            self._total = dict.fromkeys(self._stages, invoices)
            self._tell()

    def advance(self, stage: str, invoices: int) -> None:
        """So many more invoices have passed ``stage``; stages that this report does not have are ignored."""
        with self._lock:
            if stage in self._done:
                self._done[stage] += invoices
                self._tell()

    def all_read(self) -> None:
        """The last invoice has been read: their true number is known now."""
        with self._lock:
            self._read_through = True
            self._total = dict.fromkeys(self._stages, self._done["invoices"])
            self._tell()

    def write(self, done: int, total: int) -> None:
        """``done`` of the ``total`` invoices that belong to the report are in the workbook."""
        with self._lock:
            self._done["workbook"], self._total["workbook"] = done, total
            self._tell()

    def wait(self, waiting: Waiting | None) -> None:
        """The portal made us wait, or (``None``) it goes on."""
        with self._lock:
            if waiting != self._waiting:
                self._waiting = waiting
                self._tell()

    def _tell(self) -> None:
        stage = next((each for each in self._stages if not self._is_done(each)), self._stages[-1])
        done = self._done[stage]
        self._sink.update(Progress(stage, done, max(self._total[stage], done), self._waiting))

    def _is_done(self, stage: str) -> bool:
        return self._read_through and self._done[stage] >= self._total[stage]

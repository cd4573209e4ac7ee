"""A few calls to the portal in flight at once, none of them outliving the report."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import ParamSpec, TypeVar

from bitrix_app.errors import ReportCancelledError
from bitrix_app.reports.protocols import StopSignal

P = ParamSpec("P")
T = TypeVar("T")

LOOK_UPS_IN_FLIGHT = 3
CHAINS_IN_FLIGHT = 2
GLANCE_SECONDS = 0.25


class AbortableStop:
    """The report's stop signal, with a second cause: the report itself has failed in another thread."""

    def __init__(self, stop: StopSignal) -> None:
        self._stop = stop
        self._aborted = threading.Event()

    def abort(self) -> None:
        """From now on ``check`` and ``wait`` raise ReportCancelledError in every thread of this report."""
        self._aborted.set()

    def check(self) -> None:
        """Raises what the report's stop signal raises, or ReportCancelledError after ``abort``."""
        self._stop.check()
        if self._aborted.is_set():
            raise ReportCancelledError("the report has failed in another thread")

    def wait(self, seconds: float) -> None:
        """Sleeps in slices, so that ``abort`` is noticed within a glance."""
        left = seconds
        while left > 0:
            self.check()
            self._stop.wait(min(left, GLANCE_SECONDS))
            left -= GLANCE_SECONDS
        self.check()


class Calls:
    """The threads of one report: some for single calls, some for chains of calls that read a list to its end.

    Two pools, because a long chain must not keep the next page of invoices waiting. Leaving after an error stops
    every call that waits.
    """

    def __init__(self, stop: AbortableStop) -> None:
        self._stop = stop
        self._look_ups = ThreadPoolExecutor(LOOK_UPS_IN_FLIGHT, thread_name_prefix="portal-call")
        self._chains = ThreadPoolExecutor(CHAINS_IN_FLIGHT, thread_name_prefix="portal-chain")

    def start(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Starts a single call."""
        return self._look_ups.submit(call, *args, **kwargs)

    def start_chain(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Starts something that makes many calls one after another."""
        return self._chains.submit(call, *args, **kwargs)

    def result(self, future: Future[T]) -> T:
        """What the call returned or raised, waited for with an eye on the stop signal."""
        while not future.done():
            self._stop.check()
            wait([future], timeout=GLANCE_SECONDS)
        return future.result()

    def __enter__(self) -> Calls:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stop.abort()
        for pool in (self._look_ups, self._chains):
            pool.shutdown(wait=kind is None, cancel_futures=kind is not None)

"""How a running report learns that it must stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bitrix_app.errors import AppError, LeaseLostError, ReportCancelledError
from bitrix_app.reports import StopSignal


class ShutdownError(LeaseLostError):
    """The worker is going down: the report goes back into the queue. Stop at once and touch nothing."""

    code = "shutdown"


class JobStop:
    """The stop signal of one attempt. Only the first reason counts. Safe to use from several threads."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._reason: type[AppError] | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def reason(self) -> type[AppError] | None:
        """Why the report must stop; None while it may go on."""
        return self._reason

    def check(self) -> None:
        """Raises ReportCancelledError, LeaseLostError or ShutdownError when the report must stop."""
        if self._reason is not None:
            raise self._reason

    def wait(self, seconds: float) -> None:
        """Sleeps; wakes early and raises as ``check`` does."""
        self._stopped.wait(max(0.0, seconds))
        self.check()

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called once, from another thread, when the report must stop (at once if it must already).

        For what a blocking call needs to end early: closing its connection. It must be quick and must not raise.
        """
        with self._lock:
            if self._reason is None:
                self._callbacks.append(callback)
                return
        callback()

    def cancel(self) -> None:
        """The user said stop."""
        self._stop(ReportCancelledError)

    def lose(self) -> None:
        """The lease is lost: another worker may have the report."""
        self._stop(LeaseLostError)

    def shut_down(self) -> None:
        """This worker is going down."""
        self._stop(ShutdownError)

    def _stop(self, reason: type[AppError]) -> None:
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            callbacks, self._callbacks = self._callbacks, []
        self._stopped.set()
        for callback in callbacks:
            callback()


class GivingWay:
    """A report's stop signal that also holds the report back where others come first.

    ``give_way`` waits for a moment while they are busy, and must not raise; it is called at each ``check``.
    """

    def __init__(self, stop: StopSignal, give_way: Callable[[], None]) -> None:
        self._stop = stop
        self._give_way = give_way

    def check(self) -> None:
        """Lets others go first, then raises what the report's stop signal raises."""
        self._give_way()
        self._stop.check()

    def wait(self, seconds: float) -> None:
        """Sleeps; wakes early and raises as ``check`` does."""
        self._stop.wait(seconds)

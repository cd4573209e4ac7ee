"""The stop signal of a report."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bitrix_app.errors import AppError, LeaseLostError, ReportCancelledError
from bitrix_app.reports import ShutdownError, StopSignal

REASONS: list[tuple[Callable[[StopSignal], None], type[AppError]]] = [
    (StopSignal.cancel, ReportCancelledError),
    (StopSignal.lose, LeaseLostError),
    (StopSignal.shut_down, ShutdownError),
]


def test_while_nothing_has_happened_the_report_goes_on() -> None:
    stop = StopSignal()
    stop.check()
    stop.wait(0)
    stop.wait(-1)
    assert stop.reason is None


@pytest.mark.parametrize(("happen", "error"), REASONS)
def test_what_happened_is_raised_by_check_and_wait(happen: Callable[[StopSignal], None], error: type[AppError]) -> None:
    stop = StopSignal()
    happen(stop)
    for look in (stop.check, lambda: stop.wait(60)):
        with pytest.raises(error) as caught:
            look()
        assert caught.type is error


def test_a_sleeping_report_wakes_at_once() -> None:
    stop, woken = StopSignal(), threading.Event()

    def sleep() -> None:
        with pytest.raises(ReportCancelledError):
            stop.wait(3600)
        woken.set()

    threading.Thread(target=sleep, daemon=True).start()
    stop.cancel()
    assert woken.wait(60)


def test_only_the_first_reason_counts() -> None:
    stop = StopSignal()
    stop.cancel()
    stop.shut_down()
    assert stop.reason is ReportCancelledError


def test_a_report_that_failed_in_one_thread_stops_in_the_others_but_was_not_told_to() -> None:
    stop = StopSignal()
    stop.abort()
    for look in (stop.check, lambda: stop.wait(60)):
        with pytest.raises(ReportCancelledError):
            look()
    assert stop.reason is None


def test_what_a_failed_report_is_told_counts_more_than_its_failure() -> None:
    stop = StopSignal()
    stop.abort()
    stop.shut_down()
    with pytest.raises(ShutdownError):
        stop.check()

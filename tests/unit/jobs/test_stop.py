"""The stop signal of an attempt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from bitrix_app.errors import AppError, LeaseLostError, ReportCancelledError
from bitrix_app.jobs import JobStop, ShutdownError
from bitrix_app.jobs.stop import GivingWay

REASONS: list[tuple[Callable[[JobStop], None], type[AppError]]] = [
    (JobStop.cancel, ReportCancelledError),
    (JobStop.lose, LeaseLostError),
    (JobStop.shut_down, ShutdownError),
]


def test_while_nothing_has_happened_the_report_goes_on() -> None:
    stop = JobStop()
    stop.check()
    stop.wait(0)
    stop.wait(-1)
    assert stop.reason is None


@pytest.mark.parametrize(("happen", "error"), REASONS)
def test_what_happened_is_raised_by_check_and_wait(happen: Callable[[JobStop], None], error: type[AppError]) -> None:
    stop = JobStop()
    happen(stop)
    for look in (stop.check, lambda: stop.wait(60)):
        with pytest.raises(error) as caught:
            look()
        assert caught.type is error


def test_a_sleeping_report_wakes_at_once() -> None:
    stop, woken = JobStop(), []
    began = time.monotonic()

    def sleep() -> None:
        with pytest.raises(ReportCancelledError):
            stop.wait(60)
        woken.append(time.monotonic() - began)

    thread = threading.Thread(target=sleep)
    thread.start()
    stop.cancel()
    thread.join(10)
    assert woken[0] < 10


def test_only_the_first_reason_counts() -> None:
    stop = JobStop()
    stop.cancel()
    stop.shut_down()
    assert stop.reason is ReportCancelledError


def test_whoever_blocks_is_told_once() -> None:
    stop, told = JobStop(), []
    stop.on_stop(lambda: told.append("closed"))
    assert told == []
    stop.cancel()
    stop.cancel()
    assert told == ["closed"]


def test_whoever_comes_too_late_is_told_at_once() -> None:
    stop, told = JobStop(), []
    stop.cancel()
    stop.on_stop(lambda: told.append("closed"))
    assert told == ["closed"]


def test_a_report_that_gives_way_still_stops() -> None:
    """At each look others go first, then the signal counts; a sleep is as long as it was."""
    stop, gave_way = JobStop(), []
    giving = GivingWay(stop, lambda: gave_way.append("after you"))
    giving.check()
    assert gave_way == ["after you"]
    stop.cancel()
    for look in (giving.check, lambda: giving.wait(60)):
        with pytest.raises(ReportCancelledError):
            look()

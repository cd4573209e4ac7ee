"""The threads of one report."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from bitrix_app.errors import PaymentRequiredError
from bitrix_app.reports.running import Calls, StopSignal
from bitrix_app.texts import language, speaking
from tests.memory import Scene


def test_after_an_error_nobody_waits_for_calls_under_way(scene: Scene) -> None:
    """One call that the portal holds must not hold the report's end; what has not begun is not begun."""
    held = threading.Event()
    started: list[Future[bool]] = []

    def report() -> None:
        with scene.client.together() as crew, Calls(StopSignal(), crew) as calls:
            started.extend(calls.start_chain(held.wait, 30) for _ in range(crew.threads[1] + 1))
            raise PaymentRequiredError("crm.item.list")

    with pytest.raises(PaymentRequiredError):
        report()
    *under_way, waiting = started
    assert waiting.cancelled()
    assert not any(each.done() for each in under_way)
    held.set()


def test_the_threads_of_a_report_speak_its_language(scene: Scene) -> None:
    with speaking("en"), scene.client.together() as crew, Calls(StopSignal(), crew) as calls:
        assert calls.result(calls.start(language)) == "en"
        assert calls.result(calls.start_chain(language)) == "en"
    with scene.client.together() as crew, Calls(StopSignal(), crew) as calls:
        assert calls.result(calls.start(language)) == "ru"

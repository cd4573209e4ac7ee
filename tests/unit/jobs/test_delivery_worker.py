"""The threads that deliver: woken they look at once, stopped they end."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from bitrix_app.jobs import DeliveryWorker
from bitrix_app.jobs.delivery.worker import THREADS
from bitrix_app.storage import Deliveries, DeliveryLease


class NothingDue:
    """Deliveries of which none is due; ``looks`` counts who looked."""

    def __init__(self) -> None:
        self.looks = threading.Semaphore(0)

    def claim(self, seconds: float) -> DeliveryLease | None:
        self.looks.release()
        return None


def test_every_thread_looks_at_once_when_it_is_woken_and_ends_when_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever time is left until it would look by itself."""
    monkeypatch.setattr("bitrix_app.jobs.delivery.worker.POLL_SECONDS", 3600.0)
    deliveries = NothingDue()
    worker = DeliveryWorker(cast("Deliveries", deliveries), lambda _lease, _stop: "done")
    worker.start()
    for _ in range(2):
        for _ in range(THREADS):
            assert deliveries.looks.acquire(timeout=30)
        worker.wake()
    worker.stop()
    assert [each for each in worker._threads if each.is_alive()] == []

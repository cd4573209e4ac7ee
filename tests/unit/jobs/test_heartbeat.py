"""Progress between the report and its row."""

from __future__ import annotations

from datetime import UTC, datetime

from bitrix_app.jobs.heartbeat import LatestProgress
from bitrix_app.reports import Progress, Waiting
from bitrix_app.storage import Progress as StoredProgress


def test_only_the_newest_progress_is_written_and_only_once() -> None:
    latest = LatestProgress()
    assert latest.take() is None
    for done in range(3):
        latest.update(Progress("invoices", done, 480))
    assert latest.take() == StoredProgress("invoices", 2, 480)
    assert latest.take() is None


def test_what_the_portal_makes_us_wait_for_is_written_with_its_end() -> None:
    latest = LatestProgress()
    latest.update(Progress("invoices", 1, 2, Waiting("operating_time", datetime(2026, 1, 1, 14, 32, tzinfo=UTC))))
    written = latest.take()
    assert written is not None
    assert written.waiting == {"reason": "operating_time", "until": "2026-01-01T14:32:00+00:00"}

"""Progress between the report and its row."""

from __future__ import annotations

from bitrix_app.jobs.heartbeat import LatestProgress
from bitrix_app.reports import Progress


def test_only_the_newest_progress_is_written_and_only_once() -> None:
    latest = LatestProgress()
    assert latest.take() is None
    for done in range(3):
        latest.update(Progress("invoices", done, 480))
    assert latest.take() == Progress("invoices", 2, 480)
    assert latest.take() is None

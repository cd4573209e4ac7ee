"""Twenty reports on four portals by two workers: every portal within its bucket, every report right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bitrix_app.jobs import Timing, Worker
from bitrix_app.storage import ReportLeases
from demo_portal.data import scaled
from tests.integration.workshop import FastClock, NobodyListens, Process, Workshop, open_workshop
from tests.live import until

PORTALS = 4
REPORTS_OF_PORTAL = 5
INVOICES = 200
SPEED = 4.0
TIMING = Timing(lease=600 * SPEED, beat=0.2, poll=0.05)


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Workshop]:
    """A workshop on a clock that runs faster, with the portals' and our real figures: 50 and 45, 2 a second."""
    with open_workshop(tmp_path, database_url, FastClock(SPEED)) as shop:
        yield shop


def a_worker(shop: Workshop, process: Process) -> Worker:
    return Worker(
        leases=ReportLeases(process.database),
        files=shop.files,
        run_report=process.run,
        work_folder=shop.folder / "work",
        observer=NobodyListens(),
        concurrency=2,
        timing=TIMING,
    )


def test_twenty_reports_on_four_portals_by_two_workers(shop: Workshop) -> None:
    """No portal refuses a single call by its own count, and each report has each of its invoices once."""
    portals = [shop.portal() for _ in range(PORTALS)]
    made = [
        scaled.fill(portal.crm, invoices=INVOICES, rows=2, first=date(2026, 1, 1), days=90, seed=seed)
        for seed, portal in enumerate(portals)
    ]
    processes = [shop.process(), shop.process()]
    queued = [(nth, shop.queue(processes[0], portals[nth])) for nth in range(PORTALS) for _ in range(REPORTS_OF_PORTAL)]
    workers = [a_worker(shop, process) for process in processes]
    for worker in workers:
        worker.start()
    try:
        until(lambda: all(not shop.record_of(report).open for _, report in queued), 300)
    finally:
        for worker in workers:
            worker.stop()
    for portal in portals:
        assert (portal.bucket.rejected, dict(portal.calls.errors)) == (0, {})
        assert len(portal.calls) > 45, "the bucket was never empty: nothing was seen"
    names = {shop.record_of(report).id: shop.ended(processes[0], report) for _, report in queued}
    for nth, report in queued:
        ended = names[report.id]
        assert sorted(map(int, ended.numbers)) == list(range(1, INVOICES + 1))
        assert (ended.rubles(), ended.rubles("vat")) == (made[nth].amount, made[nth].vat)
    assert all(process.watch.calls for process in processes), "one worker did all of it"

"""Reports that are interrupted start again by themselves, and show nothing twice."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bitrix_app.jobs import Timing, Worker
from bitrix_app.reports import Progress
from bitrix_app.storage import Beat, Lease, ReportLeases
from demo_portal import Fault, Portal, a_row
from tests.integration.workshop import FastClock, NobodyListens, Process, Workshop, open_workshop
from tests.live import until

INVOICES = 120
SPEED = 5.0  # the leases too run by this clock
QUICK = Timing(lease=60.0, beat=0.1, poll=0.05, recover=0.05, finish=0.2, abandon=0.2)
ROWS = "crm.item.productrow.list"


class SilentLeases(ReportLeases):
    """The leases as a frozen worker keeps them: it does not say that it lives."""

    def beat(self, lease: Lease, progress: Progress | None = None) -> Beat:
        return Beat(cancelled=False)


class FrozenLeases(SilentLeases):
    """And it takes up nothing more, once it has a report."""

    _has_one = False

    def claim(self, worker: str, lease_seconds: float) -> Lease | None:
        lease = None if self._has_one else super().claim(worker, lease_seconds)
        self._has_one = self._has_one or lease is not None
        return lease


@pytest.fixture
def shop(tmp_path: Path, sqlite_template: Path) -> Iterator[Workshop]:
    shutil.copy(sqlite_template, tmp_path / "app.db")
    with open_workshop(tmp_path, f"sqlite:///{tmp_path}/app.db", FastClock(SPEED)) as shop:
        yield shop


@pytest.fixture
def portal(shop: Workshop) -> Portal:
    portal = shop.portal()
    for n in range(1, INVOICES + 1):
        portal.crm.add_invoice(number=str(n), date="2026-02-01", rows=[a_row(price=n)])
    return portal


def a_worker(shop: Workshop, process: Process, leases: type[ReportLeases] = ReportLeases) -> Worker:
    return Worker(
        leases=leases(process.database),
        files=shop.files,
        run_report=process.run,
        work_folder=shop.folder / "work",
        observer=NobodyListens(),
        timing=replace(QUICK, lease=2.5) if issubclass(leases, SilentLeases) else QUICK,
    )


def names(shop: Workshop) -> list[str]:
    """What lies in the file store."""
    return sorted(path.name for path in (shop.folder / "reports").glob("*"))


def check(shop: Workshop, portal: Portal, report: Any, attempts: int) -> None:
    """One finished report with its three files; every invoice once; its list shows it once."""
    visitor = shop.house.visitor(portal)
    shown = visitor.get("/reports")["items"]
    assert [(each["id"], each["status"]) for each in shown] == [(report.id, "done")]
    ended = shop.ended(shop.process(), report)
    assert ended.record.attempt == attempts
    assert sorted(map(int, ended.numbers)) == list(range(1, INVOICES + 1))
    assert sorted(int(row["Номер"]) for row in ended.sheet("Полный")) == list(range(1, INVOICES + 1))
    assert names(shop) == sorted(each.name for each in ended.record.files)
    assert names(shop) == [f"{report.id}.{attempts}.{kind}" for kind in ("csv", "rows", "xlsx")]
    until(lambda: not list((shop.folder / "work").iterdir()))


def test_a_frozen_workers_report_is_built_by_another_and_counts_once(shop: Workshop, portal: Portal) -> None:
    """The first worker hangs in a call and is not heard of; when it comes back, its result is thrown away."""
    portal.faults.at(2, Fault.hang(), method=ROWS)
    process = shop.process()
    report = shop.queue(process, portal)
    frozen, fresh = a_worker(shop, process, FrozenLeases), a_worker(shop, shop.process())
    frozen.start()
    until(lambda: portal.faults.fired)
    fresh.start()
    try:
        until(lambda: shop.record_of(report).status == "done")
        portal.faults.release()
        until(lambda: not any(each.name.startswith("job-") for each in threading.enumerate()))
    finally:
        frozen.stop()
        fresh.stop()
    check(shop, portal, report, attempts=2)


@pytest.mark.parametrize("method", ["crm.item.fields", "crm.requisite.link.list"])
def test_a_worker_that_goes_down_hands_its_report_to_the_next(shop: Workshop, portal: Portal, method: str) -> None:
    """A restart in any stage: the report goes back into the queue and is begun anew, not counted as a loss."""
    portal.faults.at(1, Fault.hang(), method=method)
    process = shop.process()
    report = shop.queue(process, portal)
    first, second = a_worker(shop, process), a_worker(shop, shop.process())
    first.start()
    until(lambda: portal.faults.fired)
    first.stop()
    until(lambda: shop.record_of(report).status == "queued")
    portal.faults.release()
    second.start()
    try:
        until(lambda: shop.record_of(report).status == "done")
    finally:
        second.stop()
    check(shop, portal, report, attempts=2)


def test_a_report_that_loses_its_workers_again_and_again_is_given_up(shop: Workshop, portal: Portal) -> None:
    """After the third loss the user is told, and the queue goes on with what comes next."""
    portal.faults.always(Fault.hang(), method=ROWS)
    process = shop.process()
    report = shop.queue(process, portal)
    frozen, healthy = a_worker(shop, process, SilentLeases), a_worker(shop, shop.process())
    frozen.start()
    until(lambda: shop.record_of(report).status == "failed")
    frozen.stop()
    portal.faults.clear()
    lost = shop.record_of(report)
    assert (lost.error_code, lost.attempt, names(shop)) == ("worker_lost", 3, [])
    following = shop.queue(process, portal)
    healthy.start()
    try:
        until(lambda: shop.record_of(following).status == "done")
    finally:
        healthy.stop()

"""Two worker processes over PostgreSQL and Redis: the database restarts under them, portals have their turns."""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bitrix_app.storage import ReportRecord
from demo_portal import Portal
from demo_portal.data import scaled
from tests.integration.crew import open_works
from tests.integration.house import House, Visitor
from tests.live import until
from tests.own_servers import own_postgres, own_redis

pytestmark = [pytest.mark.postgres, pytest.mark.redis]
COMPANIES = 4
LINKS = "crm.requisite.link.list"
LEASE = "SELECT lease_until FROM report WHERE id = '{}'"
QUARTER = ("2026-01-01", "2026-03-31")


@dataclass
class Client:
    """A portal, its accountant at the open page, and the reports that were started there."""

    house: House
    portal: Portal
    visitor: Visitor
    reports: list[tuple[tuple[str, str], str]]

    def start(self, period: tuple[str, str] = QUARTER, *, detailed: bool = True) -> str:
        """One more report over this period. → its id."""
        made = self.visitor.start(date_from=period[0], date_to=period[1], detailed=detailed)
        self.reports.append((period, made["id"]))
        return str(made["id"])

    def record(self, report_id: str) -> ReportRecord:
        """What we keep of a report."""
        record = self.house.services.web.portals.by_member_id(self.portal.member_id)
        assert record is not None
        found = self.house.services.web.reports.of(record.id, self.portal.accountant.id).get(report_id)
        assert found is not None
        return found

    def records(self) -> list[ReportRecord]:
        """All its reports."""
        return [self.record(report_id) for _, report_id in self.reports]

    def expect_right_reports(self) -> None:
        """Each report has each invoice of its period once, and the sums of the portal's own data."""
        for period, report_id in self.reports:
            record = self.record(report_id)
            assert record.status == "done", record
            due = [each for each in self.portal.crm.invoices if period[0] <= each["begindate"][:10] <= period[1]]
            assert due
            name = next(each.name for each in record.files if each.format == "csv")
            with self.house.services.web.files.open(name) as file:
                lines = csv.DictReader(io.StringIO(file.read().decode("utf-8-sig")), delimiter=";")
                assert Counter(line["Номер"] for line in lines) == Counter(each["accountNumber"] for each in due)
            assert record.summary is not None
            assert [(Decimal(each["amount"]), Decimal(each["vat"])) for each in record.summary["totals"]] == [
                (sum_of(due, "opportunity"), sum_of(due, "taxValue"))
            ]


def sum_of(invoices: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(each[name]) for each in invoices), Decimal(0))


def client_of(house: House, invoices: int, seed: int, *, enterprise: bool = False) -> Client:
    """A portal in which the app is installed and open, with invoices over the first quarter."""
    portal = house.portal(installed=False)
    if enterprise:
        portal.make_enterprise()
    assert house.post("/install", portal).status_code == 200
    visitor = house.visitor(portal)
    scaled.fill(portal.crm, invoices=invoices, rows=2, first=date(2026, 1, 1), days=90, seed=seed)
    return Client(house, portal, visitor, [])


@contextmanager
def held_at(portal: Portal, method: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The portal holds its first call of ``method``. → set when it has come, and what lets it go."""
    arrived, go = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        go.wait(60)

    portal.faults.before(1, hold, method=method)
    try:
        yield arrived, go
    finally:
        go.set()


def has_asked_for_names(portal: Portal) -> bool:
    """Whether all that is asked beside the links has been: a report that waits for them leaves the database alone."""
    kinds = {call.params.get("entityTypeId") for call in portal.calls.of("crm.item.list")}
    return COMPANIES in kinds and portal.calls.by_method["user.get"] > 0


def ended(clients: list[Client]) -> bool:
    """Whether no report of these clients waits or runs; one look at the database."""
    [[still_open]] = clients[0].house.select("SELECT count(*) FROM report WHERE status IN ('queued', 'running')")
    return still_open == 0


def test_postgresql_restarts_while_two_workers_build_reports(tmp_path: Path) -> None:
    """One report meets the database while it is away and is begun anew; one hears of it by its heartbeat alone and
    goes on; both end, once, and both workers take up more."""
    with (
        own_postgres() as postgres,
        own_redis(tmp_path) as redis,
        open_works(tmp_path, postgres.address, redis.url) as (house, crew),
    ):
        unlucky, lucky = clients = [client_of(house, 30, seed) for seed in range(2)]
        with held_at(unlucky.portal, LINKS) as (first, go_on), held_at(lucky.portal, LINKS) as (second, go_late):
            lost, kept = unlucky.start(detailed=False), lucky.start(detailed=False)
            workers = [crew.hire(), crew.hire()]
            assert first.wait(60)
            assert second.wait(60)
            until(lambda: all(has_asked_for_names(each.portal) for each in clients))
            postgres.stop()
            go_on.set()
            until(lambda: crew.noted("database_away", lost))
            until(lambda: crew.noted("heartbeat_missed", kept))
            postgres.start()
            [[missed]] = house.select(LEASE.format(kept))
            until(lambda: house.select(LEASE.format(kept)) != [[missed]])
            go_late.set()
        until(lambda: ended(clients))
        assert (unlucky.record(lost).attempt, lucky.record(kept).attempt) == (2, 1)
        for each in clients:
            each.start(("2026-02-01", "2026-02-28"))
        until(lambda: ended(clients))
        for each in clients:
            each.expect_right_reports()
        assert stored_files(tmp_path) == files_of(clients)
        assert all(worker.events("report_ended") for worker in workers)
        assert crew.dismiss() == [0, 0]


def test_redis_dies_and_comes_back_under_two_workers(postgres_database: str, tmp_path: Path) -> None:
    """Reports that nobody could be woken for are built all the same, and workers stay."""
    with own_redis(tmp_path) as redis, open_works(tmp_path, postgres_database, redis.url) as (house, crew):
        clients = [client_of(house, 30, seed) for seed in range(2)]
        clients[0].start()
        workers = [crew.hire(), crew.hire()]
        until(lambda: ended(clients))
        redis.kill()
        for each in clients:
            each.start()
        until(lambda: ended(clients))
        redis.start()
        for each in clients:
            each.start()
        until(lambda: ended(clients))
        for each in clients:
            each.expect_right_reports()
        assert stored_files(tmp_path) == files_of(clients)
        assert all(worker.alive for worker in workers)
        assert crew.dismiss() == [0, 0]


PERIODS = [QUARTER, ("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-31")]
IMPATIENT = 14
"""Reports that one portal wants at once; nine others want four each: fifty."""
SLOTS = 4
"""Reports that the two workers build at once."""


def test_fifty_reports_over_ten_portals_by_two_worker_processes(postgres_database: str, tmp_path: Path) -> None:
    """Portals are served in turn, one that wants many reports holds up nobody, and every figure is the portal's."""
    with own_redis(tmp_path) as redis, open_works(tmp_path, postgres_database, redis.url) as (house, crew):
        greedy = client_of(house, 30, 0, enterprise=True)  # so that it can have its many reports quickly
        others = [client_of(house, 30, seed) for seed in range(1, 10)]
        clients = [greedy, *others]
        for nth in range(IMPATIENT):
            greedy.start(PERIODS[nth % len(PERIODS)])
        for each in others:
            for period in PERIODS:
                each.start(period)
        workers = [crew.hire(concurrency=SLOTS // 2), crew.hire(concurrency=SLOTS // 2)]
        until(lambda: ended(clients), 300)
        for each in clients:
            each.expect_right_reports()
        assert stored_files(tmp_path) == files_of(clients)
        assert_in_turn(clients)
        built = [len(worker.events("report_ended")) for worker in workers]
        assert sum(built) == 50
        assert min(built) > 10, "one worker did nearly all of it"
        assert [portal.bucket.rejected for portal in house.world.portals] == [0] * 10


def assert_in_turn(clients: list[Client]) -> None:
    """Each portal's first report began before any portal's second, but for portals that the others of the ``SLOTS``
    were taking up at that moment; while portals wait, none gets far ahead."""
    starts = sorted(
        (record.started_at, nth) for nth, each in enumerate(clients) for record in each.records() if record.started_at
    )
    assert {nth for _, nth in starts[: len(clients) + SLOTS - 1]} == set(range(len(clients)))
    served: Counter[int] = Counter()
    for _, nth in starts:
        waiting = [other for other, each in enumerate(clients) if served[other] < len(each.reports)]
        assert served[nth] - min(served[other] for other in waiting) <= 2
        served[nth] += 1


def files_of(clients: list[Client]) -> list[str]:
    """Names of the files that the reports' rows name."""
    return sorted(file.name for each in clients for record in each.records() for file in record.files)


def stored_files(folder: Path) -> list[str]:
    """Names of the files that lie in the store."""
    return sorted(each.name for each in (folder / "reports").iterdir())

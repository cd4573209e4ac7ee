"""Leases: who may work on which report, and what a worker that comes too late may still do (nothing)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from bitrix_app.errors import LeaseLostError
from bitrix_app.reports import Progress, Waiting
from bitrix_app.storage import (
    Cipher,
    Database,
    Lease,
    PortalRecord,
    ReportFile,
    ReportLeases,
    ReportRecord,
    Reports,
    file_name,
)
from bitrix_app.storage.tables import Report
from tests.seed import ALICE, BOB, install_portal, queue_report
from tests.unit.storage.processes import at_once, claim_all

SECONDS = 30


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def db(database_url: str, time: Time) -> Iterator[Database]:
    made = Database(database_url, clock=time)
    yield made
    made.close()


@pytest.fixture
def portal(db: Database, cipher: Cipher) -> PortalRecord:
    return install_portal(db, cipher)


@pytest.fixture
def leases(db: Database) -> ReportLeases:
    return ReportLeases(db)


def claim(leases: ReportLeases, worker: str = "w") -> Lease:
    lease = leases.claim(worker, SECONDS)
    assert lease is not None
    return lease


def stored(db: Database, report: ReportRecord) -> ReportRecord:
    record = Reports(db).of(report.portal_id, report.user_id).get(report.id)
    assert record is not None
    return record


# --- taking up ----------------------------------------------------------------------------------------------------


def test_a_claimed_report_runs_under_an_attempt_number(
    db: Database, leases: ReportLeases, portal: PortalRecord
) -> None:
    report = queue_report(db, portal)
    lease = claim(leases)
    assert (lease.report.id, lease.attempt, lease.report.status) == (report.id, 1, "running")
    assert stored(db, report).started_at is not None


def test_with_nothing_queued_there_is_nothing_to_claim(leases: ReportLeases, portal: PortalRecord) -> None:
    assert leases.claim("w", SECONDS) is None


def test_a_report_that_is_deleted_at_the_moment_of_the_claim_is_nobodys(
    db: Database, leases: ReportLeases, portal: PortalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal was seen to have a report waiting; by its turn there is none, and the worker looks on."""
    report, look = queue_report(db, portal), leases._portals_in_turn

    def delete_after_looking(*waits: Any) -> Sequence[int]:
        found = look(*waits)
        Reports(db).of(portal.id, ALICE).delete(report.id)
        return found

    monkeypatch.setattr(leases, "_portals_in_turn", delete_after_looking)
    assert leases.claim("w", SECONDS) is None


def test_one_report_of_a_portal_runs_at_a_time(
    db: Database, leases: ReportLeases, portal: PortalRecord, time: Time
) -> None:
    queue_report(db, portal, ALICE)
    time.pass_(1)
    queue_report(db, portal, BOB)
    first = claim(leases)
    assert leases.claim("w", SECONDS) is None
    leases.done(first, {}, [])
    assert claim(leases).report.user_id == BOB


def test_the_database_itself_forbids_two_running_reports_of_a_portal(db: Database, portal: PortalRecord) -> None:
    for _ in range(2):
        queue_report(db, portal)
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.execute(update(Report).values(status="running"))


def test_a_portals_reports_come_oldest_first(
    db: Database, leases: ReportLeases, portal: PortalRecord, time: Time
) -> None:
    made = []
    for _ in range(4):
        made.append(queue_report(db, portal).id)
        time.pass_(1)
    served = []
    for _ in made:
        lease = claim(leases)
        served.append(lease.report.id)
        leases.done(lease, {}, [])
    assert served == made


def test_a_hundred_reports_of_one_portal_do_not_hold_up_anothers_first(
    db: Database, cipher: Cipher, leases: ReportLeases, time: Time
) -> None:
    busy, quiet, late = (install_portal(db, cipher, name) for name in ("busy", "quiet", "late"))
    for _ in range(10):
        queue_report(db, busy)
        time.pass_(1)
    queue_report(db, quiet)
    served = []
    for turn in range(5):
        if turn == 2:
            queue_report(db, late)
        lease = claim(leases)
        served.append(lease.report.portal_id)
        leases.done(lease, {}, [])
        time.pass_(1)
    assert served == [busy.id, quiet.id, late.id, busy.id, busy.id]


def test_threads_never_get_the_same_report_or_two_of_one_portal(
    db: Database, cipher: Cipher, leases: ReportLeases
) -> None:
    for number in range(3):
        portal = install_portal(db, cipher, f"portal {number}")
        for _ in range(4):
            queue_report(db, portal)
    with ThreadPoolExecutor(8) as pool:
        claimed = [lease for lease in pool.map(lambda name: leases.claim(f"w{name}", SECONDS), range(24)) if lease]
    portals = [lease.report.portal_id for lease in claimed]
    assert len(portals) == len(set(portals))
    assert len({lease.report.id for lease in claimed}) == len(claimed) >= 1
    with db.reading() as session:
        running = session.scalars(select(Report.portal_id).where(Report.status == "running")).all()
    assert sorted(running) == sorted(portals)


def test_processes_that_empty_the_queue_together_serve_each_report_once(
    database_url: str, db: Database, cipher: Cipher
) -> None:
    made = set()
    for number in range(5):
        portal = install_portal(db, cipher, f"portal {number}")
        made |= {queue_report(db, portal).id for _ in range(6)}
    served = at_once(claim_all, (database_url, "a"), (database_url, "b"))
    assert sorted(served[0] + served[1]) == sorted(made)


# --- keeping ------------------------------------------------------------------------------------------------------


def test_a_beat_extends_the_lease_and_writes_the_progress(
    db: Database, leases: ReportLeases, portal: PortalRecord, time: Time
) -> None:
    report = queue_report(db, portal)
    lease = claim(leases)
    waiting = Waiting("operating_time", datetime(2026, 1, 1, 14, 32, tzinfo=UTC))
    for _ in range(3):
        time.pass_(SECONDS - 1)
        assert not leases.beat(lease, Progress("invoices", 50, 480, waiting)).cancelled
        assert leases.recover() == 0
    record = stored(db, report)
    assert (record.stage, record.done, record.total) == ("invoices", 50, 480)
    assert record.waiting == {"reason": "operating_time", "until": "2026-01-01T14:32:00+00:00"}


def test_a_beat_without_news_leaves_the_progress_alone(
    db: Database, leases: ReportLeases, portal: PortalRecord
) -> None:
    report = queue_report(db, portal)
    lease = claim(leases)
    leases.beat(lease, Progress("products", 1, 2))
    leases.beat(lease)
    assert stored(db, report).stage == "products"


def test_a_worker_hears_of_a_cancel_with_its_next_beat(
    db: Database, leases: ReportLeases, portal: PortalRecord
) -> None:
    report = queue_report(db, portal)
    lease = claim(leases)
    Reports(db).of(portal.id, ALICE).cancel(report.id)
    assert leases.beat(lease).cancelled
    leases.cancelled(lease)
    assert stored(db, report).status == "cancelled"


# --- ending -------------------------------------------------------------------------------------------------------


def test_a_failed_report_keeps_its_reason(db: Database, leases: ReportLeases, portal: PortalRecord) -> None:
    report = queue_report(db, portal)
    leases.failed(claim(leases), "access_denied", {"method": "crm.item.list"})
    record = stored(db, report)
    assert (record.status, record.error_code, record.error_params) == (
        "failed",
        "access_denied",
        {"method": "crm.item.list"},
    )


def test_a_report_that_was_handed_back_is_taken_up_again_and_nothing_is_counted(
    db: Database, leases: ReportLeases, portal: PortalRecord
) -> None:
    report = queue_report(db, portal)
    for attempt in range(1, 7):
        lease = claim(leases)
        assert lease.attempt == attempt
        leases.release(lease)
    assert stored(db, report).status == "queued"


LATE: dict[str, Callable[[ReportLeases, Lease], object]] = {
    "beat": lambda leases, lease: leases.beat(lease, Progress("invoices", 9, 9)),
    "done": lambda leases, lease: leases.done(lease, {}, [late_file(lease)]),
    "failed": lambda leases, lease: leases.failed(lease, "internal_error"),
    "release": lambda leases, lease: leases.release(lease),
    "give_up": lambda leases, lease: leases.give_up(lease),
}


def late_file(lease: Lease) -> ReportFile:
    return ReportFile("xlsx", file_name(lease.report.id, lease.attempt, "xlsx"), 1)


@pytest.mark.parametrize("step", LATE)
@pytest.mark.parametrize("meanwhile", ["queued again", "taken up again", "finished", "deleted"])
def test_a_worker_that_wakes_up_late_is_fenced_off(
    db: Database, portal: PortalRecord, time: Time, meanwhile: str, step: str
) -> None:
    leases = ReportLeases(db)
    report = queue_report(db, portal)
    late = claim(leases, "frozen")
    time.pass_(SECONDS + 1)
    leases.recover()
    if meanwhile in {"taken up again", "finished"}:
        second = claim(leases, "other")
        if meanwhile == "finished":
            leases.done(second, {"by": "other"}, [late_file(second)])
    if meanwhile == "deleted":
        Reports(db).of(portal.id, ALICE).delete(report.id)
    before = Reports(db).of(portal.id, ALICE).get(report.id)
    with pytest.raises(LeaseLostError):
        LATE[step](leases, late)
    assert Reports(db).of(portal.id, ALICE).get(report.id) == before


def test_what_a_late_worker_says_of_a_cancel_changes_nothing(
    db: Database, leases: ReportLeases, portal: PortalRecord, time: Time
) -> None:
    report = queue_report(db, portal)
    late = claim(leases, "frozen")
    time.pass_(SECONDS + 1)
    leases.recover()
    claim(leases, "other")
    leases.cancelled(late)
    assert stored(db, report).status == "running"


def test_a_cancelled_report_cannot_be_finished(db: Database, leases: ReportLeases, portal: PortalRecord) -> None:
    report = queue_report(db, portal)
    lease = claim(leases)
    Reports(db).of(portal.id, ALICE).cancel(report.id)
    with pytest.raises(LeaseLostError):
        leases.done(lease, {}, [late_file(lease)])
    assert stored(db, report).files == ()


# --- recovery -----------------------------------------------------------------------------------------------------


def test_a_silent_workers_report_goes_back_into_the_queue_when_the_lease_has_run_out(
    db: Database, leases: ReportLeases, portal: PortalRecord, time: Time
) -> None:
    report = queue_report(db, portal)
    claim(leases)
    time.pass_(SECONDS - 1)
    assert leases.recover() == 0
    time.pass_(2)
    assert leases.recover() == 1
    assert stored(db, report).status == "queued"
    assert claim(leases, "other").attempt == 2


@pytest.mark.parametrize("loss", ["silence", "no database"])
def test_a_report_that_has_cost_three_workers_fails_with_the_reason(
    db: Database, leases: ReportLeases, portal: PortalRecord, time: Time, loss: str
) -> None:
    report = queue_report(db, portal)
    for _ in range(3):
        assert stored(db, report).status == "queued"
        lease = claim(leases)
        if loss == "silence":
            time.pass_(SECONDS + 1)
            leases.recover()
        else:
            leases.give_up(lease)
    record = stored(db, report)
    assert (record.status, record.error_code, record.attempt) == ("failed", "worker_lost", 3)
    assert record.finished_at is not None
    assert leases.claim("w", SECONDS) is None


def test_waiting_reports_are_counted(db: Database, leases: ReportLeases, portal: PortalRecord) -> None:
    for _ in range(3):
        queue_report(db, portal)
    claim(leases)
    assert leases.queued_count() == 2


# --- suspects -------------------------------------------------------------------------------------------------------


@pytest.fixture
def portals(db: Database, cipher: Cipher) -> list[PortalRecord]:
    return [install_portal(db, cipher, f"portal {number}") for number in range(3)]


def lose(leases: ReportLeases, time: Time) -> None:
    """Whoever works now is not heard of any more."""
    time.pass_(SECONDS + 1)
    leases.recover(SECONDS)


def test_a_report_that_kills_its_worker_costs_those_beside_it_no_try(
    db: Database, leases: ReportLeases, portals: list[PortalRecord], time: Time
) -> None:
    """The first time all are suspects, for nobody knows; those that come later run beside it unharmed."""
    deadly = queue_report(db, portals[0])
    claim(leases, "first")
    lose(leases, time)
    beside = [queue_report(db, each) for each in portals[1:]]
    for number in range(2):
        for _ in range(3):
            claim(leases, f"later {number}")
        lose(leases, time)
        assert {stored(db, each).status for each in beside} == {"queued"}
    assert stored(db, deadly).error_code == "worker_lost"
    for _ in range(2):
        for each in beside:
            claim(leases, each.id)
        lose(leases, time)
    assert {stored(db, each).status for each in beside} == {"queued"}


def test_a_worker_runs_one_suspect_at_a_time(
    db: Database, leases: ReportLeases, portals: list[PortalRecord], time: Time
) -> None:
    """Others go on beside it; another worker takes another suspect."""
    suspects = {queue_report(db, each).id for each in portals[:2]}
    for _ in suspects:
        claim(leases, "lost")
    lose(leases, time)
    unharmed = queue_report(db, portals[2]).id
    taken = {claim(leases, "x").report.id, claim(leases, "x").report.id}
    assert leases.claim("x", SECONDS) is None
    assert unharmed in taken
    assert {claim(leases, "y").report.id} == suspects - taken


def test_a_suspect_that_waits_does_not_hold_up_its_portals_next_report(
    db: Database, leases: ReportLeases, portals: list[PortalRecord], time: Time
) -> None:
    for each in portals[:2]:
        queue_report(db, each)
        claim(leases, "lost")
    lose(leases, time)
    running = claim(leases, "x").report.portal_id
    time.pass_(1)
    following = {each.id: queue_report(db, each).id for each in portals[:2]}
    assert claim(leases, "x").report.id == next(report for portal, report in following.items() if portal != running)


def test_a_lost_workers_reports_are_judged_together_though_they_were_last_heard_of_apart(
    db: Database, leases: ReportLeases, portals: list[PortalRecord], time: Time
) -> None:
    """Each report has a heartbeat of its own, a second apart; a living worker's reports stay where they are."""
    queue_report(db, portals[0])
    claim(leases, "lost")
    lose(leases, time)
    suspect = claim(leases, "w")
    beside = queue_report(db, portals[1])
    late = claim(leases, "w")
    queue_report(db, portals[2])
    alive = claim(leases, "alive")
    time.pass_(1)
    leases.beat(late)
    time.pass_(SECONDS - 0.5)
    leases.beat(alive)
    assert leases.recover(SECONDS) == 2
    assert not leases.beat(alive).cancelled
    with db.reading() as session:
        losses = {each.id: each.losses for each in session.scalars(select(Report))}
    assert (losses[suspect.report.id], losses[beside.id]) == (2, 0)


def test_a_database_that_went_away_makes_no_suspect(
    db: Database, leases: ReportLeases, portals: list[PortalRecord]
) -> None:
    for each in portals:
        queue_report(db, each)
    for lease in [claim(leases) for _ in portals]:
        leases.give_up(lease)
    assert len([claim(leases) for _ in portals]) == 3

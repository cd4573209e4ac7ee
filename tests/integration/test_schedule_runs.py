"""Schedules that run, on a clock moved by hand: once a planned moment whoever works, dies or stands still; paused where
the owner cannot run them; delivered once.

One clock is everybody's: database, scheduling, runner. Reports are built by a worker's own parts, or said to be.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bitrix_app.errors import PortalUnavailableError, ReportAccessError
from bitrix_app.jobs import OwnersRightFirst, PairRenewal, ScheduleRunner
from bitrix_app.jobs.heartbeat import LatestProgress
from bitrix_app.reports import Outcome, StopSignal
from bitrix_app.storage import (
    AuditLog,
    Cipher,
    PairKey,
    PortalRecord,
    ReportLeases,
    ReportRecord,
    ScheduleRecord,
    UserTokens,
)
from demo_portal import Fault, Portal, User
from tests.integration.house import House, open_house

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAILY: dict[str, Any] = {
    "name": "Каждое утро",
    "params": {"kind": "register"},
    "period": "yesterday",
    "when": {"every": "day", "time": "09:00"},
    "deliver": [{"to": "notification"}],
    "active": True,
}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class Postman:
    """A Delivers that notes what it was given, and may fail first."""

    delivered: list[tuple[str, str, int]] = field(default_factory=list)
    expected: list[dict[str, Any]] = field(default_factory=lambda: DAILY["deliver"])
    failing: bool = False
    dying: bool = False

    def deliver(self, report: ReportRecord, targets: Sequence[Mapping[str, Any]], owner: int) -> None:
        if self.failing:
            raise PortalUnavailableError
        if self.dying:
            raise RuntimeError("killed")
        assert list(targets) == self.expected
        self.delivered.append((report.id, report.status, owner))


class Office:
    """A portal with the accountant's schedule, and the clock."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.now = NOON
        house.services.database._clock = lambda: self.now
        self.portal: Portal = house.portal()
        self.portal.set_scopes("crm", "placement", "im")
        self.scheduling = house.services.web.scheduling
        self.postman = Postman()
        self.owner = self.portal.accountant
        house.visitor(self.portal)

    @property
    def record(self) -> PortalRecord:
        found = self.house.services.web.portals.by_member_id(self.portal.member_id)
        assert found is not None
        return found

    def make(self, **changes: Any) -> ScheduleRecord:
        return self.scheduling.create(self.record, self.owner.id, {**DAILY, **changes})

    def runner(self) -> ScheduleRunner:
        """That of one process."""
        return ScheduleRunner(
            due=self.scheduling.due,
            scheduling=self.scheduling,
            portals=self.house.services.web.portals,
            access=self.house.services.web.access,
            delivery=self.postman,
        )

    def look(self, after: timedelta = timedelta()) -> None:
        """So much later some process looks for what is due."""
        self.now += after
        self.runner().run()

    def schedule(self, schedule_id: int) -> ScheduleRecord:
        found = self.scheduling.schedules.get(self.record.id, schedule_id, None)
        assert found is not None
        return found

    def reports(self, user: User | None = None) -> list[ReportRecord]:
        """What was ordered, oldest first."""
        mine = self.house.services.web.reports.of(self.record.id, (user or self.owner).id)
        return mine.page()[0][::-1]

    def done(self, report: ReportRecord) -> None:
        ReportLeases(self.house.services.database).done(self.house.lease(report.id), {"invoices": 3}, [])

    def failed(self, report: ReportRecord, code: str = "portal_unavailable") -> None:
        ReportLeases(self.house.services.database).failed(self.house.lease(report.id), code)


@contextmanager
def opened(folder: Path, url: str) -> Iterator[Office]:
    with open_house(folder, url) as house:
        yield Office(house)


@pytest.fixture
def office(tmp_path: Path, database_url: str) -> Iterator[Office]:
    with opened(tmp_path, database_url) as office:
        yield office


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+03:00")


def test_a_report_is_ordered_at_its_moment_and_not_before(office: Office) -> None:
    made = office.make()
    assert made.next_run_at == moscow("2026-03-11T09:00")
    office.now = moscow("2026-03-11T08:59:59")
    office.look()
    assert office.reports() == []
    office.look(timedelta(seconds=1))
    (report,) = office.reports()
    assert (report.params["date_from"], report.params["date_to"]) == ("2026-03-10", "2026-03-10")
    after = office.schedule(made.id)
    assert (after.next_run_at, after.last_report_id) == (moscow("2026-03-12T09:00"), report.id)
    office.look(MINUTE)
    assert len(office.reports()) == 1


def test_two_workers_at_the_same_moment_order_one_report(office: Office) -> None:
    for name in "абв":
        office.make(name=name)
    office.now = moscow("2026-03-11T09:00")
    together = threading.Barrier(4)

    def work() -> None:
        runner = office.runner()
        together.wait()
        runner.order_due()

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(work) for _ in range(4)]:
            each.result()
    assert len(office.reports()) == 3


def test_who_took_the_same_schedule_too_late_orders_nothing(office: Office) -> None:
    """The lease ran out under a slow worker: both go on to order."""
    office.make()
    office.now = moscow("2026-03-11T09:00")
    slow, quick = office.runner(), office.runner()
    (taken,) = office.scheduling.due.take(10, MINUTE)
    office.now += 2 * MINUTE
    quick.order_due()
    slow._order(taken)
    assert len(office.reports()) == 1
    quick._order(taken)
    assert len(office.reports()) == 1


def test_a_worker_that_dies_before_it_has_ordered_leaves_it_to_the_next(office: Office) -> None:
    office.make()
    office.now = moscow("2026-03-11T09:00")
    assert len(office.scheduling.due.take(10, 2 * MINUTE)) == 1
    office.look()
    assert office.reports() == []
    office.look(2 * MINUTE)
    assert len(office.reports()) == 1


def test_a_worker_that_dies_while_it_orders_leaves_neither_a_report_nor_a_line_of_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report, its line in the audit log and the next moment are written together."""

    def dead(*_: object) -> None:
        raise RuntimeError("killed")

    office.make()
    office.now = moscow("2026-03-11T09:00")
    with monkeypatch.context() as dying:
        dying.setattr(AuditLog, "_write", dead)
        office.look()
    assert office.reports() == []
    office.look(2 * MINUTE)
    (report,) = office.reports()
    line = office.house.services.web.audit_log.page(office.record.id)[0][0]
    assert (line.action, line.report_id) == ("report_created", report.id)


def test_after_a_standstill_over_three_moments_the_latest_is_made_up(office: Office) -> None:
    made = office.make()
    office.now = moscow("2026-03-13T15:00")
    office.look()
    office.look()
    (report,) = office.reports()
    assert report.params["date_from"] == "2026-03-12"
    assert office.schedule(made.id).next_run_at == moscow("2026-03-14T09:00")


def test_a_finished_report_is_delivered_once(office: Office) -> None:
    office.make()
    office.now = moscow("2026-03-11T09:00")
    office.look()
    (report,) = office.reports()
    office.look(MINUTE)
    assert office.postman.delivered == []
    office.done(report)
    office.look()
    office.look(30 * MINUTE)
    assert office.postman.delivered == [(report.id, "done", office.owner.id)]


def test_a_worker_that_dies_between_order_and_delivery_leaves_it_to_the_next(office: Office) -> None:
    office.make()
    office.now = moscow("2026-03-11T09:00")
    office.look()
    (report,) = office.reports()
    office.done(report)
    office.postman.dying = True
    office.look()
    office.postman.dying = False
    office.look(2 * MINUTE - timedelta(seconds=1))
    assert office.postman.delivered == []
    office.look(timedelta(seconds=1))
    assert office.postman.delivered == [(report.id, "done", office.owner.id)]


def test_a_delivery_that_is_not_taken_over_is_tried_again(office: Office) -> None:
    office.make()
    office.now = moscow("2026-03-11T09:00")
    office.look()
    office.done(office.reports()[0])
    office.postman.failing = True
    office.look()
    office.postman.failing = False
    office.look()
    assert office.postman.delivered == []
    office.look(MINUTE)
    assert len(office.postman.delivered) == 1


def test_a_failed_report_is_built_three_times_then_its_reason_is_told(office: Office) -> None:
    made = office.make()
    office.now = moscow("2026-03-11T09:00")
    office.look()
    (report,) = office.reports()
    for pause in (MINUTE, 5 * MINUTE):
        office.failed(report)
        office.look(pause - timedelta(seconds=1))
        assert office.reports()[0].status == "failed"
        office.look(timedelta(seconds=1))
        assert office.reports()[0].status == "queued"
    assert office.postman.delivered == []
    office.failed(report)
    office.look()
    office.look(30 * MINUTE)
    assert office.postman.delivered == [(report.id, "failed", office.owner.id)]
    assert [each.id for each in office.reports()] == [report.id]
    assert office.schedule(made.id).content.active


def test_without_targets_only_a_failure_is_told(office: Office) -> None:
    office.postman.expected = []
    office.make(deliver=[])
    office.now = moscow("2026-03-11T09:00")
    office.look()
    office.done(office.reports()[0])
    office.look()
    assert office.postman.delivered == []
    office.look(DAY)
    office.failed(office.reports()[1], "workbook_limit")  # not worth another try
    office.look()
    assert office.postman.delivered == [(office.reports()[1].id, "failed", office.owner.id)]


def test_a_cancelled_report_is_not_delivered(office: Office) -> None:
    office.make()
    office.now = moscow("2026-03-11T09:00")
    office.look()
    (report,) = office.reports()
    office.house.services.web.reports.of(report.portal_id, report.user_id).cancel(report.id)
    office.look()
    office.look(30 * MINUTE)
    assert office.postman.delivered == []


@pytest.mark.parametrize("how", ["dismissed", "right withdrawn", "pair lapsed"])
def test_an_owner_who_cannot_run_it_pauses_it_with_the_reason(office: Office, how: str) -> None:
    made = office.make()
    if how == "dismissed":
        office.owner.active = False
        code = "user_access_error"
    elif how == "right withdrawn":
        settings = {"builders": {"mode": "administrators"}}
        office.house.services.web.portals.save_settings(office.record.id, settings)
        code = "not_allowed_to_build"
    else:
        for pair in office.house.world.tokens.pairs(office.portal.member_id):
            office.house.world.tokens.spend(pair.refresh_token)
        office.portal.expire_tokens()
        code = "invalid_grant"
    office.now = moscow("2026-03-11T09:00")
    office.look()
    after = office.schedule(made.id)
    assert (after.content.active, after.next_run_at, after.paused) == (False, None, code)
    assert office.reports() == []
    lines = office.house.services.web.audit_log.page(office.record.id)[0]
    assert (lines[0].action, lines[0].details) == ("schedule_paused", {"schedule": "Каждое утро", "reason": code})


def test_an_administrator_takes_over_what_was_paused_and_it_runs_as_theirs(office: Office) -> None:
    made = office.make()
    office.owner.active = False
    office.now = moscow("2026-03-11T09:00")
    office.look()
    administrator = office.house.visitor(office.portal, office.portal.admin)
    paused = administrator.get(f"/schedules/{made.id}")
    assert "уволен" in paused["paused_reason"]
    taken = administrator.call("PUT", f"/schedules/{made.id}", json={"owner": "me"}).json
    assert (taken["active"], taken["paused_reason"]) == (True, None)
    office.now = moscow("2026-03-12T09:00")
    office.look()
    assert len(office.reports(office.portal.admin)) == 1
    assert office.reports() == []


def test_a_portal_that_cannot_be_asked_is_asked_again_when_the_report_is_built(office: Office) -> None:
    made = office.make()
    office.portal.faults.always(Fault.error("INTERNAL_SERVER_ERROR"))
    office.now = moscow("2026-03-11T09:00")
    office.look()
    assert office.schedule(made.id).content.active
    assert len(office.reports()) == 1


def test_the_right_is_asked_for_again_before_the_report_is_built(office: Office, tmp_path: Path) -> None:
    made = office.make()
    office.now = moscow("2026-03-11T09:00")
    office.look()
    (report,) = office.reports()
    office.house.services.web.portals.save_settings(office.record.id, {"builders": {"mode": "administrators"}})
    web = office.house.services.web
    run = OwnersRightFirst(lambda *_: Outcome({}, ()), office.scheduling.due, web.portals, web.access)
    lease = office.house.lease(report.id)
    with pytest.raises(ReportAccessError):
        run(lease, StopSignal(), LatestProgress(), tmp_path)
    ReportLeases(office.house.services.database).failed(lease, "not_allowed_to_build")
    office.look()
    assert office.schedule(made.id).paused == "not_allowed_to_build"
    assert office.postman.delivered == []


def test_a_removed_app_runs_nothing_and_what_was_ordered_is_not_delivered(office: Office) -> None:
    made = office.make()
    office.now = moscow("2026-03-11T09:00")
    office.look()
    (report,) = office.reports()
    office.done(report)
    office.house.services.web.portals.uninstall(office.portal.member_id)
    office.look(3 * DAY)
    assert len(office.reports()) == 1
    assert office.postman.delivered == []
    assert office.house.post("/install", office.portal).status_code == 200
    office.look()
    assert office.postman.delivered == []
    assert office.schedule(made.id).paused == "invalid_grant"  # the owner's pair went with the app


def test_a_deleted_schedule_delivers_nothing_more(office: Office) -> None:
    made = office.make()
    office.now = moscow("2026-03-11T09:00")
    office.look()
    office.scheduling.delete(office.record, office.owner.id, made)
    office.done(office.reports()[0])
    office.look()
    assert office.postman.delivered == []


def test_starts_of_many_portals_are_spread_and_each_keeps_its_moment(tmp_path: Path, sqlite_template: Path) -> None:
    (tmp_path / "app.db").write_bytes(sqlite_template.read_bytes())
    with opened(tmp_path, f"sqlite:///{tmp_path}/app.db") as office:
        first = office.make()
        office.scheduling.schedules.other_portals = lambda _: 400  # type: ignore[method-assign]
        second = office.make()
        moments = [each.next_run_at for each in (first, second)]
        assert moments == [moscow("2026-03-11T09:00")] * 2
        office.now = moscow("2026-03-11T09:00")
        office.look()
        assert len(office.reports()) == 1
        office.look(20 * MINUTE)
        assert len(office.reports()) == 2


def test_the_owners_pair_is_renewed_each_week_while_a_schedule_needs_it(office: Office) -> None:
    web = office.house.services.web
    made = office.make(when={"every": "quarter", "day": "last", "time": "09:00"})
    renewal = PairRenewal(office.scheduling.due, office.scheduling, web.portals, web.clients)
    tokens = UserTokens(office.house.services.database, Cipher(office.house.services.settings.secret_keys))
    key = PairKey(office.record.id, office.owner.id)
    before = tokens.read(key)
    office.now += 6 * DAY
    renewal.run()
    assert tokens.read(key) == before
    office.now += 2 * DAY
    renewal.run()
    renewed = tokens.read(key)
    assert renewed is not None
    assert before is not None
    assert renewed.refresh_token != before.refresh_token
    office.now += 8 * DAY
    office.scheduling.replace(office.record, office.owner.id, made, {**DAILY, "active": False})
    renewal.run()
    assert tokens.read(key) == renewed


def test_a_pair_that_has_lapsed_pauses_its_owners_schedules(office: Office) -> None:
    web = office.house.services.web
    made = office.make()
    for pair in office.house.world.tokens.pairs(office.portal.member_id):
        office.house.world.tokens.spend(pair.refresh_token)
    office.now += 8 * DAY
    PairRenewal(office.scheduling.due, office.scheduling, web.portals, web.clients).run()
    assert office.schedule(made.id).paused == "invalid_grant"


def test_a_started_process_looks_by_itself(office: Office) -> None:
    office.make()
    office.now = moscow("2026-03-11T09:00")
    runner = office.runner()
    runner.start()
    try:
        deadline = threading.Event()
        for _ in range(600):
            if office.reports():
                break
            deadline.wait(0.05)
        assert len(office.reports()) == 1
    finally:
        runner.stop()

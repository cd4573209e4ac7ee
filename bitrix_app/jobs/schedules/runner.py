"""What is done when schedules are due: reports are ordered, failed ones built again, finished ones delivered.

Every process with a worker looks every few seconds; whoever is first takes what is due (``storage.DueSchedules``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import structlog

from bitrix_app.errors import (
    AccessDeniedError,
    AnswersTooHeavyError,
    AppError,
    AppUninstalledError,
    InvalidGrantError,
    InvalidTokenError,
    ReportAccessError,
    ReportTooLongError,
    SheetsTooHeavyError,
    UserAccessError,
    WorkbookLimitError,
    WorkerLostError,
)
from bitrix_app.jobs.job import RunReport
from bitrix_app.jobs.polling import Polling, in_parallel
from bitrix_app.jobs.schedules.planning import days_of_run, latest_run, zone_of
from bitrix_app.jobs.schedules.scheduling import Scheduling, zone_name
from bitrix_app.portals import Access, Deadline, PortalClients, begin_work, end_request
from bitrix_app.reports import Outcome, ProgressSink, StopSignal
from bitrix_app.storage import (
    DueRun,
    DueSchedules,
    Lease,
    MomentTaken,
    PortalRecord,
    Portals,
    ReportRecord,
    ScheduleRecord,
)

log = structlog.get_logger("jobs")

EVERY_SECONDS = 5.0
MOST_AT_ONCE = 200
LEASE = timedelta(minutes=2)
"""After which another worker takes up what this one has taken and not finished."""
TRY_AGAIN = (timedelta(minutes=1), timedelta(minutes=5))
"""How long after the first and the second failure a report is built again; the third is the last."""
DELIVER_WITHIN = timedelta(days=1)
"""A report that ended longer ago (the app was removed meanwhile) surprises nobody any more."""
RENEW_AFTER = timedelta(days=7)
OWNER_LOST = (UserAccessError, ReportAccessError, InvalidGrantError, InvalidTokenError)
"""Errors that pause a schedule: no repetition helps before a person has done something."""
OWNER_LOST_CODES = {each.code for each in OWNER_LOST}
FINAL_CODES = {
    each.code
    for each in (
        AnswersTooHeavyError,
        AppUninstalledError,
        ReportTooLongError,
        SheetsTooHeavyError,
        WorkbookLimitError,
        WorkerLostError,
    )
}
"""Errors of a report that another try would only repeat, at great cost."""


def pause_after(code: str | None, failures: int) -> timedelta | None:
    """How long a report that failed with this code, so often before, rests until it is built again; None: no more."""
    return None if code in FINAL_CODES or failures >= len(TRY_AGAIN) else TRY_AGAIN[failures]


class Delivers(Protocol):
    """Takes reports that have ended to where their schedule wants them."""

    def deliver(self, report: ReportRecord, targets: Sequence[Mapping[str, Any]], owner: int) -> None:
        """``report`` is done, or has failed for good: then its reason is what is told. ``targets``: the schedule's
        ``deliver`` (contract §7), empty only where it failed; ``owner``: the user whose pair and rights are used.

        It may be called again for the same report (a worker that died in between), and at the same time never. An
        AppError: it was not taken over, and is tried again in a minute, for an hour.
        """


@dataclass(frozen=True, slots=True)
class OwnersRightFirst:
    """Asks whether the owner of a schedule may (still) build reports before its report is built. A RunReport."""

    run: RunReport
    due: DueSchedules
    portals: Portals
    access: Access

    def __call__(self, lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        """As ``run``. Raises ReportAccessError, and what asking the portal raises, besides."""
        portal = self.portals.by_id(lease.report.portal_id) if self.due.has_run(lease.report.id) else None
        if portal is not None:
            begin_work(Deadline())
            try:
                self.access.require_report_access(portal, lease.report.user_id)
            finally:
                end_request()
        return self.run(lease, stop, progress, folder)


class ScheduleRunner(Polling):
    """Looks for what is due, in a thread of its own, and at once when a report of this process has ended."""

    def __init__(
        self,
        *,
        due: DueSchedules,
        scheduling: Scheduling,
        portals: Portals,
        access: Access,
        delivery: Delivers,
        every: float = EVERY_SECONDS,
    ) -> None:
        super().__init__("schedules", self.run, every)
        self._due = due
        self._scheduling = scheduling
        self._portals = portals
        self._access = access
        self._delivery = delivery

    def report_finished(self, status: str, seconds: float) -> None:  # noqa: ARG002 # a JobObserver
        """A report of this process has ended: it may be one of a schedule."""
        self.wake()

    def run(self) -> None:
        """Do once what is due. Raises what the database raises."""
        self.order_due()
        self.see_to_ended()

    def order_due(self) -> None:
        """Order the reports of schedules whose moment has come."""
        in_parallel("schedule", self._order, self._due.take(MOST_AT_ONCE, LEASE))

    def see_to_ended(self) -> None:
        """Deliver reports of schedules that are done, put failed ones into the queue again."""
        in_parallel("schedule", self._see_to, self._due.take_ended(MOST_AT_ONCE, LEASE))

    def _order(self, schedule: ScheduleRecord) -> None:
        portal = self._portals.by_id(schedule.portal_id)
        if portal is None or not portal.installed or schedule.next_run_at is None:
            return
        lost = self._owner_lost(portal, schedule)
        if lost is not None:
            log.info("schedule_paused", schedule_id=schedule.id, portal_id=portal.id, code=lost)
            self._scheduling.pause(portal, schedule, lost)
            return
        now, zone = self._due.now(), zone_of(zone_name(portal))
        when = schedule.content.when
        moment = latest_run(when, zone, schedule.next_run_at, now)
        following = self._scheduling.following(portal, when, max(now, moment))
        day = moment.astimezone(zone).date()
        body = {**schedule.content.params, **days_of_run(schedule.content.period, day)}
        beside = self._due.ordering(schedule, moment, following)
        try:
            made = self._scheduling.ordering.order_planned(
                portal, schedule.user_id, body, schedule.content.names, beside
            )
        except (MomentTaken, AppUninstalledError):
            return
        log.info("schedule_run", schedule_id=schedule.id, report_id=made.id, planned_at=moment.isoformat())

    def _owner_lost(self, portal: PortalRecord, schedule: ScheduleRecord) -> str | None:
        """Why the owner cannot run it, as an error's code. A portal that cannot be asked now is asked again when the
        report is built."""
        begin_work(Deadline())
        try:
            self._access.ask(portal, schedule.user_id)
            self._access.require_report_access(portal, schedule.user_id)
        except (*OWNER_LOST, AccessDeniedError) as error:
            return error.code
        except AppError as error:
            log.info("owner_not_asked", schedule_id=schedule.id, portal_id=portal.id, code=error.code)
        finally:
            end_request()
        return None

    def _see_to(self, run: DueRun) -> None:
        report, now = run.report, self._due.now()
        ended = report.finished_at or now
        portal = self._portals.by_id(report.portal_id)
        if portal is None or now - ended > DELIVER_WITHIN or report.status not in {"done", "failed"}:
            self._due.settle(run)
            return
        if report.status == "failed" and self._again(portal, run, now - ended):
            return
        self._deliver(run)

    def _again(self, portal: PortalRecord, run: DueRun, since: timedelta) -> bool:
        """What becomes of a failed report; False: that was the last try."""
        code = run.report.error_code
        if code in OWNER_LOST_CODES:
            schedule = self._scheduling.schedules.get(portal.id, run.schedule_id, run.report.user_id)
            if schedule is not None:
                self._scheduling.pause(portal, schedule, str(code))
            self._due.settle(run)
            return True
        pause = pause_after(code, run.failures)
        if pause is None:
            return False
        if since < pause:
            self._due.look_again(run, self._due.now() + pause - since)
        elif self._due.try_again(run):
            self._scheduling.ordering.wake()
        return True

    def _deliver(self, run: DueRun) -> None:
        if run.deliver or run.report.status == "failed":
            try:
                self._delivery.deliver(run.report, run.deliver, run.report.user_id)
            except AppError as error:
                log.warning("report_not_delivered", report_id=run.report.id, code=error.code)
                now = self._due.now()
                if now - (run.report.finished_at or now) < timedelta(hours=1):
                    self._due.look_again(run, now + timedelta(minutes=1))
                    return
        self._due.settle(run)


@dataclass(frozen=True, slots=True)
class PairRenewal:
    """Keeps alive, week by week, the pairs of owners whose active schedules run too seldom to do it themselves."""

    due: DueSchedules
    scheduling: Scheduling
    portals: Portals
    clients: PortalClients

    def run(self) -> None:
        """Renew each pair that has not been for a week; one that has lapsed pauses its owner's schedules."""
        for key in self.due.idle_pairs(RENEW_AFTER):
            portal = self.portals.by_id(key.portal_id)
            if portal is None or not portal.installed:
                continue
            try:
                self.clients.renew(portal, key.user_id)
            except InvalidGrantError as error:
                for each in self.scheduling.schedules.active(portal.id, key.user_id):
                    self.scheduling.pause(portal, each, error.code)
            except AppError as error:
                log.info("pair_not_renewed", portal_id=portal.id, code=error.code)

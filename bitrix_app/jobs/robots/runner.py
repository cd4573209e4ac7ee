"""What is done with runs of the robot: confirmed, ordered as reports, answered once these have ended.

Every process with a worker looks every few seconds; whoever is first takes what is due (``storage.RobotRuns``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from bitrix_app.errors import (
    AppError,
    AppUninstalledError,
    AuthorizationServerUnavailableError,
    GiveUpError,
    InvalidGrantError,
    InvalidParametersError,
    InvalidTokenError,
    OverloadLimitError,
    PortalBusyError,
    PortalError,
    UserAccessError,
)
from bitrix_app.jobs.delivery import Delivering, require_granted
from bitrix_app.jobs.job import plain
from bitrix_app.jobs.ordering import Ordering
from bitrix_app.jobs.polling import Polling, in_parallel
from bitrix_app.jobs.robots import words
from bitrix_app.jobs.robots.settings import body_of, chosen_set, targets
from bitrix_app.jobs.schedules.runner import OWNER_LOST_CODES, pause_after
from bitrix_app.portals import (
    APP_LINK,
    NOT_OURS,
    Access,
    Bitrix24Client,
    Deadline,
    PortalCache,
    PortalClients,
    RobotCallers,
    answer_run,
    begin_work,
    end_request,
    report_address,
)
from bitrix_app.storage import (
    INSTALL,
    USER,
    AuditLog,
    MomentTaken,
    PortalRecord,
    Portals,
    RobotRun,
    RobotRuns,
    SavedSets,
)

log = structlog.get_logger("jobs")

EVERY_SECONDS = 5.0
MOST_AT_ONCE = 200
LEASE = timedelta(minutes=2)
"""After which another worker takes up what this one has taken and not finished."""
LOOK_AGAIN = timedelta(minutes=1)
GIVE_UP_AFTER = timedelta(days=1)
"""A run that could not be ordered for so long surprises whoever waits for it."""
ANSWER_PAUSES = tuple(timedelta(minutes=each) for each in (1, 10, 60, 360, 1440))
"""Before each further try to give the portal the answer."""
USER_LOST = (UserAccessError, InvalidGrantError, InvalidTokenError)
"""With such a user's pair no call is made any more; the answer goes by the portal's own."""
NOBODY = 0
PLACE = "REPORT"
"""Stands in a link for the report's id."""


@dataclass(frozen=True, slots=True)
class RobotWork:
    """Does what is due about runs. ``sets``: those that the robot may name are the shared ones; ``links`` keeps how
    links into the application begin, so that an answer is one call."""

    runs: RobotRuns
    callers: RobotCallers
    portals: Portals
    access: Access
    clients: PortalClients
    sets: SavedSets
    ordering: Ordering
    delivering: Delivering
    audit_log: AuditLog
    links: PortalCache

    def run(self) -> None:
        """Do once what is due. Raises what the database raises."""
        in_parallel("robot", self._with_portal(self._order), self.runs.take(MOST_AT_ONCE, LEASE))
        in_parallel("robot", self._with_portal(self._see_to), self.runs.take_ended(MOST_AT_ONCE, LEASE))

    def _with_portal(self, work: Callable[[PortalRecord, RobotRun], None]) -> Callable[[RobotRun], None]:
        def do(run: RobotRun) -> None:
            portal = self.portals.by_id(run.portal_id)
            if portal is None or not portal.installed:
                return
            with bound_contextvars(portal_id=portal.id, robot_run=run.id), _waiting_for_portals():
                work(portal, run)

        return do

    # --- ordering ---------------------------------------------------------------------------------------------------

    def _order(self, portal: PortalRecord, run: RobotRun) -> None:
        try:
            user_id = self.callers.confirm(portal, run.request)
        except NOT_OURS as error:
            log.warning("robot_refused", code=error.code)
            self.runs.settle(run, error)
            return
        except AppError as error:
            self._put_off(run, None, error)
            return
        try:
            self._order_for(portal, user_id, run)
        except (MomentTaken, AppUninstalledError):
            return
        except AppError as error:
            self._put_off(run, user_id, error)

    def _order_for(self, portal: PortalRecord, user_id: int, run: RobotRun) -> None:
        """Raises MomentTaken where another worker was faster, and what keeps the report from being ordered."""
        self.access.user(portal, user_id)
        self.access.require_report_access(portal, user_id)
        asked = run.request.asked
        found, deliver = chosen_set(self.sets.shared(portal.id), asked), targets(asked)
        _require_granted(portal, deliver)
        try:
            body = body_of(portal, found.params, run.received_at)
            names = self.ordering.settle(portal, user_id, body)
        except InvalidParametersError as error:
            raise _OutdatedSetError(name=found.name, fields=", ".join(sorted(error.fields))) from error
        made = self.ordering.order_planned(portal, user_id, body, names, self.runs.ordering(run, user_id, deliver))
        log.info("robot_run_ordered", report_id=made.id)

    def _put_off(self, run: RobotRun, user_id: int | None, error: AppError) -> None:
        """Another try later where that may help, for a day; else the portal is told."""
        log.info("robot_run_not_ordered", code=error.code)
        if not _is_passing(error):
            self._fail(run, user_id, error.code, error.params)
            return
        now = self.runs.now()
        if now - run.received_at < GIVE_UP_AFTER:
            self.runs.look_again(run, now + LOOK_AGAIN)
        else:
            self._fail(run, user_id, "robot_too_late", {})

    def _fail(self, run: RobotRun, user_id: int | None, code: str, params: Mapping[str, Any]) -> None:
        if self.runs.failing(run, user_id, code, plain(params)):
            self._note(run, user_id, code)

    # --- answering --------------------------------------------------------------------------------------------------

    def _see_to(self, portal: PortalRecord, run: RobotRun) -> None:
        report = run.report
        if report is not None and report.status == "failed" and self._again(run):
            return
        if report is not None and report.status == "done":
            self.delivering.deliver(report, run.deliver, report.user_id)
        self._answer(portal, run)

    def _again(self, run: RobotRun) -> bool:
        """Whether the failed report is built again, now or later."""
        report = run.report
        pause = pause_after(report.error_code, run.failures) if report is not None else None
        if report is None or pause is None or report.error_code in OWNER_LOST_CODES:
            return False
        now = self.runs.now()
        due = (report.finished_at or now) + pause
        if now < due:
            self.runs.look_again(run, due)
        elif self.runs.try_again(run):
            self.ordering.wake()
        return True

    def _answer(self, portal: PortalRecord, run: RobotRun) -> None:
        error: AppError | None = None
        if run.request.waits and run.request.event_token:
            try:
                self._send(portal, run)
            except AppError as refused:
                error = refused
        if error is not None and _is_passing(error) and run.tries < len(ANSWER_PAUSES):
            log.info("robot_answer_put_off", code=error.code, tries=run.tries)
            self.runs.look_again(run, self.runs.now() + ANSWER_PAUSES[run.tries], tried=True)
            return
        if error is not None:
            log.warning("robot_not_answered", code=error.code, tries=run.tries)
            self._note(run, run.user_id, error.code)
        self.runs.settle(run, error)

    def _send(self, portal: PortalRecord, run: RobotRun) -> None:
        """By the user's pair; where that is worth nothing any more, by the portal's own. Raises what the last says."""
        owners = [] if run.user_id is None else [(run.user_id, USER)]
        owners += [] if portal.installed_by is None else [(portal.installed_by, INSTALL)]
        last: AppError = InvalidGrantError("nobody's pair is stored")
        for user_id, kind in owners:
            client = self.clients.within(Deadline(), portal, user_id, kind=kind)
            try:
                values = self._values(client, portal, run)
                answer_run(client, run.request.event_token, values, values["error"] or values["sums"])
            except USER_LOST as error:
                last = error
            else:
                return
        raise last

    def _values(self, client: Bitrix24Client, portal: PortalRecord, run: RobotRun) -> dict[str, Any]:
        report = run.report
        if report is None:
            return words.not_built(run.error_code or "report_deleted", run.error_params)
        link = self._link(client, portal).replace(PLACE, report.id)
        if report.status == "done":
            return words.built(report, link)
        return words.not_built(report.error_code or report.status, report.error_params or {}, link)

    def _link(self, client: Bitrix24Client, portal: PortalRecord) -> str:
        leads = APP_LINK in self.portals.remembered(portal.id)
        address: str = self.links.get(portal, "link", lambda: report_address(client, portal, PLACE, leads=leads))
        return address

    def _note(self, run: RobotRun, user_id: int | None, code: str) -> None:
        known = self.ordering.users.get(run.portal_id, user_id) if user_id is not None else None
        name, details = known.name if known else "", {"code": code}
        self.audit_log.add(run.portal_id, user_id or NOBODY, name, "robot_failed", details=details)


class RobotRunner(Polling):
    """Looks for runs in a thread of its own, and at once when a report of this process has ended or one was sent."""

    def __init__(self, work: RobotWork, *, every: float = EVERY_SECONDS) -> None:
        super().__init__("robots", work.run, every)
        self.work = work

    def report_finished(self, status: str, seconds: float) -> None:  # noqa: ARG002 # a JobObserver
        """A report of this process has ended: it may be one of a run."""
        self.wake()


class _OutdatedSetError(AppError):
    """The portal has lost what the set names, as a field or a stage."""

    code = "set_outdated"


class _MissingScopeError(AppError):
    """The portal does not grant what a target needs."""

    code = "scope_not_granted"


def _require_granted(portal: PortalRecord, deliver: Sequence[Mapping[str, Any]]) -> None:
    try:
        require_granted(portal, deliver)
    except InvalidParametersError as error:
        scopes = sorted({str(each).rpartition(": ")[2] for each in error.fields.values()})
        raise _MissingScopeError(scope=", ".join(scopes)) from error


def _is_passing(error: AppError) -> bool:
    """Whether another try later may help."""
    if isinstance(error, GiveUpError):
        return isinstance(error, OverloadLimitError)
    return isinstance(error, (PortalError, PortalBusyError, AuthorizationServerUnavailableError))


@contextmanager
def _waiting_for_portals() -> Iterator[None]:
    begin_work(Deadline())
    try:
        yield
    finally:
        end_request()

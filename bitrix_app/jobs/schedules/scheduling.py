"""What users do with schedules: one call each for the page and whoever comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bitrix_app.errors import InvalidParametersError, ReportAccessError, ScheduleOwnerError
from bitrix_app.jobs.delivery import require_granted
from bitrix_app.jobs.ordering import Ordering
from bitrix_app.jobs.schedules.planning import (
    AS_OF_RUN,
    days_of_run,
    next_run,
    start_offset,
    zone_of,
)
from bitrix_app.portals import Access, complete_settings
from bitrix_app.reports import DEFAULT_KIND, RECEIVABLES
from bitrix_app.storage import (
    AuditLog,
    DueSchedules,
    MomentTaken,
    Planned,
    PortalRecord,
    PortalUsers,
    ReportRecord,
    ScheduleContent,
    ScheduleRecord,
    Schedules,
)


@dataclass(frozen=True, slots=True)
class Scheduling:
    """Makes, changes, takes over, removes and starts schedules of any portal.

    ``asked`` is the body of ``POST /api/v1/schedules`` (contract §7), its fields by name. A schedule is given by its
    record, which the caller may see.
    """

    schedules: Schedules
    due: DueSchedules
    ordering: Ordering
    access: Access
    users: PortalUsers
    audit_log: AuditLog

    def create(self, portal: PortalRecord, user_id: int, asked: Mapping[str, Any]) -> ScheduleRecord:
        """A new schedule of this user. Raises ReportAccessError, TooManySchedulesError, InvalidParametersError, and
        what asking the portal raises."""
        self.access.require_report_access(portal, user_id)
        content = self._content(portal, user_id, asked, known=())
        made = self.schedules.create(portal.id, user_id, content, self._planned(portal, content))
        self._note(portal, user_id, "schedule_created", made)
        return made

    def replace(
        self, portal: PortalRecord, user_id: int, schedule: ScheduleRecord, asked: Mapping[str, Any]
    ) -> ScheduleRecord | None:
        """The schedule with another content, its owner staying the same. None when it is gone meanwhile."""
        content = self._content(portal, user_id, asked, known=schedule.content.deliver)
        planned = self._planned(portal, content)
        unmoved = schedule.next_run_at is not None and schedule.content.when == content.when
        if planned is not None and unmoved and schedule.next_run_at is not None:
            planned = self._start(portal, schedule.next_run_at)
        changed = self.schedules.replace(portal.id, schedule.id, content, planned)
        if changed is not None:
            self._note(portal, user_id, "schedule_changed", changed)
        return changed

    def take_over(self, portal: PortalRecord, user_id: int, schedule: ScheduleRecord) -> ScheduleRecord | None:
        """Makes the user its owner; what was paused for its owner's sake runs again. None when it is gone meanwhile."""
        if schedule.user_id == user_id:
            return schedule
        runs = schedule.content.active or schedule.paused is not None
        planned = self._planned_next(portal, schedule.content.when) if runs else None
        taken = self.schedules.take_over(portal.id, schedule.id, user_id, planned)
        if taken is not None:
            self._note(portal, user_id, "schedule_taken_over", taken)
        return taken

    def delete(self, portal: PortalRecord, user_id: int, schedule: ScheduleRecord) -> bool:
        """Remove it. → whether it was there still."""
        gone = self.schedules.delete(portal.id, schedule.id)
        if gone:
            self._note(portal, user_id, "schedule_deleted", schedule)
        return gone

    def run_now(self, portal: PortalRecord, user_id: int, schedule: ScheduleRecord) -> ReportRecord | None:
        """A report as if its moment were now, of its owner's and delivered as planned. None when it is gone meanwhile.

        Raises ReportAccessError to the owner, ScheduleOwnerError to others where the owner may not build it.
        """
        try:
            self.access.require_report_access(portal, schedule.user_id)
        except ReportAccessError as error:
            raise error if user_id == schedule.user_id else ScheduleOwnerError from error
        today = self._local_day(portal, self.schedules.now())
        body = {**schedule.content.params, **days_of_run(schedule.content.period, today)}
        try:
            return self.ordering.order_planned(
                portal, schedule.user_id, body, schedule.content.names, self.due.ordering_now(schedule)
            )
        except MomentTaken:
            return None

    def plan_anew(self, portal: PortalRecord) -> None:
        """After a change of the portal's time zone: the planned moments of its schedules."""
        for each in self.schedules.active(portal.id):
            self.schedules.plan_anew(each, self._planned_next(portal, each.content.when))

    def following(self, portal: PortalRecord, when: Mapping[str, Any], after: datetime) -> Planned:
        """The first planned moment after this one, and when it starts."""
        return self._start(portal, next_run(when, zone_of(zone_name(portal)), after))

    def pause(self, portal: PortalRecord, schedule: ScheduleRecord, code: str) -> None:
        """Pause a schedule whose owner cannot run it, for the reason of this error code."""
        if self.schedules.pause(schedule.id, schedule.user_id, code):
            owner = schedule.user_id, schedule.user_name
            details = {"schedule": schedule.content.name, "reason": code}
            self.audit_log.add(portal.id, *owner, "schedule_paused", details=details)

    def _content(
        self, portal: PortalRecord, user_id: int, asked: Mapping[str, Any], known: Sequence[Mapping[str, Any]]
    ) -> ScheduleContent:
        """What was asked for, checked. ``known``: targets that it has already, granted or not."""
        kind = asked["params"].get("kind") or DEFAULT_KIND
        if (asked["period"] == AS_OF_RUN) != (kind == RECEIVABLES):
            reason = "period_of_receivables" if kind == RECEIVABLES else "period_of_registers"
            raise InvalidParametersError(period=reason)
        require_granted(portal, asked["deliver"], known)
        today = self._local_day(portal, self.schedules.now())
        body = {**asked["params"], **days_of_run(asked["period"], today)}
        try:
            names = self.ordering.settle(portal, user_id, body)
        except InvalidParametersError as error:
            raise InvalidParametersError(**{f"params.{name}": why for name, why in error.fields.items()}) from error
        return ScheduleContent(
            name=asked["name"],
            params=asked["params"],
            names=names,
            period=asked["period"],
            when=asked["when"],
            deliver=asked["deliver"],
            active=asked["active"],
        )

    def _planned(self, portal: PortalRecord, content: ScheduleContent) -> Planned | None:
        return self._planned_next(portal, content.when) if content.active else None

    def _planned_next(self, portal: PortalRecord, when: Mapping[str, Any]) -> Planned:
        return self.following(portal, when, self.schedules.now())

    def _start(self, portal: PortalRecord, moment: datetime) -> Planned:
        others = self.schedules.other_portals(portal.id)
        return Planned(moment, moment + start_offset(portal.member_id, others))

    def _local_day(self, portal: PortalRecord, moment: datetime) -> date:
        return moment.astimezone(zone_of(zone_name(portal))).date()

    def _note(self, portal: PortalRecord, user_id: int, action: str, schedule: ScheduleRecord) -> None:
        known = self.users.get(portal.id, user_id)
        details = {"schedule": schedule.content.name}
        self.audit_log.add(portal.id, user_id, known.name if known else "", action, details=details)


def zone_name(portal: PortalRecord) -> str:
    """The portal's time zone, by its settings."""
    name: str = complete_settings(portal.settings)["time_zone"]
    return name

"""Ordering a report: the one use case that the page, the command line, and whoever comes next share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bitrix_app.errors import IdempotencyKeyReusedError, InvalidParametersError, PortalBusyError, PortalError
from bitrix_app.jobs.columns import needs_portal, unknown_column
from bitrix_app.jobs.comparing import COMPARE_WITH, require_comparable
from bitrix_app.jobs.receivables import refuse_others, settled_receivables, told_in_log
from bitrix_app.jobs.report_run import SAMPLE, present_date, report_catalog
from bitrix_app.portals import (
    BATCH,
    PERIODS,
    Access,
    Catalogs,
    Named,
    PortalClients,
    company_of,
    complete_settings,
    invoice_of,
    plan_of,
)
from bitrix_app.reports import (
    DEFAULT_DATE_FIELD,
    DEFAULT_KIND,
    KINDS,
    RECEIVABLES,
    SAMPLE_DAYS,
    Estimate,
    ReportParams,
    estimate,
    expected_batch_seconds,
    expected_calls,
    expected_seconds,
)
from bitrix_app.storage import AuditLog, PortalRecord, PortalUsers, ReportRecord, Reports, WriteBeside
from bitrix_app.texts import ENGLISH, RUSSIAN

log = logging.getLogger(__name__)

ALL_TIME_FROM, ALL_TIME_YEARS = date(2000, 1, 1), 10
"""The period of all invoices: from the first day that a portal may know to so many years after today."""
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
OPTIONAL: Mapping[str, Any] = {
    "detailed": False,
    "stages": None,
    "company_id": None,
    "invoice_id": None,
    "mycompany_id": None,
    "assigned_by_id": None,
    "currency": None,
    "paid": None,
}
"""Parameters that narrow a report or choose its sheets, with their defaults."""
ORDERED = "report_created"
NEWER: Mapping[str, Any] = {"kind": DEFAULT_KIND, "columns": None}
"""Parameters that older rows lack, with what these rows mean."""
TOLD_IF_GIVEN = (COMPARE_WITH, "set_name")
"""Parameters that a row has only where they were asked for."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """Orders and estimates reports of any user of any portal.

    ``asked``, a method's last positional argument, is the body of ``POST /api/v1/reports`` (contract §3): its fields by
    name, dates as ``date``, absent ones by default; ``period`` (one of PERIODS) may stand in for the dates.
    ``wake``: a report waits in its row; never raises. ``clock``: seconds since 1970.
    """

    reports: Reports
    users: PortalUsers
    audit_log: AuditLog
    access: Access
    catalogs: Catalogs
    clients: PortalClients
    wake: Callable[[], None]
    clock: Callable[[], float] = time.time

    def order(
        self, portal: PortalRecord, user_id: int, asked: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> tuple[ReportRecord, bool]:
        """Check the right, settle the parameters, write the row with its line in the audit log, wake a worker.

        → the report, and whether it is new: the same key again gives the same report. Raises InvalidParametersError,
        IdempotencyKeyReusedError, AppUninstalledError; ReportAccessError; and, where the
        portal has to be asked, PortalErrors and AuthorizationServerErrors.
        """
        self.access.require_report_access(portal, user_id)
        params = self._settled(portal, user_id, asked)
        known = self.users.get(portal.id, user_id)
        name = known.name if known else ""
        names = self._names(portal, user_id, params)
        told = told_in_log(params, names)
        noted = self.audit_log.add_beside(portal.id, user_id, name, ORDERED, details=told)
        mine = self.reports.of(portal.id, user_id)
        record, is_new = mine.create(params, name, idempotency_key, names=names, beside=[noted])
        newer = {each: NEWER[each] for each in NEWER.keys() & params.keys()}
        if not is_new and {**newer, **record.params} != params:
            raise IdempotencyKeyReusedError
        if is_new:
            self.wake()
        return record, is_new

    def settle(self, portal: PortalRecord, user_id: int, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What the portal calls the things in the body of a report that is ordered later, once it is checked. Raises
        what ``order`` raises about parameters."""
        return self._names(portal, user_id, self._settled(portal, user_id, asked))

    def order_planned(
        self,
        portal: PortalRecord,
        user_id: int,
        asked: Mapping[str, Any],
        names: Mapping[str, Any],
        beside: WriteBeside,
    ) -> ReportRecord:
        """The report of a schedule, from a body that ``settle`` has checked. The portal is not asked: what it has lost
        since, and whether there is room, is found when the report is built.

        ``beside`` as one of UserReports.create. Raises AppUninstalledError and what ``beside`` raises.
        """
        params = self._settled(portal, user_id, asked, known=True)
        known = self.users.get(portal.id, user_id)
        name = known.name if known else ""
        noted = self.audit_log.add_beside(portal.id, user_id, name, ORDERED, details=told_in_log(params, names))
        mine = self.reports.of(portal.id, user_id)
        record, _ = mine.create(params, name, names=names, beside=[beside, noted], limited=False)
        self.wake()
        return record

    def estimate(self, portal: PortalRecord, user_id: int, asked: Mapping[str, Any]) -> Estimate:
        """How many invoices the report would have, and what it would cost. Raises what ``order`` raises."""
        self.access.require_report_access(portal, user_id)
        params = ReportParams.from_json(self._settled(portal, user_id, asked))
        with self.clients.interactive(portal, user_id) as client:
            known = self.catalogs.whole(portal, user_id, client)
            found = estimate(client, *present_date(params, report_catalog(portal, known)), plan_of(portal))
        faster = expected_batch_seconds(found.calls, plan_of(portal))
        if complete_settings(portal.settings)["fetch_mode"] == BATCH:
            return replace(found, seconds=faster)
        return replace(found, batch_seconds=faster)

    def usual_seconds(self, portal: PortalRecord) -> tuple[int, int]:
        """What a report of 1,000 invoices with product rows takes, call by call and by the portal's ``batch``."""
        calls, plan = expected_calls(1000, detailed=True), plan_of(portal)
        return expected_seconds(calls, plan), expected_batch_seconds(calls, plan)

    def _names(self, portal: PortalRecord, user_id: int, params: Mapping[str, Any]) -> dict[str, Any]:
        """What the portal calls the company, invoice, own company and person that a report is narrowed to, to be shown
        with it; without what the user may not see. A report needs no names: a portal that fails here costs only them.
        """
        names: dict[str, Any] = {}
        try:
            company_id, invoice_id = params["company_id"], params.get("invoice_id")
            own_id, person_id = params["mycompany_id"], params["assigned_by_id"]
            if own_id is not None:
                names |= {"mycompany": _titled(self.catalogs.my_companies(portal, user_id), own_id)}
            if person_id is not None:
                names |= {"assigned_by": _titled(self.catalogs.assignees(portal, user_id), person_id)}
            if company_id is not None or invoice_id is not None:
                with self.clients.interactive(portal, user_id) as client:
                    company = company_of(client, company_id) if company_id is not None else None
                    invoice = invoice_of(client, invoice_id) if invoice_id is not None else None
                names |= {
                    "company": company.title if company else None,
                    "invoice": {"number": invoice.number, "date": invoice.date} if invoice else None,
                }
        except (PortalError, PortalBusyError) as error:
            log.info("names_not_read", extra={"portal_id": portal.id, "code": error.code})
        return {name: each for name, each in names.items() if each is not None}

    def _settled(
        self, portal: PortalRecord, user_id: int, asked: Mapping[str, Any], *, known: bool = False
    ) -> dict[str, Any]:
        """What the row keeps: each parameter by name, as JSON, none left to a default that may change meanwhile; the
        language where it is not Russian.

        ``known``: its fields were looked up in the portal before, and its day is today or was.
        """
        kind = asked.get("kind") or DEFAULT_KIND
        if kind not in KINDS:
            raise InvalidParametersError(kind="unknown_kind")
        refuse_others(kind, asked)
        in_english = {"lang": ENGLISH} if asked.get("lang") == ENGLISH else {}
        if kind == RECEIVABLES:
            settings = complete_settings(portal.settings)
            today = asked["as_of"] if known else today_in(settings["time_zone"], self.clock())
            return {**settled_receivables(asked, today, settings["receivables_borders"]), **in_english}
        if asked.get(SAMPLE):
            return {**self._sample(portal), **in_english}
        first, last = self._days(portal, asked)
        earlier = asked.get(COMPARE_WITH)
        if earlier is not None:
            require_comparable(self.reports.of(portal.id, user_id), earlier, asked.get("lang") or RUSSIAN)
        given = {name: asked.get(name, default) for name, default in OPTIONAL.items()}
        return {
            "kind": kind,
            "date_from": first.isoformat(),
            "date_to": last.isoformat(),
            "date_field": self._date_field(portal, user_id, asked.get("date_field"), known=known),
            **given,
            "stages": given["stages"] or None,
            "columns": self._columns(portal, user_id, asked.get("columns"), known=known)
            if KINDS[kind].chooses_columns
            else None,
            **{name: asked[name] for name in TOLD_IF_GIVEN if asked.get(name) is not None},
            **in_english,
        }

    def _sample(self, portal: PortalRecord) -> dict[str, Any]:
        """A register of the sample's days, with product rows: whatever else was asked for does not fit its data."""
        today = today_in(complete_settings(portal.settings)["time_zone"], self.clock())
        return {
            **OPTIONAL,
            **NEWER,
            "date_from": (today - timedelta(days=SAMPLE_DAYS - 1)).isoformat(),
            "date_to": today.isoformat(),
            "date_field": DEFAULT_DATE_FIELD,
            "detailed": True,
            SAMPLE: True,
        }

    def _days(self, portal: PortalRecord, asked: Mapping[str, Any]) -> tuple[date, date]:
        first, last = asked.get("date_from"), asked.get("date_to")
        if first is None and last is None and asked.get("period") in PERIODS:
            return days_of(asked["period"], today_in(complete_settings(portal.settings)["time_zone"], self.clock()))
        if first is None or last is None:
            raise InvalidParametersError(**{"date_from" if first is None else "date_to": "missing_day"})
        if first > last:
            raise InvalidParametersError(date_from="after_last_day")
        return first, last

    def _date_field(self, portal: PortalRecord, user_id: int, chosen: str | None, *, known: bool) -> str:
        usual: str = complete_settings(portal.settings)["date_field"]
        field = chosen or usual
        if (
            not known
            and field not in {usual, DEFAULT_DATE_FIELD}
            and field not in {each.name for each in self.catalogs.date_fields(portal, user_id)}
        ):
            raise InvalidParametersError(date_field="unknown_date_field")
        return field

    def _columns(
        self, portal: PortalRecord, user_id: int, chosen: Sequence[str] | None, *, known: bool
    ) -> list[str] | None:
        """The columns that were asked for, else those of the settings, else none: those of the report's kind."""
        if chosen is None:
            usual: list[str] | None = complete_settings(portal.settings)["columns"]
            return usual
        if not known and needs_portal(chosen):
            unknown = unknown_column(chosen, self.catalogs.fields(portal, user_id))
            if unknown is not None:
                raise InvalidParametersError(columns=f"unknown_column: {unknown}")
        return list(chosen)


def _titled(named: Sequence[Named], number: int) -> str | None:
    return next((each.title for each in named if each.id == number), None)


def today_in(zone: str, now: float) -> date:
    """The calendar date in a time zone, in UTC where there is no such zone; ``now`` in seconds since 1970."""
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.fromtimestamp(now, UTC).date()
    return datetime.fromtimestamp(now, info).date()


def days_of(period: str, today: date) -> tuple[date, date]:
    """The first and last day of a period (one of PERIODS), both included."""
    if period == "all_time":
        return ALL_TIME_FROM, date(today.year + ALL_TIME_YEARS, 12, 31)
    which, _, unit = period.partition("_")
    months = MONTHS_IN[unit]
    first = (today.year * 12 + today.month - 1) // months * months - (months if which == "last" else 0)
    return _first_day(first), _first_day(first + months) - timedelta(days=1)


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)

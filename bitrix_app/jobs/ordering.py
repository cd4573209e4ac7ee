"""Ordering a report: the one use case that the page, the command line, and whoever comes next share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bitrix_app.errors import IdempotencyKeyReusedError, InvalidParametersError
from bitrix_app.jobs.report_run import present_date, report_catalog
from bitrix_app.portals import PERIODS, Access, Catalogs, PortalClients, complete_settings, plan_of
from bitrix_app.reports import DEFAULT_DATE_FIELD, DEFAULT_KIND, KINDS, Estimate, ReportParams, estimate
from bitrix_app.storage import AuditLog, PortalRecord, PortalUsers, ReportRecord, Reports

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
        """Check the right, settle the parameters, write the row, note it in the audit log, wake a worker.

        → the report, and whether it is new: the same key again gives the same report. Raises InvalidParametersError,
        IdempotencyKeyReusedError, AppUninstalledError; ReportAccessError; and, where the
        portal has to be asked, PortalErrors and AuthorizationServerErrors.
        """
        self.access.require_report_access(portal, user_id)
        params = self._settled(portal, user_id, asked)
        known = self.users.get(portal.id, user_id)
        name = known.name if known else ""
        record, is_new = self.reports.of(portal.id, user_id).create(params, name, idempotency_key)
        if not is_new and {"kind": DEFAULT_KIND, **record.params} != params:
            raise IdempotencyKeyReusedError
        if is_new:
            self.wake()
            days = {each: params[each] for each in ("date_from", "date_to")}
            self.audit_log.add(portal.id, user_id, name, "report_created", record.id, details=days)
        return record, is_new

    def estimate(self, portal: PortalRecord, user_id: int, asked: Mapping[str, Any]) -> Estimate:
        """How many invoices the report would have, and what it would cost. Raises what ``order`` raises."""
        self.access.require_report_access(portal, user_id)
        params = ReportParams.from_json(self._settled(portal, user_id, asked))
        with self.clients.interactive(portal, user_id) as client:
            known = self.catalogs.whole(portal, user_id, client)
            return estimate(client, *present_date(params, report_catalog(portal, known)), plan_of(portal))

    def _settled(self, portal: PortalRecord, user_id: int, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What the row keeps: each parameter by name, as JSON, none left to a default that may change meanwhile."""
        kind = asked.get("kind") or DEFAULT_KIND
        if kind not in KINDS:
            raise InvalidParametersError(kind="unknown_kind")
        first, last = self._days(portal, asked)
        given = {name: asked.get(name, default) for name, default in OPTIONAL.items()}
        return {
            "kind": kind,
            "date_from": first.isoformat(),
            "date_to": last.isoformat(),
            "date_field": self._date_field(portal, user_id, asked.get("date_field")),
            **given,
            "stages": given["stages"] or None,
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

    def _date_field(self, portal: PortalRecord, user_id: int, chosen: str | None) -> str:
        usual: str = complete_settings(portal.settings)["date_field"]
        field = chosen or usual
        if field not in {usual, DEFAULT_DATE_FIELD} and field not in {
            each.name for each in self.catalogs.date_fields(portal, user_id)
        }:
            raise InvalidParametersError(date_field="unknown_date_field")
        return field


def today_in(zone: str, now: float) -> date:
    """The calendar date in a time zone, in UTC where there is no such zone; ``now`` in seconds since 1970."""
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.fromtimestamp(now, UTC).date()
    return datetime.fromtimestamp(now, info).date()


def days_of(period: str, today: date) -> tuple[date, date]:
    """The first and last day of a period (one of PERIODS), both included."""
    which, _, unit = period.partition("_")
    months = MONTHS_IN[unit]
    first = (today.year * 12 + today.month - 1) // months * months - (months if which == "last" else 0)
    return _first_day(first), _first_day(first + months) - timedelta(days=1)


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)

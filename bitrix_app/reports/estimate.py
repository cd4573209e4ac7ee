"""The estimate: how many invoices a report would have, and what it would cost."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bitrix_app.reports.kinds import KINDS
from bitrix_app.reports.protocols import Plan, PortalReader
from bitrix_app.reports.request import ReportCatalog, ReportParams

PAGE = 50
ROWS_AN_INVOICE = 4
INVOICES_A_REQUISITE = 3
CALLS_BEFOREHAND = 8
SECONDS_A_CALL = 0.25


@dataclass(frozen=True, slots=True)
class Estimate:
    """``invoices`` in the report and ``undated`` ones that no period holds, counted; ``calls`` and ``seconds``
    reckoned with the usual number of product rows and a full bucket."""

    invoices: int
    undated: int
    calls: int
    seconds: int


def estimate(portal: PortalReader, params: ReportParams, catalog: ReportCatalog, plan: Plan) -> Estimate:
    """Two counting calls. A datetime field is counted a day wider at both ends, so the report may hold fewer.

    Raises PortalErrors.
    """
    kind = KINDS[params.kind]
    invoices = portal.count_invoices(kind.scope(params, catalog))
    undated = portal.count_invoices(kind.undated(params, catalog))
    calls = expected_calls(invoices, detailed=params.detailed)
    return Estimate(invoices, undated, calls, expected_seconds(calls, plan))


def expected_calls(invoices: int, *, detailed: bool) -> int:
    """Calls for a report of so many invoices with the usual number of requisites and product rows."""
    pages = ceil(invoices / PAGE)
    requisites = ceil(invoices / INVOICES_A_REQUISITE / PAGE)
    rows = ceil(invoices * ROWS_AN_INVOICE / PAGE) if detailed else 0
    return CALLS_BEFOREHAND + 2 * pages + requisites + rows


def expected_seconds(calls: int, plan: Plan) -> int:
    """What the bucket dictates once its credit is spent; before that, the calls' own time."""
    at_once = min(calls, plan.background) * SECONDS_A_CALL
    return max(1, ceil(at_once), ceil((calls - plan.background) * plan.interval))

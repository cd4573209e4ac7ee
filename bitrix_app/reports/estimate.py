"""The estimate: how many invoices a report would have, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from bitrix_app.errors import AccessDeniedError, InvalidArgumentError
from bitrix_app.reports.kinds import KINDS
from bitrix_app.reports.lookups import id_in
from bitrix_app.reports.protocols import Plan, PortalReader
from bitrix_app.reports.request import ReportCatalog, ReportParams, without_field

PAGE = 50
ROWS_AN_INVOICE = 4
INVOICES_A_REQUISITE = 3
CALLS_BEFOREHAND = 10
SECONDS_A_CALL = 0.25


@dataclass(frozen=True, slots=True)
class Estimate:
    """``invoices`` in the report and ``undated`` ones that no period holds, counted; ``calls`` and ``seconds``
    reckoned with the usual number of product rows and a full bucket. ``at_most``: the portal takes no condition on the
    date field, so the invoices of all periods were counted, the undated ones among them."""

    invoices: int
    undated: int
    calls: int
    seconds: int
    at_most: bool = False


def estimate(portal: PortalReader, params: ReportParams, catalog: ReportCatalog, plan: Plan) -> Estimate:
    """Two counting calls. A datetime field is counted a day or two wider at both ends, so the report may hold fewer.

    For product rows the portal may have to be asked, once for each user, whether it takes lists of invoices: if not,
    each invoice is a call. Raises PortalErrors.
    """
    kind = KINDS[params.kind]
    scope = kind.scope(params, catalog)
    at_most = not portal.can_filter_by(params.date_field)
    if at_most:
        scope = without_field(scope, params.date_field)
    invoices = portal.count_invoices(scope)
    undated = 0 if at_most else portal.count_invoices(kind.undated(params, catalog))
    one_by_one = params.detailed and invoices > 1 and not _takes_lists(portal, scope)
    calls = expected_calls(invoices, detailed=params.detailed, one_by_one=one_by_one)
    return Estimate(invoices, undated, calls, expected_seconds(calls, plan), at_most)


def _takes_lists(portal: PortalReader, scope: Mapping[str, Any]) -> bool:
    """Whether lists of owners of product rows are answered to this user."""
    if portal.owner_lists is None:
        first = next(portal.invoices(filter=scope, select=["id"]), None)
        ids = [id_in(each, "id") for each in first.items] if first else []
        try:
            next(portal.product_rows(ids[:2]), None)
        except (AccessDeniedError, InvalidArgumentError):
            portal.learn_owner_lists(answered=False)
        else:
            portal.learn_owner_lists(answered=True)
    return portal.owner_lists is not False


def expected_calls(invoices: int, *, detailed: bool, one_by_one: bool = False) -> int:
    """Calls for a report of so many invoices with the usual number of requisites and product rows; ``one_by_one``: a
    call for each invoice's rows."""
    pages = ceil(invoices / PAGE)
    requisites = ceil(invoices / INVOICES_A_REQUISITE / PAGE)
    rows = ceil(invoices * ROWS_AN_INVOICE / PAGE) if detailed else 0
    if one_by_one:
        rows = invoices
    return CALLS_BEFOREHAND + 2 * pages + requisites + rows


def expected_seconds(calls: int, plan: Plan) -> int:
    """What the bucket dictates once its credit is spent; before that, the calls' own time."""
    at_once = min(calls, plan.background) * SECONDS_A_CALL
    return max(1, ceil(at_once), ceil((calls - plan.background) * plan.interval))

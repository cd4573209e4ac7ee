"""The estimate: how many invoices a report would have, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from bitrix_app.errors import AccessDeniedError, InvalidArgumentError
from bitrix_app.processing.payments import BY_PAYMENTS
from bitrix_app.reports.columns import report_columns
from bitrix_app.reports.kinds import KINDS
from bitrix_app.reports.lookups import id_in
from bitrix_app.reports.protocols import Plan, PortalReader
from bitrix_app.reports.request import ReportCatalog, ReportParams, accepted, payment_is_cut

PAGE = 50
ROWS_AN_INVOICE = 4
INVOICES_A_REQUISITE = 3
CALLS_BEFOREHAND = 10
SECONDS_A_CALL = 0.25
SECONDS_A_COMMAND, COMMANDS_AT_ONCE, COMMANDS_A_BATCH, ROUNDS = 0.1, 4, 40, 8
"""Of batches: what a command takes the portal, how many work at the same time, how full a batch is as a rule, and how
many of them have to wait for the one before."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """``invoices`` in the report and ``undated`` ones that no period holds, counted; ``calls`` and ``seconds``
    reckoned with the usual number of product rows and a full bucket. ``at_most``: the portal takes no condition on the
    date field (then the invoices of all periods were counted, the undated ones among them), or none on the payment as
    it is asked for. ``batch_seconds``: what it would take by the portal's ``batch``, where that is not how reports are
    fetched."""

    invoices: int
    undated: int
    calls: int
    seconds: int
    at_most: bool = False
    batch_seconds: int | None = None


def estimate(portal: PortalReader, params: ReportParams, catalog: ReportCatalog, plan: Plan) -> Estimate:
    """Two to four counting calls. A datetime field is counted a day or two wider at both ends, so the report may hold
    fewer. The portal's payments are a call for each invoice that is left open.

    For product rows the portal may have to be asked, once for each user, whether it takes lists of invoices: if not,
    each invoice is a call. Raises PortalErrors.
    """
    kind = KINDS[params.kind]
    wanted = kind.scope(params, catalog)
    scope = accepted(wanted, portal.can_filter_by)
    at_most = scope != wanted or payment_is_cut(params, catalog)
    invoices = portal.count_invoices(scope)
    later = kind.later(params, catalog)
    if later is not None and (asked := accepted(later, portal.can_filter_by)) == later:
        invoices += portal.count_invoices(asked)
    undated = portal.count_invoices(kind.undated(params, catalog)) if portal.can_filter_by(params.date_field) else 0
    one_by_one = params.reads_rows and invoices > 1 and not _takes_lists(portal, scope)
    looked_up = len(report_columns(kind, params, catalog).entities)
    payments = 0
    if catalog.fields.payment_source == BY_PAYMENTS:
        left_open = accepted(kind.scope(replace(params, paid=False), catalog), portal.can_filter_by)
        payments = invoices if left_open == scope else portal.count_invoices(left_open)
    calls = payments + expected_calls(invoices, detailed=params.reads_rows, one_by_one=one_by_one, looked_up=looked_up)
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


def expected_calls(invoices: int, *, detailed: bool, one_by_one: bool = False, looked_up: int = 0) -> int:
    """Calls for a report of so many invoices with the usual number of requisites and product rows; ``one_by_one``: a
    call for each invoice's rows; ``looked_up``: kinds of records whose words chosen columns need."""
    pages = ceil(invoices / PAGE)
    requisites = ceil(invoices / INVOICES_A_REQUISITE / PAGE)
    rows = ceil(invoices * ROWS_AN_INVOICE / PAGE) if detailed else 0
    if one_by_one:
        rows = invoices
    return CALLS_BEFOREHAND + 2 * pages + requisites * (1 + looked_up) + rows


def expected_seconds(calls: int, plan: Plan) -> int:
    """What the bucket dictates once its credit is spent; before that, the calls' own time."""
    at_once = min(calls, plan.background) * SECONDS_A_CALL
    return max(1, ceil(at_once), ceil((calls - plan.background) * plan.interval))


def expected_batch_seconds(calls: int, plan: Plan) -> int:
    """Seconds for so many calls as commands of batches: fewer requests, the same work of the portal."""
    requests = ROUNDS + ceil(calls / COMMANDS_A_BATCH)
    work = calls * SECONDS_A_COMMAND / COMMANDS_AT_ONCE + ROUNDS * SECONDS_A_CALL
    return max(1, ceil(work), expected_seconds(requests, plan))

"""What an order of receivables settles: the day, the due date, the ranges (contract §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bitrix_app.errors import InvalidParametersError
from bitrix_app.reports import RECEIVABLES, Terms

OF_REGISTERS = (
    "date_from",
    "date_to",
    "period",
    "date_field",
    "columns",
    "detailed",
    "paid",
    "invoice_id",
    "compare_with",
    "set_name",
)
OF_RECEIVABLES = ("as_of", "due", "borders")
FILTERS = ("stages", "company_id", "mycompany_id", "assigned_by_id", "currency")
DAYS = ("date_from", "date_to", "as_of")


def refuse_others(kind: str, asked: Mapping[str, Any]) -> None:
    """Refuses what belongs to the other kind of report. Raises InvalidParametersError."""
    foreign = OF_REGISTERS if kind == RECEIVABLES else OF_RECEIVABLES
    reason = "not_of_receivables" if kind == RECEIVABLES else "of_receivables_only"
    usual = {"detailed": False}
    given = {name: reason for name in foreign if asked.get(name) not in (None, usual.get(name))}
    if given:
        raise InvalidParametersError(**given)


def settled_receivables(asked: Mapping[str, Any], today: date, borders: Sequence[int]) -> dict[str, Any]:
    """What the row keeps, as JSON; ``borders`` are those of the settings. Raises InvalidParametersError."""
    as_of = asked.get("as_of")
    if as_of is None:
        raise InvalidParametersError(as_of="missing_day")
    if as_of > today:
        raise InvalidParametersError(as_of="later_than_today")
    usual = Terms(as_of)
    due = asked.get("due") or {}
    return {
        "kind": RECEIVABLES,
        "as_of": as_of.isoformat(),
        "due": {"from": due.get("from") or usual.due_from, "days": due.get("days") or usual.due_days},
        "borders": list(asked.get("borders") or borders),
        **{name: asked.get(name) for name in FILTERS},
        "stages": asked.get("stages") or None,
    }


USUAL_DATE = "begindate"
NARROWING = (
    "date_field",
    "detailed",
    "columns",
    "stages",
    "company_id",
    "invoice_id",
    "mycompany_id",
    "assigned_by_id",
    "currency",
    "paid",
)


def told_in_log(params: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log keeps of a report: its days, what narrows it, and names of companies and the invoice; that of
    an employee is looked up while somebody looks at it, so that it can be forgotten."""
    filters = {each: params[each] for each in (*NARROWING, "sample") if params.get(each) not in (None, False)}
    if params.get("paid") is False:
        filters["paid"] = False
    if filters.get("date_field") == USUAL_DATE:
        del filters["date_field"]
    known = {name: each for name, each in names.items() if name != "assigned_by"}
    found: dict[str, Any] = dict(days_in(params))
    return {**found, **({"filters": filters} if filters else {}), **({"names": known} if known and filters else {})}


def days_in(params: Mapping[str, Any]) -> dict[str, str]:
    """The days that a report's stored ``params`` tell: both ends of the period, or the one day."""
    return {name: params[name] for name in DAYS if params.get(name)}

"""A company's invoices by month, for its card: how much was invoiced, how much of it is paid.

A card wants a glance, not a register: at most PAGES pages of invoices are read, of the last MONTHS months, in the
portal's base currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from bitrix_app.bitrix24 import PAGE, Bitrix24Client, name_in
from bitrix_app.dates import date_as_written, date_in_zone
from bitrix_app.portals.catalog import InvoiceFields, PortalStage
from bitrix_app.portals.preferences import settings_in_force

MONTHS = 12
PAGES = 10
KOPECK = Decimal("0.01")
DIGITS = 15


@dataclass(frozen=True, slots=True)
class MonthSums:
    """Invoiced and paid in the invoices of one month (``2026-01``)."""

    month: str
    invoiced: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class CompanyOverview:
    """The last twelve months, oldest first, those without invoices as zeros; none where nothing was invoiced in them.

    ``complete`` is False when there were more invoices than were read.
    """

    currency: str
    months: tuple[MonthSums, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class OverviewRules:
    """Which invoices count, by which date, and when as paid: as in a register of the portal (contract §4).

    ``currency``: the one whose invoices count; sums of several cannot be added.
    ``zone``: the portal's, where the date is a moment. ``has_templates``: templates of recurring invoices are answered
    among invoices, and are none.
    """

    currency: str
    date_field: str
    zone: ZoneInfo | None
    paid_field: str | None
    success_stages: frozenset[str]
    left_out_stages: frozenset[str]
    has_templates: bool = False

    @classmethod
    def of(
        cls, settings: Mapping[str, Any], fields: InvoiceFields, stages: Sequence[PortalStage], currency: str
    ) -> OverviewRules:
        """The rules of the portal's complete settings and its catalog."""
        settings = settings_in_force(settings, {each.name for each in fields.dates})
        chosen = str(settings["date_field"])
        is_moment = any(each.name == chosen and each.type == "datetime" for each in fields.dates)
        return cls(
            currency=currency,
            date_field=chosen,
            zone=ZoneInfo(settings["time_zone"]) if is_moment else None,
            paid_field=settings["paid_field"],
            success_stages=frozenset(each.id for each in stages if each.semantics == "S"),
            left_out_stages=frozenset(settings["excluded_stages"])
            | {each.id for each in stages if each.semantics == "F"},
            has_templates=fields.has_templates,
        )

    def is_paid(self, invoice: Mapping[str, Any]) -> bool:
        """By the mapped payment date, else by a successful stage."""
        if self.paid_field:
            return bool(invoice.get(self.paid_field))
        return str(invoice.get("stageId")) in self.success_stages

    def day_of(self, invoice: Mapping[str, Any]) -> date | None:
        """The calendar date that it counts by; None where there is none that can be read."""
        written = invoice.get(self.date_field)
        try:
            if not isinstance(written, str):
                return None
            return date_in_zone(written, self.zone) if self.zone else date_as_written(written)
        except ValueError:
            return None

    def fields(self) -> list[str]:
        """The fields of an invoice that are read."""
        names = ["id", "opportunity", "stageId", self.date_field, self.paid_field]
        return list(dict.fromkeys(name for name in names if name))


def company_overview(client: Bitrix24Client, company_id: int, *, today: date, rules: OverviewRules) -> CompanyOverview:
    """Reads the company's invoices of the last twelve months with the client's rights. Raises PortalError."""
    first, after = _first_of(today, 1 - MONTHS), _first_of(today, 1)
    margin = timedelta(days=2 if rules.zone else 0)  # the portal compares moments in its server's time zone
    conditions: dict[str, Any] = {
        "=companyId": company_id,
        f">={rules.date_field}": (first - margin).isoformat(),
        f"<{rules.date_field}": (after + margin).isoformat(),
        "=currencyId": rules.currency,
    }
    if not client.can_filter_by(rules.date_field):
        conditions = {key: value for key, value in conditions.items() if name_in(key) != rules.date_field}
    if rules.has_templates:
        conditions["!=isRecurring"] = "Y"
    if rules.left_out_stages:
        conditions["!@stageId"] = sorted(rules.left_out_stages)
    sums = {month: MonthSums(month, Decimal(0), Decimal(0)) for month in _months(first)}
    counted = after_id = 0
    for _ in range(PAGES):
        items = client.invoice_page(filter=conditions, select=rules.fields(), after_id=after_id, counted=False).items
        counted += sum(_add(sums, item, rules) for item in items)
        if len(items) < PAGE:
            return CompanyOverview(rules.currency, tuple(sums.values()) if counted else (), complete=True)
        after_id = int(items[-1]["id"])
    return CompanyOverview(rules.currency, tuple(sums.values()) if counted else (), complete=False)


def _first_of(today: date, months_on: int) -> date:
    """The first day of the month that many months after today's."""
    month = today.year * 12 + today.month - 1 + months_on
    return date(month // 12, month % 12 + 1, 1)


def _months(first: date) -> list[str]:
    return [f"{_first_of(first, number):%Y-%m}" for number in range(MONTHS)]


def _add(sums: dict[str, MonthSums], item: Mapping[str, Any], rules: OverviewRules) -> bool:
    """Adds the invoice to its month. → whether it has one among these, and a sum."""
    day = rules.day_of(item)
    amount = _money(item.get("opportunity"))
    known = None if day is None else sums.get(f"{day:%Y-%m}")
    if known is None or amount is None:
        return False
    paid = known.paid + (amount if rules.is_paid(item) else 0)
    sums[known.month] = MonthSums(known.month, known.invoiced + amount, paid)
    return True


def _money(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount.quantize(KOPECK, ROUND_HALF_UP) if amount.is_finite() and amount.adjusted() < DIGITS else None

"""A company's invoices by month: how much was invoiced, how much of it is paid. For the company's card.

Cards want a glance, not a register: at most PAGES pages of invoices are read, of the last MONTHS months, in roubles.
An invoice counts as paid as in the register (contract §4): by the mapped payment date, else by a successful stage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from bitrix_app.bitrix24 import PAGE, Bitrix24Client

MONTHS = 12
PAGES = 10
CURRENCY = "RUB"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
KOPECK = Decimal("0.01")
DIGITS = 15


@dataclass(frozen=True, slots=True)
class MonthSums:
    """Roubles invoiced and paid in the invoices of one month (``2026-01``)."""

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


def company_overview(
    client: Bitrix24Client, company_id: int, *, today: date, paid_field: str | None, success_stages: frozenset[str]
) -> CompanyOverview:
    """Reads the company's invoices of the last twelve months with the client's rights. Raises PortalError."""
    first, after = _first_of(today, 1 - MONTHS), _first_of(today, 1)
    conditions = {
        "=companyId": company_id,
        ">=begindate": first.isoformat(),
        "<begindate": after.isoformat(),
        "=currencyId": CURRENCY,
    }
    select = ["id", "begindate", "opportunity", "stageId", *([paid_field] if paid_field else [])]
    sums = {month: MonthSums(month, Decimal(0), Decimal(0)) for month in _months(first)}
    counted = after_id = 0
    for _ in range(PAGES):
        items = client.invoice_page(filter=conditions, select=select, after_id=after_id, counted=False).items
        for item in items:
            is_paid = bool(item.get(paid_field)) if paid_field else str(item.get("stageId")) in success_stages
            counted += _add(sums, item, is_paid=is_paid)
        if len(items) < PAGE:
            return CompanyOverview(CURRENCY, tuple(sums.values()) if counted else (), complete=True)
        after_id = int(items[-1]["id"])
    return CompanyOverview(CURRENCY, tuple(sums.values()) if counted else (), complete=False)


def _first_of(today: date, months_on: int) -> date:
    """The first day of the month that many months after today's."""
    month = today.year * 12 + today.month - 1 + months_on
    return date(month // 12, month % 12 + 1, 1)


def _months(first: date) -> list[str]:
    return [f"{_first_of(first, number):%Y-%m}" for number in range(MONTHS)]


def _add(sums: dict[str, MonthSums], item: Mapping[str, Any], *, is_paid: bool) -> bool:
    """Adds the invoice to its month. → whether it has one among these, and a sum."""
    day = item.get("begindate")
    amount = _money(item.get("opportunity"))
    known = sums.get(day[:7]) if isinstance(day, str) and DAY.match(day) else None
    if known is None or amount is None:
        return False
    paid = known.paid + (amount if is_paid else 0)
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

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

from bitrix_app.bitrix24 import Bitrix24Client

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
    """The months with invoices, oldest first. ``complete`` is False when there were more invoices than were read."""

    currency: str
    months: tuple[MonthSums, ...]
    complete: bool


def company_overview(
    client: Bitrix24Client, company_id: int, *, today: date, paid_field: str | None, success_stages: frozenset[str]
) -> CompanyOverview:
    """Reads the company's invoices of the last twelve months with the client's rights. Raises PortalError."""
    conditions = {"=companyId": company_id, ">=begindate": _first_month(today).isoformat(), "=currencyId": CURRENCY}
    select = ["id", "begindate", "opportunity", "stageId", *([paid_field] if paid_field else [])]
    sums: dict[str, MonthSums] = {}
    after_id = 0
    for _ in range(PAGES):
        items = client.invoice_page(filter=conditions, select=select, after_id=after_id, counted=False).items
        for item in items:
            is_paid = bool(item.get(paid_field)) if paid_field else str(item.get("stageId")) in success_stages
            _add(sums, item, is_paid=is_paid)
        if len(items) < 50:
            return CompanyOverview(CURRENCY, tuple(sums[month] for month in sorted(sums)), complete=True)
        after_id = int(items[-1]["id"])
    return CompanyOverview(CURRENCY, tuple(sums[month] for month in sorted(sums)), complete=False)


def _first_month(today: date) -> date:
    month = today.year * 12 + today.month - 1 - (MONTHS - 1)
    return date(month // 12, month % 12 + 1, 1)


def _add(sums: dict[str, MonthSums], item: Mapping[str, Any], *, is_paid: bool) -> None:
    day = item.get("begindate")
    amount = _money(item.get("opportunity"))
    if not isinstance(day, str) or not DAY.match(day) or amount is None:
        return
    month = day[:7]
    known = sums.get(month, MonthSums(month, Decimal(0), Decimal(0)))
    sums[month] = MonthSums(month, known.invoiced + amount, known.paid + (amount if is_paid else 0))


def _money(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount.quantize(KOPECK, ROUND_HALF_UP) if amount.is_finite() and amount.adjusted() < DIGITS else None

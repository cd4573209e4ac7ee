"""Customers' companies: found by title or ИНН, and a company's invoices by month for its card.

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

from bitrix_app.bitrix24 import PAGE, Bitrix24Client, name_in, whole
from bitrix_app.dates import date_as_written, date_in_zone
from bitrix_app.entities import decoded
from bitrix_app.errors import AccessDeniedError
from bitrix_app.portals.catalog import TITLE_LENGTH, InvoiceFields, PortalStage
from bitrix_app.portals.preferences import settings_in_force

FOUND = 20
DUE = "closedate"
MONTHS = 12
PAGES = 10
KOPECK = Decimal("0.01")
DIGITS = 15


@dataclass(frozen=True, slots=True)
class FoundCompany:
    """A customer's company; ``inn`` is empty where its requisites tell none, or none that the user may read."""

    id: int
    title: str
    inn: str = ""


def find_companies(client: Bitrix24Client, text: str) -> tuple[FoundCompany, ...]:
    """At most FOUND companies whose ИНН begins with ``text``, where that is digits alone, else whose title holds it.

    Two calls with the user's own rights. Raises PortalError.
    """
    if text.isascii() and text.isdigit():
        numbers = _numbers(client.company_requisites_numbered(text))
        titles = _titles(client.companies(list(numbers)[:FOUND])) if numbers else {}
        return tuple(FoundCompany(each, title, numbers.get(each, "")) for each, title in titles.items())
    return _with_numbers(client, dict(list(_titles(client.companies_titled(text)).items())[:FOUND]))


def company_of(client: Bitrix24Client, company_id: int) -> FoundCompany | None:
    """A company by its id; None where the user may not see it. Raises PortalError."""
    return next(iter(_with_numbers(client, _titles(client.companies([company_id])))), None)


@dataclass(frozen=True, slots=True)
class FoundInvoice:
    """An invoice as its card names it: ``number`` and ``date`` (``2026-08-29``), None where it has none; ``company_id``
    of its customer."""

    number: str | None
    date: str | None
    company_id: int | None


def invoice_of(client: Bitrix24Client, invoice_id: int) -> FoundInvoice | None:
    """An invoice by its id; None where the user may not see it. Raises PortalError."""
    select = ["id", "accountNumber", "begindate", "companyId"]
    page = client.invoice_page(filter={"=id": invoice_id}, select=select, after_id=0, counted=False)
    if not page.items:
        return None
    number, day, company = (page.items[0].get(name) for name in select[1:])
    return FoundInvoice(
        number=str(number)[:TITLE_LENGTH] if isinstance(number, (str, int)) and number else None,
        date=found.isoformat() if (found := _date_in(day)) else None,
        company_id=whole(company) or None,
    )


def _date_in(value: Any) -> date | None:
    try:
        return date_as_written(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _with_numbers(client: Bitrix24Client, titles: Mapping[int, str]) -> tuple[FoundCompany, ...]:
    try:
        numbers = _numbers(client.company_requisites(titles)) if titles else {}
    except AccessDeniedError:
        numbers = {}
    return tuple(FoundCompany(each, title, numbers.get(each, "")) for each, title in titles.items())


def _titles(records: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    known = ((whole(each.get("id")), each.get("title")) for each in records)
    return {number: decoded(str(title or f"ID {number}")[:TITLE_LENGTH]) for number, title in known if number}


def _numbers(requisites: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Company id → its first ИНН."""
    found: dict[int, str] = {}
    for each in requisites:
        company, inn = whole(each.get("ENTITY_ID")), each.get("RQ_INN")
        if company and isinstance(inn, str) and inn.strip():
            found.setdefault(company, inn.strip()[:TITLE_LENGTH])
    return found


@dataclass(frozen=True, slots=True)
class MonthSums:
    """Invoiced and paid in the invoices of one month (``2026-01``)."""

    month: str
    invoiced: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class CompanyOverview:
    """The last twelve months, oldest first, those without invoices as zeros; none where nothing was invoiced in them.

    ``unpaid`` is what is not paid of them, ``overdue`` the part of it whose due date has passed, the oldest
    ``overdue_days`` ago. ``complete`` is False when there were more invoices than were read.
    """

    currency: str
    months: tuple[MonthSums, ...]
    unpaid: Decimal
    overdue: Decimal
    overdue_days: int
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
        dates, amounts = ({each.name for each in some} for some in (fields.dates, fields.amounts))
        settings = settings_in_force(settings, dates, amounts)
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
        names = ["id", "opportunity", "stageId", DUE, self.date_field, self.paid_field]
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
    counts = _Counts(today, rules, first)
    after_id = 0
    for _ in range(PAGES):
        items = client.invoice_page(filter=conditions, select=rules.fields(), after_id=after_id, counted=False).items
        for item in items:
            counts.add(item)
        if len(items) < PAGE:
            return counts.overview(complete=True)
        after_id = int(items[-1]["id"])
    return counts.overview(complete=False)


class _Counts:
    """What is reckoned while the pages come in."""

    def __init__(self, today: date, rules: OverviewRules, first: date) -> None:
        self._today = today
        self._rules = rules
        self._sums = {month: MonthSums(month, Decimal(0), Decimal(0)) for month in _months(first)}
        self._counted = self._overdue_days = 0
        self._overdue = Decimal(0)

    def add(self, item: Mapping[str, Any]) -> None:
        """Adds an invoice to its month, where it has one among these, and a sum."""
        day, amount = self._rules.day_of(item), _money(item.get("opportunity"))
        known = None if day is None else self._sums.get(f"{day:%Y-%m}")
        if known is None or amount is None:
            return
        paid = self._rules.is_paid(item)
        self._sums[known.month] = MonthSums(known.month, known.invoiced + amount, known.paid + (amount if paid else 0))
        self._counted += 1
        due = None if paid else _date_in(item.get(DUE))
        if due is not None and due < self._today:
            self._overdue += amount
            self._overdue_days = max(self._overdue_days, (self._today - due).days)

    def overview(self, *, complete: bool) -> CompanyOverview:
        """What came out."""
        months = tuple(self._sums.values()) if self._counted else ()
        unpaid = sum((each.invoiced - each.paid for each in months), Decimal(0))
        return CompanyOverview(self._rules.currency, months, unpaid, self._overdue, self._overdue_days, complete)


def _first_of(today: date, months_on: int) -> date:
    """The first day of the month that many months after today's."""
    month = today.year * 12 + today.month - 1 + months_on
    return date(month // 12, month % 12 + 1, 1)


def _months(first: date) -> list[str]:
    return [f"{_first_of(first, number):%Y-%m}" for number in range(MONTHS)]


def _money(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount.quantize(KOPECK, ROUND_HALF_UP) if amount.is_finite() and amount.adjusted() < DIGITS else None

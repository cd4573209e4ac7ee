"""Worlds of any size for benchmarks: N invoices of R product rows each, computed when asked for.

Invoice ids are 1…N, row ids 1…N×R; invoice i belongs to company (i - 1) % companies + 1. Dates rise with the ids over
the period. The sums are those of the rows, so the totals are known without reading anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from demo_portal.crm.builders import a_company, a_link, a_requisite, a_row, amount_of, an_invoice, vat_of
from demo_portal.crm.fields import INVOICE, PAID, SHIPPED
from demo_portal.crm.store import LINK_SPACE, Crm
from demo_portal.data.computed import ComputedIndex, ComputedRows
from demo_portal.data.inn import kpp, legal_entity_inn
from demo_portal.data.names import COMPANIES, GOODS

_PATTERNS = 499


@dataclass(frozen=True, slots=True)
class Pattern:
    """The content of an invoice: its rows, their sum and VAT in roubles."""

    rows: tuple[dict[str, Any], ...]
    amount: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class Scaled:
    """What was made; ``amount`` and ``vat`` are the totals over all invoices, in roubles."""

    invoices: int
    rows: int
    companies: int
    first: date
    last: date
    amount: Decimal
    vat: Decimal


def fill(
    crm: Crm,
    *,
    invoices: int,
    rows: int = 5,
    companies: int | None = None,
    first: date = date(2026, 1, 1),
    days: int = 90,
    seed: int = 7,
) -> Scaled:
    """Fill an empty CRM with ``invoices`` dated over ``days`` days from ``first``."""
    random = Random(seed)
    buyers = companies or max(1, min(5000, invoices // 8))
    patterns = [_pattern(random, rows) for _ in range(min(_PATTERNS, invoices))]
    ours = _companies(crm, buyers, random)
    _invoices(crm, invoices, buyers, patterns, (ours, first, days))
    _rows(crm, invoices, rows, patterns)
    _links(crm, invoices, buyers)
    used = [patterns[number % len(patterns)] for number in range(invoices)]
    return Scaled(
        invoices=invoices,
        rows=invoices * rows,
        companies=buyers,
        first=first,
        last=first + timedelta(days=days - 1),
        amount=sum((each.amount for each in used), Decimal(0)),
        vat=sum((each.vat for each in used), Decimal(0)),
    )


def _pattern(random: Random, rows: int) -> Pattern:
    lines = tuple(_line(random, place) for place in range(1, rows + 1))
    return Pattern(
        lines, sum((amount_of(each) for each in lines), Decimal(0)), sum((vat_of(each) for each in lines), Decimal(0))
    )


def _line(random: Random, place: int) -> dict[str, Any]:
    name, unit, base, rate = random.choice(GOODS)
    return a_row(
        price=Decimal(base) + random.randint(0, 99999) / Decimal(100),
        quantity=Decimal(random.randint(1, 4000)) / 100,
        rate=22 if rate == "std" else rate,
        name=name,
        unit=unit,
        sort=place * 10,
    )


def _companies(crm: Crm, count: int, random: Random) -> int:
    """Buyers with ids 1…count, each with a requisite of the same id; returns the id of one's own company."""
    for number in range(1, count + 1):
        title = f"ООО «{COMPANIES[number % len(COMPANIES)]}-{number}»"
        crm.companies.add(a_company(title, id=number))
        inn = legal_entity_inn("7701", random.randint(1, 99_999))
        crm.requisites.add(a_requisite(company_id=number, inn=inn, kpp=kpp("7701"), name=title, ID=number))
    return crm.add_company(a_company("ООО «Север-Трейд»", my=True))


def _invoices(crm: Crm, count: int, buyers: int, patterns: list[Pattern], made_of: tuple[int, date, int]) -> None:
    ours, first, days = made_of
    template = an_invoice(number=None, mycompany_id=ours)
    written = [f"{first + timedelta(days=day)}T03:00:00+03:00" for day in range(days + 40)]

    def make(invoice_id: int) -> dict[str, Any]:
        day = (invoice_id - 1) * days // count
        pattern = patterns[(invoice_id - 1) % len(patterns)]
        paid = invoice_id % 10 < 8
        return {
            **template,
            "id": invoice_id,
            "accountNumber": str(invoice_id),
            "title": f"Счёт №{invoice_id}",
            "begindate": written[day],
            "closedate": written[day + 10],
            "createdTime": written[day],
            "companyId": (invoice_id - 1) % buyers + 1,
            "opportunity": pattern.amount,
            "taxValue": pattern.vat,
            "stageId": "DT31_2:P" if paid else "DT31_2:S",
            SHIPPED: written[day + 3],
            PAID: written[day + 7] if paid else None,
        }

    def of_company(value: Any) -> list[int]:
        return list(range(value, count + 1, buyers)) if value and 0 < value <= buyers else []

    def of_number(value: Any) -> list[int]:
        return [int(value)] if str(value).isdigit() and 0 < int(value) <= count else []

    crm.invoices.use_lazy(
        ComputedRows(range(1, count + 1), make),
        {
            "companyId": ComputedIndex(of_company),
            "contactId": ComputedIndex(lambda _: []),
            "accountNumber": ComputedIndex(of_number),
        },
    )


def _rows(crm: Crm, count: int, rows: int, patterns: list[Pattern]) -> None:
    def make(row_id: int) -> dict[str, Any]:
        owner, place = divmod(row_id - 1, rows)
        return {**patterns[owner % len(patterns)].rows[place], "id": row_id, "ownerId": owner + 1}

    def of_owner(value: Any) -> list[int]:
        return list(range((value - 1) * rows + 1, value * rows + 1)) if value and 0 < value <= count else []

    crm.rows.use_lazy(ComputedRows(range(1, count * rows + 1), make), {"ownerId": ComputedIndex(of_owner)})


def _links(crm: Crm, count: int, buyers: int) -> None:
    base = INVOICE * LINK_SPACE

    def make(key: int) -> dict[str, Any]:
        return a_link(key - base, (key - base - 1) % buyers + 1)

    def of_entity(value: Any) -> list[int]:
        return [base + value] if value and 0 < value <= count else []

    crm.links.use_lazy(ComputedRows(range(base + 1, base + count + 1), make), {"ENTITY_ID": ComputedIndex(of_entity)})

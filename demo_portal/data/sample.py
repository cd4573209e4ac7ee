"""The sample portal: some sixty counterparties and some 600 invoices of the two years up to a day.

The same seed and day give the same data. Some invoices have defects as real data have:
``Sample.defects`` names each kind with the ids of its invoices, so that a test can look for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from demo_portal.crm.builders import (
    PRESET_COMPANY,
    PRESET_PERSON,
    PRESET_SOLE_TRADER,
    a_company,
    a_contact,
    a_row,
    an_invoice,
)
from demo_portal.crm.store import Crm
from demo_portal.data import names
from demo_portal.data.defects import add_defects
from demo_portal.data.inn import kpp, legal_entity_inn, ogrn, person_inn
from demo_portal.data.payments import add_payments

VAT_22_FROM = date(2026, 1, 1)
_RATES = {"RUB": Decimal(1), "USD": Decimal(80), "EUR": Decimal(93), "KZT": Decimal("0.156")}
_CURRENCIES = ["RUB"] * 44 + ["USD", "EUR", "EUR", "KZT"]
_SIMPLIFIED = (5, 7)
_WEIGHTS = [9 if place % 8 == 2 else 1 + place % 3 for place in range(100)]
"""A few regular customers, many occasional ones."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Somebody to bill: a company or (``company_id`` None) a person, and the requisite, if there is one."""

    company_id: int | None
    contact_id: int | None
    requisite_id: int | None
    simplified: bool = False  # billed from our company on the simplified system: 5 or 7 %


@dataclass(frozen=True, slots=True)
class Dates:
    """The day of an invoice, and the day up to which the data go."""

    day: date
    today: date


@dataclass(slots=True)
class Sample:
    """What was made: ids of one's own companies, of the buyers, and ``defects`` and ``payments``: kind → ids."""

    my_companies: list[int] = field(default_factory=list)
    my_requisites: list[int] = field(default_factory=list)
    buyers: list[Buyer] = field(default_factory=list)
    invoices: list[int] = field(default_factory=list)
    defects: dict[str, list[int]] = field(default_factory=dict)
    payments: dict[str, list[int]] = field(default_factory=dict)


def fill(crm: Crm, *, today: date, seed: int = 24, invoices: int = 600) -> Sample:
    """Fill an empty CRM; ``invoices`` of the two years that end with ``today``."""
    random = Random(seed)
    sample = Sample()
    _own_companies(crm, sample)
    _companies(crm, sample, random)
    _sole_traders(crm, sample, random)
    _persons(crm, sample, random)
    first = _two_years_before(today)
    days = (today - first).days
    dates = sorted(first + timedelta(days=random.randint(0, days)) for _ in range(invoices))
    for number, day in enumerate(dates, start=1):
        sample.invoices.append(_invoice(crm, sample, random, number, Dates(day, today)))
    add_defects(crm, sample.invoices, sample.defects, random)
    add_payments(crm, sample.invoices, sample.payments)
    _deals(crm, sample)
    return sample


def _two_years_before(today: date) -> date:
    """The first day of the month after the one two years ago: 24 November 2026 → 1 December 2024."""
    year, month = (today.year - 2, today.month + 1) if today.month < 12 else (today.year - 1, 1)
    return date(year, month, 1)


def _own_companies(crm: Crm, sample: Sample) -> None:
    for title, full, region, number in (
        ("ООО «Север-Трейд»", "Общество с ограниченной ответственностью «Север-Трейд»", "7801", 46213),
        ("ООО «Север-Сервис»", "Общество с ограниченной ответственностью «Север-Сервис»", "7814", 57031),
    ):
        company = crm.add_company(a_company(title, my=True))
        sample.my_companies.append(company)
        sample.my_requisites.append(
            crm.add_requisite(
                company_id=company,
                inn=legal_entity_inn(region, number),
                kpp=kpp(region),
                name=title,
                full_name=full,
                RQ_OGRN="1187847" + f"{number:06d}",
            )
        )


def _companies(crm: Crm, sample: Sample, random: Random) -> None:
    for place, name in enumerate(names.COMPANIES):
        form, long_form = random.choice(names.FORMS)
        quoted = name if "«" in name else f"«{name}»"
        region = random.choice(names.REGIONS)
        company = crm.add_company(a_company(f"{form} {quoted}", assigned_by=random.choice((1, 5, 8))))
        contact = crm.add_contact(_person(random, company_id=company))
        requisite = crm.add_requisite(
            company_id=company,
            inn=legal_entity_inn(region, random.randint(1, 99_999)),
            kpp=kpp(region),
            name=f"{form} {quoted}",
            full_name=f"{long_form} {quoted}",
            preset=PRESET_COMPANY,
            RQ_OGRN=ogrn(region, random),
        )
        if place % 9 == 4:  # a branch: a second requisite that stands behind the first
            crm.add_requisite(
                company_id=company,
                inn=crm.requisites[requisite]["RQ_INN"],
                kpp=f"{region}43001",
                name=f"{form} {quoted}, филиал",
                sort=600,
            )
        sample.buyers.append(Buyer(company, contact, requisite, simplified=place % 7 == 3))


def _person(random: Random, **fields: Any) -> dict[str, Any]:
    woman = random.random() < 0.5
    return a_contact(
        random.choice(names.SURNAMES) + ("а" if woman else ""),
        random.choice(names.WOMEN if woman else names.MEN),
        random.choice(names.PATRONYMICS)[woman],
        **fields,
    )


def _sole_traders(crm: Crm, sample: Sample, random: Random) -> None:
    for place in range(12):
        contact = _person(random)
        who = (contact["lastName"], contact["name"], contact["secondName"])
        company = crm.add_company(a_company(f"ИП {who[0]} {who[1][0]}. {who[2][0]}."))
        contact_id = crm.add_contact({**contact, "companyId": company})
        requisite = crm.add_requisite(
            company_id=company,
            inn=person_inn(random.choice(names.REGIONS), random.randint(1, 999_999)),
            person=who,
            name=f"ИП {' '.join(who)}" if place % 3 == 0 else None,
            preset=PRESET_SOLE_TRADER,
            RQ_OGRNIP=f"3{random.randint(10**13, 10**14 - 1)}",
        )
        sample.buyers.append(Buyer(company, contact_id, requisite, simplified=place % 3 == 1))


def _persons(crm: Crm, sample: Sample, random: Random) -> None:
    for place in range(6):
        contact = _person(random)
        contact_id = crm.add_contact(contact)
        requisite = crm.add_requisite(
            contact_id=contact_id,
            inn=person_inn(random.choice(names.REGIONS), random.randint(1, 999_999)) if place % 2 else None,
            person=(contact["lastName"], contact["name"], contact["secondName"]),
            preset=PRESET_PERSON,
        )
        sample.buyers.append(Buyer(None, contact_id, requisite))


def _deals(crm: Crm, sample: Sample) -> None:
    """The next delivery to every fourth buyer; the last deal names nobody yet."""
    for place, buyer in enumerate(sample.buyers[::4]):
        crm.add_deal(
            f"Поставка {place + 1}",
            companyId=buyer.company_id,
            contactId=buyer.contact_id,
            opportunity=Decimal(45_000 + 7_500 * place),
        )
    crm.add_deal("Обращение с сайта")


def _invoice(crm: Crm, sample: Sample, random: Random, number: int, dates: Dates) -> int:
    day = dates.day
    buyer = random.choices(sample.buyers, _WEIGHTS[: len(sample.buyers)])[0]
    ours = 1 if buyer.simplified else 0
    currency = random.choice(_CURRENCIES)
    stage, shipped, paid = _fate(random, dates, category=7 if ours else 2)
    invoice = an_invoice(
        number=f"{number}" if ours == 0 else f"С-{number}",
        date=day,
        due=day + timedelta(days=random.choice((5, 7, 10, 14, 30))),
        company_id=buyer.company_id,
        contact_id=buyer.contact_id,
        mycompany_id=sample.my_companies[ours],
        stage=stage,
        currency=currency,
        assigned_by=random.choice((1, 5, 8, 8)),
        shipped=shipped,
        paid=paid,
        ufCrm_SMART_INVOICE_1718000000003=f"{random.randint(1, 90)}/{day.year}" if random.random() < 0.4 else None,
    )
    rows = _rows(random, day, currency, simplified=buyer.simplified)
    return crm.add_invoice(
        invoice, rows=rows, requisite_id=buyer.requisite_id or 0, my_requisite_id=sample.my_requisites[ours]
    )


def _fate(random: Random, dates: Dates, category: int) -> tuple[str, date | None, str | None]:
    """Stage, shipping date, payment moment: old invoices are mostly paid, some failed, the latest are open."""
    day, today = dates.day, dates.today
    age = (today - day).days
    chance = random.random()
    if chance < 0.05:
        return f"DT31_{category}:D", None, None
    if age > 20 and chance < 0.86:
        shipped = day + timedelta(days=random.randint(1, 15))
        paid = min(today, day + timedelta(days=random.randint(0, 35)))
        return f"DT31_{category}:P", shipped, f"{paid}T{random.randint(9, 18):02d}:{random.randint(0, 59):02d}:00+03:00"
    if category == 2 and chance > 0.97:
        return "DT31_2:1", day + timedelta(days=3), None
    shipped_already = age > 5 and random.random() < 0.6
    code = "S" if age > 3 or random.random() < 0.5 else "N"
    return f"DT31_{category}:{code}", day + timedelta(days=4) if shipped_already else None, None


def _rows(random: Random, day: date, currency: str, *, simplified: bool) -> list[Mapping[str, Any]]:
    count = random.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 9))
    special = random.choice(_SIMPLIFIED) if simplified else None
    return [_row(random, day, currency, special, place) for place in range(1, count + 1)]


def _row(random: Random, day: date, currency: str, special: int | None, place: int) -> Mapping[str, Any]:
    name, unit, base, rate = random.choice(names.GOODS)
    standard = 22 if day >= VAT_22_FROM else 20
    tax = special if special else standard if rate == "std" else rate
    discount = random.choice((0, 0, 0, 0, 5, 10, Decimal("7.5")))
    price = Decimal(base) / _RATES[currency] * (100 - Decimal(discount)) / 100
    included = "N" if random.random() < 0.25 else "Y"
    digits = Decimal("0.0001") if included == "N" else Decimal("0.01")
    quantity = _quantity(random, unit)
    return a_row(
        price=price.quantize(digits, ROUND_HALF_UP),
        quantity=quantity,
        rate=tax,
        name=name,
        unit=unit,
        discount=discount,
        included=included,
        sort=place * 10,
        productId=random.randint(100, 140),
    )


def _quantity(random: Random, unit: str) -> str:
    if unit in {"м", "л", "кг", "т", "м3", "ч"}:
        return random.choice(("0.5", "1.25", "2", "3.333", "12", "40.5", "100", "7.75"))
    return str(random.choice((1, 1, 1, 2, 3, 5, 10, 24)))

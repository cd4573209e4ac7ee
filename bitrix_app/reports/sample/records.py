"""Sample records in the shape of the portal's methods: invented invoices of invented companies.

Their ИНН begin with 0000, which no tax office gives, and have right check digits. Three invoices have defects, one of
each of the commonest kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bitrix_app.texts import tr

NEW, SENT, PAID, FAILED = "SAMPLE:NEW", "SAMPLE:SENT", "SAMPLE:PAID", "SAMPLE:FAILED"
SHIPPED_FIELD, PAID_FIELD = "sampleShipped", "samplePaid"
OWN_COMPANY = 1
OWN_REQUISITE = 100
FIRST_INVOICE = 1001
DAYS = 90
"""The sample's invoices are of so many days up to the report's."""
VAT_22_FROM = date(2026, 1, 1)
KOPECK = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Buyer:
    """A company and its requisite; an empty ``inn``: it has none."""

    id: int
    title: str
    inn: str
    kpp: str = "000001001"


@dataclass(frozen=True, slots=True)
class Row:
    """A product row; ``rate`` None is without VAT, 0 the usual rate of its day."""

    name: str
    price: str
    quantity: str = "1"
    unit: str = "шт"
    rate: int | None = 0


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice. ``ago``, ``paid``, ``shipped``: days before the report's day; ``due``: days after the invoice's;
    ``more``: so much its sum is above its rows."""

    buyer: int
    ago: int
    rows: Sequence[Row]
    paid: int | None = None
    shipped: int | None = None
    due: int = 10
    stage: str = SENT
    person: int = 1
    more: str = "0"


OWN: str = "ООО «Пример»"
PEOPLE: Mapping[int, str] = {1: "Примерова Анна", 2: "Образцов Пётр"}
STAGES: Mapping[str, tuple[str, str]] = {
    NEW: ("Новый", "P"),
    SENT: ("Отправлен клиенту", "P"),
    PAID: ("Оплачен", "S"),
    FAILED: ("Не оплачен", "F"),
}
BUYERS = (
    Buyer(11, "ООО «Образец-Строй»", "0000100012"),
    Buyer(12, "АО «Вымышленные системы»", "0000100020"),
    Buyer(13, "ООО «Пример-Логистика»", "0000100037"),
    Buyer(14, "ООО «Условная торговля»", "0000100044"),
    Buyer(15, "ООО «Без реквизитов»", ""),
    Buyer(16, "ООО «Опечатка в ИНН»", "0000100050"),
)
_SERVICE = Row("Обслуживание, месяц", "48000", unit="мес")
_PAPER = Row("Бумага А4, пачка", "412.50", "40", "упак")
_CHAIR = Row("Кресло офисное", "12990", "6")
_DELIVERY = Row("Доставка", "3500", unit="усл")
_BOOK = Row("Справочник, печатный", "890", "25", rate=10)
_TRAINING = Row("Обучение сотрудников", "30000", "2", "день", rate=None)
_CABLE = Row("Кабель", "37.4", "250.5", "м")
SALES = (
    Sale(11, 2, (_SERVICE,), stage=NEW),
    Sale(12, 6, (_PAPER, _DELIVERY), shipped=4),
    Sale(13, 9, (_CHAIR,), paid=3, shipped=5, stage=PAID, person=2),
    Sale(14, 14, (_BOOK, _PAPER), shipped=12),
    Sale(15, 18, (_DELIVERY,), person=2),
    Sale(11, 24, (_TRAINING,), paid=20, shipped=22, stage=PAID),
    Sale(16, 29, (_CABLE,), shipped=27),
    Sale(12, 33, (_SERVICE, _CABLE), paid=25, shipped=31, stage=PAID, person=2),
    Sale(14, 41, (_CHAIR, _DELIVERY), shipped=38, person=2),
    Sale(13, 47, (_PAPER,), paid=40, shipped=44, stage=PAID),
    Sale(11, 55, (_SERVICE,), paid=50, shipped=53, stage=PAID),
    Sale(12, 62, (_BOOK, _TRAINING), shipped=60, more="1500"),
    Sale(14, 71, (_CABLE, _CHAIR), paid=60, shipped=69, stage=PAID, person=2),
    Sale(13, 80, (_SERVICE, _DELIVERY), shipped=78),
    Sale(11, 84, (_CHAIR,), stage=FAILED),
)


def invoices(today: date) -> list[dict[str, Any]]:
    """Items of ``crm.item.list`` (entityTypeId 31), by rising id."""
    return [_invoice(place, sale, today) for place, sale in enumerate(reversed(SALES), start=FIRST_INVOICE)]


def product_rows(today: date) -> dict[int, list[dict[str, Any]]]:
    """Invoice id → its rows, as ``crm.item.productrow.list`` has them."""
    return {
        number: [_row(place, row, number, today - timedelta(days=sale.ago)) for place, row in enumerate(sale.rows, 1)]
        for number, sale in enumerate(reversed(SALES), start=FIRST_INVOICE)
    }


def requisites() -> dict[int, dict[str, Any]]:
    """Requisite id → requisite (``crm.requisite.list``): one's own, and those of the buyers who have one."""
    own = _requisite(OWN_REQUISITE, OWN_COMPANY, OWN, "0000200017", "000001001")
    theirs = {
        OWN_REQUISITE + each.id: _requisite(OWN_REQUISITE + each.id, each.id, each.title, each.inn, each.kpp)
        for each in BUYERS
        if each.inn
    }
    return {OWN_REQUISITE: own, **theirs}


def links() -> dict[int, int]:
    """Invoice id → the buyer's requisite id."""
    with_one = {each.id for each in BUYERS if each.inn}
    return {
        number: OWN_REQUISITE + sale.buyer
        for number, sale in enumerate(reversed(SALES), start=FIRST_INVOICE)
        if sale.buyer in with_one
    }


def _invoice(number: int, sale: Sale, today: date) -> dict[str, Any]:
    day = today - timedelta(days=sale.ago)
    sums = [_sums(row, day) for row in sale.rows]
    return {
        "id": number,
        "title": f"№ {number}",
        "accountNumber": str(number),
        "begindate": _moment(day),
        "closedate": _moment(day + timedelta(days=sale.due)),
        "opportunity": sum((amount for amount, _ in sums), Decimal(sale.more)),
        "isManualOpportunity": "Y" if Decimal(sale.more) else "N",
        "taxValue": sum((tax for _, tax in sums), Decimal(0)),
        "currencyId": "RUB",
        "companyId": sale.buyer,
        "contactId": 0,
        "contactIds": [],
        "mycompanyId": OWN_COMPANY,
        "stageId": sale.stage,
        "assignedById": sale.person,
        SHIPPED_FIELD: None if sale.shipped is None else _moment(today - timedelta(days=sale.shipped)),
        PAID_FIELD: None if sale.paid is None else _moment(today - timedelta(days=sale.paid)),
    }


def _row(place: int, row: Row, owner: int, day: date) -> dict[str, Any]:
    return {
        "id": owner * 10 + place,
        "ownerId": owner,
        "ownerType": "SI",
        "productName": tr(row.name),
        "price": Decimal(row.price),
        "quantity": Decimal(row.quantity),
        "taxRate": _rate(row, day),
        "taxIncluded": "Y",
        "measureName": tr(row.unit),
        "sort": place * 10,
    }


def _rate(row: Row, day: date) -> int | None:
    usual = 22 if day >= VAT_22_FROM else 20
    return usual if row.rate == 0 else row.rate


def _sums(row: Row, day: date) -> tuple[Decimal, Decimal]:
    """Amount and VAT of a row, to kopecks."""
    amount = (Decimal(row.price) * Decimal(row.quantity)).quantize(KOPECK, ROUND_HALF_UP)
    rate = _rate(row, day) or 0
    return amount, (amount * rate / (100 + rate)).quantize(KOPECK, ROUND_HALF_UP)


def _requisite(number: int, owner: int, name: str, inn: str, kpp: str) -> dict[str, Any]:
    return {
        "ID": str(number),
        "ENTITY_TYPE_ID": "4",
        "ENTITY_ID": str(owner),
        "PRESET_ID": "1",
        "NAME": tr(name),
        "SORT": "500",
        "ADDRESS_ONLY": "N",
        "RQ_INN": inn,
        "RQ_KPP": kpp,
        "RQ_COMPANY_NAME": tr(name),
        "RQ_COMPANY_FULL_NAME": tr(name),
        "RQ_NAME": "",
        "RQ_LAST_NAME": "",
        "RQ_FIRST_NAME": "",
        "RQ_SECOND_NAME": "",
    }


def _moment(day: date) -> str:
    return f"{day}T03:00:00+03:00"

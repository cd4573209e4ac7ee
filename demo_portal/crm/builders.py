"""Small records by hand, in the shape of the method's page: ``an_invoice(opportunity="120000.10")``.

Money and quantities are given as texts or numbers and kept as Decimal; dates as ``2026-03-31``, as a date, or as a
whole portal text (``2026-03-31T00:00:00+03:00``), which is kept as it stands. Any field of the portal can be given
by its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from demo_portal.crm.fields import (
    COMPANY,
    COMPANY_FIELDS,
    CONTACT,
    CONTACT_FIELDS,
    CUSTOM_FIELDS,
    INVOICE,
    INVOICE_FIELDS,
    PAID,
    SHIPPED,
)

KOPECK = Decimal("0.01")
PRESET_COMPANY, PRESET_SOLE_TRADER, PRESET_PERSON = 1, 3, 5

Number = str | int | float | Decimal


def money(value: Number | None) -> Decimal | None:
    """``value`` as a Decimal, exactly as written."""
    return None if value is None else Decimal(str(value))


def portal_date(value: str | date | None, *, hour: str = "03:00:00", offset: str = "+03:00") -> str | None:
    """A date as the portal writes it: ``2026-03-31T03:00:00+03:00``. None and whole texts stay as they are."""
    if value is None or (isinstance(value, str) and ("T" in value or not value)):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value}T{hour}{offset}"


def _filled(names: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = dict.fromkeys(names)
    record.update(values)
    return record


_INVOICE_NAMES = tuple(each.name for each in (*INVOICE_FIELDS, *CUSTOM_FIELDS))
_COMPANY_NAMES = tuple(each.name for each in COMPANY_FIELDS)
_CONTACT_NAMES = tuple(each.name for each in CONTACT_FIELDS)


def an_invoice(
    *,
    number: str | None = "1",
    date: str | date | None = "2026-03-31",
    opportunity: Number | None = None,
    tax: Number | None = None,
    company_id: int | None = None,
    contact_id: int | None = None,
    mycompany_id: int | None = None,
    stage: str = "DT31_2:N",
    currency: str | None = "RUB",
    assigned_by: int = 1,
    shipped: str | date | None = None,
    paid: str | date | None = None,
    due: str | date | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """An item of crm.item.list (entityTypeId 31). ``opportunity`` and ``tax`` left out are reckoned from the rows
    when the invoice is added to a portal together with them."""
    begindate = portal_date(date)
    created = begindate or "2026-01-01T10:00:00+03:00"
    record = _filled(
        _INVOICE_NAMES,
        {
            "title": f"Счёт №{number or ''}",
            "accountNumber": number,
            "begindate": begindate,
            "closedate": portal_date(due),
            "opportunity": money(opportunity),
            "taxValue": money(tax),
            "currencyId": currency,
            "companyId": company_id,
            "contactId": contact_id,
            "contactIds": [contact_id] if contact_id else [],
            "mycompanyId": mycompany_id,
            "categoryId": int(stage.partition("_")[2].partition(":")[0]),
            "stageId": stage,
            "assignedById": assigned_by,
            "createdBy": assigned_by,
            "updatedBy": assigned_by,
            "movedBy": assigned_by,
            "lastActivityBy": assigned_by,
            "createdTime": created,
            "updatedTime": created,
            "movedTime": created,
            "lastActivityTime": created,
            "opened": "Y",
            "isManualOpportunity": "N",
            "isRecurring": "N",
            "observers": [],
            "entityTypeId": INVOICE,
            SHIPPED: portal_date(shipped),
            PAID: portal_date(paid, hour="14:20:00"),
        },
    )
    record.update(fields)
    return record


def a_row(
    *,
    price: Number = "100",
    quantity: Number = 1,
    rate: Number | None = 22,
    name: str = "Товар",
    unit: str | None = "шт",
    discount: Number = 0,
    included: str = "Y",
    sort: int = 10,
    **fields: Any,
) -> dict[str, Any]:
    """A product row. ``price`` is the portal's ``price``: with discounts and taxes; ``rate`` None is «без НДС»;
    ``discount`` in per cent."""
    full, off = Decimal(str(price)), Decimal(str(discount))
    tax = Decimal(str(rate)) if rate is not None else None
    share = 1 + (tax or Decimal(0)) / 100
    before = full * 100 / (100 - off) if off != 100 else full
    record: dict[str, Any] = {
        "id": None,
        "ownerId": None,
        "ownerType": "SI",
        "productId": 0,
        "productName": name,
        "price": full,
        "priceAccount": full,
        "priceExclusive": _kopecks(full / share),
        "priceNetto": _kopecks(before / share),
        "priceBrutto": _kopecks(before),
        "quantity": Decimal(str(quantity)),
        "discountTypeId": 2,
        "discountRate": off,
        "discountSum": _kopecks((before - full) / share),
        "taxRate": tax,
        "taxIncluded": included,
        "customized": "Y",
        "measureCode": 796,
        "measureName": unit,
        "sort": sort,
        "xmlId": "",
        "type": 1,
        "storeId": None,
    }
    record.update(fields)
    return record


def a_company(title: str = "ООО «Ромашка»", *, my: bool = False, assigned_by: int = 1, **fields: Any) -> dict[str, Any]:
    """An item of crm.item.list (entityTypeId 4)."""
    record = _filled(
        _COMPANY_NAMES,
        {
            "title": title,
            "isMyCompany": "Y" if my else "N",
            "typeId": "CUSTOMER",
            "currencyId": "RUB",
            "revenue": 0,
            "categoryId": 0,
            "contactIds": [],
            "hasPhone": "N",
            "hasEmail": "N",
            "opened": "Y",
            "entityTypeId": COMPANY,
            **_stamps(assigned_by),
        },
    )
    record.update(fields)
    return record


def a_contact(
    last_name: str | None = "Петрова",
    name: str | None = "Анна",
    second_name: str | None = "Игоревна",
    *,
    company_id: int | None = None,
    assigned_by: int = 1,
    **fields: Any,
) -> dict[str, Any]:
    """An item of crm.item.list (entityTypeId 3)."""
    record = _filled(
        _CONTACT_NAMES,
        {
            "name": name,
            "lastName": last_name,
            "secondName": second_name,
            "companyId": company_id,
            "typeId": "CLIENT",
            "categoryId": 0,
            "hasPhone": "N",
            "hasEmail": "N",
            "opened": "Y",
            "entityTypeId": CONTACT,
            **_stamps(assigned_by),
        },
    )
    record.update(fields)
    return record


def a_requisite(
    *,
    company_id: int | None = None,
    contact_id: int | None = None,
    inn: str | None = "7707083893",
    kpp: str | None = None,
    name: str | None = None,
    full_name: str | None = None,
    person: tuple[str, str, str] | None = None,
    preset: int = PRESET_COMPANY,
    sort: int = 500,
    **fields: Any,
) -> dict[str, Any]:
    """A requisite of a company (``name`` is RQ_COMPANY_NAME) or of a person (surname, name, patronymic).

    ``preset``: PRESET_COMPANY, PRESET_SOLE_TRADER, PRESET_PERSON.
    """
    last, first, second = person or (None, None, None)
    record: dict[str, Any] = {
        "ENTITY_TYPE_ID": CONTACT if contact_id else COMPANY,
        "ENTITY_ID": contact_id or company_id,
        "PRESET_ID": preset,
        "DATE_CREATE": "2025-01-15T12:00:00+03:00",
        "DATE_MODIFY": "",
        "CREATED_BY_ID": 1,
        "NAME": "Реквизит",
        "ACTIVE": "Y",
        "ADDRESS_ONLY": "N",
        "SORT": sort,
        "RQ_INN": inn,
        "RQ_KPP": kpp,
        "RQ_COMPANY_NAME": name,
        "RQ_COMPANY_FULL_NAME": full_name,
        "RQ_LAST_NAME": last,
        "RQ_FIRST_NAME": first,
        "RQ_SECOND_NAME": second,
        "RQ_NAME": " ".join(each for each in person if each) if person else None,
    }
    record.update(fields)
    return record


def a_link(invoice_id: int, requisite_id: int = 0, my_requisite_id: int = 0, **fields: Any) -> dict[str, Any]:
    """A requisite link of an invoice; requisite 0 means none is chosen."""
    return {
        "ENTITY_TYPE_ID": INVOICE,
        "ENTITY_ID": invoice_id,
        "REQUISITE_ID": requisite_id,
        "BANK_DETAIL_ID": 0,
        "MC_REQUISITE_ID": my_requisite_id,
        "MC_BANK_DETAIL_ID": 0,
        **fields,
    }


def amount_of(row: Mapping[str, Any]) -> Decimal:
    """Roubles of a row: price × quantity, rounded half up."""
    return _kopecks(row["price"] * row["quantity"])


def vat_of(row: Mapping[str, Any]) -> Decimal:
    """VAT in a row's amount; 0 for «без НДС»."""
    rate = row["taxRate"]
    return _kopecks(amount_of(row) * rate / (100 + rate)) if rate else Decimal(0)


def _stamps(user_id: int) -> dict[str, Any]:
    moment = "2025-01-15T12:00:00+03:00"
    return {
        "assignedById": user_id,
        "createdBy": user_id,
        "updatedBy": user_id,
        "createdTime": moment,
        "updatedTime": moment,
    }


def _kopecks(value: Decimal) -> Decimal:
    return value.quantize(KOPECK, ROUND_HALF_UP)

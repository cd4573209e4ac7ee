"""Records in the shape of the portal's methods, ordinary unless a test says otherwise.

``an_invoice(opportunity=None)`` sets a field, ``an_invoice(opportunity=ABSENT)`` leaves it out. Numbers are as the
client parses them: whole ones ``int``, others ``Decimal``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

ABSENT = object()

LEGAL_INN, OTHER_LEGAL_INN = "7707083893", "7736207543"
PERSONS_INN = "500100732259"
COMPANY_PRESET, SOLE_TRADER_PRESET, PERSON_PRESET = 1, 2, 3
PRESET_XML_IDS = {
    COMPANY_PRESET: "#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#",
    SOLE_TRADER_PRESET: "#CRM_REQUISITE_PRESET_DEF_RU_INDIVIDUAL#",
    PERSON_PRESET: "#CRM_REQUISITE_PRESET_DEF_RU_PERSON#",
}
PRESET_NAMES = {COMPANY_PRESET: "Организация", SOLE_TRADER_PRESET: "ИП", PERSON_PRESET: "Физ. лицо"}


def an_invoice(**changed: Any) -> dict[str, Any]:
    """An item of ``crm.item.list`` (entityTypeId 31): 1,220.00 with VAT of 220.00, that is 22 %."""
    ordinary = {
        "id": 1,
        "accountNumber": "СЧ-1",
        "begindate": "2026-03-02T03:00:00+03:00",
        "closedate": "2026-03-09T03:00:00+03:00",
        "opportunity": 1220,
        "isManualOpportunity": "N",
        "taxValue": 220,
        "currencyId": "RUB",
        "stageId": "DT31_2:N",
        "companyId": 10,
        "contactId": 0,
        "contactIds": [],
        "mycompanyId": 7,
        "assignedById": 5,
    }
    return _changed(ordinary, changed)


def a_requisite(**changed: Any) -> dict[str, Any]:
    """A record of ``crm.requisite.list``: a legal entity, company 10's."""
    ordinary = {
        "ID": "100",
        "ENTITY_TYPE_ID": "4",
        "ENTITY_ID": "10",
        "PRESET_ID": str(COMPANY_PRESET),
        "NAME": "Организация",
        "SORT": "500",
        "ADDRESS_ONLY": "N",
        "RQ_INN": LEGAL_INN,
        "RQ_KPP": "773601001",
        "RQ_COMPANY_NAME": "ООО «Ромашка»",
        "RQ_COMPANY_FULL_NAME": "Общество с ограниченной ответственностью «Ромашка»",
        "RQ_NAME": "",
        "RQ_LAST_NAME": "",
        "RQ_FIRST_NAME": "",
        "RQ_SECOND_NAME": "",
    }
    return _changed(ordinary, changed)


def a_sole_traders_requisite(**changed: Any) -> dict[str, Any]:
    """A record of ``crm.requisite.list``: a sole trader, told by the preset."""
    ordinary = {
        "PRESET_ID": str(SOLE_TRADER_PRESET),
        "NAME": "Реквизиты",
        "RQ_INN": PERSONS_INN,
        "RQ_KPP": "",
        "RQ_COMPANY_NAME": "",
        "RQ_COMPANY_FULL_NAME": "",
        "RQ_LAST_NAME": "Иванов",
        "RQ_FIRST_NAME": "Иван",
        "RQ_SECOND_NAME": "Иванович",
    }
    return a_requisite(**{**ordinary, **changed})


def a_product_row(**changed: Any) -> dict[str, Any]:
    """A row of ``crm.item.productrow.list``: two pieces at 610.00 with 22 % inside, invoice 1's."""
    ordinary = {
        "id": 1000,
        "ownerId": 1,
        "ownerType": "SI",
        "productId": 77,
        "productName": "Стол письменный",
        "price": 610,
        "priceExclusive": 500,
        "quantity": 2,
        "taxRate": 22,
        "taxIncluded": "Y",
        "measureCode": 796,
        "measureName": "шт",
        "sort": 10,
    }
    return _changed(ordinary, changed)


def a_contact(**changed: Any) -> dict[str, Any]:
    """An item of ``crm.item.list`` (entityTypeId 3)."""
    return _changed({"id": 20, "lastName": "Петрова", "name": "Анна", "secondName": "Сергеевна"}, changed)


def rub(text: str) -> Decimal:
    """``rub("0.10")``: a sum of money."""
    return Decimal(text)


def _changed(ordinary: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**ordinary, **changed}.items() if value is not ABSENT}

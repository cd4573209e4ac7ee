"""Small portals told by a file: records as REST answers them, what is missing takes the ordinary value.

A case is ``{"companies": […], "contacts": […], "presets": […], "requisites": […], "invoices": […], "rows": {invoice id:
[…]}, "links": {invoice id: REQUISITE_ID}}``; numbers with a point come as Decimal.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from demo_portal.crm import builders
from demo_portal.people import User
from demo_portal.portal import Portal

SELLER = 2
"""Id of the employee of every case who may read their own invoices only."""

_NUMBERS = ("ID", "ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID", "COUNTRY_ID", "SORT")


def fill(portal: Portal, case: Mapping[str, Any]) -> None:
    """Put a case into an empty portal. Presets 1, 2, 3 are those of a Russian portal, as a genuine one numbers them."""
    crm = portal.crm
    portal.users[SELLER] = User(SELLER, "Пётр", "Лапин", sees="own", departments=(3,), position="Продавец")
    for preset_id in crm.presets.ids:
        crm.presets.remove(preset_id)
    crm.add_presets("ru", (1, 2, 3))
    for preset in case.get("presets", ()):
        crm.add_preset(preset["NAME"], preset.get("XML_ID", ""), **{"preset_id": None, **_numbers(preset)})
    for company in case.get("companies", ()):
        crm.add_company(company["title"], **{key: value for key, value in company.items() if key != "title"})
    for contact in case.get("contacts", ()):
        crm.add_contact(builders.a_contact(None, None, None), **contact)
    for requisite in case.get("requisites", ()):
        crm.add_requisite({**builders.a_requisite(inn=None, preset=1), **_numbers(requisite)})
    links = case.get("links", {})
    for invoice in case.get("invoices", ()):
        rows = case.get("rows", {}).get(str(invoice["id"]), ())
        _add_invoice(portal, invoice, rows, links.get(str(invoice["id"])))


def _add_invoice(portal: Portal, given: Mapping[str, Any], rows: Any, requisite_id: int | None) -> None:
    record = {**builders.an_invoice(number=given.get("accountNumber")), **given}
    contact = given.get("contactId")
    record["contactIds"] = [contact] if contact else []
    for name in ("opportunity", "taxValue"):
        record[name] = builders.money(record[name])
    currency = record["currencyId"]
    if currency and currency not in {each["CURRENCY"] for each in portal.crm.currencies}:
        portal.crm.add_currency(currency)
    portal.crm.add_invoice(record, rows=[_row(each) for each in rows], requisite_id=requisite_id)


def _row(given: Mapping[str, Any]) -> dict[str, Any]:
    """``sort`` 0 is replaced by the row's position when it is added."""
    row = builders.a_row(price=given["price"], quantity=given.get("quantity", 1), rate=given.get("taxRate"), sort=0)
    exact = {key: Decimal(str(value)) for key, value in given.items() if key in {"price", "quantity", "taxRate"}}
    return {**row, **given, **exact}


def _numbers(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: int(value) if key in _NUMBERS else value for key, value in record.items()}

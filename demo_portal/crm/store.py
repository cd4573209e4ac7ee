"""The CRM of one portal: its tables and the ways to put records in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta, timezone, tzinfo
from typing import Any

from demo_portal.crm import builders
from demo_portal.crm.countries import COUNTRIES, country_of
from demo_portal.crm.fields import (
    COMPANY,
    COMPANY_FIELDS,
    CONTACT,
    CONTACT_FIELDS,
    CUSTOM_FIELDS,
    DEAL,
    DEAL_FIELDS,
    INVOICE,
    INVOICE_FIELDS,
    LINK_TYPES,
    PAYMENT_TYPES,
    PRESET_TYPES,
    REQUISITE_TYPES,
    ROW_FIELDS,
    STATUS_TYPES,
    Field,
    kinds,
)
from demo_portal.crm.table import Table

MOSCOW = timezone(timedelta(hours=3))
LINK_SPACE = 10**10

FUNNELS: tuple[tuple[int, str, tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        2,
        "Счета",
        (
            ("N", "Новый", "", "#39a8ef"),
            ("S", "Отправлен клиенту", "", "#2fc6f6"),
            ("1", "Частично оплачен", "", "#55d0e0"),
            ("P", "Оплачен", "S", "#7bd500"),
            ("D", "Не оплачен", "F", "#ff5752"),
        ),
    ),
    (
        7,
        "Абонентское обслуживание",
        (
            ("N", "К выставлению", "", "#39a8ef"),
            ("S", "Выставлен", "", "#2fc6f6"),
            ("P", "Закрыт оплатой", "S", "#7bd500"),
            ("D", "Отменён", "F", "#ff5752"),
            ("D2", "Списан", "F", "#a5abb5"),
        ),
    ),
)
"""``(category id, name, stages)``; a stage is ``(code, name, semantics, colour)`` → ``DT31_2:N``."""

_EXTRA = {"": "process", "S": "success", "F": "failure"}


class Crm:
    """Everything the REST methods read. Records are plain dicts in the REST shape (Decimal for money)."""

    def __init__(self) -> None:
        self.zone: tzinfo = MOSCOW
        self.language = "ru"
        self.custom_fields: list[Field] = list(CUSTOM_FIELDS)
        self.invoices = Table(
            kinds((*INVOICE_FIELDS, *CUSTOM_FIELDS)), indexed=("companyId", "contactId", "accountNumber")
        )
        self.companies = Table(kinds(COMPANY_FIELDS), indexed=("isMyCompany",))
        self.contacts = Table(kinds(CONTACT_FIELDS), indexed=("companyId",))
        self.deals = Table(kinds(DEAL_FIELDS))
        self.rows = Table(kinds(ROW_FIELDS), indexed=("ownerId",))
        self.payments = Table(PAYMENT_TYPES, indexed=("ownerId",))
        self.requisites = Table(REQUISITE_TYPES, key="ID", indexed=("ENTITY_ID",))
        self.links = Table(LINK_TYPES, key=None, indexed=("ENTITY_ID",))
        self.presets = Table(PRESET_TYPES, key="ID")
        self.statuses = Table(STATUS_TYPES, key="ID", indexed=("ENTITY_ID",))
        self.categories: list[dict[str, Any]] = []
        self.currencies: list[dict[str, Any]] = []
        _fill_directories(self)

    def fields_of(self, entity_type_id: int) -> list[Field] | None:
        """Fields of an entity type, custom ones included; None for a type the demo does not have."""
        known = {
            INVOICE: INVOICE_FIELDS,
            DEAL: DEAL_FIELDS,
            COMPANY: COMPANY_FIELDS,
            CONTACT: CONTACT_FIELDS,
        }.get(entity_type_id)
        if known is None:
            return None
        return [*known, *self.custom_fields] if entity_type_id == INVOICE else list(known)

    def items_of(self, entity_type_id: int) -> Table | None:
        """The table of an entity type, or None."""
        tables = {INVOICE: self.invoices, DEAL: self.deals, COMPANY: self.companies, CONTACT: self.contacts}
        return tables.get(entity_type_id)

    def add_custom_field(self, field: Field) -> None:
        """A further custom field of invoices."""
        self.custom_fields.append(field)
        self.invoices.types = {**self.invoices.types, field.name: field.kind}

    def remove_custom_field(self, name: str) -> None:
        """A custom field of invoices is deleted, and what it held."""
        self.custom_fields = [each for each in self.custom_fields if each.name != name]
        for record_id in self.invoices.ids:
            self.invoices.change(record_id, **{name: None})

    def add_presets(self, region: str, ids: Iterable[int] = ()) -> list[int]:
        """The requisite presets that a portal of this region has from the start; → their ids (default: further)."""
        country, given = COUNTRIES[region], iter(ids)
        return [
            self.add_preset(name, xml_id, preset_id=next(given, None))
            for (_, name, _), xml_id in zip(country.presets, country.xml_ids(region), strict=True)
        ]

    def add_preset(self, name: str, xml_id: str = "", *, preset_id: int | None = None, **fields: Any) -> int:
        """A requisite preset; its country is told by its XML id unless COUNTRY_ID is given."""
        return self.presets.add(
            {
                "ID": preset_id,
                "ENTITY_TYPE_ID": 8,
                "COUNTRY_ID": country_of(xml_id),
                "DATE_CREATE": "2024-11-01T10:00:00+03:00",
                "DATE_MODIFY": "",
                "CREATED_BY_ID": 1,
                "MODIFY_BY_ID": None,
                "NAME": name,
                "XML_ID": xml_id,
                "ACTIVE": "Y",
                "SORT": 500,
                **fields,
            }
        )

    def add_currency(self, code: str, *, decimals: int = 2, base: bool = False) -> None:
        """A further currency, or the portal's base currency."""
        if base:
            self.currencies = [{**each, "BASE": "N"} for each in self.currencies]
        place = len(self.currencies) + 1
        kept = [each for each in self.currencies if each["CURRENCY"] != code]
        added = {**_currency(place, code, code, "1.0000", f"# {code}"), "DECIMALS": str(decimals)}
        self.currencies = [*kept, {**added, "BASE": "Y" if base else "N"}]

    # --- putting records in -----------------------------------------------------------------------------------

    def add_company(self, company: Mapping[str, Any] | str = "ООО «Ромашка»", **fields: Any) -> int:
        """Add a company (a title is enough); returns its id."""
        record = builders.a_company(company, **fields) if isinstance(company, str) else {**company, **fields}
        return self.companies.add(record)

    def add_contact(self, contact: Mapping[str, Any] | None = None, **fields: Any) -> int:
        """Add a contact; returns its id."""
        return self.contacts.add({**(contact or builders.a_contact()), **fields})

    def add_deal(self, title: str, **fields: Any) -> int:
        """Add a deal; returns its id."""
        names = dict.fromkeys(each.name for each in DEAL_FIELDS)
        return self.deals.add({**names, "title": title, "assignedById": 1, "currencyId": "RUB", **fields})

    def add_requisite(self, requisite: Mapping[str, Any] | None = None, **given: Any) -> int:
        """Add a requisite, ready-made or by the arguments of ``a_requisite``; returns its id."""
        return self.requisites.add(requisite or builders.a_requisite(**given))

    def add_invoice(
        self,
        invoice: Mapping[str, Any] | None = None,
        *,
        rows: Iterable[Mapping[str, Any]] = (),
        requisite_id: int | None = None,
        my_requisite_id: int = 0,
        **given: Any,
    ) -> int:
        """Add an invoice, ready-made or by the arguments of ``an_invoice``; returns its id.

        ``opportunity`` and ``taxValue`` that are None are reckoned from ``rows``. ``requisite_id`` makes a requisite
        link (0: a link that names none); None makes no link at all.
        """
        record = dict(invoice or builders.an_invoice(**given))
        lines = [dict(each) for each in rows]
        if record.get("opportunity") is None and lines:
            record["opportunity"] = sum(builders.amount_of(each) for each in lines)
        if record.get("taxValue") is None and lines:
            record["taxValue"] = sum(builders.vat_of(each) for each in lines)
        invoice_id = self.invoices.add(record)
        for index, line in enumerate(lines, start=1):
            self.rows.add({**line, "id": None, "ownerId": invoice_id, "sort": line["sort"] or index * 10})
        if requisite_id is not None:
            self.link(invoice_id, requisite_id, my_requisite_id)
        return invoice_id

    def add_row(self, invoice_id: int, row: Mapping[str, Any] | None = None, **given: Any) -> int:
        """Add a product row to an invoice (its sum stays as it is); returns the row's id."""
        return self.rows.add({**(row or builders.a_row(**given)), "id": None, "ownerId": invoice_id})

    def add_payment(self, invoice_id: int, amount: builders.Number, **fields: Any) -> int:
        """Add a payment to an invoice: made (``paid`` N: not yet), in roubles unless ``currency`` says; → its id."""
        made = fields.get("paid", "Y") == "Y"
        payment_id = self.payments.next_id()
        return self.payments.add(
            {
                "accountNumber": f"{invoice_id}/{payment_id}",
                "paid": "Y",
                "datePaid": "2026-03-31T12:00:00+03:00" if made else None,
                "empPaidId": 1 if made else None,
                "paySystemId": 6,
                "sum": builders.money(amount),
                "currency": "RUB",
                "paySystemName": "Банковский перевод",
                "ownerId": invoice_id,
                **fields,
            }
        )

    def link(self, invoice_id: int, requisite_id: int, my_requisite_id: int = 0) -> None:
        """Set the requisite link of an invoice."""
        self.links.add(
            builders.a_link(invoice_id, requisite_id, my_requisite_id), record_id=INVOICE * LINK_SPACE + invoice_id
        )

    def unlink(self, invoice_id: int) -> None:
        """Take the requisite link of an invoice away."""
        if INVOICE * LINK_SPACE + invoice_id in self.links:
            self.links.remove(INVOICE * LINK_SPACE + invoice_id)

    def remove_invoice(self, invoice_id: int) -> None:
        """Delete an invoice with its rows and link."""
        self.invoices.remove(invoice_id)
        self.unlink(invoice_id)
        for row in self.rows.with_value("ownerId", invoice_id):
            self.rows.remove(row["id"])


def _fill_directories(crm: Crm) -> None:
    presets = (builders.PRESET_COMPANY, builders.PRESET_SOLE_TRADER, builders.PRESET_PERSON)
    crm.add_presets("ru", presets)
    for category_id, name, stages in FUNNELS:
        crm.categories.append(
            {
                "id": category_id,
                "name": name,
                "sort": category_id * 100,
                "entityTypeId": INVOICE,
                "isDefault": "Y" if category_id == FUNNELS[0][0] else "N",
                "originId": "",
                "originatorId": "",
            }
        )
        for place, stage in enumerate(stages, start=1):
            crm.statuses.add({"ID": 200 + len(crm.statuses) + 1, "SORT": place * 10, **_stage(category_id, *stage)})
    for place, (code, full_name, rate, sign) in enumerate(
        (
            ("RUB", "Российский рубль", "1.0000", "# ₽"),
            ("USD", "Доллар США", "80.4512", "$#"),
            ("EUR", "Евро", "93.1270", "# €"),
            ("KZT", "Казахстанский тенге", "15.6020", "# ₸"),
        ),
        start=1,
    ):
        crm.currencies.append(_currency(place, code, full_name, rate, sign))


def _stage(category_id: int, code: str, title: str, semantics: str, color: str) -> dict[str, Any]:
    return {
        "ENTITY_ID": f"SMART_INVOICE_STAGE_{category_id}",
        "STATUS_ID": f"DT31_{category_id}:{code}",
        "NAME": title,
        "NAME_INIT": title if code in {"N", "P", "D"} else "",
        "SYSTEM": "Y" if code in {"N", "P", "D"} else "N",
        "CATEGORY_ID": category_id,
        "COLOR": color,
        "SEMANTICS": semantics or None,
        "EXTRA": {"SEMANTICS": _EXTRA[semantics], "COLOR": color},
    }


def _currency(place: int, code: str, full_name: str, rate: str, sign: str) -> dict[str, Any]:
    return {
        "CURRENCY": code,
        "AMOUNT_CNT": "100" if code == "KZT" else "1",
        "AMOUNT": rate,
        "SORT": str(place * 100),
        "BASE": "Y" if code == "RUB" else "N",
        "FULL_NAME": full_name,
        "LID": "ru",
        "FORMAT_STRING": sign,
        "DEC_POINT": ",",
        "THOUSANDS_SEP": "&nbsp;",
        "DECIMALS": "2",
        "DATE_UPDATE": "2026-11-01T10:00:00+03:00",
    }

"""The usual defects of real data. Each kind is put into a few invoices of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

from demo_portal.crm.builders import a_company, a_contact, a_requisite, vat_of
from demo_portal.crm.fields import PAID, SHIPPED
from demo_portal.crm.store import Crm

Defect = Callable[[Crm, int], None]
_PER_KIND = 2


def add_defects(crm: Crm, invoices: list[int], defects: dict[str, list[int]], random: Random) -> None:
    """Damage some of ``invoices`` in place, each in one way; fills ``defects``: kind → ids."""
    chosen = iter(random.sample(invoices, min(len(invoices), _PER_KIND * len(DEFECTS) + _PER_KIND)))
    for kind, put_into in DEFECTS.items():
        for invoice_id in _some(chosen, _PER_KIND):
            put_into(crm, invoice_id)
            defects.setdefault(kind, []).append(invoice_id)
    pair = list(_some(chosen, 2))
    if len(pair) == 2:
        crm.invoices.change(pair[1], accountNumber=crm.invoices[pair[0]]["accountNumber"])
        defects["duplicated number"] = pair


def _some(chosen: Iterator[int], count: int) -> Iterator[int]:
    for _, invoice_id in zip(range(count), chosen, strict=False):
        yield invoice_id


def _billed_to(crm: Crm, invoice_id: int, title: str, **requisite: Any) -> None:
    company = crm.add_company(a_company(title))
    linked = crm.add_requisite(a_requisite(company_id=company, **requisite))
    crm.invoices.change(invoice_id, companyId=company, contactId=None, contactIds=[])
    crm.link(invoice_id, linked)


def _no_link(crm: Crm, invoice_id: int) -> None:
    crm.unlink(invoice_id)


def _link_to_none(crm: Crm, invoice_id: int) -> None:
    crm.link(invoice_id, 0, 1)


def _link_to_deleted(crm: Crm, invoice_id: int) -> None:
    gone = crm.add_requisite(company_id=crm.invoices[invoice_id]["companyId"], name="Удалённый реквизит")
    crm.link(invoice_id, gone)
    crm.requisites.remove(gone)


def _company_without_requisites(crm: Crm, invoice_id: int) -> None:
    company = crm.add_company(a_company("ООО «Без реквизитов»"))
    crm.invoices.change(invoice_id, companyId=company, contactId=None, contactIds=[])
    crm.unlink(invoice_id)


def _only_contact(crm: Crm, invoice_id: int) -> None:
    contact = crm.add_contact(a_contact("Орлова", "Тамара", None))
    crm.invoices.change(invoice_id, companyId=None, contactId=contact, contactIds=[contact])
    crm.unlink(invoice_id)


def _nobody(crm: Crm, invoice_id: int) -> None:
    crm.invoices.change(invoice_id, companyId=None, contactId=None, contactIds=[])
    crm.unlink(invoice_id)


def _wrong_inn(crm: Crm, invoice_id: int) -> None:
    _billed_to(crm, invoice_id, "ООО «Опечатка»", inn="7707083894", kpp="770701001", name="ООО «Опечатка»")


def _short_inn(crm: Crm, invoice_id: int) -> None:
    _billed_to(crm, invoice_id, "ООО «Недописка»", inn="77070838", name="ООО «Недописка»")


def _inn_with_spaces(crm: Crm, invoice_id: int) -> None:
    _billed_to(crm, invoice_id, "ООО «Пробел»", inn=" 7707 083893", kpp="770701001", name="ООО «Пробел»")


def _formula_name(crm: Crm, invoice_id: int) -> None:
    _billed_to(crm, invoice_id, "=2+2", name='=HYPERLINK("http://example.com";"Скидка")', kpp="770701001")
    crm.add_row(invoice_id, name="@SUM(A1:A9)", price="0", quantity=1, rate=None)
    crm.add_row(invoice_id, name="-Позиция с минусом", price="0", quantity=1, rate=None)


def _odd_characters(crm: Crm, invoice_id: int) -> None:
    name = "ООО «Эмодзи\x0b 🚀 и \x00управляющие»"
    _billed_to(crm, invoice_id, name, name=name, kpp="770701001")


def _leading_zero(crm: Crm, invoice_id: int) -> None:
    crm.invoices.change(invoice_id, accountNumber="000123")


def _no_number(crm: Crm, invoice_id: int) -> None:
    crm.invoices.change(invoice_id, accountNumber="")


def _no_shipping_date(crm: Crm, invoice_id: int) -> None:
    crm.invoices.change(invoice_id, **{SHIPPED: None})


def _no_payment_date(crm: Crm, invoice_id: int) -> None:
    crm.invoices.change(invoice_id, **{PAID: "", "stageId": "DT31_2:P", "categoryId": 2})


def _no_invoice_date(crm: Crm, invoice_id: int) -> None:
    crm.invoices.change(invoice_id, begindate=None)


def _sum_differs(crm: Crm, invoice_id: int) -> None:
    more = crm.invoices[invoice_id]["opportunity"] + Decimal("1234.50")
    crm.invoices.change(invoice_id, opportunity=more, isManualOpportunity="Y")


def _credit(crm: Crm, invoice_id: int) -> None:
    """A correction: the quantities are negative, and so is the sum."""
    for row in crm.rows.with_value("ownerId", invoice_id):
        crm.rows.change(row["id"], quantity=-row["quantity"])
    invoice = crm.invoices[invoice_id]
    tax = sum(vat_of(row) for row in crm.rows.with_value("ownerId", invoice_id))
    crm.invoices.change(invoice_id, opportunity=-invoice["opportunity"], taxValue=tax, title="Корректировочный счёт")


def _no_rows(crm: Crm, invoice_id: int) -> None:
    for row in crm.rows.with_value("ownerId", invoice_id):
        crm.rows.remove(row["id"])
    crm.invoices.change(invoice_id, isManualOpportunity="Y")


def _no_sum(crm: Crm, invoice_id: int) -> None:
    _no_rows(crm, invoice_id)
    crm.invoices.change(invoice_id, opportunity=None, taxValue=None)


def _midnight_date(crm: Crm, invoice_id: int) -> None:
    """Dates written with midnight instead of the usual three o'clock."""
    day = crm.invoices[invoice_id]["begindate"][:10]
    crm.invoices.change(invoice_id, begindate=f"{day}T00:00:00+03:00")


def _unknown_stage(crm: Crm, invoice_id: int) -> None:
    crm.invoices.change(invoice_id, stageId="DT31_2:UC_DELETED", categoryId=2)


DEFECTS: dict[str, Defect] = {
    "no requisite link": _no_link,
    "link that names no requisite": _link_to_none,
    "link to a deleted requisite": _link_to_deleted,
    "company without requisites": _company_without_requisites,
    "only a contact": _only_contact,
    "nobody": _nobody,
    "wrong INN": _wrong_inn,
    "short INN": _short_inn,
    "INN with spaces": _inn_with_spaces,
    "name that looks like a formula": _formula_name,
    "control characters and emoji": _odd_characters,
    "number with leading zeros": _leading_zero,
    "no number": _no_number,
    "no shipping date": _no_shipping_date,
    "paid stage without a payment date": _no_payment_date,
    "no invoice date": _no_invoice_date,
    "sum differs from rows": _sum_differs,
    "credit": _credit,
    "no rows": _no_rows,
    "no sum": _no_sum,
    "date at midnight": _midnight_date,
    "stage that was deleted": _unknown_stage,
}

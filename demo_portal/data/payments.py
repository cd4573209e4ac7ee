"""Payments of the sample: a field with the paid amount and the portal's own payments, which tell what the payment date
tells, and more: paid in part, too much, in another currency.

Some invoices contradict themselves as real ones do: ``Sample.payments`` names each kind with the ids of its invoices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from demo_portal.crm.builders import money
from demo_portal.crm.fields import PAID, custom_field
from demo_portal.crm.store import Crm

PAID_AMOUNT = "ufCrm_SMART_INVOICE_1718000000004"
_PER_KIND = 3
_KOPECK = Decimal("0.01")


def add_payments(crm: Crm, invoices: Sequence[int], kinds: dict[str, list[int]]) -> None:
    """Pays what has a payment date in full, by field and payment alike; some open ones in other ways."""
    crm.add_custom_field(custom_field("UF_CRM_SMART_INVOICE_1718000000004", "money", "Оплачено по счёту"))
    open_ones: list[int] = []
    for invoice_id in invoices:
        invoice = crm.invoices[invoice_id]
        amount = invoice["opportunity"]
        if amount is None or amount <= 0:
            continue
        if invoice[PAID]:
            _pay(crm, invoice_id, amount, day=invoice[PAID])
        elif not str(invoice["stageId"]).endswith((":P", ":D")) and invoice["begindate"] and invoice["accountNumber"]:
            open_ones.append(invoice_id)
    some = iter(open_ones)
    for kind, put_into in KINDS.items():
        for invoice_id in [each for each, _ in zip(some, range(_PER_KIND), strict=False)]:
            put_into(crm, invoice_id, crm.invoices[invoice_id])
            kinds.setdefault(kind, []).append(invoice_id)


def _pay(crm: Crm, invoice_id: int, *amounts: Decimal, day: str | None = None) -> None:
    """Payments of these amounts, and their sum in the field; ``None``: on the day of the invoice."""
    currency = crm.invoices[invoice_id]["currencyId"]
    for each in amounts:
        crm.add_payment(invoice_id, each, currency=currency, datePaid=day or _same_day(crm, invoice_id))
    crm.invoices.change(invoice_id, **{PAID_AMOUNT: f"{sum(amounts)}|{currency}"})


def _same_day(crm: Crm, invoice_id: int) -> str:
    """No payment lies before its invoice or after today."""
    return f"{crm.invoices[invoice_id]['begindate'][:10]}T12:00:00+03:00"


def _half(amount: Decimal) -> Decimal:
    return (amount / 2).quantize(_KOPECK)


def _in_part(crm: Crm, invoice_id: int, invoice: Mapping[str, Any]) -> None:
    _pay(crm, invoice_id, _half(invoice["opportunity"]))


def _in_two_parts(crm: Crm, invoice_id: int, invoice: Mapping[str, Any]) -> None:
    first = _half(invoice["opportunity"])
    _pay(crm, invoice_id, first, invoice["opportunity"] - first)


def _too_much(crm: Crm, invoice_id: int, invoice: Mapping[str, Any]) -> None:
    _pay(crm, invoice_id, invoice["opportunity"] + 1000)


def _other_currency(crm: Crm, invoice_id: int, invoice: Mapping[str, Any]) -> None:
    other = "USD" if invoice["currencyId"] != "USD" else "EUR"
    crm.add_payment(invoice_id, "100", currency=other, datePaid=_same_day(crm, invoice_id))
    crm.invoices.change(invoice_id, **{PAID_AMOUNT: f"100|{other}"})


def _planned(crm: Crm, invoice_id: int, invoice: Mapping[str, Any]) -> None:
    crm.add_payment(invoice_id, invoice["opportunity"], currency=invoice["currencyId"], paid="N")


def _negative(crm: Crm, invoice_id: int, invoice: Mapping[str, Any]) -> None:
    crm.add_payment(invoice_id, "-50", currency=invoice["currencyId"], datePaid=_same_day(crm, invoice_id))
    crm.invoices.change(invoice_id, **{PAID_AMOUNT: f"{money('-50')}|{invoice['currencyId']}"})


KINDS: Mapping[str, Callable[[Crm, int, Mapping[str, Any]], None]] = {
    "in part": _in_part,
    "in two parts": _in_two_parts,
    "too much": _too_much,
    "in another currency": _other_currency,
    "planned": _planned,
    "negative": _negative,
}

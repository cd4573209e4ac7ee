"""Paid, left, too much: what follows of the paid amount of a processed invoice. Source of the rules: contract §6."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.processing.money import ZERO
from bitrix_app.texts import tr


def paid_amount(invoice: ProcessedInvoice, as_of: date | None = None) -> Decimal | None:
    """What has been paid by the end of the day ``as_of`` (``None``: at all); ``None`` where the whole sum was, and
    nobody knows the sum.

    A source that tells an amount has told it of that day already. Else paid is the whole sum or nothing, by the
    payment date; one that is not known counts as early enough.
    """
    if invoice.paid_amount is not None:
        return invoice.paid_amount
    return invoice.amount if is_paid(invoice, as_of) else ZERO


def is_paid(invoice: ProcessedInvoice, as_of: date | None = None) -> bool:
    """Whether all of it has been paid by the end of the day."""
    if invoice.paid_amount is not None or as_of is None:
        return invoice.paid
    return invoice.paid and (invoice.paid_date is None or invoice.paid_date <= as_of)


def outstanding(invoice: ProcessedInvoice, as_of: date | None = None) -> Decimal | None:
    """What is left to pay, never below 0; ``None`` where the sum is unknown."""
    paid = paid_amount(invoice, as_of)
    return None if invoice.amount is None or paid is None else max(invoice.amount - paid, ZERO)


def overpaid(invoice: ProcessedInvoice) -> Decimal:
    """What was paid above the sum, which lowers no other debt; 0 where the sum is unknown."""
    if invoice.paid_amount is None or invoice.amount is None:
        return ZERO
    return max(invoice.paid_amount - max(invoice.amount, ZERO), ZERO)


def is_partly_paid(invoice: ProcessedInvoice) -> bool:
    """Whether something was paid, and not all of it."""
    return not invoice.paid and (paid_amount(invoice) or ZERO) > 0


def payment_status(invoice: ProcessedInvoice) -> str | None:
    """Empty where there is nothing to pay: the sum is 0, negative or unknown."""
    paid, amount = paid_amount(invoice), invoice.amount
    if amount is None or paid is None or amount <= 0:
        return None
    if paid > amount:
        return tr("переплата")
    return tr("оплачен") if paid == amount else tr("оплачен частично") if paid > 0 else tr("не оплачен")

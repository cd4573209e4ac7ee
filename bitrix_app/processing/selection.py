"""Which processed invoices belong to a report, beyond what the portal's filter could tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bitrix_app.processing.model import ProcessedInvoice


def in_period(invoice: ProcessedInvoice, date_from: date | None, date_to: date | None) -> bool:
    """Whether the chosen calendar date lies in the period, both ends included; ``None`` leaves an end open.

    An invoice whose date is empty or unreadable stays: the portal counted it in, and its problem says what is wrong.
    """
    if invoice.date is None:
        return True
    return (date_from is None or date_from <= invoice.date) and (date_to is None or invoice.date <= date_to)


def is_paid_as_asked(invoice: ProcessedInvoice, paid: bool | None) -> bool:
    """Whether the invoice is paid (``True``) or unpaid (``False``), as asked; ``None`` asks for both."""
    return paid is None or invoice.paid is paid


@dataclass(frozen=True, slots=True)
class Selection:
    """A report's period and wish as one predicate."""

    date_from: date | None = None
    date_to: date | None = None
    paid: bool | None = None

    def keeps(self, invoice: ProcessedInvoice) -> bool:
        """Whether ``invoice`` belongs to the report."""
        return in_period(invoice, self.date_from, self.date_to) and is_paid_as_asked(invoice, self.paid)

    def of(self, invoices: list[ProcessedInvoice]) -> list[ProcessedInvoice]:
        """Those of ``invoices`` that belong to the report, in their order."""
        return [invoice for invoice in invoices if self.keeps(invoice)]

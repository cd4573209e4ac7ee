"""How paid amounts would look by a source: the portal's last invoices, for an administrator who is choosing one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bitrix_app.processing import DataProcessor, ProcessedInvoice, ProcessingContext
from bitrix_app.processing.payments import outstanding, paid_amount, payment_status
from bitrix_app.reports.lookups import KeptRecords
from bitrix_app.reports.payments.reading import PaymentReader
from bitrix_app.reports.protocols import PortalReader
from bitrix_app.reports.request import ReportCatalog, ReportParams, invoice_select, narrowing


@dataclass(frozen=True, slots=True)
class PaymentExample:
    """The lines, newest invoice first; ``refused``: the portal did not show its payments, so that the payment date or
    stage decides."""

    lines: tuple[ExampleLine, ...]
    refused: bool


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """An invoice: sums in ``currency``, ``status`` in words; ``None`` where there is nothing to tell."""

    id: int | None
    number: str | None
    currency: str | None
    amount: Decimal | None
    paid: Decimal | None
    outstanding: Decimal | None
    status: str | None


def payment_example(portal: PortalReader, params: ReportParams, catalog: ReportCatalog) -> PaymentExample:
    """The last ten invoices as ``catalog`` pays them: one call, and where the portal's payments tell one for each that
    is open. Raises PortalErrors."""
    found = portal.latest_invoices(filter=narrowing(params, catalog), select=invoice_select(catalog.fields))
    reader = PaymentReader(portal, params, catalog, lambda _done: None, KeptRecords())
    payments = reader.read(map, found)
    context = ProcessingContext(fields=catalog.fields, stages=catalog.stages, payments=payments)
    lines = tuple(map(_line, DataProcessor(context).process_invoice_batch(found)))
    return PaymentExample(lines, reader.refused)


def _line(invoice: ProcessedInvoice) -> ExampleLine:
    return ExampleLine(
        id=invoice.id,
        number=invoice.number,
        currency=invoice.currency,
        amount=invoice.amount,
        paid=paid_amount(invoice),
        outstanding=outstanding(invoice),
        status=payment_status(invoice),
    )

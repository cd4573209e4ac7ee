"""An invoice as rows of ``Краткий`` and ``Полный``: which value stands in which column."""

from __future__ import annotations

from collections.abc import Iterator

from bitrix_app.processing.model import ProcessedInvoice, ProductRow
from bitrix_app.processing.money import rate_in_words
from bitrix_app.workbook.cells import Cell
from bitrix_app.workbook.columns import BRIEF, RATE, Column

NO_VAT = "нет"
"""What stands in ``НДС`` of an invoice or a product row without VAT."""


def brief_columns(detailed: bool) -> tuple[Column, ...]:
    """The columns of ``Краткий``; the rates are known only when product rows were read."""
    return (*BRIEF, RATE) if detailed else BRIEF


def brief_values(invoice: ProcessedInvoice, detailed: bool) -> tuple[Cell, ...]:
    """The row of ``Краткий``, in the order of ``brief_columns``. Unknown is ``None``: an empty cell."""
    values = (
        invoice.number,
        invoice.inn,
        invoice.counterparty,
        invoice.amount,
        NO_VAT if invoice.without_vat else invoice.vat,
        invoice.invoice_date,
        invoice.shipped_date,
        invoice.paid_date,
        invoice.currency,
        invoice.stage,
        invoice.kpp,
        invoice.due_date,
        invoice.responsible,
    )
    return (*values, rates_in_words(invoice)) if detailed else values


def full_values(invoice: ProcessedInvoice) -> Iterator[tuple[ProductRow, tuple[Cell, ...]]]:
    """Each product row with its row of ``Полный``."""
    for row in invoice.product_rows:
        without_vat = row.tax_rate is None and not row.tax_rate_unknown
        yield (
            row,
            (
                invoice.number,
                invoice.inn,
                invoice.counterparty,
                row.name,
                row.quantity,
                row.unit,
                row.price,
                row.amount,
                None if row.tax_rate_unknown else rate_in_words(row.tax_rate),
                NO_VAT if without_vat else row.vat,
            ),
        )


def rates_in_words(invoice: ProcessedInvoice) -> str | None:
    """``20% / 10%``; ``None`` when no rate is known."""
    return " / ".join(map(rate_in_words, invoice.tax_rates)) if invoice.tax_rates else None

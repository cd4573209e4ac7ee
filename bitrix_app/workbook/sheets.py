"""The sheets of a register: ``Краткий``, ``Полный``, ``По ставкам НДС``, ``По контрагентам``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from bitrix_app.processing.model import Problem, ProcessedInvoice, ProductRow
from bitrix_app.processing.money import rate_in_words
from bitrix_app.processing.totals import CounterpartyTotal, CurrencyTotal, RateTotal
from bitrix_app.workbook.cells import Cell
from bitrix_app.workbook.columns import (
    AMOUNT,
    BRIEF,
    COUNTERPARTIES,
    COUNTERPARTY,
    CURRENCY,
    FULL,
    RATE,
    RATES,
    VAT,
    Column,
    Kind,
    place,
)
from bitrix_app.workbook.header import LEGEND
from bitrix_app.workbook.pages import PagedTable, Table, WorkbookContext
from bitrix_app.workbook.styles import PLAIN, SHADED, TOTAL, UNPAID, WITHOUT_VAT

NO_INVOICES = "Счетов по условиям отчёта нет"
_LINES_OF_A_CURRENCY = 5


class BriefSheet:
    """Writes ``Краткий``; ``currencies`` are the totals that will stand under it."""

    def __init__(self, context: WorkbookContext, currencies: tuple[CurrencyTotal, ...]) -> None:
        self._detailed = context.header.detailed
        self._columns = brief_columns(self._detailed)
        self._currencies = currencies
        reserve = _LINES_OF_A_CURRENCY * max(len(currencies), 1)
        self.table = PagedTable(Table("Краткий", "По счетам", self._columns, LEGEND), context, reserve)
        row = context.styles.row
        self._styles = {
            # (paid, without VAT)
            (True, False): row(self._columns, PLAIN),
            (True, True): row(self._columns, WITHOUT_VAT),
            (False, False): row(self._columns, UNPAID),
            (False, True): row(self._columns, UNPAID, {VAT.title: WITHOUT_VAT}),
        }
        self._total_style = row(self._columns, TOTAL)

    def add(self, invoice: ProcessedInvoice) -> tuple[Problem, ...]:
        """The invoice's row. Returns what Excel could not hold as it is."""
        style = self._styles[invoice.paid, invoice.without_vat]
        return self.table.add(brief_values(invoice, self._detailed), style)

    def finish(self) -> None:
        """The block of totals of each currency, under the table."""
        page = self.table.page
        if not self._currencies:
            page.skip()
            page.add_below(self._line(NO_INVOICES), self._total_style)
        for total in self._currencies:
            page.skip()
            for label, figure in _block(total):
                page.add_below(self._line(label, figure, total.currency), self._total_style)

    def _line(self, label: str, figure: Cell = None, currency: str | None = None) -> list[Cell]:
        values: list[Cell] = [None] * len(self._columns)
        values[place(self._columns, COUNTERPARTY.title)] = label
        values[place(self._columns, AMOUNT.title)] = figure
        values[place(self._columns, CURRENCY.title)] = currency
        return values


def _block(total: CurrencyTotal) -> Iterable[tuple[str, Cell]]:
    return (
        ("Всего счетов на сумму", total.amount),
        ("Счетов без НДС на сумму", total.amount_without_vat),
        ("Счетов с НДС на сумму", total.amount_with_vat),
        ("Всего НДС в счетах", total.vat),
    )


_FRACTIONAL = tuple(replace(column, kind=Kind.QUANTITY) if column.title == "Количество" else column for column in FULL)
"""``5`` must not be shown as ``5,``: whole quantities have a format without a decimal comma."""


class FullSheet:
    """Writes ``Полный``."""

    def __init__(self, context: WorkbookContext) -> None:
        self.table = PagedTable(Table("Полный", "По товарам и услугам", FULL), context)
        row = context.styles.row
        self._formats = [
            {True: row(FULL, look), False: row(_FRACTIONAL, look)}  # by: the quantity is whole
            for look in (PLAIN, SHADED)
        ]
        self._invoices = 0

    def add(self, invoice: ProcessedInvoice) -> tuple[Problem, ...]:
        """The invoice's product rows. Returns what Excel could not hold as it is."""
        if not invoice.product_rows:
            return ()
        styles = self._formats[self._invoices % 2]
        self._invoices += 1
        problems: tuple[Problem, ...] = ()
        for product_row, values in full_values(invoice):
            problems += self.table.add(values, styles[_is_whole(product_row.quantity)])
        return problems


def _is_whole(quantity: Decimal | None) -> bool:
    if quantity is None or not quantity.is_finite():
        return True
    exponent = quantity.as_tuple().exponent
    return exponent == 0 or quantity == quantity.to_integral_value()


UNREAD_RATE = "не прочитана"


def rate_table(context: WorkbookContext, totals: Iterable[RateTotal], check: Callable[[], None]) -> PagedTable:
    """``По ставкам НДС``: a row for each currency and rate; ``check`` is called for each."""
    table = PagedTable(Table("По ставкам НДС", "По ставкам НДС", RATES), context)
    style = context.styles.row(RATES, PLAIN)
    for total in totals:
        check()
        table.add(_rate_values(total), style)
    return table


def counterparty_table(
    context: WorkbookContext, totals: Iterable[CounterpartyTotal], check: Callable[[], None]
) -> PagedTable:
    """``По контрагентам``: a row for each counterparty and currency; ``check`` is called for each.

    What Excel cannot hold here was named in the invoices that it came from.
    """
    table = PagedTable(Table("По контрагентам", "По контрагентам", COUNTERPARTIES), context)
    style = context.styles.row(COUNTERPARTIES, PLAIN)
    for total in totals:
        check()
        table.add(_counterparty_values(total), style)
    return table


def _rate_values(total: RateTotal) -> tuple[Cell, ...]:
    rate = UNREAD_RATE if total.rate_unknown else rate_in_words(total.rate)
    return total.currency, rate, total.invoices, total.amount, total.vat, total.amount_without_vat


def _counterparty_values(total: CounterpartyTotal) -> tuple[Cell, ...]:
    return (
        total.inn,
        total.kpp,
        total.counterparty,
        total.currency,
        total.invoices,
        total.amount,
        total.vat,
        total.paid,
        total.unpaid,
        total.oldest_due,
        total.last_paid,
    )


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

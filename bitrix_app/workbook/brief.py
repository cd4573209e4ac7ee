"""``Краткий``: a row an invoice, and under the table the totals of each currency."""

from __future__ import annotations

from collections.abc import Iterable

from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.processing.totals import CurrencyTotal
from bitrix_app.workbook.cells import Cell
from bitrix_app.workbook.columns import AMOUNT, COUNTERPARTY, CURRENCY, VAT, place
from bitrix_app.workbook.invoices import brief_columns, brief_values
from bitrix_app.workbook.pages import Desk, PagedTable, Table
from bitrix_app.workbook.styles import PLAIN, TOTAL, UNPAID, WITHOUT_VAT
from bitrix_app.workbook.titles import LEGEND

NO_INVOICES = "Счетов по условиям отчёта нет"
_LINES_OF_A_CURRENCY = 5


class BriefSheet:
    """Writes ``Краткий``; ``currencies`` are the totals that will stand under it."""

    def __init__(self, desk: Desk, currencies: tuple[CurrencyTotal, ...]) -> None:
        self._detailed = desk.header.detailed
        self._columns = brief_columns(self._detailed)
        self._currencies = currencies
        reserve = _LINES_OF_A_CURRENCY * max(len(currencies), 1)
        self.table = PagedTable(Table("Краткий", "По счетам", self._columns, LEGEND), desk, reserve)
        row = desk.styles.row
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

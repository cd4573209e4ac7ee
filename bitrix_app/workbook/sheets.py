"""The sheets of a report as values: a kind of report names its sheets, the writer knows none of them.

A sheet says which rows it has (so many for each invoice, or those of the totals), which columns, how its rows are set
off and what stands under the table. Source of the register's sheets: contract §4.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

from bitrix_app.processing.columns import (
    AMOUNT,
    COUNTERPARTY,
    COUNTERPARTY_COLUMNS,
    CURRENCY,
    INVOICE_COLUMNS,
    PROBLEM_COLUMNS,
    RATE_COLUMNS,
    ROW_COLUMNS,
    VAT,
    Column,
    InvoiceRow,
    Kind,
    Value,
)
from bitrix_app.processing.model import ProblemLine, ProcessedInvoice
from bitrix_app.processing.totals import CounterpartyTotal, CurrencyTotal, RateTotal, RegisterTotals
from bitrix_app.workbook.styles import PLAIN, SHADED, UNPAID, WITHOUT_VAT, RowFormat, Widths

Row = TypeVar("Row")
Line = Mapping[str, Value]
"""A line under a table: column code → value; an empty one is an empty row."""

LEGEND = (
    "Обозначения: курсив на розовом — счёт не оплачен; «нет» в столбце «НДС», голубой фон — счёт без НДС "
    "(у неоплаченного голубая только эта ячейка)."
)
NO_INVOICES = "Счетов по условиям отчёта нет"
_BLANK: Line = {}


@dataclass(frozen=True, slots=True)
class Sheet(Generic[Row]):
    """One sheet of a report.

    - ``name`` of the tab; ``about``: what the title block says that it shows; ``legend``: its signs in words.
    - ``of_invoice``: the rows that one invoice has on it, or ``of_totals``: its rows, made of the totals.
    - ``formats``: how rows look, by a key; ``format_key`` gives the key of a row, told how many invoices stand above
      it. ``widths``: those columns whose width is other than usual.
    - ``below``: the lines under the table.
    - ``needs_rows``: it exists only where product rows were read.
    """

    name: str
    about: str
    columns: Sequence[Column[Row]]
    of_invoice: Callable[[ProcessedInvoice], Sequence[Row]] | None = None
    of_totals: Callable[[RegisterTotals], Iterable[Row]] | None = None
    formats: Mapping[Hashable, RowFormat] = field(default_factory=lambda: {None: PLAIN})
    format_key: Callable[[Row, int], Hashable] = lambda _row, _above: None
    below: Callable[[RegisterTotals], Iterable[Line]] = lambda _totals: ()
    legend: str | None = None
    widths: Widths = field(default_factory=dict)
    needs_rows: bool = False

    def columns_with(self, *, rows: bool) -> list[Column[Row]]:
        """The columns of a report with or without product rows."""
        return [each for each in self.columns if rows or not each.needs_rows]


def _totals_below(totals: RegisterTotals) -> Iterable[Line]:
    currencies = totals.currencies()
    if not currencies:
        return [_BLANK, {COUNTERPARTY.code: NO_INVOICES}]
    return [line for total in currencies for line in (_BLANK, *_totals_of(total))]


def _totals_of(total: CurrencyTotal) -> Iterable[Line]:
    block = {
        "Всего счетов на сумму": total.amount,
        "Счетов без НДС на сумму": total.amount_without_vat,
        "Счетов с НДС на сумму": total.amount_with_vat,
        "Всего НДС в счетах": total.vat,
    }
    for label, figure in block.items():
        yield {COUNTERPARTY.code: label, AMOUNT.code: figure, CURRENCY.code: total.currency}


def _is_whole(quantity: Decimal | None) -> bool:
    return quantity is None or not quantity.is_finite() or quantity == quantity.to_integral_value()


_WHOLE = {"quantity": Kind.WHOLE}
"""``5`` must not be shown as ``5,``: whole quantities have a format without a decimal comma."""

INVOICES: Sheet[ProcessedInvoice] = Sheet(
    "Краткий",
    "По счетам",
    INVOICE_COLUMNS,
    of_invoice=lambda invoice: (invoice,),
    formats={
        # (paid, without VAT)
        (True, False): PLAIN,
        (True, True): WITHOUT_VAT,
        (False, False): UNPAID,
        (False, True): RowFormat(UNPAID.fill, italic=UNPAID.italic, cells={VAT.code: WITHOUT_VAT}),
    },
    format_key=lambda invoice, _above: (invoice.paid, invoice.without_vat),
    below=_totals_below,
    legend=LEGEND,
)
PRODUCT_ROWS: Sheet[InvoiceRow] = Sheet(
    "Полный",
    "По товарам и услугам",
    ROW_COLUMNS,
    of_invoice=lambda invoice: [(invoice, row) for row in invoice.product_rows],
    formats={
        # (an odd invoice, a whole quantity)
        (0, True): RowFormat(kinds=_WHOLE),
        (0, False): PLAIN,
        (1, True): RowFormat(SHADED.fill, kinds=_WHOLE),
        (1, False): SHADED,
    },
    format_key=lambda row, above: (above % 2, _is_whole(row[1].quantity)),
    needs_rows=True,
)
RATES: Sheet[RateTotal] = Sheet(
    "По ставкам НДС",
    "По ставкам НДС",
    RATE_COLUMNS,
    of_totals=RegisterTotals.rates,
    widths={
        "rate": (16, 24),
        "invoices": (11, 30),
        "amount": (20, 30),
        "vat": (20, 30),
        "amount_without_vat": (20, 30),
    },
    needs_rows=True,
)
COUNTERPARTIES: Sheet[CounterpartyTotal] = Sheet(
    "По контрагентам", "По контрагентам", COUNTERPARTY_COLUMNS, of_totals=RegisterTotals.counterparties
)
PROBLEMS: Sheet[ProblemLine] = Sheet(
    "Проблемы",
    "Проблемы: что проверить и исправить в Битрикс24",
    PROBLEM_COLUMNS,
    widths={"number": (11, 44)},  # the number is a link, and LibreOffice does not wrap links
)
"""The last sheet of every kind of report; without a problem there is none. The writer gathers its rows."""

REGISTER_SHEETS: tuple[Sheet[Any], ...] = (INVOICES, PRODUCT_ROWS, RATES, COUNTERPARTIES)
"""The sheets of a register in the workbook's order; the first one is also the CSV."""

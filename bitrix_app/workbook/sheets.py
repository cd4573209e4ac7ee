"""The sheets of a report as values: a kind of report names its sheets, the writer knows none of them.

A sheet says which rows it has (so many for each invoice, or those of the totals), which columns, how its rows are set
off and what stands under the table. Source of the register's sheets: contract §4.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any, Generic, TypeVar

from bitrix_app.processing.columns import (
    AMOUNT,
    COUNTERPARTY,
    COUNTERPARTY_COLUMNS,
    CURRENCY,
    INVOICE_COLUMNS,
    MY_COMPANY,
    NUMBER,
    OUTSIDE_ROWS,
    PROBLEM_COLUMNS,
    RATE_COLUMNS,
    RESPONSIBLE_COLUMNS,
    ROW_COLUMNS,
    VAT,
    Column,
    InvoiceRow,
    Kind,
    Value,
)
from bitrix_app.processing.model import ProblemLine, ProcessedInvoice
from bitrix_app.processing.totals import (
    CounterpartyTotal,
    CurrencyTotal,
    RateTotal,
    RegisterTotals,
    ResponsibleTotal,
    SellerTotal,
    is_overdue,
)
from bitrix_app.texts import tr
from bitrix_app.workbook.styles import OVERDUE, PLAIN, SHADED, UNPAID, WITHOUT_VAT, RowFormat, Widths

Row = TypeVar("Row")
Line = Mapping[str, Value]
"""A line under a table: column code → value; an empty one is an empty row."""

LEGEND = (
    "Обозначения: розовые «Дата оплаты» и «Стадия» — счёт не оплачен (и оплаченный частично); жирный красный срок — "
    "просрочен; «нет» на голубом — счёт без НДС."
)
_SIGNS = {
    "paid_date": "розовая «Дата оплаты» — счёт не оплачен (и оплаченный частично)",
    "stage": "розовая «Стадия» — счёт не оплачен (и оплаченный частично)",
    "payment_status": "розовый «Статус оплаты» — счёт не оплачен (и оплаченный частично)",
    "due_date": "жирный красный срок — просрочен",
    VAT.code: "«нет» на голубом — счёт без НДС",
}
"""The signs of single columns, for a report that has chosen its own."""
_MOST_FROZEN = 3
"""More columns that stay in sight leave no room for the others."""
RATES_LEGEND = (
    "«Вне строк товаров» — чем суммы счетов отличаются от их товаров: сумма задана вручную, товаров в счёте нет, "
    "доставка, округление НДС. С этой строкой итоги те же, что на листе «Краткий»."
)
NO_INVOICES = "Счетов по условиям отчёта нет"
_BLANK: Line = {}


@dataclass(frozen=True, slots=True)
class Sheet(Generic[Row]):
    """One sheet of a report.

    - ``name`` of the tab; ``about``: what the title block says that it shows; ``legend``: its signs in words.
    - ``of_invoice``: the rows that one invoice has on it, or ``of_totals``: its rows, made of the totals.
    - ``formats``: how rows look, by a key; ``format_key`` gives the key of a row, told how many invoices stand above
      it, and the report's day. ``widths``: those columns whose width is other than usual.
    - ``frozen``: the column up to which all stay in sight. ``linked``: the one whose cells lead to the
      invoice; ``invoice_id``: that of a row of the totals.
    - ``below``: the lines under the table; a text runs over the empty cells beside it;
      ``signed``: whether names for signing follow.
    - ``label``: the column of the words of totals. ``filtered``: columns whose sums over what a filter leaves stand
      above the header → the figure of CurrencyTotal that they make without a filter.
    - ``figures_above``: whether the totals of each currency stand above the table too.
    - ``group``: rows of invoices with the same key stand together, set in as an outline; ``subtotal`` closes them.
    - ``needs_rows``: it exists only where product rows were read.
    - ``seller``: the column that follows where invoices of more than one own company occur.
    """

    name: str
    about: str
    columns: Sequence[Column[Row]]
    of_invoice: Callable[[ProcessedInvoice], Sequence[Row]] | None = None
    of_totals: Callable[[RegisterTotals], Iterable[Row]] | None = None
    formats: Mapping[Hashable, RowFormat] = field(default_factory=lambda: {None: PLAIN})
    format_key: Callable[[Row, int, date | None], Hashable] = lambda _row, _above, _today: None
    frozen: str | None = None
    linked: str | None = None
    invoice_id: Callable[[Row], int] | None = None
    label: str = COUNTERPARTY.code
    filtered: Mapping[str, str] = field(default_factory=dict)
    figures_above: bool = False
    signed: bool = False
    below: Callable[[RegisterTotals], Iterable[Line | str]] = lambda _totals: ()
    group: Callable[[ProcessedInvoice], Hashable] | None = None
    subtotal: Callable[[RegisterTotals, Hashable], Line] = lambda _totals, _key: {}
    legend: str | None = None
    widths: Widths = field(default_factory=dict)
    needs_rows: bool = False
    seller: Column[Row] | None = None

    def columns_with(self, *, rows: bool, totals: RegisterTotals | None = None) -> list[Column[Row]]:
        """The columns of a report with or without product rows, and those that there is something for in ``totals``."""
        columns = [each for each in self.columns if rows or not each.needs_rows]
        if totals is None:
            return [each for each in columns if each.only_where is None]
        shown = [each for each in columns if each.only_where is None or each.only_where(totals)]
        return [*shown, self.seller] if self.seller is not None and totals.has_several_sellers else shown


def in_language(sheet: Sheet[Row]) -> Sheet[Row]:
    """The sheet with the titles of its columns, its name and its signs in the report's language."""
    columns = tuple(replace(each, title=tr(each.title)) for each in sheet.columns)
    seller = None if sheet.seller is None else replace(sheet.seller, title=tr(sheet.seller.title))
    legend = None if sheet.legend is None else tr(sheet.legend)
    about = tr(sheet.about) if sheet.about else ""
    return replace(sheet, name=tr(sheet.name), about=about, columns=columns, seller=seller, legend=legend)


def _totals_below(totals: RegisterTotals) -> Iterable[Line]:
    currencies = totals.currencies()
    if not currencies:
        return [_BLANK, {COUNTERPARTY.code: tr(NO_INVOICES)}]
    lines = [line for total in currencies for line in (_BLANK, *_totals_of(total))]
    if totals.has_several_sellers:
        lines += [_BLANK, *map(_seller_line, totals.sellers())]
    return lines


def _seller_line(total: SellerTotal) -> Line:
    return {
        COUNTERPARTY.code: tr("в т. ч. {my_company}", my_company=total.my_company or tr("без нашей компании")),
        AMOUNT.code: total.amount,
        VAT.code: total.vat,
        CURRENCY.code: total.currency,
    }


def _row_totals(totals: RegisterTotals) -> Iterable[Line]:
    """The sums of the product rows, what they don't explain, and the invoices' sums, which ``Краткий`` has too."""
    for total in totals.currencies():
        yield _BLANK
        rest = {AMOUNT.code: total.amount - total.rows_amount, VAT.code: total.vat - total.rows_vat}
        if any(rest.values()):
            rows = {AMOUNT.code: total.rows_amount, VAT.code: total.rows_vat}
            yield {COUNTERPARTY.code: tr("Итого по строкам товаров"), **rows, CURRENCY.code: total.currency}
            yield {COUNTERPARTY.code: tr(OUTSIDE_ROWS), **rest, CURRENCY.code: total.currency}
        whole = {AMOUNT.code: total.amount, VAT.code: total.vat}
        yield {COUNTERPARTY.code: tr("Всего по счетам"), **whole, CURRENCY.code: total.currency}


def _rate_totals(totals: RegisterTotals) -> Iterable[Line]:
    for total in totals.currencies():
        yield _BLANK
        yield {
            CURRENCY.code: total.currency,
            "rate": tr("Всего по счетам"),
            "invoices": total.invoices,
            AMOUNT.code: total.amount,
            VAT.code: total.vat,
            "amount_without_vat": total.amount - total.vat,
        }


def _totals_under(label: str) -> Callable[[RegisterTotals], Iterable[Line]]:
    """A line of sums for each currency, named in the column ``label``."""

    def lines(totals: RegisterTotals) -> Iterable[Line]:
        currencies = totals.currencies()
        return [_BLANK, *({label: tr("Всего"), **_figures_of(each)} for each in currencies)] if currencies else []

    return lines


def _figures_of(total: CurrencyTotal) -> Line:
    codes = (CURRENCY.code, "invoices", AMOUNT.code, VAT.code, "paid", "unpaid", "overdue", "overpaid")
    return {code: getattr(total, code) for code in codes}


def _totals_of(total: CurrencyTotal) -> Iterable[Line]:
    block = {
        tr("Всего счетов на сумму"): total.amount,
        tr("Счетов без НДС на сумму"): total.amount_without_vat,
        tr("Счетов с НДС на сумму"): total.amount_with_vat,
        tr("Всего НДС в счетах"): total.vat,
    }
    for label, figure in block.items():
        yield {COUNTERPARTY.code: label, AMOUNT.code: figure, CURRENCY.code: total.currency}


def _is_whole(quantity: Decimal | None) -> bool:
    return quantity is None or not quantity.is_finite() or quantity == quantity.to_integral_value()


_WHOLE = {"quantity": Kind.WHOLE}
"""``5`` must not be shown as ``5,``: whole quantities have a format without a decimal comma."""


def _invoice_format(*, paid: bool, without_vat: bool, overdue: bool) -> RowFormat:
    """Marks stand in the cells that say so."""
    cells = {} if paid else {"paid_date": UNPAID, "stage": UNPAID, "payment_status": UNPAID}
    if without_vat:
        cells[VAT.code] = WITHOUT_VAT
    if overdue:
        cells["due_date"] = OVERDUE
    return RowFormat(cells=cells)


_SUMS = {code: code for code in (AMOUNT.code, VAT.code)}
_FIGURES = {code: code for code in (AMOUNT.code, VAT.code, "paid", "unpaid", "overdue", "overpaid")}

INVOICES: Sheet[ProcessedInvoice] = Sheet(
    "Краткий",
    "",
    INVOICE_COLUMNS,
    of_invoice=lambda invoice: (invoice,),
    formats={
        (paid, without_vat, overdue): _invoice_format(paid=paid, without_vat=without_vat, overdue=overdue)
        for paid, without_vat, overdue in product((True, False), repeat=3)
    },
    format_key=lambda invoice, _above, today: (invoice.paid, invoice.without_vat, is_overdue(invoice, today)),
    frozen=COUNTERPARTY.code,
    linked=NUMBER.code,
    filtered=_SUMS,
    figures_above=True,
    signed=True,
    below=_totals_below,
    legend=LEGEND,
    seller=MY_COMPANY,
)


def with_columns(sheets: Sequence[Sheet[Any]], columns: Sequence[Column[ProcessedInvoice]]) -> tuple[Sheet[Any], ...]:
    """The sheets of a report whose first one has chosen columns: none follows them by itself, and without
    ``Контрагент``, ``Сумма`` or ``Валюта`` no totals stand under the table (contract §4)."""
    first, *others = sheets
    codes = [each.code for each in columns]
    has_totals = {COUNTERPARTY.code, AMOUNT.code, CURRENCY.code} <= set(codes)
    signs = "; ".join(tr(sign) for code, sign in _SIGNS.items() if code in codes)
    chosen = replace(
        first,
        columns=tuple(columns),
        below=first.below if has_totals else _nothing_below(columns[0]),
        frozen=next((code for code in (COUNTERPARTY.code, NUMBER.code) if code in codes[:_MOST_FROZEN]), None),
        legend=tr("Обозначения: {signs}.", signs=signs) if signs else None,
        seller=None,
    )
    return (chosen, *others)


def _nothing_below(column: Column[Any]) -> Callable[[RegisterTotals], Iterable[Line]]:
    return lambda totals: () if totals.invoices else (_BLANK, {column.code: tr(NO_INVOICES)})


PRODUCT_ROWS: Sheet[InvoiceRow] = Sheet(
    "Полный",
    ". По товарам и услугам",
    ROW_COLUMNS,
    of_invoice=lambda invoice: [(invoice, row) for row in invoice.product_rows],
    formats={
        # (an odd invoice, a whole quantity)
        (0, True): RowFormat(kinds=_WHOLE),
        (0, False): PLAIN,
        (1, True): RowFormat(SHADED.fill, kinds=_WHOLE),
        (1, False): SHADED,
    },
    format_key=lambda row, above, _today: (above % 2, _is_whole(row[1].quantity)),
    frozen=COUNTERPARTY.code,
    filtered={AMOUNT.code: "rows_amount", VAT.code: "rows_vat"},
    below=_row_totals,
    needs_rows=True,
)
RATES: Sheet[RateTotal] = Sheet(
    "По ставкам НДС",
    ". По ставкам НДС",
    RATE_COLUMNS,
    of_totals=RegisterTotals.rates,
    below=_rate_totals,
    legend=RATES_LEGEND,
    label="rate",
    frozen="rate",
    widths={
        "currency": (12, 14),
        "rate": (22, 26),
        "invoices": (14, 30),
        "amount": (20, 30),
        "vat": (20, 30),
        "amount_without_vat": (20, 30),
    },
    needs_rows=True,
)
COUNTERPARTIES: Sheet[CounterpartyTotal] = Sheet(
    "По контрагентам",
    ". По контрагентам",
    COUNTERPARTY_COLUMNS,
    of_totals=RegisterTotals.counterparties,
    frozen=COUNTERPARTY.code,
    filtered=_FIGURES,
    below=_totals_under(COUNTERPARTY.code),
)
RESPONSIBLES: Sheet[ResponsibleTotal] = Sheet(
    "По ответственным",
    ". По ответственным",
    RESPONSIBLE_COLUMNS,
    of_totals=RegisterTotals.responsibles,
    frozen="responsible",
    label="responsible",
    filtered=_FIGURES,
    below=_totals_under("responsible"),
    widths={"responsible": (24, 36), **dict.fromkeys(_FIGURES, (16, 30))},
)
PROBLEMS: Sheet[ProblemLine] = Sheet(
    "Проблемы",
    ". Проблемы: что проверить и исправить в Битрикс24",
    PROBLEM_COLUMNS,
    frozen="number",
    widths={"number": (11, 44)},  # the number is a link, and LibreOffice does not wrap links
)
"""The last sheet of every kind of report; without a problem there is none. The writer gathers its rows."""

REGISTER_SHEETS: tuple[Sheet[Any], ...] = (INVOICES, COUNTERPARTIES, RESPONSIBLES, PRODUCT_ROWS, RATES)
"""The sheets of a register in the workbook's order; the first one is also the CSV."""

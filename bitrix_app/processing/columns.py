"""The columns of a report's tables: which value stands in which column, under which title.

How a kind of value looks (number format, width) is the workbook's business. Codes and order: contract §4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import Enum, auto
from operator import attrgetter
from typing import Any, Generic, TypeVar

from bitrix_app.processing.fields import FIELDS, INVOICE_DATE, PRICE, PRODUCT, QUANTITY, RATE
from bitrix_app.processing.model import Field, ProblemLine, ProcessedInvoice, ProductRow
from bitrix_app.processing.money import rate_in_words
from bitrix_app.processing.payments import PAID_AMOUNT, outstanding, paid_amount, payment_status
from bitrix_app.processing.totals import CounterpartyTotal, RateTotal, RegisterTotals, ResponsibleTotal
from bitrix_app.texts import tr

Row = TypeVar("Row")
Value = str | Decimal | date | int | None
"""What a column may hold; ``None`` is unknown, an empty cell. Dates are calendar dates, never moments."""
InvoiceRow = tuple[ProcessedInvoice, ProductRow]
"""A product row with the invoice that it belongs to."""

NO_VAT = "нет"
"""What stands in ``НДС`` of an invoice or a product row without VAT."""
UNREAD_RATE = "не прочитана"
OUTSIDE_ROWS = "Вне строк товаров"
"""The line of ``По ставкам НДС`` for what product rows don't explain."""

_ATTRIBUTES = frozenset(each.name for each in fields(ProcessedInvoice))


class Kind(Enum):
    """What a column holds. ``LABEL`` is a short text of few different ones; ``PRICE`` is not rounded; an ``ID`` is a
    whole number that nobody adds up."""

    TEXT = auto()
    LABEL = auto()
    MONEY = auto()
    PRICE = auto()
    WHOLE = auto()
    ID = auto()
    QUANTITY = auto()
    DATE = auto()


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column of a table whose rows are made of ``Row`` values.

    ``code`` tells it apart within its table; ``fields`` are those that the portal is asked for its sake;
    ``needs_rows``: it exists only where product rows were read; ``only_where``: where the totals say so.
    """

    code: str
    title: str
    kind: Kind
    value: Callable[[Row], Value]
    fields: tuple[Field, ...] = ()
    needs_rows: bool = False
    only_where: Callable[[RegisterTotals], bool] | None = None


def field_column(field: Field, kind: Kind) -> Column[ProcessedInvoice]:
    """The column of a field, under its title: the value as it was read."""
    code = field.code
    if code in _ATTRIBUTES:
        return Column(code, field.title, kind, attrgetter(code))
    return Column(code, field.title, kind, lambda invoice: invoice.extra.get(code), fields=(field,))


def _of_field(code: str, kind: Kind) -> Column[ProcessedInvoice]:
    return field_column(FIELDS[code], kind)


def _vat(invoice: ProcessedInvoice) -> Value:
    return tr(NO_VAT) if invoice.without_vat else invoice.vat


def _rates(invoice: ProcessedInvoice) -> str | None:
    """``20% / 10%``; ``None`` when no rate is known."""
    return " / ".join(map(rate_in_words, invoice.tax_rates)) if invoice.tax_rates else None


def _rate_of_row(row: InvoiceRow) -> str | None:
    return None if row[1].tax_rate_unknown else rate_in_words(row[1].tax_rate)


def _vat_of_row(row: InvoiceRow) -> Value:
    return tr(NO_VAT) if row[1].tax_rate is None and not row[1].tax_rate_unknown else row[1].vat


def _rate_of_total(total: RateTotal) -> str:
    if total.outside_rows:
        return tr(OUTSIDE_ROWS)
    return tr(UNREAD_RATE) if total.rate_unknown else rate_in_words(total.rate)


def _placed(line: ProblemLine) -> str:
    """Where the number is missing, the id must tell on paper which invoice is meant."""
    if line.number or line.invoice_id is None:
        return line.message
    return tr(
        "{message}. Счёт без номера, его ID в Битрикс24 — {id}.",
        message=line.message.rstrip(". "),
        id=line.invoice_id,
    )


NUMBER = _of_field("number", Kind.TEXT)
INN: Column[ProcessedInvoice] = Column("inn", "ИНН", Kind.TEXT, attrgetter("inn"))
COUNTERPARTY: Column[ProcessedInvoice] = Column("counterparty", "Контрагент", Kind.TEXT, attrgetter("counterparty"))
AMOUNT = _of_field("amount", Kind.MONEY)
VAT = Column("vat", FIELDS["vat"].title, Kind.MONEY, _vat)
CURRENCY = _of_field("currency", Kind.LABEL)
STAGE: Column[ProcessedInvoice] = Column("stage", FIELDS["stage_id"].title, Kind.TEXT, attrgetter("stage"))
KPP: Column[ProcessedInvoice] = Column("kpp", "КПП", Kind.TEXT, attrgetter("kpp"))

INVOICE_COLUMNS: tuple[Column[ProcessedInvoice], ...] = (
    NUMBER,
    INN,
    COUNTERPARTY,
    AMOUNT,
    VAT,
    Column("date", INVOICE_DATE.title, Kind.DATE, attrgetter("invoice_date")),
    _of_field("shipped_date", Kind.DATE),
    _of_field("paid_date", Kind.DATE),
    CURRENCY,
    STAGE,
    KPP,
    _of_field("due_date", Kind.DATE),
    Column("responsible", FIELDS["responsible_id"].title, Kind.TEXT, attrgetter("responsible")),
    Column("vat_rates", RATE.title, Kind.LABEL, _rates, needs_rows=True),
)
"""A row an invoice: ``Краткий`` and the CSV, unless a report chooses its columns."""

MY_COMPANY: Column[ProcessedInvoice] = Column(
    "my_company", FIELDS["mycompany_id"].title, Kind.TEXT, attrgetter("my_company")
)
"""The last column of ``Краткий`` where invoices of more than one own company occur."""

MORE_COLUMNS: tuple[Column[ProcessedInvoice], ...] = (
    Column("paid_amount", PAID_AMOUNT, Kind.MONEY, paid_amount),
    Column("outstanding", "Остаток", Kind.MONEY, outstanding),
    Column("payment_status", "Статус оплаты", Kind.LABEL, payment_status),
    MY_COMPANY,
    _of_field("my_company_inn", Kind.TEXT),
    _of_field("deal", Kind.TEXT),
    _of_field("title", Kind.TEXT),
    _of_field("id", Kind.ID),
    _of_field("created", Kind.DATE),
    _of_field("comment", Kind.TEXT),
)
"""Those that a report may choose besides. Codes and their order: contract §4."""

CHOICE: Mapping[str, Column[ProcessedInvoice]] = {each.code: each for each in (*INVOICE_COLUMNS, *MORE_COLUMNS)}
"""All columns of invoices that don't depend on the portal, by code."""
NEED_ROWS = frozenset(each.code for each in CHOICE.values() if each.needs_rows)
GROUPS: Mapping[str, frozenset[str]] = {
    "counterparty": frozenset({"inn", "counterparty", "kpp"}),
    "payment": frozenset({"paid_date", "due_date", "paid_amount", "outstanding", "payment_status"}),
    "deal": frozenset({"deal"}),
}
"""How columns are arranged where they are chosen, by code; all others are of the ``invoice``."""

ROW_COLUMNS: tuple[Column[InvoiceRow], ...] = (
    Column("number", NUMBER.title, Kind.TEXT, lambda row: row[0].number),
    Column("inn", INN.title, Kind.TEXT, lambda row: row[0].inn),
    Column("counterparty", COUNTERPARTY.title, Kind.TEXT, lambda row: row[0].counterparty),
    Column("product", PRODUCT.title, Kind.TEXT, lambda row: row[1].name),
    Column("quantity", QUANTITY.title, Kind.QUANTITY, lambda row: row[1].quantity),
    Column("unit", "Ед. изм.", Kind.LABEL, lambda row: row[1].unit),
    Column("price", PRICE.title, Kind.PRICE, lambda row: row[1].price),
    Column("amount", AMOUNT.title, Kind.MONEY, lambda row: row[1].amount),
    Column("rate", RATE.title, Kind.LABEL, _rate_of_row),
    Column("vat", VAT.title, Kind.MONEY, _vat_of_row),
    Column("currency", CURRENCY.title, Kind.LABEL, lambda row: row[0].currency),
    Column("date", INVOICE_DATE.title, Kind.DATE, lambda row: row[0].invoice_date),
)
"""A row a product row: ``Полный``."""

RATE_COLUMNS: tuple[Column[RateTotal], ...] = (
    Column("currency", CURRENCY.title, Kind.LABEL, lambda total: total.currency),
    Column("rate", RATE.title, Kind.TEXT, _rate_of_total),
    Column("invoices", "Счетов с этой ставкой", Kind.WHOLE, lambda total: total.invoices),
    Column("amount", AMOUNT.title, Kind.MONEY, lambda total: total.amount),
    Column("vat", VAT.title, Kind.MONEY, lambda total: total.vat),
    Column("amount_without_vat", "Сумма без НДС", Kind.MONEY, lambda total: total.amount_without_vat),
)
"""A row a currency and rate: ``По ставкам НДС``."""


_FIGURES: tuple[Column[Any], ...] = (
    Column("currency", CURRENCY.title, Kind.LABEL, attrgetter("currency")),
    Column("invoices", "Счетов", Kind.WHOLE, attrgetter("invoices")),
    Column("amount", AMOUNT.title, Kind.MONEY, attrgetter("amount")),
    Column("vat", VAT.title, Kind.MONEY, attrgetter("vat")),
    Column("paid", "Оплачено", Kind.MONEY, attrgetter("paid")),
    Column("unpaid", "Не оплачено", Kind.MONEY, attrgetter("unpaid")),
    Column("overdue", "Просрочено", Kind.MONEY, attrgetter("overdue")),
    Column("overpaid", "Переплата", Kind.MONEY, attrgetter("overpaid"), only_where=lambda totals: totals.has_overpaid),
)
"""The columns of a ``Total``."""


COUNTERPARTY_COLUMNS: tuple[Column[CounterpartyTotal], ...] = (
    Column("inn", INN.title, Kind.TEXT, attrgetter("inn")),
    Column("kpp", KPP.title, Kind.TEXT, attrgetter("kpp")),
    Column("counterparty", COUNTERPARTY.title, Kind.TEXT, attrgetter("counterparty")),
    *_FIGURES,
    Column("oldest_due", "Первый неоплаченный срок", Kind.DATE, attrgetter("oldest_due")),
    Column("last_paid", "Последняя оплата", Kind.DATE, attrgetter("last_paid")),
)
"""A row a counterparty and currency: ``По контрагентам``."""

RESPONSIBLE_COLUMNS: tuple[Column[ResponsibleTotal], ...] = (
    Column("responsible", FIELDS["responsible_id"].title, Kind.TEXT, attrgetter("responsible")),
    *_FIGURES,
)
"""A row a responsible person and currency: ``По ответственным``."""

PROBLEM_COLUMNS: tuple[Column[ProblemLine], ...] = (
    Column("number", NUMBER.title, Kind.TEXT, lambda line: line.number),
    Column("field", "Поле", Kind.TEXT, lambda line: line.field),
    Column("message", "Проблема", Kind.TEXT, _placed),
)
"""A row a problem: ``Проблемы``."""


def invoice_columns(*, with_rows: bool) -> tuple[Column[ProcessedInvoice], ...]:
    """The columns of ``Краткий``; the rates are known only when product rows were read."""
    return tuple(each for each in INVOICE_COLUMNS if with_rows or not each.needs_rows)


def extra_fields(columns: Sequence[Column[ProcessedInvoice]]) -> tuple[Field, ...]:
    """The fields that these columns ask for beyond those of the rules, each once."""
    return tuple(dict.fromkeys(field for column in columns for field in column.fields))

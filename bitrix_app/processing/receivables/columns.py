"""The columns of «Задолженность» and «По срокам»: codes, titles, values. Source: contract §6."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from bitrix_app.processing.columns import AMOUNT, COUNTERPARTY, CURRENCY, INN, NUMBER, STAGE, Column, Kind, Value
from bitrix_app.processing.fields import DUE_DATE, FIELDS, INVOICE_DATE
from bitrix_app.processing.model import Debt, ProcessedInvoice
from bitrix_app.processing.receivables.ageing import Terms
from bitrix_app.processing.receivables.totals import DebtorTotal
from bitrix_app.texts import tr


def _of_debt(code: str, title: str, kind: Kind, value: Callable[[Debt], Value]) -> Column[ProcessedInvoice]:
    return Column(code, title, kind, lambda invoice: None if invoice.debt is None else value(invoice.debt))


OUTSTANDING = _of_debt("outstanding", "Остаток", Kind.MONEY, attrgetter("outstanding"))
PAID = _of_debt("paid_amount", "Оплачено", Kind.MONEY, attrgetter("paid"))

DEBT_COLUMNS: tuple[Column[ProcessedInvoice], ...] = (
    NUMBER,
    INN,
    COUNTERPARTY,
    AMOUNT,
    PAID,
    OUTSTANDING,
    CURRENCY,
    Column("date", INVOICE_DATE.title, Kind.DATE, attrgetter("invoice_date")),
    _of_debt("due_date", DUE_DATE.title, Kind.DATE, attrgetter("due")),
    _of_debt("days_overdue", "Дней просрочки", Kind.WHOLE, attrgetter("days_overdue")),
    STAGE,
    Column("responsible", FIELDS["responsible_id"].title, Kind.TEXT, attrgetter("responsible")),
)
"""A row an invoice: «Задолженность» and the CSV."""


def debtor_columns(terms: Terms) -> tuple[Column[DebtorTotal], ...]:
    """A row a counterparty and currency: «По срокам», a column for each range of these terms."""
    return (
        Column("counterparty", COUNTERPARTY.title, Kind.TEXT, attrgetter("counterparty")),
        Column("inn", INN.title, Kind.TEXT, attrgetter("inn")),
        Column("currency", CURRENCY.title, Kind.LABEL, attrgetter("currency")),
        *(Column(range_code(key), title, Kind.MONEY, _in_range(key)) for key, title in terms.ranges.items()),
        Column("total", tr("Всего"), Kind.MONEY, attrgetter("total")),
        Column("oldest_days", tr("Самая долгая просрочка"), Kind.WHOLE, attrgetter("oldest_days")),
        Column("responsible", FIELDS["responsible_id"].title, Kind.TEXT, attrgetter("responsible")),
    )


def range_code(key: str) -> str:
    """The code of a range's column."""
    return f"range_{key}"


def _in_range(key: str) -> Callable[[DebtorTotal], Value]:
    return lambda total: total.ranges[key]

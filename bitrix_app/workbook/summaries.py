"""``По ставкам НДС`` and ``По контрагентам``: the totals of a register as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bitrix_app.processing.money import rate_in_words
from bitrix_app.processing.totals import CounterpartyTotal, RateTotal
from bitrix_app.workbook.cells import Cell
from bitrix_app.workbook.columns import COUNTERPARTIES, RATES
from bitrix_app.workbook.pages import Desk, PagedTable, Table
from bitrix_app.workbook.styles import PLAIN

UNREAD_RATE = "не прочитана"


def rate_table(desk: Desk, totals: Iterable[RateTotal], check: Callable[[], None]) -> PagedTable:
    """``По ставкам НДС``: a row for each currency and rate; ``check`` is called for each."""
    table = PagedTable(Table("По ставкам НДС", "По ставкам НДС", RATES), desk)
    style = desk.styles.row(RATES, PLAIN)
    for total in totals:
        check()
        table.add(_rate_values(total), style)
    return table


def counterparty_table(desk: Desk, totals: Iterable[CounterpartyTotal], check: Callable[[], None]) -> PagedTable:
    """``По контрагентам``: a row for each counterparty and currency; ``check`` is called for each.

    What Excel cannot hold here was named in the invoices that it came from.
    """
    table = PagedTable(Table("По контрагентам", "По контрагентам", COUNTERPARTIES), desk)
    style = desk.styles.row(COUNTERPARTIES, PLAIN)
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

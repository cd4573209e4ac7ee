"""The sheets of receivables: «Задолженность», grouped by debtor, and «По срокам». Source: contract §6."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, cast

from bitrix_app.processing.columns import AMOUNT, COUNTERPARTY, CURRENCY, NUMBER
from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.processing.money import money_in_words
from bitrix_app.processing.receivables.ageing import Terms
from bitrix_app.processing.receivables.columns import DEBT_COLUMNS, OUTSTANDING, PAID, debtor_columns, range_code
from bitrix_app.processing.receivables.totals import DebtorTotal, DebtTotal, ReceivablesTotals, debtor_key
from bitrix_app.processing.totals import RegisterTotals
from bitrix_app.texts import tr
from bitrix_app.workbook.sheets import Line, Sheet

NO_DEBTS = "Никто ничего не должен"
_BLANK: Line = {}


def receivables_sheets(terms: Terms) -> Sequence[Sheet[Any]]:
    """The sheets in the workbook's order, with the ranges of these terms; the first one is also the CSV."""
    debts: Sheet[ProcessedInvoice] = Sheet(
        tr("Задолженность"),
        "",
        DEBT_COLUMNS,
        of_invoice=lambda invoice: (invoice,),
        group=debtor_key,
        subtotal=_subtotal,
        frozen=COUNTERPARTY.code,
        linked=NUMBER.code,
        below=_debts_below,
    )
    debtors: Sheet[DebtorTotal] = Sheet(
        tr("По срокам"),
        tr(". По контрагентам и срокам"),
        debtor_columns(terms),
        of_totals=lambda totals: _receivables(totals).debtors(),
        frozen=COUNTERPARTY.code,
        below=_ranges_below,
    )
    return debts, debtors


def _receivables(totals: RegisterTotals) -> ReceivablesTotals:
    return cast(ReceivablesTotals, totals)


def _subtotal(totals: RegisterTotals, key: Hashable) -> Line:
    total = _receivables(totals).debtor(key)
    return {
        COUNTERPARTY.code: tr("Итого {counterparty}", counterparty=total.counterparty or tr("без контрагента")),
        **_sums(total),
    }


def _debts_below(totals: RegisterTotals) -> Iterable[Line | str]:
    debts = _receivables(totals).debts()
    if not debts:
        return [_BLANK, {COUNTERPARTY.code: tr(NO_DEBTS)}]
    return [_BLANK, *({COUNTERPARTY.code: tr("Всего"), **_sums(total)} for total in debts)]


def _sums(total: DebtTotal) -> Line:
    return {
        AMOUNT.code: total.amount,
        PAID.code: total.paid,
        OUTSTANDING.code: total.total,
        CURRENCY.code: total.currency,
    }


def _ranges_below(totals: RegisterTotals) -> Iterable[Line | str]:
    debts = _receivables(totals).debts()
    if not debts:
        return [_BLANK, {COUNTERPARTY.code: tr(NO_DEBTS)}]
    return [_BLANK, *map(_range_totals, debts), _BLANK, *map(_checked, debts)]


def _range_totals(total: DebtTotal) -> Line:
    return {
        COUNTERPARTY.code: tr("Всего"),
        CURRENCY.code: total.currency,
        **{range_code(key): sums for key, sums in total.ranges.items()},
        "total": total.total,
        "oldest_days": total.oldest_days,
    }


def _checked(total: DebtTotal) -> str:
    """Printed after ReceivablesTotals.compare has found it true."""
    figure = f"{money_in_words(total.total)} {total.currency or tr('без валюты')}"
    return tr(
        "Проверено: суммы по срокам дают вместе {figure} — столько же, сколько «Остаток» листа «Задолженность».",
        figure=figure,
    )

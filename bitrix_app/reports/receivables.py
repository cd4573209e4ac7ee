"""Receivables on a day: which invoices the portal is asked for, which of them owe, and in which order they stand.

There is no lower date: all open invoices are read. Open is what the payment date says where one is mapped (empty, or
later than the day), else the stage. Source of the rules: contract §6.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bitrix_app.processing import ProblemLine, ProcessedInvoice, date_in_words
from bitrix_app.processing.payments import BY_FIELD, PAID_AMOUNT, overpaid
from bitrix_app.processing.receivables import (
    DUE_FROM,
    EARLY_DUE_DAY,
    NO_DUE_DAY,
    ReceivablesTotals,
    Terms,
    debtor_key,
    due_in_words,
    with_debt,
)
from bitrix_app.reports.payments.words import source_in_words
from bitrix_app.reports.register import Register, sort_day
from bitrix_app.reports.request import (
    Aside,
    NamedLines,
    ReportCatalog,
    ReportParams,
    day_after,
    narrowing,
    payment_filter,
    server_margin,
    undated_filter,
)
from bitrix_app.texts import tr

STAGE, PAID, AMOUNT = "Стадия", "Дата оплаты", "Сумма"
UNKNOWN_WHEN_PAID = (
    "Стадия успешная, но неизвестно, когда оплачен: поле даты оплаты не выбрано. Счёт считается оплаченным к этому дню "
    "и в долги не вошёл. Чтобы долги на прошедший день были точны, попросите администратора приложения выбрать поле."
)
NO_PAYMENT_DATE = (
    "Стадия успешная, а дата оплаты пуста: счёт считается неоплаченным и стоит в долгах. "
    "Заполните дату оплаты или исправьте стадию в карточке счёта."
)
NO_AMOUNT = "Счёт не оплачен, а его сумма неизвестна: долг не посчитан. Исправьте сумму в карточке счёта."

TOO_MUCH = (
    "Оплачено больше суммы счёта: в долги он не вошёл, а переплата не уменьшает долгов по другим счетам. "
    "Проверьте сумму счёта и оплату."
)


def terms_of(params: ReportParams) -> Terms:
    """How this report reckons debts. Raises ValueError for a report that has no day."""
    if params.terms is None:
        raise ValueError("receivables without a day")
    return params.terms


def open_filter(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    """The portal's filter for invoices of the day or earlier that are still open."""
    return {"<begindate": day_after(terms_of(params).as_of), **_still_open(params, catalog)}


def paid_later_filter(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any] | None:
    """For those that were paid after the day. Read after the open ones: what is paid meanwhile is then in both lists,
    and in none the other way round. ``None`` where no payment date is mapped: nobody knows when they were paid. Nor
    where a field tells the paid amount: all are read then."""
    name, as_of = catalog.fields.paid_field, terms_of(params).as_of
    if name is None or catalog.fields.payment_source == BY_FIELD:
        return None
    margin = server_margin(name, as_of, catalog.fields)
    return {
        "<begindate": day_after(as_of),
        **narrowing(params, catalog),
        f">={name}": day_after(as_of, timedelta(days=1) - margin),
    }


def undated_open_filter(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    """For open invoices without a date, of which nobody knows whether the day has them."""
    return {**undated_filter(params, catalog), **_still_open(params, catalog)}


def paid_nobody_knows_when(params: ReportParams, catalog: ReportCatalog, today: date) -> tuple[Aside, ...]:
    """Invoices on a successful stage that may have been open on a past day, where no payment date is mapped."""
    as_of = terms_of(params).as_of
    if as_of >= today or catalog.fields.paid_field is not None or catalog.fields.payment_source == BY_FIELD:
        return ()
    successful = payment_filter(replace(params, paid=True), catalog)
    if successful is None:
        return ()
    conditions = {"<begindate": day_after(as_of), **narrowing(params, catalog), **successful}
    return (Aside(conditions, STAGE, UNKNOWN_WHEN_PAID),)


def _still_open(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    return {**narrowing(params, catalog), **(payment_filter(replace(params, paid=False), catalog) or {})}


class Debts:
    """Which processed invoices owe on the day, each with its debt: the exact cut after the portal's coarser filter."""

    def __init__(self, params: ReportParams, catalog: ReportCatalog) -> None:
        self._terms = terms_of(params)
        self._stages = catalog.stages
        self._knows_payment = catalog.fields.paid_field is not None
        self._seen: set[int] = set()
        self._undated_payments = NamedLines(PAID, NO_PAYMENT_DATE)
        self._unknown_amounts = NamedLines(AMOUNT, NO_AMOUNT)
        self._overpaid = NamedLines(PAID_AMOUNT, TOO_MUCH)
        due = DUE_FROM[self._terms.due_from].title
        self._undue, self._due_early = NamedLines(due, NO_DUE_DAY), NamedLines(due, EARLY_DUE_DAY)

    @property
    def notes(self) -> tuple[ProblemLine, ...]:
        """What is to be said of invoices so far, each kind of them at most so many times."""
        kinds = self._undue, self._due_early, self._undated_payments, self._unknown_amounts, self._overpaid
        return tuple(line for each in kinds for line in each.lines)

    def of(self, invoices: list[ProcessedInvoice]) -> list[ProcessedInvoice]:
        """Those of ``invoices`` that owe, in their order; one that comes again is left out."""
        owing = [with_debt(each, self._terms) for each in invoices if self._owes(each)]
        for each in owing:
            self._note_due(each)
        return owing

    def _note_due(self, invoice: ProcessedInvoice) -> None:
        wrong = due_in_words(invoice)
        if wrong is not None:
            lines = self._undue if wrong == NO_DUE_DAY else self._due_early
            lines.add(invoice.id, invoice.number, wrong)

    def _owes(self, invoice: ProcessedInvoice) -> bool:
        if invoice.id in self._seen or (invoice.date is not None and invoice.date > self._terms.as_of):
            return False
        if invoice.id is not None:
            self._seen.add(invoice.id)
        if self._terms.is_paid(invoice):
            if overpaid(invoice):
                self._overpaid.add(invoice.id, invoice.number)
            return False
        tells_amount = invoice.paid_amount is not None
        if self._knows_payment and not tells_amount and not invoice.paid and self._is_successful(invoice):
            self._undated_payments.add(invoice.id, invoice.number)
        if invoice.amount is None:
            self._unknown_amounts.add(invoice.id, invoice.number)
            return False
        return self._terms.debt(invoice).outstanding > 0

    def _is_successful(self, invoice: ProcessedInvoice) -> bool:
        stage = self._stages.get(invoice.stage_id or "")
        return stage is not None and stage.semantics == "S"


class ReceivablesRegister(Register):
    """Gives the invoices back by debtor, as ReceivablesTotals orders them, then by due date (none last), then id.

    What is given back is added up again and held against the ranges.
    """

    def __init__(self, folder: Path, params: ReportParams) -> None:
        self._receivables = ReceivablesTotals(terms_of(params))
        self._numbers: dict[tuple[str | None, str | None], int] = {}
        super().__init__(folder, totals=self._receivables)

    def seal(self) -> None:
        """All invoices are there: the debtors' places are known now. Raises ReceivablesDisagreeError."""
        places = {self._numbers[key]: place for place, key in enumerate(self._receivables.debtors_in_order())}

        def placed(sorted_by: str) -> str:
            number, _, day = sorted_by.partition(" ")
            return f"{places[int(number)]:012} {day}"

        self._spool.create_function("placed", 1, placed, deterministic=True)
        self._spool.execute("UPDATE invoice SET sorted_by = placed(sorted_by)")
        super().seal()

    def invoices(self, *, with_rows: bool = True) -> Iterator[ProcessedInvoice]:
        """The invoices in order. Raises ReceivablesDisagreeError at their end where the ranges hold another sum."""
        remainders: dict[str | None, Decimal] = defaultdict(Decimal)
        for invoice in super().invoices(with_rows=with_rows):
            if invoice.debt is not None:
                remainders[invoice.currency] += invoice.debt.outstanding
            yield invoice
        self._receivables.compare(remainders)

    def _sorted_by(self, invoice: ProcessedInvoice) -> str:
        number = self._numbers.setdefault(debtor_key(invoice), len(self._numbers))
        return f"{number} {sort_day(invoice.debt.due if invoice.debt else None)}"


def terms_in_words(terms: Terms, catalog: ReportCatalog) -> str:
    """What the title block says in the place of the period."""
    field = DUE_FROM[terms.due_from]
    days = tr(" + {count} дн.", count=terms.due_days) if terms.due_days else ""
    source = source_in_words(catalog, of_past_day=True)
    paid_by = (
        source[:1].lower() + source[1:]
        if source
        else (
            tr("оплачен, если «{title}» не позже этого дня", title=_title(catalog, catalog.fields.paid_field))
            if catalog.fields.paid_field
            else tr("оплачен, если стадия успешная")
        )
    )
    return tr(
        "На конец дня {day}; срок оплаты: «{title}»{days}; {paid_by}",
        day=date_in_words(terms.as_of),
        title=tr(field.title),
        days=days,
        paid_by=paid_by,
    )


def _title(catalog: ReportCatalog, name: str) -> str:
    return catalog.fields.titles.get(name) or name

"""Ageing of one invoice: what is outstanding on a day, when it was due, and in which range of days that puts it.

Paid on the day counts as paid, due on the day is not overdue. Source of the rules: contract §6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from operator import attrgetter

from bitrix_app.processing.fields import DUE_DATE, FIELDS, INVOICE_DATE
from bitrix_app.processing.model import Debt, Field, ProcessedInvoice
from bitrix_app.processing.money import ZERO
from bitrix_app.processing.parsing import date_in_words
from bitrix_app.processing.payments import is_paid, paid_amount
from bitrix_app.texts import tr

NOT_DUE, NO_DUE_DATE = "not_due", "no_due_date"
DUE_FROM: Mapping[str, Field] = {
    "due_date": DUE_DATE,
    "date": INVOICE_DATE,
    "shipped_date": FIELDS["shipped_date"],
}
"""The date that the due day is reckoned from, as the body names it."""
_DATE_OF = {
    "due_date": attrgetter("due_date"),
    "date": attrgetter("invoice_date"),
    "shipped_date": attrgetter("shipped_date"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """How debts are reckoned: on the end of the day ``as_of``; due ``due_days`` after the date that ``due_from`` (a key
    of DUE_FROM) names; ``borders`` are the last days of the ranges, growing."""

    as_of: date
    due_from: str = "due_date"
    due_days: int = 0
    borders: tuple[int, ...] = (30, 60, 90)

    @property
    def overdue_ranges(self) -> Mapping[str, str]:
        """Keys of the ranges of overdue days → their titles, in order: ``1-30`` → «1–30», …, ``90+`` → «Более 90»."""
        firsts = (1, *(border + 1 for border in self.borders))
        closed = {f"{first}-{last}": f"{first}–{last}" for first, last in zip(firsts, self.borders, strict=False)}
        return {**closed, f"{self.borders[-1]}+": tr("Более {days}", days=self.borders[-1])}

    @property
    def ranges(self) -> Mapping[str, str]:
        """All ranges: the overdue ones between what is not due yet and what has no due date."""
        return {NOT_DUE: tr("Не наступил"), **self.overdue_ranges, NO_DUE_DATE: tr("Без срока")}

    def due(self, invoice: ProcessedInvoice) -> date | None:
        """The last day for paying the invoice; ``None`` where its date is not known."""
        day: date | None = _DATE_OF[self.due_from](invoice)
        if day is None:
            return None
        return day + min(timedelta(days=self.due_days), date.max - day)

    def range_of(self, days_overdue: int | None) -> str:
        """The key of the range that so many days belong to."""
        if days_overdue is None:
            return NO_DUE_DATE
        if days_overdue <= 0:
            return NOT_DUE
        passed = sum(border < days_overdue for border in self.borders)
        return tuple(self.overdue_ranges)[passed]

    def is_paid(self, invoice: ProcessedInvoice) -> bool:
        """Whether the invoice was paid by the end of the day. Paid without a readable payment date counts as paid."""
        return is_paid(invoice, self.as_of)

    def debt(self, invoice: ProcessedInvoice) -> Debt:
        """What the invoice owes; an unknown sum counts as 0, and nothing is owed below it."""
        amount = invoice.amount or ZERO
        paid = paid_amount(invoice, self.as_of) or ZERO
        due = self.due(invoice)
        days = None if due is None else max((self.as_of - due).days, 0)
        return Debt(
            paid=paid, outstanding=max(amount - paid, ZERO), due=due, days_overdue=days, range=self.range_of(days)
        )


def with_debt(invoice: ProcessedInvoice, terms: Terms) -> ProcessedInvoice:
    """The invoice as it stood on the day, with its debt."""
    return replace(invoice, paid=terms.is_paid(invoice), debt=terms.debt(invoice))


NO_DUE_DAY = "Нет срока оплаты: долг стоит в столбце «Без срока». Заполните это поле в карточке счёта."
EARLY_DUE_DAY = (
    "Срок оплаты раньше даты счёта: просрочка считается от этого срока. Проверьте обе даты в карточке счёта."
)
_EARLY_DUE_DAYS = (
    "Срок оплаты {due} раньше даты счёта {began}: просрочка считается от этого срока. "
    "Проверьте обе даты в карточке счёта."
)


def due_in_words(invoice: ProcessedInvoice) -> str | None:
    """What is wrong with the due date of an invoice that owes: NO_DUE_DAY, EARLY_DUE_DAY with both days, nothing."""
    due, began = invoice.debt.due if invoice.debt else None, invoice.invoice_date
    if due is None:
        return NO_DUE_DAY
    if began is not None and due < began:
        return tr(_EARLY_DUE_DAYS, due=date_in_words(due), began=date_in_words(began))
    return None

"""The sums of receivables: for each counterparty and currency, and for each currency, by ranges of overdue days.

The remainders of the invoices are added up by themselves and by range: the two must agree before a file is given out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from sys import getsizeof
from typing import Any

from bitrix_app.errors import ReceivablesDisagreeError
from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.processing.money import ZERO
from bitrix_app.processing.receivables.ageing import Terms
from bitrix_app.processing.totals import RegisterTotals, currency_order
from bitrix_app.texts import tr

_SUMS_BYTES = 1500
"""The sums of one debtor in half a dozen ranges, and their place in the table of them."""
_MOST_NAMED = 2
"""People who answer for one debtor and are named; more are counted."""
LARGEST = 10
"""Debtors of one currency that the summary names."""

DebtorKey = tuple[str | None, str | None]
"""Counterparty, currency."""


def debtor_key(invoice: ProcessedInvoice) -> DebtorKey:
    """What tells debtors apart: the counterparty and the currency."""
    return invoice.counterparty_key, invoice.currency


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtTotal:
    """What some invoices owe in one currency: ``total`` is the sum of ``ranges``, ``overdue`` of those that are late.
    ``oldest_days`` of the longest overdue one; ``None`` where none has a due date."""

    currency: str | None
    amount: Decimal
    paid: Decimal
    total: Decimal
    overdue: Decimal
    oldest_days: int | None
    ranges: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtorTotal(DebtTotal):
    """A row of «По срокам». ``company_id`` or else ``contact_id`` is the card of the debtor's first invoice."""

    counterparty: str | None
    inn: str | None
    responsible: str | None
    company_id: int | None
    contact_id: int | None


class ReceivablesTotals(RegisterTotals):
    """Accumulates debts of invoices that have one; its size follows the number of debtors."""

    def __init__(self, terms: Terms) -> None:
        super().__init__(terms.as_of)
        self.terms = terms
        self._debtors: dict[DebtorKey, _DebtorSums] = {}
        self._outstanding: dict[str | None, Decimal] = defaultdict(Decimal)

    def add(self, invoice: ProcessedInvoice) -> None:
        """Counts one invoice with its debt."""
        super().add(invoice)
        key = debtor_key(invoice)
        sums = self._debtors.get(key)
        if sums is None:
            sums = self._debtors[key] = _DebtorSums(self.terms)
            self.weight += _SUMS_BYTES + sum(getsizeof(each) for each in (*key, invoice.counterparty) if each)
        sums.add(invoice)
        if invoice.debt is not None:
            self._outstanding[invoice.currency] += invoice.debt.outstanding

    def debtors(self) -> tuple[DebtorTotal, ...]:
        """Totals per counterparty and currency: by currency, the largest overdue sum first, then the larger remainder,
        then by name."""
        return tuple(self.debtor(key) for key in self.debtors_in_order())

    def debtors_in_order(self) -> list[DebtorKey]:
        """Their keys, in that order."""
        return sorted(self._debtors, key=self._debtor_order)

    def debtor(self, key: Hashable) -> DebtorTotal:
        """The totals of one debtor, by ``debtor_key``. Raises KeyError."""
        sums = self._debtors[key]  # type: ignore[index]  # the key of a table's group is any value
        return DebtorTotal(
            currency=sums.currency,
            counterparty=sums.name,
            inn=sums.inn,
            responsible=sums.responsible(),
            company_id=sums.company_id,
            contact_id=None if sums.company_id else sums.contact_id,
            **sums.figures(),
        )

    def debts(self) -> tuple[DebtTotal, ...]:
        """Totals per currency: roubles first, then by code, the unnamed one last."""
        found: dict[str | None, _DebtSums] = {}
        for (_, currency), sums in self._debtors.items():
            found.setdefault(currency, _DebtSums(self.terms)).include(sums)
        return tuple(DebtTotal(currency=each, **found[each].figures()) for each in sorted(found, key=currency_order))

    def largest(self) -> tuple[DebtorTotal, ...]:
        """The debtors who owe most in each currency, at most LARGEST of one, the largest remainder first."""
        found: dict[str | None, list[DebtorKey]] = defaultdict(list)
        for key in sorted(self._debtors, key=lambda key: (-self._debtors[key].total(), self._debtor_order(key))):
            if len(found[key[1]]) < LARGEST:
                found[key[1]].append(key)
        return tuple(self.debtor(key) for currency in sorted(found, key=currency_order) for key in found[currency])

    def compare(self, remainders: Mapping[str | None, Decimal]) -> None:
        """Holds the ranges against remainders that were added up elsewhere, currency → sum.

        Raises ReceivablesDisagreeError when they are not the same to the kopeck.
        """
        by_range = {each.currency: sum(each.ranges.values(), ZERO) for each in self.debts()}
        for told in (remainders, self._outstanding):
            if by_range != {currency: told.get(currency, ZERO) for currency in {**by_range, **told}}:
                raise ReceivablesDisagreeError("the ranges do not add up to the remainders")

    def to_summary(self) -> dict[str, Any]:
        """As the register's, and ``receivables`` (contract §6); ``debtors`` are the largest of each currency."""
        debts, largest = map(_debt_json, self.debts()), map(_debtor_json, self.largest())
        return {**super().to_summary(), "receivables": list(debts), "debtors": list(largest)}

    def _debtor_order(self, key: DebtorKey) -> tuple[Any, ...]:
        sums = self._debtors[key]
        figures = -sums.overdue(), -sums.total()
        return *currency_order(key[1]), *figures, sums.name is None, sums.name or "", sums.inn or "", key[0] or ""


class _DebtSums:
    __slots__ = ("_terms", "amount", "oldest_days", "paid", "ranges")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.amount = self.paid = ZERO
        self.oldest_days: int | None = None
        self.ranges: dict[str, Decimal] = dict.fromkeys(terms.ranges, ZERO)

    def include(self, others: _DebtSums) -> None:
        self.amount += others.amount
        self.paid += others.paid
        for key, sums in others.ranges.items():
            self.ranges[key] += sums
        self.is_as_old_as(others.oldest_days)

    def is_as_old_as(self, days: int | None) -> None:
        if days is not None:
            self.oldest_days = max(days, self.oldest_days or 0)

    def total(self) -> Decimal:
        return sum(self.ranges.values(), ZERO)

    def overdue(self) -> Decimal:
        return sum((self.ranges[key] for key in self._terms.overdue_ranges), ZERO)

    def figures(self) -> dict[str, Any]:
        return {
            "amount": self.amount,
            "paid": self.paid,
            "total": self.total(),
            "overdue": self.overdue(),
            "oldest_days": self.oldest_days,
            "ranges": dict(self.ranges),
        }


class _DebtorSums(_DebtSums):
    __slots__ = ("_people", "company_id", "contact_id", "currency", "inn", "name")

    def __init__(self, terms: Terms) -> None:
        super().__init__(terms)
        self.currency: str | None = None
        self.name: str | None = None
        self.inn: str | None = None
        self.company_id: int | None = None
        self.contact_id: int | None = None
        self._people: dict[str, Decimal] = {}

    def add(self, invoice: ProcessedInvoice) -> None:
        self.currency = invoice.currency
        self.name = self.name or invoice.counterparty
        self.inn = self.inn or invoice.inn
        self.company_id = self.company_id or invoice.company_id
        self.contact_id = self.contact_id or invoice.contact_id
        debt = invoice.debt
        if debt is None:
            return
        self.amount += invoice.amount or ZERO
        self.paid += debt.paid
        self.ranges[debt.range] += debt.outstanding
        self.is_as_old_as(debt.days_overdue)
        if invoice.responsible is not None:
            self._people[invoice.responsible] = self._people.get(invoice.responsible, ZERO) + debt.outstanding

    def responsible(self) -> str | None:
        """Who answers for the debts, for the largest first."""
        names = sorted(self._people, key=lambda name: (-self._people[name], name))
        more = tr(" и ещё {count}", count=len(names) - _MOST_NAMED) if len(names) > _MOST_NAMED else ""
        return ", ".join(names[:_MOST_NAMED]) + more or None


def _debt_json(total: DebtTotal) -> dict[str, Any]:
    return {
        "currency": total.currency,
        "total": f"{total.total:.2f}",
        "overdue": f"{total.overdue:.2f}",
        "oldest_days": total.oldest_days,
        "ranges": {key: f"{sums:.2f}" for key, sums in total.ranges.items()},
    }


def _debtor_json(total: DebtorTotal) -> dict[str, Any]:
    return {
        "currency": total.currency,
        "counterparty": total.counterparty,
        "inn": total.inn,
        "company_id": total.company_id,
        "contact_id": total.contact_id,
        "total": f"{total.total:.2f}",
        "overdue": f"{total.overdue:.2f}",
        "oldest_days": total.oldest_days,
    }

"""The sums of a register, gathered while its invoices stream by: per currency, per VAT rate, per counterparty.

Unknown sums count as 0; an invoice whose VAT is unknown counts among those without VAT (its VAT counts as 0).
Source of the rules: the contract of the workbook (totals per currency) and the sheets «По ставкам НДС» and
«По контрагентам».
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bitrix_app.processing.model import ProcessedInvoice, ProductRow
from bitrix_app.processing.money import ZERO


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """The block under «Краткий» for one currency (``None``: the invoices do not say which).

    ``amount`` = ``amount_without_vat`` + ``amount_with_vat``; ``vat`` is the VAT in the latter.
    """

    currency: str | None
    invoices: int
    amount: Decimal
    amount_without_vat: Decimal
    amount_with_vat: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class RateTotal:
    """A row of «По ставкам НДС», summed over product rows. ``rate`` in per cent, ``None`` is «без НДС», or, with
    ``rate_unknown``, a rate that could not be read. ``invoices`` have at least one such product row."""

    currency: str | None
    rate: Decimal | None
    invoices: int
    amount: Decimal
    vat: Decimal
    amount_without_vat: Decimal
    rate_unknown: bool = False


@dataclass(frozen=True, slots=True)
class CounterpartyTotal:
    """A row of «По контрагентам»: one counterparty in one currency. ``amount`` = ``paid`` + ``unpaid``;
    ``oldest_due`` is the earliest due date among the unpaid ones, ``last_paid`` the latest payment date."""

    inn: str | None
    kpp: str | None
    counterparty: str | None
    currency: str | None
    invoices: int
    amount: Decimal
    vat: Decimal
    paid: Decimal
    unpaid: Decimal
    oldest_due: date | None
    last_paid: date | None


class RegisterTotals:
    """Accumulates the sums of a register; its size follows the number of counterparties, not of invoices."""

    def __init__(self) -> None:
        self.invoices = 0
        """How many invoices were added."""
        self._currencies: dict[str | None, _CurrencySums] = {}
        self._rates: dict[_RateKey, _RateSums] = {}
        self._counterparties: dict[_CounterpartyKey, _CounterpartySums] = {}

    def add(self, invoice: ProcessedInvoice) -> None:
        """Counts one invoice and its product rows."""
        self.invoices += 1
        self._currencies.setdefault(invoice.currency, _CurrencySums()).add(invoice)
        self._counterparties.setdefault((invoice.counterparty_key, invoice.currency), _CounterpartySums()).add(invoice)
        if invoice.product_rows:
            self._add_rows(invoice)

    def currencies(self) -> tuple[CurrencyTotal, ...]:
        """Totals per currency: roubles first, then by code, the unnamed one last."""
        return tuple(self._currencies[each].total(each) for each in sorted(self._currencies, key=_currency_order))

    def rates(self) -> tuple[RateTotal, ...]:
        """Totals per currency and VAT rate: rates fall, «без НДС» after them, unreadable rates last."""
        return tuple(self._rates[key].total(key) for key in sorted(self._rates, key=_rate_order))

    def counterparties(self) -> tuple[CounterpartyTotal, ...]:
        """Totals per counterparty and currency: largest unpaid sum first, then the largest sum, then by name."""
        rows = (sums.total(key[-1]) for key, sums in self._counterparties.items())
        return tuple(sorted(rows, key=_counterparty_order))

    def to_summary(self) -> dict[str, Any]:
        """The part of the report object that the register knows, ready for JSON (money is text of two decimals)."""
        return {"invoices": self.invoices, "totals": [_currency_json(each) for each in self.currencies()]}

    def _add_rows(self, invoice: ProcessedInvoice) -> None:
        seen: set[_RateKey] = set()
        for row in invoice.product_rows:
            key = (invoice.currency, row.tax_rate_unknown, row.tax_rate)
            sums = self._rates.setdefault(key, _RateSums())
            sums.add(row)
            if key not in seen:
                seen.add(key)
                sums.invoices += 1


_RateKey = tuple[str | None, bool, Decimal | None]
"""Currency, whether the rate is unknown, the rate."""
_CounterpartyKey = tuple[str | None, str | None]
"""Counterparty, currency."""


class _CurrencySums:
    __slots__ = ("amount", "amount_with_vat", "invoices", "vat")

    def __init__(self) -> None:
        self.invoices = 0
        self.amount = self.amount_with_vat = self.vat = ZERO

    def add(self, invoice: ProcessedInvoice) -> None:
        amount = invoice.amount or ZERO
        self.invoices += 1
        self.amount += amount
        if invoice.vat is not None:
            self.amount_with_vat += amount
            self.vat += invoice.vat

    def total(self, currency: str | None) -> CurrencyTotal:
        without_vat = self.amount - self.amount_with_vat
        return CurrencyTotal(currency, self.invoices, self.amount, without_vat, self.amount_with_vat, self.vat)


class _RateSums:
    __slots__ = ("amount", "invoices", "vat")

    def __init__(self) -> None:
        self.invoices = 0
        self.amount = self.vat = ZERO

    def add(self, row: ProductRow) -> None:
        self.amount += row.amount or ZERO
        self.vat += row.vat or ZERO

    def total(self, key: _RateKey) -> RateTotal:
        currency, unknown, rate = key
        return RateTotal(currency, rate, self.invoices, self.amount, self.vat, self.amount - self.vat, unknown)


class _CounterpartySums:
    __slots__ = ("amount", "inn", "invoices", "kpp", "last_paid", "name", "oldest_due", "paid", "vat")

    def __init__(self) -> None:
        self.inn: str | None = None
        self.kpp: str | None = None
        self.name: str | None = None
        self.invoices = 0
        self.amount = self.vat = self.paid = ZERO
        self.oldest_due: date | None = None
        self.last_paid: date | None = None

    def add(self, invoice: ProcessedInvoice) -> None:
        amount = invoice.amount or ZERO
        self.invoices += 1
        self.amount += amount
        self.vat += invoice.vat or ZERO
        self.inn = self.inn or invoice.inn
        self.kpp = self.kpp or invoice.kpp
        self.name = self.name or invoice.counterparty
        self._add_payment(invoice, amount)

    def _add_payment(self, invoice: ProcessedInvoice, amount: Decimal) -> None:
        due, paid = invoice.due_date, invoice.paid_date
        if invoice.paid:
            self.paid += amount
        elif due is not None and (self.oldest_due is None or due < self.oldest_due):
            self.oldest_due = due
        if paid is not None and (self.last_paid is None or paid > self.last_paid):
            self.last_paid = paid

    def total(self, currency: str | None) -> CounterpartyTotal:
        return CounterpartyTotal(
            inn=self.inn,
            kpp=self.kpp,
            counterparty=self.name,
            currency=currency,
            invoices=self.invoices,
            amount=self.amount,
            vat=self.vat,
            paid=self.paid,
            unpaid=self.amount - self.paid,
            oldest_due=self.oldest_due,
            last_paid=self.last_paid,
        )


def _currency_order(currency: str | None) -> tuple[bool, bool, str]:
    return currency is None, currency != "RUB", currency or ""


def _rate_order(key: _RateKey) -> tuple[Any, ...]:
    currency, unknown, rate = key
    return *_currency_order(currency), unknown, rate is None, -(rate or ZERO)


def _counterparty_order(row: CounterpartyTotal) -> tuple[Any, ...]:
    return -row.unpaid, -row.amount, row.counterparty or "", row.inn or "", _currency_order(row.currency)


def _currency_json(total: CurrencyTotal) -> dict[str, Any]:
    return {
        "currency": total.currency,
        "amount": f"{total.amount:.2f}",
        "vat": f"{total.vat:.2f}",
        "amount_with_vat": f"{total.amount_with_vat:.2f}",
        "amount_without_vat": f"{total.amount_without_vat:.2f}",
    }

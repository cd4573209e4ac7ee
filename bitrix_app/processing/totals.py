"""The sums of a register, gathered while its invoices stream by: for each currency, own company, counterparty,
responsible person and VAT rate.

Unknown sums count as 0; an invoice whose VAT is unknown counts among those without VAT (its VAT counts as 0).
Source of the rules: the contract of the workbook (§4).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from sys import getsizeof
from typing import Any, TypeVar

from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.processing.money import ZERO
from bitrix_app.processing.payments import overpaid, paid_amount

K = TypeVar("K")
S = TypeVar("S")

_SUMS_BYTES = 700
"""The sums of one counterparty, own company or person, and their place in the table of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Some invoices in one currency (``None``: they do not say which). ``amount`` = ``paid`` + ``unpaid`` −
    ``overpaid``; ``overdue`` is the part of ``unpaid`` whose due date has passed, ``overpaid`` what was paid above the
    sums of single invoices."""

    currency: str | None
    invoices: int
    amount: Decimal
    vat: Decimal
    paid: Decimal
    unpaid: Decimal
    overdue: Decimal
    overpaid: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyTotal(Total):
    """All invoices in one currency: ``amount`` = ``amount_without_vat`` + ``amount_with_vat``, ``vat`` is the VAT in
    the latter. Of the sums, their product rows explain ``rows_amount`` and ``rows_vat``."""

    amount_without_vat: Decimal
    amount_with_vat: Decimal
    rows_amount: Decimal
    rows_vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerTotal(Total):
    """The invoices of one own company, ``None`` where they name none."""

    my_company: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibleTotal(Total):
    """A row of «По ответственным»."""

    responsible: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterpartyTotal(Total):
    """A row of «По контрагентам». ``oldest_due`` is the earliest due date among the unpaid invoices, ``last_paid`` the
    latest payment date."""

    inn: str | None
    kpp: str | None
    counterparty: str | None
    oldest_due: date | None
    last_paid: date | None


@dataclass(frozen=True, slots=True)
class RateTotal:
    """A row of «По ставкам НДС», summed over product rows. ``rate`` in per cent, ``None`` is «без НДС», or, with
    ``rate_unknown``, a rate that could not be read. ``invoices`` have at least one such product row.

    ``outside_rows``: what the rows don't explain of the invoices' sums (set by hand, no products, delivery, rounding),
    with the number of invoices where anything is left.
    """

    currency: str | None
    rate: Decimal | None
    invoices: int
    amount: Decimal
    vat: Decimal
    amount_without_vat: Decimal
    rate_unknown: bool = False
    outside_rows: bool = False


def is_overdue(invoice: ProcessedInvoice, today: date | None) -> bool:
    """Whether an unpaid invoice's due date has passed; on the day itself it has not. ``today`` of ``None``: unknown."""
    due = invoice.due_date
    return today is not None and due is not None and due < today and not invoice.paid


class RegisterTotals:
    """Accumulates the sums of a register; its size follows the number of counterparties, not of invoices."""

    def __init__(self, today: date | None = None) -> None:
        """``today``: the report's day, which tells what is overdue; without it nothing is."""
        self.today = today
        self.invoices = 0
        """How many invoices were added."""
        self.weight = 0
        """Bytes in memory, by estimate: of counterparties, own companies and people; currencies and rates are few."""
        self._currencies: dict[str | None, _CurrencySums] = {}
        self._sellers: dict[_IdKey, _Sums] = {}
        self._seller_names: dict[int | None, str | None] = {}
        self._people: dict[_IdKey, _Sums] = {}
        self._people_names: dict[int | None, str | None] = {}
        self._rates: dict[_RateKey, _RateSums] = {}
        self._counterparties: dict[_CounterpartyKey, _CounterpartySums] = {}

    def add(self, invoice: ProcessedInvoice) -> None:
        """Counts one invoice and its product rows."""
        self.invoices += 1
        currency, seller, person = invoice.currency, invoice.mycompany_id, invoice.responsible_id
        overdue = is_overdue(invoice, self.today)
        self._weigh(self._sellers, (seller, currency), invoice.my_company)
        self._weigh(self._people, (person, currency), invoice.responsible)
        key = (invoice.counterparty_key, currency)
        self._weigh(self._counterparties, key, key[0], invoice.counterparty, invoice.inn, invoice.kpp)
        _of(self._currencies, currency, _CurrencySums).add(invoice, overdue=overdue)
        _of(self._sellers, (seller, currency), _Sums).add(invoice, overdue=overdue)
        _of(self._people, (person, currency), _Sums).add(invoice, overdue=overdue)
        _of(self._counterparties, key, _CounterpartySums).add(invoice, overdue=overdue)
        self._seller_names[seller] = self._seller_names.get(seller) or invoice.my_company
        self._people_names[person] = self._people_names.get(person) or invoice.responsible
        if invoice.product_rows:
            self._add_rows(invoice)

    def _weigh(self, table: Collection[Any], key: Any, *texts: str | None) -> None:
        """Counts what a new key adds to a table, with the texts that are kept for it."""
        if key not in table:
            self.weight += _SUMS_BYTES + sum(getsizeof(each) for each in texts if each)

    @property
    def blocks(self) -> int:
        """How many totals there are per currency and own company, and per currency and rate."""
        return len(self._sellers) + len(self._rates)

    def currencies(self) -> tuple[CurrencyTotal, ...]:
        """Totals per currency: roubles first, then by code, the unnamed one last."""
        return tuple(self._currencies[each].total(each) for each in sorted(self._currencies, key=currency_order))

    def own_companies(self) -> tuple[str, ...]:
        """The own companies that occur, by name; their id where the name is not known."""
        return tuple(sorted(self._seller_name(each) or "" for each in self._seller_names if each is not None))

    @property
    def has_overpaid(self) -> bool:
        """Whether more than its sum was paid of any invoice."""
        return any(sums.overpaid for sums in self._currencies.values())

    @property
    def has_several_sellers(self) -> bool:
        """Whether invoices of more than one own company occur."""
        return len(self.own_companies()) > 1

    def sellers(self) -> tuple[SellerTotal, ...]:
        """Totals per currency and own company: currencies as in ``currencies``, then by name, the unnamed one last."""
        rows = [
            SellerTotal(my_company=self._seller_name(seller), currency=currency, **sums.figures())
            for (seller, currency), sums in self._sellers.items()
        ]
        return tuple(sorted(rows, key=_seller_order))

    def responsibles(self) -> tuple[ResponsibleTotal, ...]:
        """Totals per currency and responsible person: the largest sum of a currency first, then by name."""
        rows = [
            ResponsibleTotal(responsible=self._people_names[person], currency=currency, **sums.figures())
            for (person, currency), sums in self._people.items()
        ]
        return tuple(sorted(rows, key=_responsible_order))

    def rates(self) -> tuple[RateTotal, ...]:
        """Totals per currency and VAT rate: rates fall, «без НДС» after them, unreadable rates, and last what the rows
        don't explain."""
        rows = [(key, sums.total(key)) for key, sums in self._rates.items()]
        rows += [
            ((currency, True, None, True), sums.outside_rows(currency))
            for currency, sums in self._currencies.items()
            if sums.invoices_outside_rows
        ]
        return tuple(total for _, total in sorted(rows, key=lambda row: _rate_order(row[0])))

    def counterparties(self) -> tuple[CounterpartyTotal, ...]:
        """Totals per counterparty and currency: largest unpaid sum first, then the largest sum, then by name."""
        rows = (sums.counterparty(key[-1]) for key, sums in self._counterparties.items())
        return tuple(sorted(rows, key=_counterparty_order))

    def to_summary(self) -> dict[str, Any]:
        """The part of the report object that the register knows, ready for JSON (money is text of two decimals)."""
        return {"invoices": self.invoices, "totals": [_currency_json(each) for each in self.currencies()]}

    def _seller_name(self, seller: int | None) -> str | None:
        return None if seller is None else self._seller_names[seller] or f"ID {seller}"

    def _add_rows(self, invoice: ProcessedInvoice) -> None:
        seen: set[_RateKey] = set()
        for row in invoice.product_rows:
            key = (invoice.currency, row.tax_rate_unknown, row.tax_rate, False)
            sums = _of(self._rates, key, _RateSums)
            sums.amount += row.amount or ZERO
            sums.vat += row.vat or ZERO
            if key not in seen:
                seen.add(key)
                sums.invoices += 1


_RateKey = tuple[str | None, bool, Decimal | None, bool]
"""Currency, whether the rate is unknown, the rate, whether it is what rows don't explain."""
_CounterpartyKey = tuple[str | None, str | None]
"""Counterparty, currency."""
_IdKey = tuple[int | None, str | None]
"""Own company or responsible person, currency."""


def _of(table: dict[K, S], key: K, make: Callable[[], S]) -> S:
    sums = table.get(key)
    if sums is None:
        sums = table[key] = make()
    return sums


class _Sums:
    __slots__ = ("amount", "invoices", "overdue", "overpaid", "paid", "vat")

    def __init__(self) -> None:
        self.invoices = 0
        self.amount = self.vat = self.paid = self.overdue = self.overpaid = ZERO

    def add(self, invoice: ProcessedInvoice, *, overdue: bool) -> None:
        amount = invoice.amount or ZERO
        self.invoices += 1
        self.amount += amount
        self.vat += invoice.vat or ZERO
        paid, more = paid_amount(invoice) or ZERO, overpaid(invoice)
        self.paid += paid
        self.overpaid += more
        if overdue:
            self.overdue += amount - paid + more

    def figures(self) -> dict[str, Any]:
        return {
            "invoices": self.invoices,
            "amount": self.amount,
            "vat": self.vat,
            "paid": self.paid,
            "unpaid": self.amount - self.paid + self.overpaid,
            "overdue": self.overdue,
            "overpaid": self.overpaid,
        }


class _CurrencySums(_Sums):
    __slots__ = ("amount_with_vat", "invoices_outside_rows", "rows_amount", "rows_vat")

    def __init__(self) -> None:
        super().__init__()
        self.amount_with_vat = self.rows_amount = self.rows_vat = ZERO
        self.invoices_outside_rows = 0

    def add(self, invoice: ProcessedInvoice, *, overdue: bool) -> None:
        super().add(invoice, overdue=overdue)
        amount, vat = invoice.amount or ZERO, invoice.vat or ZERO
        if invoice.vat is not None:
            self.amount_with_vat += amount
        rows_amount = rows_vat = ZERO
        for row in invoice.product_rows:
            rows_amount += row.amount or ZERO
            rows_vat += row.vat or ZERO
        self.rows_amount += rows_amount
        self.rows_vat += rows_vat
        if (rows_amount, rows_vat) != (amount, vat):
            self.invoices_outside_rows += 1

    def total(self, currency: str | None) -> CurrencyTotal:
        return CurrencyTotal(
            currency=currency,
            **self.figures(),
            amount_without_vat=self.amount - self.amount_with_vat,
            amount_with_vat=self.amount_with_vat,
            rows_amount=self.rows_amount,
            rows_vat=self.rows_vat,
        )

    def outside_rows(self, currency: str | None) -> RateTotal:
        amount, vat = self.amount - self.rows_amount, self.vat - self.rows_vat
        return RateTotal(currency, None, self.invoices_outside_rows, amount, vat, amount - vat, outside_rows=True)


class _RateSums:
    __slots__ = ("amount", "invoices", "vat")

    def __init__(self) -> None:
        self.invoices = 0
        self.amount = self.vat = ZERO

    def total(self, key: _RateKey) -> RateTotal:
        currency, unknown, rate, _ = key
        return RateTotal(currency, rate, self.invoices, self.amount, self.vat, self.amount - self.vat, unknown)


class _CounterpartySums(_Sums):
    __slots__ = ("inn", "kpp", "last_paid", "name", "oldest_due")

    def __init__(self) -> None:
        super().__init__()
        self.inn: str | None = None
        self.kpp: str | None = None
        self.name: str | None = None
        self.oldest_due: date | None = None
        self.last_paid: date | None = None

    def add(self, invoice: ProcessedInvoice, *, overdue: bool) -> None:
        super().add(invoice, overdue=overdue)
        self.inn = self.inn or invoice.inn
        self.kpp = self.kpp or invoice.kpp
        self.name = self.name or invoice.counterparty
        due, paid = invoice.due_date, invoice.paid_date
        if not invoice.paid and due is not None and (self.oldest_due is None or due < self.oldest_due):
            self.oldest_due = due
        if paid is not None and (self.last_paid is None or paid > self.last_paid):
            self.last_paid = paid

    def counterparty(self, currency: str | None) -> CounterpartyTotal:
        return CounterpartyTotal(
            inn=self.inn,
            kpp=self.kpp,
            counterparty=self.name,
            currency=currency,
            **self.figures(),
            oldest_due=self.oldest_due,
            last_paid=self.last_paid,
        )


def currency_order(currency: str | None) -> tuple[bool, bool, str]:
    """A key to sort currencies by: roubles first, then by code, the unnamed one last."""
    return currency is None, currency != "RUB", currency or ""


def _rate_order(key: _RateKey) -> tuple[Any, ...]:
    currency, unknown, rate, outside_rows = key
    return *currency_order(currency), outside_rows, unknown, rate is None, -(rate or ZERO)


def _seller_order(row: SellerTotal) -> tuple[Any, ...]:
    return *currency_order(row.currency), row.my_company is None, row.my_company or ""


def _responsible_order(row: ResponsibleTotal) -> tuple[Any, ...]:
    return *currency_order(row.currency), -row.amount, row.responsible is None, row.responsible or ""


def _counterparty_order(row: CounterpartyTotal) -> tuple[Any, ...]:
    return -row.unpaid, -row.amount, row.counterparty or "", row.inn or "", currency_order(row.currency)


def _currency_json(total: CurrencyTotal) -> dict[str, Any]:
    figures = ("amount", "vat", "amount_with_vat", "amount_without_vat", "paid", "unpaid", "overdue")
    more = ("overpaid",) if total.overpaid else ()
    return {"currency": total.currency, **{name: f"{getattr(total, name):.2f}" for name in (*figures, *more)}}

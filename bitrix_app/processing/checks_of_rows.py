"""Checks of an invoice against its product rows; see ``checks``.

Sources: contract §4 (a kopeck a row); for the rates the Tax Code, article 164, paragraphs 3 and 8, as amended by
303-ФЗ of 03.08.2018 (18 % until the end of 2018), 176-ФЗ of 12.07.2024 (5 % and 7 % from 1 January 2025; they are the
only rates of those who chose them) and 425-ФЗ of 28.11.2025 (22 % instead of 20 % from 1 January 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bitrix_app.processing import words
from bitrix_app.processing.checks import Check, Examined
from bitrix_app.processing.dates import date_in_words
from bitrix_app.processing.model import Problem
from bitrix_app.processing.money import KOPECK, ZERO, money_in_words, rate_in_words

REDUCED_RATES = frozenset({Decimal(5), Decimal(7)})


@dataclass(frozen=True, slots=True)
class RateInForce:
    """A rate that the law has changed: in force from ``first`` to ``last``, both included."""

    rate: Decimal
    first: date = date.min
    last: date = date.max

    def holds(self, day: date) -> bool:
        """Whether the rate is in force on ``day``."""
        return self.first <= day <= self.last

    @property
    def in_words(self) -> str:
        """«действует с 01.01.2026»."""
        if self.last == date.max:
            return f"действует с {date_in_words(self.first)}"
        return f"действовала по {date_in_words(self.last)}"


CHANGED_RATES = (
    RateInForce(Decimal(22), first=date(2026, 1, 1)),
    RateInForce(Decimal(20), last=date(2025, 12, 31)),
    RateInForce(Decimal(18), last=date(2018, 12, 31)),
    RateInForce(Decimal(7), first=date(2025, 1, 1)),
    RateInForce(Decimal(5), first=date(2025, 1, 1)),
)


def rows_are_shown(examined: Examined) -> list[Problem]:
    """The portal shows the product rows of an invoice that it shows."""
    if not examined.rows_refused:
        return []
    message = "Портал не показал товары счёта: нет права их читать. Попросите администратора CRM дать доступ."
    return [Problem(words.PRODUCT, message)]


def has_rows(examined: Examined) -> list[Problem]:
    """An invoice has product rows."""
    if not examined.rows_asked or examined.rows_refused or examined.invoice.product_rows:
        return []
    return [Problem(words.PRODUCT, "В счёте нет товаров. Добавьте товары в карточке счёта.")]


def amount_agrees_with_rows(examined: Examined) -> list[Problem]:
    """The sum of an invoice is that of its rows, give or take a kopeck a row."""
    amount, rows = examined.invoice.amount, examined.invoice.product_rows
    amounts = [row.amount for row in rows if row.amount is not None]
    if amount is None or not rows or len(amounts) < len(rows):
        return []
    total = sum(amounts, ZERO)
    if abs(amount - total) <= KOPECK * len(rows):
        return []
    figures = f"{money_in_words(amount)}, а товаров в нём на {money_in_words(total)}"
    if examined.amount_by_hand:
        return [Problem(words.AMOUNT, f"Сумма задана вручную: {figures}. Проверьте, что так и задумано.")]
    advice = "Пересохраните товары или исправьте сумму в карточке счёта."
    return [Problem(words.AMOUNT, f"Сумма счёта не сходится с товарами: {figures}. {advice}")]


def vat_agrees_with_rows(examined: Examined) -> list[Problem]:
    """The VAT of an invoice is that of its rows, give or take a kopeck a row; without VAT is 0."""
    invoice, rows = examined.invoice, examined.invoice.product_rows
    if not rows or (invoice.vat is None and not invoice.without_vat):
        return []
    if any(row.amount is None or row.tax_rate_unknown for row in rows):
        return []
    vat, total = invoice.vat or ZERO, sum((row.vat or ZERO for row in rows), ZERO)
    if abs(vat - total) <= KOPECK * len(rows):
        return []
    in_invoice = "счёт без НДС" if invoice.without_vat else f"в счёте {money_in_words(vat)}"
    figures = f"{in_invoice}, по товарам {money_in_words(total)}"
    return [Problem(words.VAT, f"НДС не сходится с товарами: {figures}. Проверьте ставки и пересохраните товары.")]


def rates_are_in_force(examined: Examined) -> list[Problem]:
    """Each rate is in force on the day of shipping (where that is unknown, on the day of the invoice)."""
    invoice = examined.invoice
    day = invoice.shipped_date or invoice.invoice_date
    if day is None:
        return []
    found = [each for each in CHANGED_RATES if each.rate in (invoice.tax_rates or ()) and not each.holds(day)]
    return [Problem(words.RATE, _not_in_force(each, day, shipped=invoice.shipped_date is not None)) for each in found]


def reduced_rate_stands_alone(examined: Examined) -> list[Problem]:
    """5 % or 7 % is somebody's only rate: it does not stand beside another one (0 % and «без НДС» may)."""
    rates = [rate for rate in examined.invoice.tax_rates or () if rate]
    if len(rates) < 2 or not REDUCED_RATES.intersection(rates):
        return []
    mixed = " и ".join(map(rate_in_words, rates))
    message = f"В одном счёте ставки {mixed}: 5% и 7% с другими не сочетаются. Исправьте ставки товаров в счёте."
    return [Problem(words.RATE, message)]


def _not_in_force(changed: RateInForce, day: date, *, shipped: bool) -> str:
    when = f"Отгрузка {date_in_words(day)}" if shipped else f"Счёт от {date_in_words(day)}"
    return f"{when}, а ставка {rate_in_words(changed.rate)} {changed.in_words}. Исправьте ставку товаров в счёте."


ROW_CHECKS: tuple[Check, ...] = (
    rows_are_shown,
    has_rows,
    amount_agrees_with_rows,
    vat_agrees_with_rows,
    rates_are_in_force,
    reduced_rate_stands_alone,
)

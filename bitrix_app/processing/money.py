"""Numbers, money and VAT: Decimal from the portal's JSON to the cell, rounded half up to kopecks once a figure.

Sources: the contract of the workbook; the VAT inside a sum is its rate / (100 + rate) (Tax Code, article 164,
paragraph 4). Rates that the law has changed: article 164, paragraphs 3 and 8, as amended by 303-ФЗ of 03.08.2018 (18 %
until the end of 2018), 176-ФЗ of 12.07.2024 (5 % and 7 % from 1 January 2025) and 425-ФЗ of 28.11.2025 (22 % instead of
20 % from 1 January 2026).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

from bitrix_app.processing.parsing import UnreadableError, date_in_words
from bitrix_app.texts import decimal_mark, thousands_mark, tr

WHOLE_DIGITS = 18
"""Most digits before the decimal point. The limit keeps exact arithmetic and texts short, whatever exponent comes."""
PLACES = 40
"""Most places after the decimal point before the first digit other than 0."""
DIGITS = 60
"""Most significant digits."""

EXACT = Context(prec=4 * DIGITS)
"""Arithmetic context with room for the product of any two readable numbers: only ``kopecks`` rounds."""
_READABLE = Context(prec=DIGITS)
_TEXT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?")
_TEXT_LIMIT = 2 * DIGITS
_INTEGER_BITS = 4 * DIGITS


def number_of(value: Any) -> Decimal | None:
    """A number as the portal writes it: a JSON number or a decimal text (``"1234.50"``); ``None`` when empty.

    A float (only a hand-made record has one) goes by its shortest text: 0.1 is 0.1. Raises UnreadableError for
    anything else: a truth value, NaN, an infinity, other text, a number out of ``WHOLE_DIGITS`` and ``PLACES``.
    """
    if value is None:
        return None
    number = _decimal(value)
    if number is None:
        return None
    if not number:
        return Decimal(0)
    if not number.is_finite() or not -PLACES <= number.adjusted() < WHOLE_DIGITS or _READABLE.plus(number) != number:
        raise UnreadableError(value)
    return number


def order_of(value: Any) -> tuple[bool, int | Decimal]:
    """A key for the portal's ``sort`` and ``id``, numbers or their texts; what is empty or unreadable comes last."""
    if type(value) is int:  # nearly always; half a million product rows are sorted by two of these
        return False, value
    try:
        number = number_of(value)
    except UnreadableError:
        number = None
    return number is None, number or 0


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return _decimal_of_text(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > _INTEGER_BITS:
        raise UnreadableError(value)
    return Decimal(value)


def _decimal_of_text(value: str) -> Decimal | None:
    text = value.strip()
    if not text:
        return None
    if len(text) > _TEXT_LIMIT or not _TEXT.fullmatch(text):
        raise UnreadableError(value)
    return Decimal(text)


KOPECK = Decimal("0.01")
ZERO = Decimal("0.00")
_ONE = Decimal(1)
_HUNDRED = Decimal(100)


WHOLE_CURRENCIES = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
"""Currencies without decimals (ISO 4217)."""


def smallest_unit(currency: str | None) -> Decimal:
    """A unit of the currency's last decimal, not smaller than the kopecks that figures are rounded to."""
    return _ONE if currency in WHOLE_CURRENCIES else KOPECK


def money_of(value: Any) -> Decimal | None:
    """A sum of money rounded to kopecks; ``None`` when empty. Raises UnreadableError as ``number_of`` does."""
    number = number_of(value)
    return None if number is None else kopecks(number)


def rate_of(value: Any) -> Decimal | None:
    """A VAT rate in per cent without idle zeros (20, 5.5); ``None`` is «без НДС».

    Any rate works, whatever the law brings next; below 0 raises UnreadableError, as what is no number does.
    """
    rate = number_of(value)
    if rate is None:
        return None
    if rate < 0:
        raise UnreadableError(value)
    whole = rate.quantize(_ONE, context=EXACT)
    return whole if whole == rate else rate.normalize(EXACT)


def kopecks(number: Decimal) -> Decimal:
    """``number`` rounded half up (away from zero) to kopecks; never minus zero."""
    return number.quantize(KOPECK, ROUND_HALF_UP, EXACT) or ZERO


def row_amount(price: Decimal, quantity: Decimal) -> Decimal | None:
    """Price × quantity rounded to kopecks; ``None`` when that has more digits than any money."""
    product = EXACT.multiply(price, quantity)
    return kopecks(product) if product.adjusted() < WHOLE_DIGITS else None


def row_vat(amount: Decimal, rate: Decimal) -> Decimal:
    """The VAT of ``rate`` per cent (not below 0) inside ``amount``, rounded to kopecks."""
    return kopecks(EXACT.divide(EXACT.multiply(amount, rate), EXACT.add(_HUNDRED, rate)))


def rate_in_words(rate: Decimal | None) -> str:
    """A rate as a person writes it: ``22%``, ``5,5%``, ``Без НДС``."""
    return tr("Без НДС") if rate is None else _percents(rate, decimal_mark())


@lru_cache(64)  # half a million product rows have a handful of rates
def _percents(rate: Decimal, mark: str) -> str:
    return f"{rate:f}%".replace(".", mark)


def money_in_words(amount: Decimal) -> str:
    """A sum as a sentence writes it: ``1 234,50``, the space a no-break one."""
    whole, kopecks = f"{amount:,.2f}".split(".")
    return f"{whole.replace(',', thousands_mark())}{decimal_mark()}{kopecks}"


NEAR_MONTHS = 3
"""So near to a change of rate an invoice may be for goods that are shipped on its other side."""

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

    def is_near(self, day: date) -> bool:
        """Whether ``day`` is within three months of the change, on either side."""
        change = self.first if self.last == date.max else self.last + timedelta(days=1)
        months = (day.year - change.year) * 12 + day.month - change.month
        return (-NEAR_MONTHS, change.day) <= (months, day.day) <= (NEAR_MONTHS, change.day)

    @property
    def in_words(self) -> str:
        """«действует с 01.01.2026»."""
        if self.last == date.max:
            return tr("действует с {first}", first=date_in_words(self.first))
        return tr("действовала по {last}", last=date_in_words(self.last))


CHANGED_RATES = (
    RateInForce(Decimal(22), first=date(2026, 1, 1)),
    RateInForce(Decimal(20), last=date(2025, 12, 31)),
    RateInForce(Decimal(18), last=date(2018, 12, 31)),
    RateInForce(Decimal(7), first=date(2025, 1, 1)),
    RateInForce(Decimal(5), first=date(2025, 1, 1)),
)

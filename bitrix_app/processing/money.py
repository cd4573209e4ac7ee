"""Money and VAT: Decimal from the portal's JSON to the cell, rounded half up to kopecks once a figure.

Source of the rules: the contract of the workbook; the VAT inside a sum is its rate / (100 + rate) (Tax Code,
article 164, paragraph 4).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bitrix_app.processing.numeric import EXACT, WHOLE_DIGITS, number_of
from bitrix_app.processing.reading import UnreadableError

KOPECK = Decimal("0.01")
ZERO = Decimal("0.00")
_ONE = Decimal(1)
_HUNDRED = Decimal(100)


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
    return "Без НДС" if rate is None else f"{rate:f}%".replace(".", ",")


def money_in_words(amount: Decimal) -> str:
    """A sum as a sentence writes it: ``1 234,50``, the space a no-break one."""
    return f"{amount:,.2f}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")

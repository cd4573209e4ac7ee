"""Money is rounded half up to kopecks, once a figure; VAT is taken out of the rounded sum."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing.money import (
    kopecks,
    money_in_words,
    money_of,
    rate_in_words,
    rate_of,
    row_amount,
    row_vat,
)
from bitrix_app.processing.parsing import UnreadableError

MONEY = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
NUMBERS = st.decimals(min_value=-(10**8), max_value=10**8, places=6)
RATES = st.sampled_from([Decimal(rate) for rate in ("0", "5", "7", "10", "18", "20", "22", "5.5")])


@pytest.mark.parametrize(
    ("number", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.004999999999", "0.00"),
        ("2.675", "2.68"),
        ("1.115", "1.12"),
        ("-0.005", "-0.01"),
        ("-2.675", "-2.68"),
        ("-0.001", "0.00"),
        ("0", "0.00"),
        ("7", "7.00"),
        ("999999999999.99", "999999999999.99"),
        ("0.07", "0.07"),
        ("123456789012345678.005", "123456789012345678.01"),
    ],
)
def test_kopecks_are_rounded_half_away_from_zero(number: str, rounded: str) -> None:
    assert str(kopecks(Decimal(number))) == rounded


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        ("100", "3", "300.00"),
        ("0.335", "1", "0.34"),
        ("33.335", "3", "100.01"),  # 100.005; a price rounded first would make 100.02
        ("10.10", "0.333", "3.36"),
        ("1000", "-1.5", "-1500.00"),
        ("-0.125", "0.04", "-0.01"),
        ("0", "5", "0.00"),
        ("99999999999999.9999", "999.99999999", "99999999998999999.90"),
    ],
)
def test_amount_of_a_row_is_price_times_quantity_rounded_once(price: str, quantity: str, amount: str) -> None:
    assert str(row_amount(Decimal(price), Decimal(quantity))) == amount


def test_a_row_amount_of_more_digits_than_any_money_is_unknown() -> None:
    assert row_amount(Decimal(10) ** 17, Decimal(10)) is None


@pytest.mark.parametrize(
    ("amount", "rate", "vat"),
    [
        ("1220.00", "22", "220.00"),
        ("1200.00", "20", "200.00"),
        ("1180.00", "18", "180.00"),
        ("110.00", "10", "10.00"),
        ("107.00", "7", "7.00"),
        ("105.00", "5", "5.00"),
        ("100.00", "0", "0.00"),
        ("0.03", "20", "0.01"),  # exactly half a kopeck
        ("-0.03", "20", "-0.01"),
        ("100.00", "20", "16.67"),
        ("100.00", "16.67", "14.29"),
        ("100.00", "100", "50.00"),
        ("100.00", "400", "80.00"),
        ("-1220.00", "22", "-220.00"),
    ],
)
def test_vat_is_rate_over_hundred_plus_rate_of_the_amount(amount: str, rate: str, vat: str) -> None:
    assert str(row_vat(Decimal(amount), Decimal(rate))) == vat


@pytest.mark.parametrize(
    ("value", "rate"),
    [(None, None), ("", None), (22, "22"), ("20.00", "20"), (Decimal("2E+1"), "20"), ("5.50", "5.5"), (0, "0")],
)
def test_rate_has_no_idle_zeros(value: object, rate: str | None) -> None:
    found = rate_of(value)
    assert (None if found is None else str(found)) == rate


@pytest.mark.parametrize("value", [-1, "-20", "twenty", True, "20%"])
def test_a_rate_below_zero_or_of_words_is_unreadable(value: object) -> None:
    with pytest.raises(UnreadableError):
        rate_of(value)


@pytest.mark.parametrize(
    ("rate", "written"), [(None, "Без НДС"), ("0", "0%"), ("22", "22%"), ("20", "20%"), ("5.5", "5,5%")]
)
def test_rate_in_words(rate: str | None, written: str) -> None:
    assert rate_in_words(None if rate is None else Decimal(rate)) == written


def test_money_in_words_has_a_comma_and_spaces() -> None:
    assert money_in_words(Decimal("-1234567.80")) == "-1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,80"


@given(NUMBERS, NUMBERS)
def test_amount_is_the_exact_product_rounded_once(price: Decimal, quantity: Decimal) -> None:
    amount = row_amount(price, quantity)
    assert amount is not None
    assert Fraction(amount) == _rounded(Fraction(price) * Fraction(quantity))


@given(MONEY, RATES)
def test_vat_is_the_exact_share_rounded_once(amount: Decimal, rate: Decimal) -> None:
    assert Fraction(row_vat(amount, rate)) == _rounded(Fraction(amount) * Fraction(rate) / (100 + Fraction(rate)))


@given(MONEY)
def test_money_with_kopecks_stays_as_it_is(amount: Decimal) -> None:
    money = money_of(amount)
    assert money == amount
    assert money is not None
    assert money.as_tuple().exponent == -2


def _rounded(exact: Fraction) -> Fraction:
    """Half up, away from zero, by whole numbers."""
    sign = -1 if exact < 0 else 1
    return sign * Fraction((abs(exact) * 100 + Fraction(1, 2)).__floor__(), 100)

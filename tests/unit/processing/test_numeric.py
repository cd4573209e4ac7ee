"""Numbers of the portal become Decimals exactly, or are called unreadable."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing.money import number_of, order_of
from bitrix_app.processing.parsing import UnreadableError


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (None, None),
        ("", None),
        ("   ", None),
        (0, Decimal(0)),
        (19000, Decimal(19000)),
        (Decimal("120000.1"), Decimal("120000.1")),
        ("1234.50", Decimal("1234.50")),
        (" 1234.50\n", Decimal("1234.50")),
        ("-0.01", Decimal("-0.01")),
        ("+5", Decimal(5)),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("1.2345E+3", Decimal("1234.5")),
        ("0E+999999", Decimal(0)),
        (Decimal("0E+999999"), Decimal(0)),
        (Decimal("1E+17"), Decimal(10) ** 17),
        (0.1, Decimal("0.1")),
        (1234.56, Decimal("1234.56")),
    ],
)
def test_number_is_read_as_it_is_written(value: Any, number: Decimal | None) -> None:
    assert number_of(value) == number
    assert number is None or type(number_of(value)) is Decimal


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        "abc",
        "1 234,50",
        "1234,50",
        "1_000",
        "١٢٣",
        "0x10",
        "NaN",
        "Infinity",
        "-inf",
        "1e",
        "--1",
        "1.2.3",
        "1|RUB",
        "9" * 200,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        float("nan"),
        float("inf"),
        1e300,
        Decimal("1E+18"),
        Decimal("1E+999999"),
        "1E+999999",
        "1E-999999",
        "1E+9999999999",
        10**18,
        10**5000,
        Decimal("0." + "1" * 61),
        [],
        [1],
        {},
        {"value": 1},
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) else "integer",
)
def test_what_is_no_number_is_unreadable(value: Any) -> None:
    with pytest.raises(UnreadableError) as raised:
        number_of(value)
    assert len(str(raised.value)) < 100


@pytest.mark.parametrize("text", ["1E+999999", "1E-999999", "1E+999999999"])
def test_huge_exponents_are_unreadable_and_never_written_out(text: str) -> None:
    """A million digits would cost time and memory: the message names the text as it came."""
    with pytest.raises(UnreadableError) as raised:
        number_of(text)
    assert str(raised.value) == f"«{text}»"


def test_nothing_with_a_huge_exponent_is_nothing() -> None:
    assert str(number_of("0E-999999")) == "0"


def test_order_puts_numbers_by_value_and_the_unreadable_last() -> None:
    values: list[Any] = ["x", 30, "4", None, Decimal("4.5"), True]
    assert sorted(values, key=order_of)[:3] == ["4", Decimal("4.5"), 30]


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=4))
def test_a_number_and_its_text_are_read_alike_and_exactly(number: Decimal) -> None:
    assert number_of(number) == number_of(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-30, max_value=1e17))
def test_a_float_goes_by_its_shortest_text(number: float) -> None:
    assert number_of(number) == Decimal(repr(number))

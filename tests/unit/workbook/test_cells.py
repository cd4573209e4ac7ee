"""A value as the XML of a cell: digits, serial dates, text; and what Excel cannot hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing.columns import Value
from bitrix_app.workbook.cells import ENCODERS, TEXT_LIMIT, DoesNotFitError, SharedStrings, SheetBudget, fit, text_item


@pytest.fixture
def strings(tmp_path: Path) -> Iterator[SharedStrings]:
    made = SharedStrings(tmp_path, SheetBudget(10**6))
    yield made
    made.close()


def markup(value: Value) -> str:
    """The rest of the ``<c`` element; of a text its item among the shared strings."""
    return text_item(value)[0] if isinstance(value, str) else ENCODERS[type(value)](value)[0]


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("999999999999.99", "999999999999.99"),
        ("0.07", "0.07"),
        ("9270.36", "9270.36"),
        ("-1234.50", "-1234.50"),
        ("33.3333333333333333", "33.3333333333333333"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("0E+5", "0"),
        ("-0.00", "0"),
        ("0E-999999", "0"),
    ],
)
def test_a_number_is_written_digit_for_digit(number: str, digits: str) -> None:
    """No float, no exponent, no minus zero."""
    assert markup(Decimal(number)) == f"><v>{digits}</v></c>"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_any_number_comes_back_equal_from_its_digits(number: Decimal) -> None:
    """What stands in the file is the Decimal itself, in plain notation."""
    if abs(number.adjusted()) < 200:
        written = re.fullmatch(r"><v>(-?\d+(?:\.\d+)?)</v></c>", markup(number))
        assert written is not None
        assert Decimal(written[1]) == number


@pytest.mark.parametrize(
    ("day", "serial"),
    [
        (date(1900, 3, 1), 61),
        (date(2026, 3, 31), 46112),
        (date(9999, 12, 31), 2958465),
    ],
)
def test_a_date_is_a_serial_number(day: date, serial: int) -> None:
    """Days as Excel counts them."""
    assert markup(day) == f"><v>{serial}</v></c>"


def test_nothing_to_show_is_an_empty_cell() -> None:
    """The cell keeps its style and has no value."""
    assert markup(None) == "/>"


@pytest.mark.parametrize("text", ["", "\x00", "\ud800"])
def test_a_text_of_which_nothing_is_left_is_an_empty_cell(strings: SharedStrings, text: str) -> None:
    """It takes no place among the shared strings."""
    assert strings.cell(text) == ("/>", 0)
    assert b"<si>" not in b"".join(strings.chunks())


@pytest.mark.parametrize("text", ["=1+1", "+7 495", "-5", "@SUM(A1)", "#N/A", "TRUE", "1e5", "0012"])
def test_text_is_a_shared_string_whatever_it_begins_with(strings: SharedStrings, text: str) -> None:
    """Never a formula, an error value or a number."""
    assert strings.cell(text)[0] == ' t="s"><v>0</v></c>'
    assert f'<si><t xml:space="preserve">{text}</t></si></sst>'.encode() in b"".join(strings.chunks())


def test_a_text_that_comes_again_is_written_once(strings: SharedStrings) -> None:
    """Its cells hold the same place; a long one is not looked for."""
    long = "ю" * 201
    places = [strings.cell(text)[0] for text in ("ООО «А»", "ООО «Б»", "ООО «А»", long, long)]
    assert [int(re.sub(r"\D", "", each)) for each in places] == [0, 1, 0, 2, 3]
    assert b"".join(strings.chunks()).count(b"<si>") == 4


@pytest.mark.parametrize(
    ("value", "instead", "told"),
    [
        ("я" * (TEXT_LIMIT + 1), "я" * TEXT_LIMIT, "длиннее 32 767 знаков"),
        ("😀" * 20_000, "😀" * (TEXT_LIMIT // 2), "длиннее 32 767 знаков"),
        (date(1899, 12, 31), "31.12.1899", "раньше 1900 года"),
        (date(1, 1, 1), "01.01.0001", "раньше 1900 года"),
        (Decimal("1E+400"), "1E+400", "Число не помещается"),
        (Decimal("1E-999999999"), "1E-999999999", "Число не помещается"),
        (Decimal("NaN"), "NaN", "Число не помещается"),
        (Decimal("-Infinity"), "-Infinity", "Число не помещается"),
        (Decimal("0." + "3" * 300), "0." + "3" * 300, "Число не помещается"),
    ],
    ids=["long", "long emoji", "1899", "year 1", "huge", "tiny", "NaN", "infinite", "300 digits"],
)
def test_what_excel_cannot_hold_is_written_as_text_and_told(value: Value, instead: str, told: str) -> None:
    """Nothing is lost without a word, and the file stays whole."""
    with pytest.raises(DoesNotFitError):
        markup(value)
    written, message = fit(value)
    assert written == instead
    assert message is not None
    assert told in message
    assert "Битрикс24" in message
    markup(written)


@pytest.mark.parametrize("value", ["а" * TEXT_LIMIT, date(1900, 3, 1), Decimal("0.07"), 5, None])
def test_what_excel_can_hold_stays_as_it_is(value: Value) -> None:
    """No word about it either."""
    assert fit(value) == (value, None)

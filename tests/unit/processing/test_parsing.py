"""Texts stay as they are; ids are numbers or texts of numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.processing.parsing import UnreadableError, id_of, shown, text_in, text_of


@pytest.mark.parametrize(
    "text", ["СЧ-1", "  с пробелами  ", "=1+1", "#N/A", "_x0041_", "🧾", "\u202eабв", "a\ud800", "a\x00", "00012"]
)
def test_a_text_stays_as_it_stands(text: str) -> None:
    assert text_of(text) == text


@pytest.mark.parametrize("text", [None, "", " ", "\n\t", "\x00", "\u200b\u200e", "\ufeff", "\ud800", "\uffff"])
def test_a_text_with_nothing_to_see_is_empty(text: str | None) -> None:
    assert text_of(text) is None


@pytest.mark.parametrize(("number", "text"), [(12, "12"), (Decimal(7), "7"), (Decimal("1.50"), "1.50")])
def test_a_number_becomes_its_digits(number: Any, text: str) -> None:
    assert text_of(number) == text


@pytest.mark.parametrize(
    "value",
    [True, [], {}, 1.5, Decimal("1E+999999"), Decimal("NaN"), Decimal("sNaN"), pytest.param(10**5000, id="huge")],
)
def test_what_is_no_text_is_unreadable(value: Any) -> None:
    with pytest.raises(UnreadableError):
        text_of(value)
    assert text_in({"name": value}, "name") is None


@pytest.mark.parametrize(("value", "found"), [(12, 12), ("12", 12), (" 12 ", 12), (Decimal(12), 12)])
def test_an_id_is_a_number_or_its_text(value: Any, found: int) -> None:
    assert id_of(value) == found


@pytest.mark.parametrize(
    "value",
    [
        None,
        0,
        "0",
        "",
        -1,
        "-1",
        True,
        "12a",
        "1.5",
        Decimal("1.5"),
        [],
        {},
        "١٢",
        10**30,
        "9" * 30,
        1.0,
        Decimal("Infinity"),
        Decimal("sNaN"),
    ],
)
def test_what_is_no_id_is_none(value: Any) -> None:
    assert id_of(value) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("абв", "«абв»"),
        ("а" * 100, "«" + "а" * 60 + "…»"),
        (True, "«да»"),
        (False, "«нет»"),
        (Decimal("NaN"), "«непригодное число»"),
        (Decimal("1.50"), "«1.50»"),
        (10**5000, "«непригодное число»"),
        (Decimal("1E-999999"), "«непригодное число»"),
        ([1, 2], "«список»"),
        ({"a": 1}, "«набор полей»"),
    ],
    ids=range(10),
)
def test_any_value_is_shown_in_a_few_words(value: Any, words: str) -> None:
    assert shown(value) == words

"""Reading JSON that nobody vouches for: every digit is kept, and nothing comes through that does harm later."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.bitrix24.parsing import DROPPED, REPLACED, NotJsonError, UnsafeJsonError, number, parse_json, whole


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.50", Decimal("12.50")),
        ("0.10000000000000000000000000000000001", Decimal("0.10000000000000000000000000000000001")),
        ("1e3", Decimal("1E+3")),
        ("1E-40", Decimal("1E-40")),
        ("1e40", Decimal("1E+40")),
        ("1." + "0" * 57, Decimal("1." + "0" * 57)),
        ("9" * 60, int("9" * 60)),
        ("-7", -7),
        ('"1.5"', "1.5"),
        ("[true, false, null]", [True, False, None]),
        ('\ufeff{"a": 1}', {"a": 1}),
    ],
)
def test_numbers_keep_their_digits(text: str, value: Any) -> None:
    """A fraction is a Decimal as it is written, however long; a whole number is a whole number."""
    read = parse_json(text.encode())
    assert (read, type(read), str(read)) == (value, type(value), str(value))


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", "1e41", "1E-41", "1." + "0" * 60, "9" * 61, "1e999999999", "[" * 100_000],
)
def test_what_no_portal_writes_is_unsafe(text: str) -> None:
    """Not a number, too many digits, too far from nought, too deep."""
    with pytest.raises(UnsafeJsonError):
        parse_json(text.encode())


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a": ', b"\xff\xfe[]", b'"\xd0"', b"{'a': 1}", b"[1,]"])
def test_what_is_cut_or_no_json_is_told_apart(content: bytes) -> None:
    """A proxy's page or half a body is no JSON: the call may be repeated."""
    with pytest.raises(NotJsonError):
        parse_json(content)


@pytest.mark.parametrize(("stand_in", "kept"), [(REPLACED, "\ufffd"), (DROPPED, "")])
def test_half_a_character_is_replaced_wherever_it_stands(stand_in: str, kept: str) -> None:
    """Half a surrogate pair cannot be written anywhere: in texts, lists, objects and their keys. Pairs stay."""
    content = rb'{"a\ud83d": ["x\ude00y", {"b": "\ud83d\ude00"}, 7, null], "c": "plain"}'

    assert parse_json(content, surrogates=stand_in) == {
        f"a{kept}": [f"x{kept}y", {"b": "\U0001f600"}, 7, None],
        "c": "plain",
    }


def test_half_a_character_is_replaced_unless_it_is_to_be_dropped() -> None:
    """Dropped, it could make a text equal to one of ours."""
    assert parse_json(rb'"a\ud800"') == "a\ufffd"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0, 0),
        ("0", 0),
        (7, 7),
        ("007", 7),
        (Decimal("7.0"), 7),
        (2**63 - 1, 2**63 - 1),
        (str(2**63 - 1), 2**63 - 1),
        (2**63, None),
        ("9" * 20, None),
        (-1, None),
        ("-1", None),
        (Decimal("7.5"), None),
        (True, None),
        (None, None),
        ("", None),
        (" 7", None),
        ("٧", None),
        ("²", None),
        ([7], None),
    ],
)
def test_a_whole_number_is_read_from_a_number_or_a_text(value: Any, read: int | None) -> None:
    """Ids and counts come both ways; whatever else comes is none."""
    assert whole(value) == read
    assert type(whole(value)) is type(read)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0, Decimal(0)),
        ("3.25", Decimal("3.25")),
        (Decimal("0.1"), Decimal("0.1")),
        (2**63 - 1, Decimal(2**63 - 1)),
        (2**63, None),
        (-1, None),
        ("-0.1", None),
        ("soon", None),
        ("NaN", None),
        ("Infinity", None),
        (True, None),
        (1.5, None),
        (None, None),
    ],
)
def test_a_number_of_seconds_is_read_from_a_number_or_a_text(value: Any, read: Decimal | None) -> None:
    """What cannot be a time is unknown."""
    assert number(value) == read

"""JSON of somebody we do not trust: numbers keep every digit, and nothing absurd gets through."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

_PLAIN_NUMBER = 20
_LONGEST_NUMBER = 60
_WIDEST_EXPONENT = 40
_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
REPLACED = "\ufffd"
DROPPED = ""


class NotJsonError(Exception):
    """The bytes are no JSON text: a proxy's page, a cut body."""


class AbsurdJsonError(Exception):
    """JSON that no portal would write: NaN, a number of a thousand digits, a thousand brackets."""


def parse_json(content: bytes, *, halves: str = REPLACED) -> Any:
    """The value of a JSON text in UTF-8; numbers with a fraction or exponent are Decimal, never float.

    ``halves`` stands in for half a surrogate pair, which no text that we write could hold. Where a text is compared
    with one that we trust it is REPLACED: dropped, it could make another text equal to ours.

    Raises NotJsonError, AbsurdJsonError.
    """
    try:
        value = json.loads(
            content.decode("utf-8-sig"), parse_float=_fraction, parse_int=_whole, parse_constant=_refuse_constant
        )
        return _whole_text(value, halves) if _ESCAPED_HALF.search(content) else value
    except ValueError:
        problem: Exception = NotJsonError("not JSON")
    except RecursionError:
        problem = AbsurdJsonError("nested too deeply")
    raise problem


def _whole_text(value: Any, halves: str) -> Any:
    """The value with ``halves`` for lone surrogates (the parser has joined the pairs). Raises RecursionError."""
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub(halves, value)
    if isinstance(value, list):
        return [_whole_text(each, halves) for each in value]
    if isinstance(value, dict):
        return {_whole_text(key, halves): _whole_text(each, halves) for key, each in value.items()}
    return value


def _fraction(digits: str) -> Decimal:
    number = Decimal(digits)
    if len(digits) <= _PLAIN_NUMBER and "e" not in digits and "E" not in digits:
        return number
    if len(digits) > _LONGEST_NUMBER or abs(number.adjusted()) > _WIDEST_EXPONENT:
        raise AbsurdJsonError("an absurd number")
    return number


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise AbsurdJsonError("an absurd number")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise AbsurdJsonError(f"{name} is no JSON number")

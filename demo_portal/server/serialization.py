"""JSON as the portal writes it: money as plain numbers (``120000.1``), Cyrillic kept, slashes not escaped."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

_MARK = "\u0001exact:"
_MARKED = re.compile(r'"\\u0001exact:([-+0-9.Ee]+)"')


def dumps(value: Any) -> bytes:
    """UTF-8 JSON. A Decimal becomes the shortest number that means the same, every digit kept."""
    text = json.dumps(value, ensure_ascii=False, default=_number, separators=(",", ":"))
    if "\\u0001exact:" in text:
        text = _MARKED.sub(r"\1", text)
    # A lone surrogate cannot be encoded: PHP would write it as an escape, and so do we.
    return text.encode("utf-8", "surrogatepass") if text.isascii() else _encode(text)


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        escaped = (f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in text)
        return "".join(escaped).encode("utf-8")


def _number(value: Any) -> int | float | str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form in the demo portal")
    if value == value.to_integral_value():
        return int(value)
    short = float(value)
    return short if Decimal(repr(short)) == value else f"{_MARK}{value.normalize():f}"

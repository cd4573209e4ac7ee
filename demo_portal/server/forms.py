"""Bracketed form fields, as PHP and Bitrix24 write nested values: ``auth[member_id]=…&filter[@id][0]=1``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

_PARTS = re.compile(r"\[([^\]]*)\]")


def decode(text: str) -> dict[str, Any]:
    """The nested value of an urlencoded text; lists (``[]`` or 0, 1, 2…) come back as lists, values as texts."""
    return decode_pairs(parse_qsl(text, keep_blank_values=True))


def decode_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The nested value of already unquoted ``(key, value)`` pairs."""
    root: dict[str, Any] = {}
    for key, value in pairs:
        head, bracket, _ = key.partition("[")
        path = [head, *_PARTS.findall(key[len(head) :])] if bracket else [key]
        _put(root, path, value)
    return {key: _lists(value) for key, value in root.items()}


def encode(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs for an urlencoded body out of a nested value: the reverse of ``decode``."""
    return [pair for key, inner in value.items() for pair in _flatten(str(key), inner)]


def _put(node: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        inner = node.setdefault(part or str(len(node)), {})
        if not isinstance(inner, dict):
            return
        node = inner
    node[path[-1] or str(len(node))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(each) for key, each in value.items()}
    if inner and list(inner) == [str(index) for index in range(len(inner))]:
        return list(inner.values())
    return inner


def _flatten(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flatten(f"{prefix}[{key}]", inner)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _flatten(f"{prefix}[{index}]", inner)
    else:
        yield prefix, _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)

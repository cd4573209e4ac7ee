"""How a right answer is corrupted: cut, shortened, made huge, slow or endless."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demo_portal.faults.exchange import Exchange
from demo_portal.server import serialization
from demo_portal.server.http import Reply

_CHUNK = b"x" * 65536
_PAGE = 50


def _records(value: dict[str, Any] | None) -> list[Any] | None:
    result = (value or {}).get("result")
    if isinstance(result, dict):
        lists = [each for each in result.values() if isinstance(each, list)]
        return lists[0] if len(lists) == 1 else None
    return result if isinstance(result, list) else None


def ends_list(value: dict[str, Any] | None) -> bool:
    """Whether this answer is the last page of a list."""
    records = _records(value)
    return records is not None and len(records) < _PAGE and "next" not in (value or {})


def edited(value: dict[str, Any] | None, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """A copy of the answer after ``change`` has altered it."""
    altered = copy.deepcopy(value or {})
    change(altered)
    return altered


def fill(value: dict[str, Any], params: Mapping[str, Any], models: list[Any]) -> None:
    """Make a page full: copies of its last record (or of ``models``, kept for empty pages) with ids that follow."""
    records = _records(value)
    if records is None:
        return
    models[:] = records[-1:] or models
    if not models:
        return
    model = models[0]
    key = "id" if "id" in model else "ID"
    filters = params.get("filter") or {}
    after = int(filters.get(f">{key}") or 0) if isinstance(filters, Mapping) else 0
    start = int(params.get("start") or 0)
    as_given = type(model.get(key, 0))
    records[:] = [{**model, key: as_given(max(after, start) + 1 + place)} for place in range(_PAGE)]
    if start >= 0:
        value["next"] = start + _PAGE
        value["total"] = start + 10 * _PAGE


def _body(reply: Reply) -> bytes:
    return reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)


def cut(reply: Reply, share: float) -> Reply:
    """A part of the body, the length of the whole announced."""
    body = _body(reply)
    return Reply(reply.status, body[: int(len(body) * share)], reply.content_type, length=len(body), cut=True)


def shortened(reply: Reply, share: float) -> Reply:
    """A part of the body that pretends to be the whole."""
    body = _body(reply)
    return Reply(reply.status, body[: int(len(body) * share)], reply.content_type)


def huge(exchange: Exchange, megabytes: int, *, announced: bool) -> Reply:
    """A valid JSON of that size, made as it is sent."""
    size = megabytes * 1024 * 1024
    head, tail = b'{"result":"', b'"}'

    def chunks() -> Iterator[bytes]:
        yield head
        for _ in range(size // len(_CHUNK)):
            if exchange.held.is_set():
                return
            yield _CHUNK
        yield tail

    length = len(head) + size // len(_CHUNK) * len(_CHUNK) + len(tail)
    return Reply(200, chunks(), length=length if announced else None, cut=not announced)


def drip(exchange: Exchange, seconds: float, size: int) -> Reply:
    """The right answer, ``size`` bytes every ``seconds``."""
    body = serialization.dumps(exchange.value())

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            exchange.wait(seconds)

    return Reply(200, chunks(), length=len(body))

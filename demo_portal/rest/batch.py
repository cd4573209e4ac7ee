"""batch: up to 50 calls in one request, with references to earlier results.

Source: settings/how-to-call-rest-api/batch.md. Only the benchmarks' peers use it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from demo_portal.errors import PortalFault
from demo_portal.rest.context import Answer, Call
from demo_portal.server import forms

LIMIT = 50
_REFERENCE = re.compile(r"\$result((?:\[[^\]]*\])+)")
_PART = re.compile(r"\[([^\]]*)\]")

Run = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Carries out one method; returns its body (``result``, ``total``, ``next``, ``time``) or raises PortalFault."""


def batch(call: Call, run: Run) -> Answer:
    """Carry out the sub-calls in order; the whole is one request for the bucket."""
    commands = call.params.get("cmd") or {}
    pairs = list(enumerate(commands) if isinstance(commands, list) else commands.items())
    halt = call.flag("halt")
    parts: dict[str, dict[str, Any]] = {
        "result": {},
        "result_error": {},
        "result_total": {},
        "result_next": {},
        "result_time": {},
    }
    for place, (name, command) in enumerate(pairs):
        key = str(name)
        try:
            body = _one(command if place < LIMIT else None, parts["result"], run)
        except PortalFault as failure:
            parts["result_error"][key] = {"error": failure.code, "error_description": failure.description}
            if halt:
                break
            continue
        parts["result"][key] = body["result"]
        for field in ("total", "next", "time"):
            if field in body:
                parts[f"result_{field}"][key] = body[field]
    as_list = isinstance(commands, list)
    return Answer({name: _php(part, as_list=as_list) for name, part in parts.items()})


def _one(command: Any, results: Mapping[str, Any], run: Run) -> dict[str, Any]:
    if command is None:
        raise PortalFault("ERROR_BATCH_LENGTH_EXCEEDED")
    if isinstance(command, Mapping):
        method, params = str(command.get("method", "")), dict(command.get("params") or {})
    else:
        method, _, query = _resolved(str(command), results).partition("?")
        params = forms.decode(query)
    if method.lower() == "batch":
        raise PortalFault("ERROR_BATCH_METHOD_NOT_ALLOWED")
    params.pop("auth", None)
    return run(method, params)


def _resolved(command: str, results: Mapping[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        node: Any = results
        for part in _PART.findall(match.group(1)):
            if isinstance(node, list):
                node = node[int(part)] if part.isdigit() and int(part) < len(node) else None
            else:
                node = node.get(part) if isinstance(node, Mapping) else None
        return "" if node is None else str(node)

    return _REFERENCE.sub(value, command)


def _php(part: dict[str, Any], *, as_list: bool) -> Any:
    """An empty object arrives as ``[]``; keys 0, 1, 2… make a list."""
    if not part:
        return []
    if as_list and list(part) == [str(index) for index in range(len(part))]:
        return list(part.values())
    return part

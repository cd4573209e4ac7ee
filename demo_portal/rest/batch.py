"""batch: up to 50 commands in one request, carried out one after another, with references to earlier results.

Sources: settings/how-to-call-rest-api/batch.md; the portal's rest module (``classes/general/rest_provider.php``,
``rest_util.php``): a command that is no text is skipped, a reference is replaced by the deepest part of the results
that exists, errors come as ``{"error", "error_description"}`` under the command's key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from demo_portal.errors import PortalFault
from demo_portal.rest.context import Answer, Call
from demo_portal.server import forms
from demo_portal.server.http import Reply

LIMIT = 50
NOT_IN_A_BATCH = frozenset({"batch", "download", "upload"})
_REFERENCE = re.compile(r"\$(result|next|total|time|error)(\S*)", re.IGNORECASE)
_PART = re.compile(r"\[([^\]]+)\]")
_NOTHING = object()

Run = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Carries out one method; returns its body (``result``, ``total``, ``next``, ``time``) or raises PortalFault."""


class BatchEndedError(Exception):
    """The portal has ended the request in the middle of a batch: ``reply`` is all that comes."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("the batch was ended")
        self.reply = reply


def batch(call: Call, run: Run) -> Answer:
    """Carry out the commands in order; the whole is one request for the bucket."""
    commands = call.params.get("cmd") or {}
    pairs = list(enumerate(commands) if isinstance(commands, list) else commands.items())
    halt = call.flag("halt")
    parts: dict[str, dict[str, Any]] = {"result": {}, "error": {}, "total": {}, "next": {}, "time": {}}
    for place, (name, command) in enumerate(pairs):
        key = str(name)
        if place < LIMIT and not isinstance(command, str):
            continue
        try:
            body = _one(call, command if place < LIMIT else None, parts, run)
        except PortalFault as failure:
            parts["error"][key] = {"error": failure.code, "error_description": failure.description}
            if halt:
                break
            continue
        for field in ("result", "total", "next", "time"):
            if field in body:
                parts[field][key] = body[field]
    return Answer({"result" if name == "result" else f"result_{name}": _php(part) for name, part in parts.items()})


def _one(call: Call, command: str | None, parts: Mapping[str, Any], run: Run) -> dict[str, Any]:
    if command is None:
        raise PortalFault("ERROR_BATCH_LENGTH_EXCEEDED")
    method, _, query = command.partition("?")
    if method.lower() in NOT_IN_A_BATCH:
        raise PortalFault("ERROR_BATCH_METHOD_NOT_ALLOWED")
    params = _resolved(call, forms.decode(query), parts)
    params.pop("auth", None)
    return run(method, params)


def _resolved(call: Call, value: Any, parts: Mapping[str, Any]) -> Any:
    """Parameters with references replaced; one that leads nowhere is taken away where the portal leaves it empty."""
    if isinstance(value, Mapping):
        inner = {key: _resolved(call, each, parts) for key, each in value.items()}
        return {key: each for key, each in inner.items() if each is not _NOTHING}
    if isinstance(value, list):
        found = [_resolved(call, each, parts) for each in value]
        return [each for each in found if each is not _NOTHING]
    match = _REFERENCE.search(value)
    if match is None:
        return value
    found, is_whole = _referred(match, parts)
    if match.group(0) == value:
        return found if is_whole or call.portal.ways.lost_references == "deepest" else _NOTHING
    return value.replace(match.group(0), str(found)) if isinstance(found, (str, int, float)) else value


def _referred(match: re.Match[str], parts: Mapping[str, Any]) -> tuple[Any, bool]:
    """The deepest part of the results that a reference names, and whether all of the path was there."""
    node: Any = parts[match.group(1).lower()]
    for part in _PART.findall(match.group(2)):
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, Mapping) and node.get(part) is not None:
            node = node[part]
        else:
            return node, False
    return node, True


def _php(part: dict[str, Any]) -> Any:
    """An empty object arrives as ``[]``; keys 0, 1, 2… make a list."""
    return list(part.values()) if list(part) == [str(index) for index in range(len(part))] else part

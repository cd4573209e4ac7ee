"""Questions as commands of a batch, and the parts of its answer as exchanges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from bitrix_app.bitrix24.parsing import an_object, number, unexpected
from bitrix_app.bitrix24.questions import Question
from bitrix_app.bitrix24.transport import Exchange, Failure
from bitrix_app.bitrix24.types import Answer

METHOD = "batch"
MOST_COMMANDS = 50
EQUALITY = ("=", "!=")


def command(question: Question[Any]) -> str | None:
    """The question as a command, ``method?query``; None where a command cannot say it: all values are texts there,
    nothing is null or an empty list, and ``$`` begins a reference. An empty object is as good as none, and so is an
    empty text as null in a condition of equality (the portal's ``CRestUtil`` and ``CSQLWhere`` make ``IS NULL`` of
    both)."""
    params = question.params
    if said := empty_texts_in(params):
        params = {**params, "filter": {**params["filter"], **said}}
    pairs = list(_pairs("", params))
    if any(value is None for _, value in pairs):
        return None
    return f"{question.method}?{urlencode(pairs)}"


def empty_texts_in(params: Mapping[str, Any]) -> dict[str, str]:
    """The filter's conditions that a command says with an empty text for null."""
    where = params.get("filter")
    conditions = where.items() if isinstance(where, Mapping) else ()
    return {key: "" for key, value in conditions if value is None and key.startswith(EQUALITY)}


def _pairs(prefix: str, value: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, Mapping):
        inner: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, (list, tuple)) and value:
        inner = enumerate(value)
    else:
        can_be_said = isinstance(value, (str, int)) and not isinstance(value, bool) and "$" not in str(value)
        yield prefix, str(value) if can_be_said else None
        return
    for key, each in inner:
        yield from _pairs(f"{prefix}[{key}]" if prefix else str(key), each)


def parts_of(answer: Answer) -> dict[str, dict[str, Any]]:
    """The parts of a batch's result, each by command. Raises UnexpectedAnswerError."""
    result = an_object(METHOD, answer.result)
    if "result" not in result:
        raise unexpected(METHOD, "result is missing")
    names = {"result": "result", "error": "result_error", "total": "result_total", "next": "result_next"}
    parts = {ours: an_object(METHOD, result.get(theirs) or []) for ours, theirs in names.items()}
    return {**parts, "time": an_object(METHOD, result.get("result_time") or [])}


def exchange_of(method: str, key: str, parts: Mapping[str, Mapping[str, Any]]) -> Exchange:
    """One command's answer as if it had been a call. Where none came it is one that got lost."""
    told = parts["error"].get(key)
    time = parts["time"].get(key)
    seconds = number(time.get("duration")) if isinstance(time, dict) else None
    if told is not None:
        return Exchange(method, None, body=dict(told) if isinstance(told, dict) else {"error": str(told)})
    if key not in parts["result"]:
        return Exchange(method, None, failure=Failure.NO_ANSWER)
    body = {name: parts[name][key] for name in ("result", "total", "next", "time") if key in parts[name]}
    return Exchange(method, 200, body=body, duration=float(seconds or 0))

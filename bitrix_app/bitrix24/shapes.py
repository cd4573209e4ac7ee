"""The shapes of answers: lists of records, objects, ids. Whatever else comes is an UnexpectedAnswerError.

The portal is PHP: an empty object may arrive as ``[]``, and a list with gaps as an object with numbers for keys.
"""

from __future__ import annotations

from typing import Any

from bitrix_app.bitrix24.decisions import whole
from bitrix_app.bitrix24.records import Answer
from bitrix_app.errors import UnexpectedAnswerError

PAGE = 50
MOST_RECORDS = 500
"""In one answer. Lists come in fifties and the others are short: ten times as many is no portal's answer, and each
record costs memory long before anybody looks at it."""


def unexpected(method: str, what: str) -> UnexpectedAnswerError:
    """The error for an answer of ``method`` that is shaped otherwise than its page says."""
    return UnexpectedAnswerError(f"{method}: {what}", method=method)


def an_object(method: str, value: Any) -> dict[str, Any]:
    """``value`` as an object; ``[]`` is an empty one. Raises UnexpectedAnswerError."""
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise unexpected(method, "an object was expected")
    return value


def records(method: str, answer: Answer, key: str | None = None) -> list[dict[str, Any]]:
    """The records of a list method: its result, or what stands in the result under ``key``.

    Raises UnexpectedAnswerError, also for more records than one answer may have.
    """
    value = answer.result
    if key is not None:
        holder = an_object(method, value)
        if holder and key not in holder:
            raise unexpected(method, f"{key} is missing")
        value = holder.get(key, [])
    if isinstance(value, dict) and all(each.isdigit() for each in value):
        value = list(value.values())
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise unexpected(method, "a list of records was expected")
    if len(value) > MOST_RECORDS:
        raise unexpected(method, "too many records in one answer")
    return value


def record_id(method: str, record: dict[str, Any], field: str) -> int:
    """The id of a record, given as a number or as text. Raises UnexpectedAnswerError when it has none."""
    found = whole(record.get(field))
    if not found:
        raise unexpected(method, f"a record without {field}")
    return found


def after(method: str, found: list[dict[str, Any]], field: str, after_id: int) -> list[dict[str, Any]]:
    """One page of a list that is read on by id: in rising order, each id once, only ids above ``after_id``.

    Raises UnexpectedAnswerError for a full page that repeats records: such a list has no end, and dropping the
    repeated ones would make the page look like the last.
    """
    by_id = {record_id(method, each, field): each for each in found}
    fresh = [by_id[each] for each in sorted(by_id) if each > after_id]
    if len(fresh) < PAGE <= len(found):
        raise unexpected(method, "a page repeats records that were read before")
    return fresh

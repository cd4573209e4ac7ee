"""Filters of the portal's list methods: prefixes, lists, empty values, nested OR.

Source: api-reference/crm/universal/crm-item-list.md. A filter is compiled once into one function of a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from demo_portal.errors import InvalidArgument

Record = Mapping[str, Any]
Test = Callable[[Record], bool]

_PREFIX = re.compile(r"^(>=|<=|!=%|!%=|!@|!=|!%|=%|%=|>|<|@|!|%|=)?(.*)$", re.DOTALL)
_NEGATIVE = {"!": "=", "!=": "=", "!@": "@", "!%": "%", "!=%": "=%", "!%=": "=%"}
_EMPTY: tuple[Any, ...] = (None, "", 0, "0", [])


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: ``operator`` without negation, ``values`` as given (a single value is a list of one)."""

    name: str
    operator: str
    values: tuple[Any, ...]
    negative: bool
    listed: bool


@dataclass(frozen=True, slots=True)
class Comparing:
    """How values are compared: ``types`` maps a field to its type; dates without a zone are of ``zone``."""

    types: Mapping[str, str]
    zone: tzinfo


def conditions(where: Mapping[str, Any]) -> tuple[list[Condition], list[Mapping[str, Any]], bool]:
    """Split one level of a filter: its conditions, its nested filters, and whether they are joined by OR."""
    found: list[Condition] = []
    nested: list[Mapping[str, Any]] = []
    either = False
    for key, value in where.items():
        if key.lower() == "logic":
            either = str(value).upper() == "OR"
        elif isinstance(value, Mapping) and str(key).lstrip("-").isdigit():
            nested.append(value)
        else:
            found.append(_condition(str(key), value))
    return found, nested, either


def _condition(key: str, value: Any) -> Condition:
    match = _PREFIX.match(key)
    prefix, name = (match.group(1) or "=", match.group(2)) if match else ("=", key)
    operator = _NEGATIVE.get(prefix, "=%" if prefix == "%=" else prefix)
    listed = isinstance(value, (list, tuple, Mapping))
    values = tuple(value.values()) if isinstance(value, Mapping) else tuple(value) if listed else (value,)
    if operator == "@":
        operator = "="
    return Condition(name, operator, values, prefix in _NEGATIVE, listed or prefix in {"@", "!@"})


def compile_filter(where: Mapping[str, Any], comparing: Comparing) -> Test:
    """A test of a record for the whole filter.

    Raises InvalidArgument for a field that is not in ``comparing.types`` or a value that cannot be read.
    """
    found, nested, either = conditions(where)
    tests = [_test(each, comparing) for each in found] + [compile_filter(each, comparing) for each in nested]
    return _joined(tests, either)


def _joined(tests: list[Test], either: bool) -> Test:
    if len(tests) == 1:
        return tests[0]
    if either:
        return lambda record: any(test(record) for test in tests)
    return lambda record: all(test(record) for test in tests)


def _test(condition: Condition, comparing: Comparing) -> Test:
    kind = comparing.types.get(condition.name)
    if kind is None:
        raise InvalidArgument(f"Invalid filter: field '{condition.name}' is not allowed in filter")
    try:
        positive = _positive(condition, kind, comparing.zone)
    except (ValueError, TypeError, InvalidOperation):
        raise InvalidArgument(f"Invalid filter: field '{condition.name}' has invalid value") from None
    return (lambda record: not positive(record)) if condition.negative else positive


def _positive(condition: Condition, kind: str, zone: tzinfo) -> Test:
    name, operator = condition.name, condition.operator
    if operator == "=":
        return _equal(name, condition.values, kind, zone)
    if operator == "%":
        parts = [str(each).casefold() for each in condition.values]
        return lambda record: any(part in str(record.get(name) or "").casefold() for part in parts)
    if operator == "=%":
        patterns = [_like(str(each)) for each in condition.values]
        return lambda record: any(each.match(str(record.get(name) or "")) for each in patterns)
    return _ordered(name, operator, condition.values[0], kind, zone)


def _like(pattern: str) -> re.Pattern[str]:
    inner = ".*".join(re.escape(part) for part in pattern.split("%"))
    return re.compile(f"{inner}$", re.IGNORECASE | re.DOTALL)


def _equal(name: str, values: Iterable[Any], kind: str, zone: tzinfo) -> Test:
    given = list(values)
    zeros = _EMPTY if kind in {"crm", "user", "integer"} else _EMPTY[:2]
    empty = any(each in zeros or each is False for each in given)
    wanted = {comparable(each, kind, zone) for each in given if each not in _EMPTY[:2]}

    def test(record: Record) -> bool:
        value = record.get(name)
        if value is None or value == "" or (empty and value in _EMPTY):
            return empty
        if isinstance(value, list):
            return any(comparable(each, kind, zone) in wanted for each in value)
        return comparable(value, kind, zone) in wanted

    return test


def _ordered(name: str, operator: str, bound: Any, kind: str, zone: tzinfo) -> Test:
    limit = comparable(bound, kind, zone)
    if operator == ">":
        return lambda record: (value := record.get(name)) not in _EMPTY[:2] and comparable(value, kind, zone) > limit
    if operator == ">=":
        return lambda record: (value := record.get(name)) not in _EMPTY[:2] and comparable(value, kind, zone) >= limit
    if operator == "<":
        return lambda record: (value := record.get(name)) not in _EMPTY[:2] and comparable(value, kind, zone) < limit
    return lambda record: (value := record.get(name)) not in _EMPTY[:2] and comparable(value, kind, zone) <= limit


def comparable(value: Any, kind: str, zone: tzinfo) -> Any:
    """``value`` in the form in which its type is compared. Raises ValueError or InvalidOperation."""
    if kind in {"integer", "user", "crm", "crm_category"}:
        return int(value)
    if kind == "double":
        return Decimal(str(value))
    if kind == "date":
        return _date(value)
    if kind == "datetime":
        return _moment(value, zone)
    if kind == "boolean":
        return "Y" if value in {True, "1", "Y", "y", "true"} else "N"
    return str(value)


def _date(value: Any) -> date:
    return date.fromisoformat(str(value)[:10])


def _moment(value: Any, zone: tzinfo) -> datetime:
    """A bare date is its midnight: that is why ``<=`` with a date loses the day itself."""
    moment = datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)

"""A table of records with the portal's way of selecting: indices, ids found by bisection, remembered selections.

Made for benchmarks too: a page of 50 out of 100,000 records costs the same as out of 100.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo_portal.crm.query import Comparing, Condition, Record, Test, comparable, compile_filter, conditions
from demo_portal.errors import InvalidArgument

_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Visible:
    """Which records a user may read: ``key`` tells two of them apart, ``test`` decides."""

    key: str
    test: Test


@dataclass(frozen=True, slots=True)
class Selection:
    """Ids of the records that match, in order; ``records`` of one page of them."""

    table: Table
    ids: Sequence[int]

    @property
    def total(self) -> int:
        """How many match."""
        return len(self.ids)

    def page(self, offset: int, size: int = 50) -> list[Record]:
        """The records of one page."""
        found = (self.table.get(each) for each in self.ids[offset : offset + size])
        return [each for each in found if each is not None]


class Table:
    """Records by id.

    ``key`` is the field that holds the id (None: records have no id of their own); ``types`` the type of each field
    that may be filtered and sorted by; ``indexed`` the fields whose equal values are found without looking at all.
    Change records only through ``add``, ``change`` and ``remove``: they keep the indices and forget selections.
    """

    def __init__(
        self,
        types: Mapping[str, str],
        *,
        key: str | None = "id",
        indexed: Iterable[str] = (),
        rows: MutableMapping[int, dict[str, Any]] | None = None,
    ) -> None:
        self.types = types
        self.key = key
        self.lock = threading.RLock()
        self._rows: MutableMapping[int, dict[str, Any]] = {} if rows is None else rows
        self._ids: list[int] = sorted(self._rows)
        self._indices: dict[str, MutableMapping[Any, list[int]]] = {name: {} for name in indexed}
        self._selections: OrderedDict[str, list[int]] = OrderedDict()
        for each in self._ids:
            self._index(each, self._rows[each])

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter([self._rows[each] for each in list(self._ids)])

    def __getitem__(self, record_id: int) -> dict[str, Any]:
        return self._rows[record_id]

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._rows

    def get(self, record_id: int) -> dict[str, Any] | None:
        """The record, or None."""
        return self._rows.get(record_id)

    @property
    def ids(self) -> list[int]:
        """All ids, rising (a copy)."""
        return list(self._ids)

    def next_id(self) -> int:
        """An id greater than all others."""
        return self._ids[-1] + 1 if self._ids else 1

    def use_lazy(self, rows: MutableMapping[int, dict[str, Any]], indices: Mapping[str, Any]) -> None:
        """Take rows and indices that are computed when asked for (for very large worlds)."""
        with self.lock:
            self._rows, self._ids = rows, list(rows)
            self._indices = dict(indices)
            self._selections.clear()

    def add(self, record: Mapping[str, Any], record_id: int | None = None) -> int:
        """Put a record in; returns its id."""
        with self.lock:
            row = dict(record)
            given = row.get(self.key) if self.key else None
            new_id = record_id or (int(given) if given else self.next_id())
            if self.key:
                row[self.key] = new_id
            if new_id in self._rows:
                self.remove(new_id)
            self._rows[new_id] = row
            if self._ids and new_id < self._ids[-1]:
                insort(self._ids, new_id)
            else:
                self._ids.append(new_id)
            self._index(new_id, row)
            self._selections.clear()
            return new_id

    def change(self, record_id: int, **fields: Any) -> None:
        """Set fields of a record. Raises KeyError when there is none."""
        with self.lock:
            row = {**self._rows[record_id], **fields}
            self._unindex(record_id, self._rows[record_id])
            self._rows[record_id] = row
            self._index(record_id, row)
            self._selections.clear()

    def remove(self, record_id: int) -> None:
        """Take a record out. Raises KeyError when there is none."""
        with self.lock:
            row = self._rows.pop(record_id)
            del self._ids[bisect_left(self._ids, record_id)]
            self._unindex(record_id, row)
            self._selections.clear()

    def with_value(self, name: str, value: Any) -> list[dict[str, Any]]:
        """Records whose indexed field equals ``value``."""
        with self.lock:
            return [self._rows[each] for each in self._indices[name].get(value, ())]

    def select(
        self,
        where: Mapping[str, Any],
        order: Mapping[str, Any] | None,
        comparing: Comparing,
        visible: Visible | None = None,
    ) -> Selection:
        """What matches ``where`` (and may be seen), sorted by ``order`` (default: id rising).

        Raises InvalidArgument.
        """
        sorting = self._sorting(order or {})
        with self.lock:
            return Selection(self, self._matching(where, sorting, comparing, visible))

    def _matching(
        self, where: Mapping[str, Any], sorting: list[tuple[str, bool]], comparing: Comparing, visible: Visible | None
    ) -> Sequence[int]:
        found, _, either = conditions(where)
        ranges = [] if either else [each for each in found if self._is_range(each)]
        bounds = [(each.operator, self._comparable(each, each.values[0], comparing)) for each in ranges]
        candidates = None if either else self._candidates(found, comparing)
        if candidates is None:
            in_ranges = {f"{each.operator}{each.name}" for each in ranges}
            rest = {key: value for key, value in where.items() if key not in in_ranges}
            ids = self._remembered(rest, sorting, comparing, visible)
            return _within(ids, bounds, sorted_by_id=not sorting)
        test = compile_filter(where, comparing)
        seen = visible.test if visible else None
        kept = [each for each in candidates if test(row := self._rows[each]) and (seen is None or seen(row))]
        return self._sorted(kept, sorting, comparing)

    def _is_range(self, condition: Condition) -> bool:
        return condition.name == self.key and condition.operator in {">", ">=", "<", "<="} and bool(condition.values)

    def _candidates(self, found: list[Condition], comparing: Comparing) -> list[int] | None:
        """Ids named by the filter itself or by an index; None when all records must be looked at."""
        best: list[int] | None = None
        for each in found:
            if each.operator != "=" or each.negative or any(value in (None, "") for value in each.values):
                continue
            ids: list[int] | None = None
            if each.name == self.key:
                wanted = {self._comparable(each, value, comparing) for value in each.values}
                ids = sorted(value for value in wanted if value in self._rows)
            elif each.name in self._indices and not any(value in (0, "0") for value in each.values):
                wanted = {self._comparable(each, value, comparing) for value in each.values}
                index = self._indices[each.name]
                ids = sorted({record_id for value in wanted for record_id in index.get(value, ())})
            if ids is not None and (best is None or len(ids) < len(best)):
                best = ids
        return best

    def _comparable(self, condition: Condition, value: Any, comparing: Comparing) -> Any:
        try:
            return comparable(value, comparing.types[condition.name], comparing.zone)
        except (ValueError, TypeError, ArithmeticError):
            raise InvalidArgument(f"Invalid filter: field '{condition.name}' has invalid value") from None

    def _remembered(
        self, rest: Mapping[str, Any], sorting: list[tuple[str, bool]], comparing: Comparing, visible: Visible | None
    ) -> list[int]:
        if not rest and visible is None and not sorting:
            return self._ids
        name = repr((rest, sorting, visible.key if visible else ""))
        ids = self._selections.get(name)
        if ids is None:
            test = compile_filter(rest, comparing)
            seen: Callable[[Record], bool] = visible.test if visible else lambda _: True
            matching = [each for each in self._ids if seen(row := self._rows[each]) and test(row)]
            ids = self._selections[name] = self._sorted(matching, sorting, comparing)
            while len(self._selections) > _REMEMBERED:
                self._selections.popitem(last=False)
        return ids

    def _sorting(self, order: Mapping[str, Any]) -> list[tuple[str, bool]]:
        """``(field, descending)`` pairs; empty for the plain order by id."""
        pairs = []
        for name, direction in order.items():
            if name not in self.types:
                raise InvalidArgument(f"Invalid order: field '{name}' is not allowed in order")
            if str(direction).upper() not in {"ASC", "DESC"}:
                raise InvalidArgument(
                    f"Invalid order: allowed sort directions are ASC, DESC. But got '{direction}' for field '{name}'"
                )
            pairs.append((name, str(direction).upper() == "DESC"))
        return [] if pairs[:1] == [(self.key, False)] else pairs

    def _sorted(self, ids: list[int], sorting: list[tuple[str, bool]], comparing: Comparing) -> list[int]:
        for name, descending in reversed(sorting):

            def value_of(record_id: int, name: str = name) -> tuple[bool, Any]:
                value = self._rows[record_id].get(name)
                if value in (None, ""):
                    return (False, 0)
                return (True, comparable(value, comparing.types[name], comparing.zone))

            ids = sorted(ids, key=value_of, reverse=descending)
        return ids

    def _index(self, record_id: int, row: Mapping[str, Any]) -> None:
        for name, index in self._indices.items():
            for each in _indexed(row.get(name)):
                insort(index.setdefault(each, []), record_id)

    def _unindex(self, record_id: int, row: Mapping[str, Any]) -> None:
        for name, index in self._indices.items():
            for each in _indexed(row.get(name)):
                index[each].remove(record_id)


def _indexed(value: Any) -> list[Any]:
    """Values under which a record is found; an empty one is not indexed."""
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


class _Slice(Sequence[int]):
    """A part of a list without copying it: a page out of 100,000 ids must not cost 100,000."""

    def __init__(self, ids: list[int], low: int, high: int) -> None:
        self._ids, self._low, self._high = ids, low, high

    def __len__(self) -> int:
        return self._high - self._low

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self._ids[self._low + index]
        start, stop, _ = index.indices(len(self))
        return self._ids[self._low + start : self._low + stop]


def _within(ids: list[int], bounds: list[tuple[str, int]], *, sorted_by_id: bool) -> Sequence[int]:
    if not bounds:
        return ids
    if not sorted_by_id:
        return [each for each in ids if all(_holds(each, operator, bound) for operator, bound in bounds)]
    low, high = 0, len(ids)
    for operator, bound in bounds:
        if operator == ">":
            low = max(low, bisect_right(ids, bound))
        elif operator == ">=":
            low = max(low, bisect_left(ids, bound))
        elif operator == "<":
            high = min(high, bisect_left(ids, bound))
        else:
            high = min(high, bisect_right(ids, bound))
    return _Slice(ids, low, max(low, high))


def _holds(value: int, operator: str, bound: int) -> bool:
    return {">": value > bound, ">=": value >= bound, "<": value < bound, "<=": value <= bound}[operator]

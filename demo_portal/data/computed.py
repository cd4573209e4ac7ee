"""Records that are computed when asked for: a hundred thousand of them cost no memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any


class ComputedRows(MutableMapping[int, dict[str, Any]]):
    """Records by id; ``make(id)`` gives one. Changed and removed ones are remembered."""

    def __init__(self, ids: Iterable[int], make: Callable[[int], dict[str, Any]]) -> None:
        self._known = dict.fromkeys(ids)
        self._make = make
        self._changed: dict[int, dict[str, Any]] = {}

    def __getitem__(self, record_id: int) -> dict[str, Any]:
        changed = self._changed.get(record_id)
        if changed is not None:
            return changed
        if record_id not in self._known:
            raise KeyError(record_id)
        return self._make(record_id)

    def __setitem__(self, record_id: int, row: dict[str, Any]) -> None:
        self._known[record_id] = None
        self._changed[record_id] = row

    def __delitem__(self, record_id: int) -> None:
        del self._known[record_id]
        self._changed.pop(record_id, None)

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._known

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._known))

    def __len__(self) -> int:
        return len(self._known)


class ComputedIndex(MutableMapping[Any, list[int]]):
    """Ids by value; ``find(value)`` gives them. Lists that a change touches are remembered."""

    def __init__(self, find: Callable[[Any], list[int]]) -> None:
        self._find = find
        self._touched: dict[Any, list[int]] = {}

    def get(self, value: Any, default: Any = None) -> Any:  # noqa: ARG002  # nothing found is an empty list
        """Ids of the records with this value."""
        touched = self._touched.get(value)
        return self._find(value) if touched is None else touched

    def __getitem__(self, value: Any) -> list[int]:
        return self._touched.setdefault(value, self.get(value))

    def __setitem__(self, value: Any, ids: list[int]) -> None:
        self._touched[value] = ids

    def __delitem__(self, value: Any) -> None:
        del self._touched[value]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._touched)

    def __len__(self) -> int:
        return len(self._touched)

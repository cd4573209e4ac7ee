"""A portal in memory, as far as a report reads it; counts the calls and can be told to fail."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.errors import AccessDeniedError

PAGE = 50


@dataclass(frozen=True)
class FakePage:
    items: list[dict[str, Any]]
    total: int | None = None


@dataclass
class FakePortal:
    """``invoices`` in any order; everything else by owner. ``before`` is called with (method, nth call of it).

    ``unreadable``: invoices whose rows are refused; ``hidden``: invoices that cannot be seen any more once they were
    read, by their ids, and their rows neither.
    """

    invoices: list[dict[str, Any]] = field(default_factory=list)
    links: dict[int, int] = field(default_factory=dict)
    requisite_records: list[dict[str, Any]] = field(default_factory=list)
    company_records: list[dict[str, Any]] = field(default_factory=list)
    contact_records: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    unreadable: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    undated: int = 0
    before: Callable[[str, int], None] = lambda method, nth: None
    calls: Counter[str] = field(default_factory=Counter)
    keys_asked: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    filters: list[Mapping[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def invoice_page(
        self, *, filter: Mapping[str, Any], select: Sequence[str], after_id: int | None, counted: bool
    ) -> FakePage:
        if "@id" in filter:
            self._called("seen", filter["@id"])
            seen = [each for each in self.invoices if each["id"] in filter["@id"] and each["id"] not in self.hidden]
            return self._page(seen, after_id, counted)
        self._called("invoice_page")
        self.filters.append(filter)
        return self._page(self.invoices, after_id, counted)

    def count_invoices(self, filter: Mapping[str, Any]) -> int:
        self._called("count_invoices")
        self.filters.append(filter)
        return self.undated

    def product_row_page(self, invoice_ids: Sequence[int], *, after_id: int | None, counted: bool) -> FakePage:
        self._called("product_row_page", invoice_ids)
        if (self.unreadable | self.hidden) & set(invoice_ids):
            raise AccessDeniedError(method="crm.item.productrow.list", status=400)
        owned = [row for owner in invoice_ids for row in self.rows.get(owner, [])]
        return self._page(owned, after_id, counted)

    def requisite_links(self, invoice_ids: Sequence[int]) -> list[dict[str, Any]]:
        self._called("requisite_links", invoice_ids)
        return [
            {"ENTITY_TYPE_ID": "31", "ENTITY_ID": str(each), "REQUISITE_ID": str(self.links.get(each, 0))}
            for each in invoice_ids
        ]

    def requisites(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        self._called("requisites", ids)
        return [each for each in self.requisite_records if int(each["ID"]) in ids]

    def requisites_of(self, entity_type_id: int, entity_ids: Sequence[int]) -> list[dict[str, Any]]:
        self._called("requisites_of", entity_ids)
        owned = (each for each in self.requisite_records if each["ENTITY_TYPE_ID"] == str(entity_type_id))
        return [each for each in owned if int(each["ENTITY_ID"]) in entity_ids]

    def companies(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        self._called("companies", ids)
        return [each for each in self.company_records if each["id"] in ids]

    def contacts(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        self._called("contacts", ids)
        return [each for each in self.contact_records if each["id"] in ids]

    def users(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        self._called("users", ids)
        return [{"ID": str(each), "NAME": "Анна", "LAST_NAME": f"Иванова{each}"} for each in ids]

    def _page(self, records: Sequence[dict[str, Any]], after_id: int | None, counted: bool) -> FakePage:
        left = sorted((each for each in records if each["id"] > (after_id or 0)), key=lambda each: each["id"])
        return FakePage(left[:PAGE], len(left) if counted else None)

    def _called(self, method: str, keys: Sequence[int] = ()) -> None:
        with self._lock:
            self.calls[method] += 1
            nth = self.calls[method]
            self.keys_asked.append((method, tuple(keys)))
        self.before(method, nth)


class Watched:
    """A progress sink that keeps all it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def update(self, progress: Any) -> None:
        self.told.append(progress)


def requisite(id: int, owner_type: int = 4, owner: int = 1, **fields: str) -> dict[str, Any]:
    return {
        "ID": str(id),
        "ENTITY_TYPE_ID": str(owner_type),
        "ENTITY_ID": str(owner),
        "SORT": "500",
        "RQ_COMPANY_NAME": "ООО «Ромашка»",
        "RQ_INN": "7707083893",
        **fields,
    }

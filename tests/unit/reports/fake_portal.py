"""A portal in memory, as far as a report reads it; counts the calls and can be told to fail."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.bitrix24 import Page
from bitrix_app.bitrix24.questions import End, ListById
from bitrix_app.errors import AccessDeniedError

PAGE = 50


@dataclass
class FakePortal:
    """``records``: invoices in any order; everything else by owner. ``before`` is called with (method, nth call of it).

    ``unreadable``: invoices whose rows are refused; ``hidden``: invoices that cannot be seen any more once they were
    read, by their ids, and their rows neither.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
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

    def invoices(self, *, filter: Mapping[str, Any], select: Sequence[str]) -> Iterator[Page]:
        def page(after_id: int, counted: bool) -> Page:
            self._called("invoice_page")
            self.filters.append(filter)
            return self._page(self.records, after_id, counted)

        return self._pages(End.NOTHING_FOLLOWS, page)

    def visible_invoices(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        for start in range(0, len(ids), PAGE):
            self._called("seen", ids[start : start + PAGE])
        return [{"id": each["id"]} for each in self.records if each["id"] in ids and each["id"] not in self.hidden]

    def count_invoices(self, filter: Mapping[str, Any]) -> int:
        self._called("count_invoices")
        self.filters.append(filter)
        return self.undated

    def product_rows(self, invoice_ids: Sequence[int]) -> Iterator[Page]:
        def page(after_id: int, counted: bool) -> Page:
            self._called("product_row_page", invoice_ids)
            if (self.unreadable | self.hidden) & set(invoice_ids):
                raise AccessDeniedError(method="crm.item.productrow.list", status=400)
            owned = [row for owner in invoice_ids for row in self.rows.get(owner, [])]
            return self._page(owned, after_id, counted)

        return self._pages(End.COUNTED, page)

    def requisite_links(self, invoice_ids: Sequence[int]) -> list[dict[str, Any]]:
        self._called("requisite_links", invoice_ids)
        return [
            {"ENTITY_TYPE_ID": "31", "ENTITY_ID": str(each), "REQUISITE_ID": str(self.links.get(each, 0))}
            for each in invoice_ids
        ]

    def requisites(self, ids: Sequence[int], run: Any = map) -> list[dict[str, Any]]:
        return self._asked("requisites", ids, run, lambda some: _by("ID", self.requisite_records, some))

    def company_requisites(self, company_ids: Sequence[int], run: Any = map) -> list[dict[str, Any]]:
        return self._requisites_of("4", company_ids, run)

    def contact_requisites(self, contact_ids: Sequence[int], run: Any = map) -> list[dict[str, Any]]:
        return self._requisites_of("3", contact_ids, run)

    def companies(self, ids: Sequence[int], run: Any = map) -> list[dict[str, Any]]:
        return self._asked("companies", ids, run, lambda some: _by("id", self.company_records, some))

    def contacts(self, ids: Sequence[int], run: Any = map) -> list[dict[str, Any]]:
        return self._asked("contacts", ids, run, lambda some: _by("id", self.contact_records, some))

    def users(self, ids: Sequence[int], run: Any = map) -> list[dict[str, Any]]:
        people = [{"ID": str(each), "NAME": "Анна", "LAST_NAME": f"Иванова{each}"} for each in ids]
        return self._asked("users", ids, run, lambda some: _by("ID", people, some))

    def _requisites_of(self, entity_type_id: str, ids: Sequence[int], run: Any) -> list[dict[str, Any]]:
        owned = [each for each in self.requisite_records if each["ENTITY_TYPE_ID"] == entity_type_id]
        return self._asked("requisites_of", ids, run, lambda some: _by("ENTITY_ID", owned, some))

    def _asked(
        self, method: str, ids: Sequence[int], run: Any, read: Callable[[Sequence[int]], list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        def ask(some: Sequence[int]) -> list[dict[str, Any]]:
            self._called(method, some)
            return read(some)

        parts = [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)]
        return [record for found in run(ask, parts) for record in found]

    def _pages(self, end: End, answer: Callable[[int, bool], Page]) -> Iterator[Page]:
        reading = ListById("a list", {}, "id", end=end).reading()
        question = reading.first()
        while question is not None:
            page = answer(question.params["filter"].get(">id", 0), question.params["start"] == 0)
            question = reading.following(page)
            yield page

    def _page(self, records: Sequence[dict[str, Any]], after_id: int, counted: bool) -> Page:
        left = sorted((each for each in records if each["id"] > after_id), key=lambda each: each["id"])
        return Page(left[:PAGE], len(left) if counted else None)

    def _called(self, method: str, keys: Sequence[int] = ()) -> None:
        with self._lock:
            self.calls[method] += 1
            nth = self.calls[method]
            self.keys_asked.append((method, tuple(keys)))
        self.before(method, nth)


def _by(name: str, records: Sequence[dict[str, Any]], ids: Sequence[int]) -> list[dict[str, Any]]:
    return [each for each in records if int(each[name]) in ids]


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

"""Reading lists: what all words of the client have in common.

Sources: ``settings/how-to-call-rest-api/list-methods-pecularities``, ``settings/performance/huge-data``.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from bitrix_app.bitrix24.parsing import PAGE, after, record_id, records, unexpected
from bitrix_app.bitrix24.types import Answer, Page

KEYS_A_CALL = 50
LIST_PAGES = 1_000
LIST_RECORDS = LIST_PAGES * PAGE
CLIENT_PAGES = 40_000
"""Two million records: twice as many as a sheet has rows. A list that goes on has no end."""


def in_calls(keys: Collection[int]) -> Iterator[list[int]]:
    """``keys`` in lists of at most fifty."""
    rest = iter(keys)
    while part := list(islice(rest, KEYS_A_CALL)):
        yield part


def kept(method: str, found: Collection[Mapping[str, Any]]) -> None:
    """Raises UnexpectedAnswerError for a list too long to be kept in memory as a whole."""
    if len(found) > LIST_RECORDS:
        raise unexpected(method, "the list has no end")


class Reading(ABC):
    """Pages and whole lists on top of ``call``."""

    def __init__(self) -> None:
        self._pages_lock = threading.Lock()
        self._pages_read: Counter[str] = Counter()

    @abstractmethod
    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """The good answer to one method."""

    def _page(
        self,
        method: str,
        params: Mapping[str, Any],
        *,
        id_field: str,
        key: str | None = None,
        after_id: int | None = None,
        counted: bool = False,
    ) -> Page:
        """One page of a list in the order of its ids, from ``after_id`` on. ``params`` may hold a filter.

        ``counted`` makes the portal count the whole list. Raises PortalError.
        """
        self._count_page(method)
        where = dict(params.get("filter") or {})
        if after_id is not None:
            where[f">{id_field}"] = after_id
        reading = {"filter": where, "order": {id_field: "ASC"}, "start": 0 if counted else -1}
        answer = self.call(method, {**params, **reading})
        found = after(method, records(method, answer, key), id_field, after_id or 0)
        return Page(found, answer.total if counted else None)

    def _list(
        self, method: str, params: Mapping[str, Any], *, id_field: str, key: str | None = None
    ) -> list[dict[str, Any]]:
        """A whole list, read on by id. Raises PortalError.

        The first page is counted, so that a last page that is just full ends the list: ids only grow, what was there
        when it was counted comes before anything added since.
        """
        page = self._page(method, params, id_field=id_field, key=key, counted=True)
        found, total = list(page.items), page.total
        for _ in range(LIST_PAGES):
            if len(page.items) < PAGE or (total is not None and len(found) >= total):
                return found
            kept(method, found)
            last = record_id(method, found[-1], id_field)
            page = self._page(method, params, id_field=id_field, key=key, after_id=last)
            found.extend(page.items)
        raise unexpected(method, "the list has no end")

    def _numbered_list(self, method: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A whole list whose records have no id to read on by: page after page by ``next``. Raises PortalError."""
        found: list[dict[str, Any]] = []
        start = 0
        for _ in range(LIST_PAGES):
            self._count_page(method)
            answer = self.call(method, {**params, "start": start})
            found.extend(records(method, answer))
            if answer.next is None:
                return found
            kept(method, found)
            if answer.next <= start:
                raise unexpected(method, "the next page lies behind")
            start = answer.next
        raise unexpected(method, "the list has no end")

    def _count_page(self, method: str) -> None:
        with self._pages_lock:
            self._pages_read[method] += 1
            read = self._pages_read[method]
        if read > CLIENT_PAGES:
            raise unexpected(method, "the list has no end")

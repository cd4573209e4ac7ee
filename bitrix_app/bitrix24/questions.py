"""Questions to the portal as values: what is asked, how its answer is read, and which page of a list follows a page.

How questions are sent is the session's business: one by one today. Sources:
``settings/how-to-call-rest-api/list-methods-pecularities``, ``settings/performance/huge-data`` (read on by id until a
page has fewer than fifty records).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import Any, Generic, TypeVar

from bitrix_app.bitrix24.parsing import PAGE, record_id, records, records_after, unexpected
from bitrix_app.bitrix24.types import Answer, Page
from bitrix_app.errors import UnexpectedAnswerError

T = TypeVar("T")

KEYS_A_CALL = PAGE
LIST_RECORDS = 50_000
"""Records of lists that are kept in memory together."""
GROWTH = 1_000
"""A list may grow while it is read: to twice its counted length and so many records more. One that goes on has no
end, and reading it would keep the portal busy for hours."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One call: a method, its parameters, and what a good answer to it is read as.

    ``read`` raises UnexpectedAnswerError for an answer of another shape than the method's page says. ``once``: it makes
    something, so that it is not repeated where no answer came: it may have been carried out.
    """

    method: str
    params: Mapping[str, Any]
    read: Callable[[Answer], T]
    once: bool = False


def in_calls(keys: Collection[int]) -> Iterator[list[int]]:
    """``keys`` in lists of at most fifty: so many a look-up may carry."""
    rest = iter(keys)
    while part := list(islice(rest, KEYS_A_CALL)):
        yield part


class RecordLimit:
    """How many records a list may have, or several lists that are kept together. Safe to share between threads."""

    def __init__(self, most: int | None = None) -> None:
        """``most`` of None: so many as are kept in memory together."""
        self._lock = threading.Lock()
        self._left = LIST_RECORDS if most is None else most

    def charge(self, method: str, page: Page, *, is_first: bool) -> None:
        """Raises UnexpectedAnswerError when the list goes on too long. After the first one a short page counts as a
        full one, for a list of empty pages has no end either."""
        with self._lock:
            self._left -= len(page.items) if is_first else max(len(page.items), PAGE)
            is_spent = self._left < 0
        if is_spent:
            raise no_end(method)


class Reading(ABC):
    """One list while it is read: the question for its first page, then for the page that follows each page."""

    @abstractmethod
    def first(self) -> Question[Page]:
        """The question for the first page."""

    @abstractmethod
    def following(self, page: Page) -> Question[Page] | None:
        """The question for the page that follows ``page``, the newest one; None where the list ends with it.

        Raises UnexpectedAnswerError for a list without an end, and for one that is counted but does not come.
        """


class End(Enum):
    """Where a list that was counted ends. A list without a count ends with a page of fewer than fifty records."""

    SHORT_PAGE = auto()
    """With a page that is not full, or with the counted number."""
    COUNTED = auto()
    """With the counted number: what is added while it is read is left out. A page that comes short before is believed
    to be the last only when nothing follows it, for a page may come half full and nothing may be left out."""
    NOTHING_FOLLOWS = auto()
    """As COUNTED, but what is added while it is read is read too."""


@dataclass(frozen=True, slots=True)
class ListById:
    """A list in the rising order of its records' ids, read on from the last one: whatever changes meanwhile, no record
    is skipped or comes twice.

    ``params`` may hold a filter; ``key`` is where the result holds the records. ``most``: how many they may
    be, where they are not kept in memory as a whole list.
    """

    method: str
    params: Mapping[str, Any]
    id_field: str
    key: str | None = None
    end: End = End.SHORT_PAGE
    most: int | None = None
    shape: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """Makes our record of the portal's, where its names are others."""

    def page(self, after_id: int | None = None, *, counted: bool = False) -> Question[Page]:
        """The question for the page after this id. ``counted`` makes the portal count the whole list, which is slow:
        only then the page has a total."""

        def read(answer: Answer) -> Page:
            found = records(self.method, answer, self.key)
            if self.shape is not None:
                found = [self.shape(each) for each in found]
            return Page(
                records_after(self.method, found, self.id_field, after_id or 0), answer.total if counted else None
            )

        where = dict(self.params.get("filter") or {})
        if after_id is not None:
            where[f">{self.id_field}"] = after_id
        order = {"filter": where, "order": {self.id_field: "ASC"}, "start": 0 if counted else -1}
        return Question(self.method, {**self.params, **order}, read)

    def between(self, after_id: int, upto: int) -> Question[Page]:
        """The question for the first fifty records with ids above ``after_id`` and up to ``upto``."""
        page = self.page(after_id)
        where = {**page.params["filter"], f"<={self.id_field}": upto}

        def read(answer: Answer) -> Page:
            found = page.read(answer)
            return Page([each for each in found.items if record_id(self.method, each, self.id_field) <= upto])

        return Question(self.method, {**page.params, "filter": where}, read)

    def last_id(self) -> Question[int]:
        """The question for the list's highest id; 0 for none."""
        page = self.page()
        params = {**page.params, "select": [self.id_field], "order": {self.id_field: "DESC"}}

        def read(answer: Answer) -> int:
            found = records(self.method, answer, self.key)
            return max((record_id(self.method, each, self.id_field) for each in found), default=0)

        return Question(self.method, params, read)

    def counted(self) -> Question[Page]:
        """The question for the first page with the list's total, ids alone."""
        page = self.page(counted=True)
        return Question(self.method, {**page.params, "select": [self.id_field]}, page.read)

    def reading(self, limit: RecordLimit | None = None) -> Reading:
        """A reading of this list; ``limit`` is shared with other lists."""
        return _ReadingById(self, limit or RecordLimit(self.most))


class _ReadingById(Reading):
    def __init__(self, asked: ListById, limit: RecordLimit) -> None:
        self._asked = asked
        self._limit = limit
        self._is_first = True
        self._seen = 0
        self._total: int | None = None
        self._last_id: int | None = None
        self._came_short = False

    def first(self) -> Question[Page]:
        return self._asked.page(counted=True)

    def following(self, page: Page) -> Question[Page] | None:
        self._limit.charge(self._asked.method, page, is_first=self._is_first)
        self._is_first = False
        self._seen += len(page.items)
        self._total = page.total if page.total is not None else self._total
        if page.items:
            self._last_id = record_id(self._asked.method, page.items[-1], self._asked.id_field)
        return None if self._is_over(page) else self._asked.page(self._last_id)

    def _is_over(self, page: Page) -> bool:
        is_short = len(page.items) < PAGE
        if self._total is None:
            return is_short
        if self._seen > 2 * self._total + GROWTH:
            raise no_end(self._asked.method)
        is_whole = self._seen >= self._total
        if self._asked.end is End.SHORT_PAGE:
            return is_short or is_whole
        if is_whole and (is_short or self._asked.end is End.COUNTED):
            return True
        return self._nothing_follows(page)

    def _nothing_follows(self, page: Page) -> bool:
        """Whether this page is empty and the one before it came short."""
        nothing_follows = self._came_short and not page.items
        self._came_short = len(page.items) < PAGE
        if nothing_follows and not self._seen:
            raise unexpected(self._asked.method, "records are counted, but none come")
        return nothing_follows


@dataclass(frozen=True, slots=True)
class ListByNumber:
    """A list whose records have no id to read on by: page after page by their number (``start``, ``next``)."""

    method: str
    params: Mapping[str, Any]

    def page(self, start: int = 0) -> Question[Page]:
        """The question for the page that begins with this record, from 0."""

        def read(answer: Answer) -> Page:
            return Page(records(self.method, answer), answer.total, answer.next)

        return Question(self.method, {**self.params, "start": start}, read)

    def reading(self, limit: RecordLimit | None = None) -> Reading:
        """A reading of this list; ``limit`` is shared with other lists."""
        return _ReadingByNumber(self, limit or RecordLimit())


class _ReadingByNumber(Reading):
    def __init__(self, asked: ListByNumber, limit: RecordLimit) -> None:
        self._asked = asked
        self._limit = limit
        self._start = 0

    def first(self) -> Question[Page]:
        return self._asked.page()

    def following(self, page: Page) -> Question[Page] | None:
        self._limit.charge(self._asked.method, page, is_first=self._start == 0)
        if page.next is None:
            return None
        if page.next <= self._start:
            raise unexpected(self._asked.method, "the next page lies behind")
        self._start = page.next
        return self._asked.page(self._start)


PagedList = ListById | ListByNumber
"""A list of the portal, to be read from page to page."""


def no_end(method: str) -> UnexpectedAnswerError:
    """The error for a list that goes on and on."""
    return unexpected(method, "the list has no end")

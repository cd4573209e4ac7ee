"""Reading a long list in ranges of its ids, several at the same time.

No page has to wait for the one before it, as it would where each begins after the last id of another, and nothing is
asked by the number of a record, which changes when others come and go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bitrix_app.bitrix24.parsing import PAGE, record_id
from bitrix_app.bitrix24.questions import ListById, Question, Reading, RecordLimit
from bitrix_app.bitrix24.types import Outline, Page

RANGES = 24
"""Ranges of ids that are read at the same time: about as many pages as a report holds together."""

AtOnce = Callable[[Sequence[Question[Any]]], list[Any]]
"""Asks several questions at the same time."""


class ReadingInRanges:
    """A list page by page, ranges of its ids being read at the same time: each record that is there throughout is in
    one range and is read once, whatever changes meanwhile.

    How wide a range is goes by how many records there are among so many ids; one that holds more than a page is read
    on. The list ends as ``ListById.reading`` says; where fewer records came than there are, a page may have come half
    full, and what is left of each range is asked for once more: these pages alone come out of order.

    With an ``outline`` the first ranges are asked for together with the total, which an empty page tells.
    """

    def __init__(self, asked: ListById, limit: RecordLimit, at_once: AtOnce, outline: Outline | None = None) -> None:
        self._asked = asked
        self._limit = limit
        self._at_once = at_once
        self._outline = outline
        self._is_counted = outline is None
        self._seen = self._total = 0
        self._rests: list[tuple[int, int]] = []
        self._behind: Page | None = None

    def pages(self) -> Iterator[Page]:
        """The pages."""
        reading = self._asked.reading(self._limit)
        if self._outline is not None:
            self._total = self._outline.total
            yield from self._all_between(reading, self._outline.first_ids[0] - 1, self._outline.last_id)
            return
        first, last_id = self._at_once([reading.first(), self._asked.last_id()])
        question = reading.following(first)
        yield first
        self._total = first.total or 0
        left = self._total - len(first.items)
        end = self._last(first)
        if question is None or not first.items or left <= 0 or last_id <= end:
            yield from self._read_on(reading, question)
            return
        self._seen = len(first.items)
        yield from self._all_between(reading, end, last_id)

    def _all_between(self, reading: Reading, after: int, last_id: int) -> Iterator[Page]:
        """The list's records with ids above ``after``, of which ``last_id`` was the highest."""
        for page in self._between(after, last_id, self._total - self._seen, is_last=True):
            reading.following(page)
            yield page
        for page in self._read_on(reading, self._asked.page(last_id), self._behind):
            self._seen += len(page.items)
            yield page
        if self._seen < self._total:
            yield from self._left_behind()

    def _read_on(self, reading: Reading, question: Question[Page] | None, page: Page | None = None) -> Iterator[Page]:
        while question is not None:
            page = page or self._at_once([question])[0]
            question = reading.following(page)
            yield page
            page = None

    def _between(self, after: int, upto: int, expected: float, *, is_last: bool = False) -> Iterator[Page]:
        """The records with ids above ``after`` and up to ``upto``, about ``expected`` ones; no empty pages. With the
        last ranges of all (``is_last``) goes the question for what follows them."""
        while after < upto:
            bounds = id_ranges(after, upto, min(expected, self._total - self._seen))
            if not self._is_counted:
                bounds[0] = (0, bounds[0][1])
            after = bounds[-1][1]
            questions = [self._asked.between(*each) for each in bounds]
            if is_last and after == upto:
                questions.append(self._asked.page(upto))
            if not self._is_counted:
                questions.append(self._asked.counted())
            found = self._at_once(questions)
            if not self._is_counted:
                self._is_counted, self._total = True, found.pop().total or 0
                yield Page([], self._total)
            if len(found) > len(bounds):
                self._behind = found.pop()
            more = self._second_pages(bounds, found)
            for (start, end), page in zip(bounds, found, strict=True):
                expected -= len(page.items)
                second = more.get(end)
                share = PAGE / max(self._last(page) - start, 1)
                read = [each for each in (page, second) if each is not None and each.items]
                for each in read:
                    self._seen += len(each.items)
                    yield each
                last = self._last(read[-1]) if read else start
                if len((second or page).items) >= PAGE and last < end:
                    yield from self._between(last, end, share * (end - last))
                else:
                    self._rests.append((last, end))

    def _second_pages(self, bounds: list[tuple[int, int]], found: list[Page]) -> dict[int, Page]:
        """End of a range → its second page, where it holds a little more than one."""
        rests = [
            (self._last(page), end)
            for (start, end), page in zip(bounds, found, strict=True)
            if len(page.items) >= PAGE and end - self._last(page) <= self._last(page) - start
            if self._last(page) < end
        ]
        return {end: page for (_, end), page in zip(rests, self._at_once_each(rests), strict=True)}

    def _at_once_each(self, ranges: Sequence[tuple[int, int]]) -> list[Page]:
        return self._at_once([self._asked.between(*each) for each in ranges]) if ranges else []

    def _left_behind(self) -> Iterator[Page]:
        (counted,) = self._at_once([self._asked.page(counted=True)])
        if self._seen >= (counted.total or 0):
            return
        for place in range(0, len(self._rests), RANGES):
            some = [each for each in self._rests[place : place + RANGES] if each[0] < each[1]]
            for (_, end), found in zip(some, self._at_once_each(some), strict=True):
                page = found
                while page.items:
                    self._limit.charge(self._asked.method, page, is_first=False)
                    yield page
                    (page,) = self._at_once_each([(self._last(page), end)])

    def _last(self, page: Page) -> int:
        return record_id(self._asked.method, page.items[-1], self._asked.id_field) if page.items else 0


def id_ranges(after: int, upto: int, expected: float) -> list[tuple[int, int]]:
    """The first ranges of ids above ``after``, among which ``expected`` records lie evenly up to ``upto``: so wide
    that one holds a page or less, as a rule; fifty ids where all of them are the list's."""
    share = min(1.0, max(expected, 1.0) / (upto - after))
    gaps = 1.0 - share
    page = (math.sqrt(gaps + PAGE) - math.sqrt(gaps)) ** 2  # the mean of which two deviations more make fifty
    width = max(PAGE, int(page / share))
    ends = [min(after + width * (place + 1), upto) for place in range(RANGES)]
    return [(start, end) for start, end in zip([after, *ends], ends, strict=False) if start < end]

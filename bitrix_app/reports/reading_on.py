"""When a list that is read on by id has come to its end.

Source: the portal's page ``settings/performance/huge-data``: repeat until a page has fewer than fifty records.
"""

from __future__ import annotations

from bitrix_app.errors import UnexpectedAnswerError
from bitrix_app.reports.protocols import Page

PAGE = 50
GROWTH = 1000
"""A list may grow while it is read: to twice its counted length and so many records more. One that goes on has no
end, and reading it would keep the portal busy for hours."""


class EndOfList:
    """The end of one list. Where the list was counted, a page that comes short before so many records have come is
    believed only when nothing follows it: records may have been deleted meanwhile, but nothing may be left out
    because a page came half full."""

    def __init__(self, method: str, *, at_total: bool = False) -> None:
        """``method`` is named in errors. ``at_total``: what was counted is enough, what was added since is not read."""
        self._method = method
        self._at_total = at_total
        self._seen = 0
        self._total: int | None = None
        self._came_short = False

    def reached(self, page: Page) -> bool:
        """Whether the list ends with this page, the next one of it. Raises UnexpectedAnswerError for a list without an
        end, and for one that is counted but does not come."""
        self._seen += len(page.items)
        self._total = page.total if page.total is not None else self._total
        is_full = len(page.items) >= PAGE
        if self._total is None:
            return not is_full
        if self._seen > 2 * self._total + GROWTH:
            raise self._unexpected("the list has no end")
        if self._seen >= self._total and (self._at_total or not is_full):
            return True
        nothing_follows = self._came_short and not page.items
        self._came_short = not is_full
        if nothing_follows and not self._seen:
            raise self._unexpected("records are counted, but none come")
        return nothing_follows

    def _unexpected(self, what: str) -> UnexpectedAnswerError:
        return UnexpectedAnswerError(f"{self._method}: {what}", method=self._method)

"""Product rows of a hostile portal: a total that never comes does not fill the worker's memory."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from bitrix_app.bitrix24 import Page
from bitrix_app.errors import UnexpectedAnswerError
from bitrix_app.reports.product_rows import ROWS_A_LIST, ProductRowReader

FULL = 500


class EndlessRows:
    """A portal whose product rows go on for ever, as many as it says there are."""

    def __init__(self) -> None:
        self.pages = 0

    def product_row_page(self, invoice_ids: Collection[int], *, after_id: int | None, counted: bool) -> Page:
        self.pages += 1
        first = after_id or 0
        rows: list[dict[str, Any]] = [{"id": first + each, "ownerId": 1} for each in range(1, FULL + 1)]
        return Page(rows, 2**62 if counted else None)


def test_rows_without_end_are_given_up() -> None:
    portal = EndlessRows()
    with pytest.raises(UnexpectedAnswerError, match="no end"):
        ProductRowReader(portal, lambda _done: None).read([1])  # type: ignore[arg-type]  # only this word is asked
    assert portal.pages == ROWS_A_LIST // FULL + 1

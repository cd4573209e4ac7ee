"""When a list that is read on by id has come to its end: pages in, the end out."""

from __future__ import annotations

import pytest

from bitrix_app.bitrix24 import Page
from bitrix_app.bitrix24.questions import End, ListById
from bitrix_app.errors import UnexpectedAnswerError


def pages_read(total: int | None, *sizes: int, end: End = End.NOTHING_FOLLOWS) -> int:
    """How many pages of these sizes are read; fails when none of them is the last."""
    reading, last = ListById("crm.item.list", {}, "id", end=end, most=10**6).reading(), 0
    for nth, size in enumerate(sizes):
        items = [{"id": last + each} for each in range(1, size + 1)]
        last += size
        if reading.following(Page(items, total if nth == 0 else None)) is None:
            return nth + 1
    raise AssertionError("the end was not seen")


@pytest.mark.parametrize(
    ("total", "sizes", "read"),
    [
        (0, [0], 1),
        (7, [7], 1),
        (50, [50, 0], 2),
        (110, [50, 50, 10], 3),
        (110, [50, 50, 13], 3),
        (100, [50, 50, 4], 3),
        (None, [50, 50, 10], 3),
        (None, [0], 1),
    ],
)
def test_a_short_page_ends_a_list_that_has_come_in_whole(total: int | None, sizes: list[int], read: int) -> None:
    """No call is made that a list of this length does not need; records added meanwhile are welcome."""
    assert pages_read(total, *sizes) == read


@pytest.mark.parametrize(
    ("total", "sizes", "read"),
    [
        (110, [50, 50, 8, 0], 4),
        (110, [50, 0, 0], 3),
        (110, [50, 25, 35], 3),
        (110, [50, 0, 50, 10], 4),
        (110, [25, 25, 25, 25, 10], 5),
        (110, [0, 50, 50, 10], 4),
        (110, [50, 20, 0], 3),
    ],
)
def test_a_page_that_comes_short_is_believed_when_nothing_follows(total: int, sizes: list[int], read: int) -> None:
    """Records may go while we read, so the count may not be reached; half a page is not taken for the last."""
    assert pages_read(total, *sizes) == read


@pytest.mark.parametrize(("total", "sizes", "read"), [(50, [50], 1), (100, [50, 50], 2), (110, [50, 50, 50], 3)])
def test_where_the_count_is_enough_nothing_more_is_read(total: int, sizes: list[int], read: int) -> None:
    """A full last page of product rows costs no call to see that nothing follows."""
    assert pages_read(total, *sizes, end=End.COUNTED) == read


def test_records_that_are_counted_but_do_not_come_are_an_error() -> None:
    """A portal that counts 110 and twice gives none is not believed to have none."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        pages_read(110, 0, 0)
    assert caught.value.method == "crm.item.list"


@pytest.mark.parametrize("total", [0, 500, 10_000])
def test_a_list_that_goes_on_and_on_is_given_up(total: int) -> None:
    """Twice what was counted and a thousand more: such a list has no end."""
    with pytest.raises(UnexpectedAnswerError):
        pages_read(total, *[50] * (2 * total // 50 + 21))


@pytest.mark.parametrize(
    ("total", "sizes", "read"),
    [
        (7, [7], 1),
        (100, [50, 50], 2),
        (110, [50, 50, 10], 3),
        (110, [50, 20], 2),
        (110, [0], 1),
        (None, [50, 10], 2),
    ],
)
def test_a_look_up_ends_with_a_short_page_or_the_count(total: int | None, sizes: list[int], read: int) -> None:
    """What is looked up beside the invoices costs no call to see that nothing follows."""
    assert pages_read(total, *sizes, end=End.SHORT_PAGE) == read


@pytest.mark.parametrize(("total", "records"), [(0, 1_000), (100, 1_200), (5_000, 11_000)])
def test_a_list_may_grow_to_twice_its_length_and_a_thousand_more(total: int, records: int) -> None:
    """A busy portal's list grows while it is read; what is added is read too."""
    assert pages_read(total, *[50] * (records // 50), 0) == records // 50 + 1
    with pytest.raises(UnexpectedAnswerError, match="no end"):
        pages_read(total, *[50] * (records // 50), 1)

"""A report keeps the invoices of its period, both ends included, paid or unpaid as asked."""

from __future__ import annotations

from datetime import date

import pytest

from bitrix_app.processing import ProcessedInvoice
from bitrix_app.reports.request import Selection

FROM, TO = date(2026, 1, 1), date(2026, 3, 31)


@pytest.mark.parametrize(
    ("day", "kept"),
    [
        (date(2025, 12, 31), False),
        (FROM, True),
        (date(2026, 2, 15), True),
        (TO, True),
        (date(2026, 4, 1), False),
        (None, True),
    ],
)
def test_the_period_includes_both_ends_and_invoices_without_a_readable_date(day: date | None, kept: bool) -> None:
    assert Selection(FROM, TO).keeps(ProcessedInvoice(id=1, date=day)) is kept


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(9999, 12, 31), None])
def test_an_open_end_leaves_nothing_out(day: date | None) -> None:
    assert Selection().keeps(ProcessedInvoice(id=1, date=day))


@pytest.mark.parametrize(
    ("wish", "paid", "kept"),
    [(None, True, True), (None, False, True), (True, True, True), (True, False, False), (False, False, True)],
)
def test_paid_or_unpaid_as_asked(wish: bool | None, paid: bool, kept: bool) -> None:
    assert Selection(paid=wish).keeps(ProcessedInvoice(id=1, paid=paid)) is kept


def test_the_order_stays() -> None:
    invoices = [ProcessedInvoice(id=each, date=date(2026, each, 1)) for each in (3, 5, 1)]
    assert [each.id for each in Selection(FROM, TO).of(invoices)] == [3, 1]

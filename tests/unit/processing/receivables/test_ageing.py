"""The ageing of one invoice: a case for each edge of day, due date, payment and sum; and what holds for all of them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing import ProcessedInvoice
from bitrix_app.processing.receivables import ReceivablesTotals, Terms, with_debt

DAY = date(2026, 3, 31)


def before(days: int) -> date:
    return DAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("due", "days", "expected"),
    [
        (before(-1), 0, "not_due"),
        (before(0), 0, "not_due"),
        (before(1), 1, "1-30"),
        (before(30), 30, "1-30"),
        (before(31), 31, "31-60"),
        (before(60), 60, "31-60"),
        (before(61), 61, "61-90"),
        (before(90), 90, "61-90"),
        (before(91), 91, "90+"),
        (date(1, 1, 1), 739705, "90+"),
        (None, None, "no_due_date"),
    ],
)
def test_the_range_of_a_due_date(due: date | None, days: int | None, expected: str) -> None:
    debt = Terms(DAY).debt(ProcessedInvoice(id=1, amount=Decimal(5), due_date=due))
    assert (debt.days_overdue, debt.range, debt.outstanding) == (days, expected, 5)


@pytest.mark.parametrize(
    ("paid", "paid_date", "expected"),
    [
        (False, None, "100.00"),
        (True, before(1), "0.00"),
        (True, before(0), "0.00"),  # on the day
        (True, before(-1), "100.00"),
        (True, None, "0.00"),  # by its stage, or with a date that cannot be read
    ],
)
def test_what_is_left_on_the_day(paid: bool, paid_date: date | None, expected: str) -> None:
    invoice = ProcessedInvoice(id=1, amount=Decimal("100.00"), paid=paid, paid_date=paid_date)
    debt = Terms(DAY).debt(invoice)
    assert debt.outstanding == Decimal(expected)
    assert debt.paid + debt.outstanding == invoice.amount


@pytest.mark.parametrize(("amount", "expected"), [(None, "0"), ("0", "0"), ("-7.00", "0"), ("0.01", "0.01")])
def test_nothing_is_owed_below_zero(amount: str | None, expected: str) -> None:
    invoice = ProcessedInvoice(id=1, amount=None if amount is None else Decimal(amount))
    assert Terms(DAY).debt(invoice).outstanding == Decimal(expected)


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        (Terms(DAY), date(2026, 3, 10)),
        (Terms(DAY, "due_date", 5), date(2026, 3, 15)),
        (Terms(DAY, "date", 30), date(2026, 3, 31)),
        (Terms(DAY, "shipped_date", 0), date(2026, 3, 4)),
    ],
)
def test_the_due_date_may_be_reckoned(terms: Terms, due: date) -> None:
    invoice = ProcessedInvoice(
        id=1, invoice_date=date(2026, 3, 1), due_date=date(2026, 3, 10), shipped_date=date(2026, 3, 4)
    )
    assert terms.due(invoice) == due


def test_a_due_date_at_the_end_of_time_stays_a_date() -> None:
    assert Terms(DAY, "due_date", 365).due(ProcessedInvoice(id=1, due_date=date(9999, 12, 1))) == date.max


def test_the_ranges_of_other_borders() -> None:
    terms = Terms(DAY, borders=(7, 180))
    assert terms.ranges == {
        "not_due": "Не наступил",
        "1-7": "1–7",
        "8-180": "8–180",
        "180+": "Более 180",
        "no_due_date": "Без срока",
    }
    assert [terms.range_of(days) for days in (None, 0, 7, 8, 180, 181)] == [
        *("no_due_date", "not_due", "1-7", "8-180", "180+", "180+")[:1],
        *("not_due", "1-7", "8-180", "8-180", "180+"),
    ]


days = st.dates(date(2025, 1, 1), date(2027, 1, 1))
borders = st.sets(st.integers(1, 400), min_size=1, max_size=5).map(lambda found: tuple(sorted(found)))
kopecks = st.integers(-10_000, 10_000_000).map(lambda units: Decimal(units).scaleb(-2))
invoices = st.builds(
    ProcessedInvoice,
    id=st.integers(1, 1000),
    amount=st.none() | kopecks,
    currency=st.sampled_from(["RUB", "USD", None]),
    counterparty_key=st.sampled_from(["a", "b", None]),
    due_date=st.none() | days,
    paid=st.booleans(),
    paid_date=st.none() | days,
)


def totals_of(terms: Terms, found: list[ProcessedInvoice]) -> ReceivablesTotals:
    totals = ReceivablesTotals(terms)
    for each in found:
        totals.add(with_debt(each, terms))
    return totals


@given(st.lists(invoices), days, borders)
def test_the_ranges_add_up_to_the_remainders(found: list[ProcessedInvoice], day: date, limits: tuple[int, ...]) -> None:
    """For each debtor and currency, for each currency, and all of them together."""
    terms = Terms(day, borders=limits)
    totals = totals_of(terms, found)
    owed = sum((terms.debt(each).outstanding for each in found), Decimal(0))
    assert sum((each.total for each in totals.debtors()), Decimal(0)) == owed
    assert sum((each.total for each in totals.debts()), Decimal(0)) == owed
    for each in (*totals.debtors(), *totals.debts()):
        assert sum(each.ranges.values(), Decimal(0)) == each.total


@given(invoices, days, borders)
def test_a_day_later_an_invoice_is_in_the_same_range_or_the_next(
    invoice: ProcessedInvoice, day: date, limits: tuple[int, ...]
) -> None:
    terms = Terms(day, borders=limits)
    order = list(terms.ranges)
    today, tomorrow = (
        order.index(Terms(each, borders=limits).debt(invoice).range) for each in (day, day + timedelta(days=1))
    )
    assert today <= tomorrow <= today + 1
    if invoice.due_date is None:
        assert today == tomorrow == len(order) - 1


@given(st.lists(invoices, min_size=1), days, st.data())
def test_paying_an_invoice_takes_away_just_its_remainder(
    found: list[ProcessedInvoice], day: date, data: st.DataObject
) -> None:
    """From its debtor's range; nobody else's debt changes."""
    terms = Terms(day)
    place = data.draw(st.integers(0, len(found) - 1))
    chosen = found[place]
    paid = [*found]
    paid[place] = ProcessedInvoice(
        **{**chosen.to_dict(), "paid": True, "paid_date": data.draw(st.dates(date(2024, 1, 1), day))}
    )
    debt, key = terms.debt(chosen), (chosen.counterparty_key, chosen.currency)
    before_, after = totals_of(terms, found), totals_of(terms, paid)
    for each in before_.debtors_in_order():
        for name, owed in before_.debtor(each).ranges.items():
            lost = owed - after.debtor(each).ranges[name]
            assert lost == (debt.outstanding if each == key and name == debt.range else 0)

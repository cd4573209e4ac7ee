"""Totals of a register per currency, per VAT rate and per counterparty."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing import (
    CounterpartyTotal,
    CurrencyTotal,
    ProcessedInvoice,
    ProductRow,
    RateTotal,
    RegisterTotals,
)
from tests.unit.builders import LEGAL_INN, OTHER_LEGAL_INN, rub

ZERO = rub("0.00")
TODAY = date(2026, 3, 1)


def totals_of(*invoices: ProcessedInvoice) -> RegisterTotals:
    totals = RegisterTotals(TODAY)
    for invoice in invoices:
        totals.add(invoice)
    return totals


def invoice(amount: str | None = "100.00", vat: str | None = None, **changed: Any) -> ProcessedInvoice:
    values = {"id": 1, "number": "1", "currency": "RUB", "counterparty": "ООО «Ромашка»", "inn": LEGAL_INN, **changed}
    values.setdefault("counterparty_key", values["inn"] or values["counterparty"])
    return ProcessedInvoice(
        amount=None if amount is None else rub(amount), vat=None if vat is None else rub(vat), **values
    )


def row(amount: str, vat: str | None, rate: str | None, *, unknown: bool = False) -> ProductRow:
    return ProductRow(
        id=1,
        name="Товар",
        quantity=Decimal(1),
        unit="шт",
        price=rub(amount),
        amount=rub(amount),
        tax_rate=None if rate is None else Decimal(rate),
        vat=None if vat is None else rub(vat),
        tax_rate_unknown=unknown,
    )


def with_and_without_vat(total: CurrencyTotal) -> tuple[Decimal, ...]:
    return total.amount, total.amount_without_vat, total.amount_with_vat, total.vat


def test_a_currency_has_its_sums_with_and_without_vat() -> None:
    totals = totals_of(invoice("1220.00", "220.00"), invoice("100.00", without_vat=True), invoice("-61.00", "-11.00"))
    (total,) = totals.currencies()
    assert total.invoices == 3
    assert with_and_without_vat(total) == (rub("1259.00"), rub("100.00"), rub("1159.00"), rub("209.00"))


def test_an_unknown_sum_counts_as_zero_and_unknown_vat_as_without_vat() -> None:
    (total,) = totals_of(invoice(None, None), invoice("100.00", None, without_vat=False)).currencies()
    assert total.invoices == 2
    assert with_and_without_vat(total) == (rub("100.00"), rub("100.00"), ZERO, ZERO)


def test_what_is_unpaid_after_its_due_date_is_overdue_and_on_the_day_it_is_not() -> None:
    totals = totals_of(
        invoice("1000.00", paid=True, due_date=date(2026, 1, 1)),
        invoice("100.00", due_date=date(2026, 2, 28)),
        invoice("10.00", due_date=TODAY),
        invoice("1.00", due_date=None),
    )
    (total,) = totals.currencies()
    assert (total.paid, total.unpaid, total.overdue) == (rub("1000.00"), rub("111.00"), rub("100.00"))


def test_without_a_day_nothing_is_overdue() -> None:
    totals = RegisterTotals()
    totals.add(invoice(due_date=date(1990, 1, 1)))
    assert totals.currencies()[0].overdue == ZERO


def test_people_are_told_apart_by_their_id_the_largest_sum_of_a_currency_first() -> None:
    totals = totals_of(
        invoice("10.00", responsible_id=1, responsible="Иванов"),
        invoice("5.00", responsible_id=1, responsible="Иванов", currency="USD"),
        invoice("20.00", "3.00", responsible_id=2, responsible="Иванов", paid=True),
        invoice("7.00", responsible_id=None),
    )
    found = [(each.responsible, each.currency, each.amount, each.vat, each.unpaid) for each in totals.responsibles()]
    assert found == [
        ("Иванов", "RUB", rub("20.00"), rub("3.00"), ZERO),
        ("Иванов", "RUB", rub("10.00"), ZERO, rub("10.00")),
        (None, "RUB", rub("7.00"), ZERO, rub("7.00")),
        ("Иванов", "USD", rub("5.00"), ZERO, rub("5.00")),
    ]


def test_own_companies_have_their_sums_for_each_currency() -> None:
    totals = totals_of(
        invoice("10.00", "1.00", mycompany_id=2, my_company="ООО «Б»"),
        invoice("20.00", mycompany_id=1, my_company="ООО «А»"),
        invoice("30.00", mycompany_id=1, currency="USD"),
        invoice("40.00", mycompany_id=7),
        invoice("50.00"),
    )
    assert totals.own_companies() == ("ID 7", "ООО «А»", "ООО «Б»")
    assert totals.has_several_sellers
    assert [(each.my_company, each.currency, each.amount, each.vat) for each in totals.sellers()] == [
        ("ID 7", "RUB", rub("40.00"), ZERO),
        ("ООО «А»", "RUB", rub("20.00"), ZERO),
        ("ООО «Б»", "RUB", rub("10.00"), rub("1.00")),
        (None, "RUB", rub("50.00"), ZERO),
        ("ООО «А»", "USD", rub("30.00"), ZERO),
    ]


def test_one_own_company_and_invoices_that_name_none_are_not_several() -> None:
    assert not totals_of(invoice(mycompany_id=1), invoice()).has_several_sellers


def test_roubles_come_first_then_codes_and_the_unnamed_currency_last() -> None:
    totals = totals_of(*(invoice(currency=each) for each in ("USD", None, "BYN", "RUB")))
    assert [each.currency for each in totals.currencies()] == ["RUB", "BYN", "USD", None]


def test_rates_are_summed_over_product_rows_and_count_invoices_once() -> None:
    rows = (row("1220.00", "220.00", "22"), row("122.00", "22.00", "22"), row("50.00", None, None))
    totals = totals_of(
        invoice("1392.00", "242.00", product_rows=rows), invoice("1220.00", "220.00", product_rows=rows[:1])
    )
    assert totals.rates() == (
        RateTotal("RUB", Decimal(22), 2, rub("2562.00"), rub("462.00"), rub("2100.00")),
        RateTotal("RUB", None, 1, rub("50.00"), ZERO, rub("50.00")),
    )


def test_what_rows_do_not_explain_is_the_last_line_of_its_currency() -> None:
    (one,) = rows = (row("122.00", "22.00", "22"),)
    totals = totals_of(
        invoice("122.00", "22.00", product_rows=rows),
        invoice("150.00", "22.01", product_rows=rows),
        invoice("7.00", "1.00"),
        invoice("5.00", currency="USD"),
    )
    assert totals.rates() == (
        RateTotal("RUB", one.tax_rate, 2, rub("244.00"), rub("44.00"), rub("200.00")),
        RateTotal("RUB", None, 2, rub("35.00"), rub("1.01"), rub("33.99"), outside_rows=True),
        RateTotal("USD", None, 1, rub("5.00"), ZERO, rub("5.00"), outside_rows=True),
    )


def test_rates_fall_within_a_currency_without_vat_and_unknown_ones_last() -> None:
    rows = (
        row("1.00", None, None, unknown=True),
        row("1.00", None, None),
        row("1.00", "0.00", "0"),
        row("1.00", "0.09", "10"),
        row("1.00", "0.17", "20.0"),
        row("1.00", "0.17", "20"),
    )
    totals = totals_of(invoice(product_rows=rows, currency="USD"), invoice(product_rows=rows[3:4]))
    rates = [each for each in totals.rates() if not each.outside_rows]
    assert [(each.currency, each.rate, each.rate_unknown) for each in rates] == [
        ("RUB", Decimal(10), False),
        ("USD", Decimal(20), False),
        ("USD", Decimal(10), False),
        ("USD", Decimal(0), False),
        ("USD", None, False),
        ("USD", None, True),
    ]


def test_a_counterparty_has_what_it_paid_and_owes() -> None:
    totals = totals_of(
        invoice("100.00", "20.00", paid=True, paid_date=date(2026, 1, 5), due_date=date(2025, 1, 1)),
        invoice("30.00", due_date=date(2026, 2, 9), kpp="773601001"),
        invoice("5.00", paid=True, paid_date=date(2026, 3, 1)),
        invoice("20.00", due_date=date(2026, 2, 1), counterparty="ООО «Ромашка» (новое имя)"),
    )
    assert totals.counterparties() == (
        CounterpartyTotal(
            inn=LEGAL_INN,
            kpp="773601001",
            counterparty="ООО «Ромашка»",
            currency="RUB",
            invoices=4,
            amount=rub("155.00"),
            vat=rub("20.00"),
            paid=rub("105.00"),
            unpaid=rub("50.00"),
            overdue=rub("50.00"),
            oldest_due=date(2026, 2, 1),
            last_paid=date(2026, 3, 1),
        ),
    )


@pytest.mark.parametrize("order", [1, -1], ids=["as they were paid", "the other way round"])
def test_first_due_and_last_paid_are_the_earliest_and_the_latest_day_in_whatever_order_they_come(order: int) -> None:
    days = [date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 5)][::order]
    paid = [invoice("1.00", paid=True, paid_date=day) for day in days]
    due = [invoice("1.00", due_date=day) for day in days]
    (total,) = totals_of(*paid, *due).counterparties()
    assert (total.oldest_due, total.last_paid) == (date(2026, 1, 5), date(2026, 3, 5))


def test_counterparties_are_told_apart_by_their_key_and_by_currency() -> None:
    totals = totals_of(
        invoice(inn=LEGAL_INN, counterparty="А"),
        invoice(inn=LEGAL_INN, counterparty="Б"),
        invoice(inn=LEGAL_INN, counterparty="А", currency="USD"),
        invoice(inn=None, counterparty="В", counterparty_key="company 1"),
        invoice(inn="0", counterparty="В", counterparty_key="company 1"),
        invoice(inn=None, counterparty="В", counterparty_key="company 2"),
        invoice(inn=None, counterparty=None),
        invoice(inn=None, counterparty=None),
    )
    found = [(each.inn, each.counterparty, each.currency, each.invoices) for each in totals.counterparties()]
    assert sorted(found, key=str) == sorted(
        [
            (LEGAL_INN, "А", "RUB", 2),
            (LEGAL_INN, "А", "USD", 1),
            ("0", "В", "RUB", 2),
            (None, "В", "RUB", 1),
            (None, None, "RUB", 2),
        ],
        key=str,
    )


def test_counterparties_come_by_unpaid_then_by_sum_then_by_name() -> None:
    totals = totals_of(
        invoice("500.00", inn=None, counterparty="платит", paid=True),
        invoice("900.00", inn=None, counterparty="платит много", paid=True),
        invoice("10.00", inn=OTHER_LEGAL_INN, counterparty="должен мало"),
        invoice("70.00", inn=None, counterparty="я должен"),
        invoice("70.00", inn=None, counterparty="а должен"),
        invoice("1.00", inn=None, counterparty="а должен", paid=True),
    )
    assert [each.counterparty for each in totals.counterparties()] == [
        "а должен",
        "я должен",
        "должен мало",
        "платит много",
        "платит",
    ]


def test_the_summary_is_ready_for_json() -> None:
    summary = totals_of(
        invoice("1234567.89", "205761.32", due_date=date(2026, 1, 1)), invoice("0.07", paid=True)
    ).to_summary()
    assert summary["invoices"] == 2
    assert summary["totals"] == [
        {
            "currency": "RUB",
            "amount": "1234567.96",
            "vat": "205761.32",
            "amount_with_vat": "1234567.89",
            "amount_without_vat": "0.07",
            "paid": "0.07",
            "unpaid": "1234567.89",
            "overdue": "1234567.89",
        }
    ]


def test_an_empty_register_has_empty_totals() -> None:
    totals = totals_of()
    assert (totals.currencies(), totals.rates(), totals.counterparties()) == ((), (), ())
    assert totals.to_summary() == {"invoices": 0, "totals": []}


MONEY = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
INVOICES = st.builds(
    ProcessedInvoice,
    id=st.integers(1, 10**6),
    currency=st.sampled_from(["RUB", "USD", None]),
    inn=st.sampled_from([LEGAL_INN, OTHER_LEGAL_INN, None, "0"]),
    counterparty=st.sampled_from(["А", "Б", None]),
    counterparty_key=st.sampled_from(["company 1", "company 2", None]),
    amount=st.none() | MONEY,
    vat=st.none() | MONEY,
    paid=st.booleans(),
    paid_date=st.none() | st.dates(),
    responsible_id=st.sampled_from([1, 2, None]),
    mycompany_id=st.sampled_from([1, 2, None]),
    due_date=st.none() | st.dates(),
    product_rows=st.lists(
        st.builds(row, MONEY.map(str), MONEY.map(str), st.sampled_from(["22", "10", "0"])), max_size=3
    ).map(tuple),
)


@given(st.lists(INVOICES, max_size=12))
def test_all_tables_add_up_to_the_same_sums_currency_by_currency(invoices: list[ProcessedInvoice]) -> None:
    totals = totals_of(*invoices)
    tables: dict[str, Any] = {
        "counterparties": totals.counterparties(),
        "responsibles": totals.responsibles(),
        "sellers": totals.sellers(),
        "rates": totals.rates(),
    }
    for whole in totals.currencies():
        mine = [each for each in invoices if each.currency == whole.currency]
        assert whole.invoices == len(mine)
        assert whole.amount == sum((each.amount or ZERO for each in mine), ZERO)
        assert whole.vat == sum((each.vat or ZERO for each in mine), ZERO)
        assert whole.amount == whole.amount_with_vat + whole.amount_without_vat == whole.paid + whole.unpaid
        for name, table in tables.items():
            lines = [each for each in table if each.currency == whole.currency]
            figures = ("amount", "vat") if name == "rates" else ("amount", "vat", "paid", "unpaid", "overdue")
            for figure in figures:
                assert sum((getattr(each, figure) for each in lines), ZERO) == getattr(whole, figure)
    assert all(each.amount == each.vat + each.amount_without_vat for each in tables["rates"])


@given(st.lists(INVOICES, max_size=8), st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_the_order_of_invoices(invoices: list[ProcessedInvoice], random: Any) -> None:
    shuffled = list(invoices)
    random.shuffle(shuffled)
    assert totals_of(*shuffled).currencies() == totals_of(*invoices).currencies()
    assert totals_of(*shuffled).rates() == totals_of(*invoices).rates()


PAID = st.none() | st.decimals("0.00", "2000.00", places=2)


@given(st.lists(st.tuples(st.decimals("-500.00", "1000.00", places=2), PAID, st.booleans()), max_size=10))
def test_paid_and_unpaid_give_the_sum_whatever_tells_the_payment(
    told: list[tuple[Decimal, Decimal | None, bool]],
) -> None:
    """Where more was paid than a sum, it stands beside and lowers nothing else."""
    invoices = [
        invoice(str(amount), paid=paid >= amount if paid is not None else dated, paid_amount=paid)
        for amount, paid, dated in told
    ]
    for total in totals_of(*invoices).currencies():
        assert total.amount == total.paid + total.unpaid - total.overpaid
        assert total.overpaid == sum((max(paid - max(amount, ZERO), ZERO) for amount, paid, _ in told if paid), ZERO)
        assert total.overdue <= max(total.unpaid, ZERO) or any(amount < 0 for amount, *_ in told)

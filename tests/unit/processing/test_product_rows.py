"""Product rows: in the portal's order, each field on its own, money exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.processing import ProcessedInvoice
from tests.unit.builders import ABSENT, a_product_row, an_invoice
from tests.unit.processing.helpers import problems_in, processed


def with_rows(*rows: Any, **invoice: Any) -> ProcessedInvoice:
    return processed(an_invoice(**invoice), product_rows={1: list(rows)})


def test_rows_stand_by_sort_then_id_compared_as_numbers() -> None:
    rows = [
        a_product_row(id=9, sort=100),
        a_product_row(id="10", sort="20"),
        a_product_row(id="9", sort="20"),
        a_product_row(id=1, sort=None),
    ]
    assert [row.id for row in with_rows(*rows).product_rows] == [9, 10, 9, 1]


@pytest.mark.parametrize(
    ("price", "quantity", "rate", "expected"),
    [
        (610, 2, 22, ("1220.00", "22", "220.00")),
        ("610.00", "2.0000", "22.00", ("1220.00", "22", "220.00")),
        (Decimal("99.99"), Decimal("1.5"), 20, ("149.99", "20", "25.00")),
        (100, 1, 0, ("100.00", "0", "0.00")),
        (100, 1, "0", ("100.00", "0", "0.00")),
        (100, 1, None, ("100.00", None, None)),
        (100, 1, "", ("100.00", None, None)),
        (100, 1, ABSENT, ("100.00", None, None)),
        (-100, 1, 10, ("-100.00", "10", "-9.09")),
        (100, 0, 10, ("0.00", "10", "0.00")),
    ],
)
def test_amount_rate_and_vat_of_a_row(price: Any, quantity: Any, rate: Any, expected: tuple[str | None, ...]) -> None:
    (row,) = with_rows(a_product_row(price=price, quantity=quantity, taxRate=rate)).product_rows
    assert tuple(None if value is None else str(value) for value in (row.amount, row.tax_rate, row.vat)) == expected
    assert not row.tax_rate_unknown


def test_price_is_the_portals_figure_not_rounded() -> None:
    (row,) = with_rows(a_product_row(price=Decimal("33.333333"), quantity=3)).product_rows
    assert (row.price, row.amount) == (Decimal("33.333333"), Decimal("100.00"))


def test_name_and_unit_stay_as_they_are() -> None:
    (row,) = with_rows(a_product_row(productName=" =СУММ(A1) 🧾", measureName="м²")).product_rows
    assert (row.name, row.unit) == (" =СУММ(A1) 🧾", "м²")


def test_a_bad_price_costs_the_amount_but_not_the_rest_of_the_row() -> None:
    invoice = with_rows(a_product_row(price="дорого"))
    (row,) = invoice.product_rows
    assert (row.name, row.quantity, row.tax_rate) == ("Стол письменный", Decimal(2), Decimal(22))
    assert (row.price, row.amount, row.vat) == (None, None, None)
    assert problems_in(invoice, "Цена") == [
        "Товары счёта: в строке 1 не читается «дорого». Исправьте товары в карточке счёта."
    ]


@pytest.mark.parametrize("name", ["", "  ", None])
def test_a_row_without_a_name_is_a_problem(name: str | None) -> None:
    assert problems_in(with_rows(a_product_row(productName=name)), "Наименование товара") == [
        "Товары счёта: в строке 1 не заполнено. Исправьте товары в карточке счёта."
    ]


def test_an_unreadable_rate_is_unknown_and_not_without_vat() -> None:
    invoice = with_rows(a_product_row(taxRate="НДС"), taxValue=220)
    (row,) = invoice.product_rows
    assert (row.tax_rate, row.vat, row.tax_rate_unknown, invoice.tax_rates) == (None, None, True, ())
    assert [problem.field for problem in invoice.problems] == ["Ставка НДС"]


def test_many_bad_rows_make_one_problem_a_field() -> None:
    invoice = with_rows(*(a_product_row(id=each, quantity=None, price={}) for each in range(5)))
    assert problems_in(invoice, "Количество") == [
        "Товары счёта: в строке 1 не заполнено, в строке 2 не заполнено, в строке 3 не заполнено "
        "и ещё в строках: 2. Исправьте товары в карточке счёта."
    ]
    assert len(problems_in(invoice, "Цена")) == 1


def test_as_many_bad_rows_as_are_named_have_no_others() -> None:
    invoice = with_rows(*(a_product_row(id=each, quantity=None) for each in range(3)))
    assert problems_in(invoice, "Количество") == [
        "Товары счёта: в строке 1 не заполнено, в строке 2 не заполнено, в строке 3 не заполнено. "
        "Исправьте товары в карточке счёта."
    ]


def test_a_product_too_large_for_money_is_unknown_and_named() -> None:
    invoice = with_rows(a_product_row(price=10**17, quantity=10**6))
    assert invoice.product_rows[0].amount is None
    assert len(problems_in(invoice, "Сумма")) == 1


def test_a_row_that_is_no_record_is_still_a_row() -> None:
    invoice = with_rows("garbage", a_product_row())
    assert [row.name for row in invoice.product_rows] == ["Стол письменный", None]


@pytest.mark.parametrize(
    ("rates", "shown"),
    [
        ([22], ["22"]),
        ([10, 20, 10, None], ["20", "10", None]),
        (["20.00", 20], ["20"]),
        ([0, None], ["0", None]),
        ([None], [None]),
    ],
)
def test_rates_of_an_invoice_fall_and_without_vat_is_last(rates: list[Any], shown: list[str | None]) -> None:
    found = with_rows(*(a_product_row(taxRate=rate) for rate in rates)).tax_rates
    assert found is not None
    assert [None if rate is None else str(rate) for rate in found] == shown


def test_rates_are_unknown_when_rows_were_not_read_and_empty_when_there_are_none() -> None:
    assert processed(an_invoice()).tax_rates is None
    assert processed(an_invoice(), product_rows={}, unreadable_rows=frozenset({1})).tax_rates is None
    assert processed(an_invoice(), product_rows={}).tax_rates == ()

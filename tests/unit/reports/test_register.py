"""The spooled register gives back what was put in, in the report's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bitrix_app.errors import AnswersTooHeavyError, SheetsTooHeavyError, UnexpectedAnswerError
from bitrix_app.processing import Problem, ProcessedInvoice, ProductRow
from bitrix_app.reports.register import Register


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with Register(tmp_path) as register:
        yield register


def row(id: int) -> ProductRow:
    return ProductRow(
        id=id,
        name="Болт",
        quantity=Decimal("1.5"),
        unit="кг",
        price=Decimal("10.005"),
        amount=Decimal("15.01"),
        tax_rate=Decimal(22),
        vat=Decimal("2.71"),
    )


def test_invoices_come_by_date_then_id_and_undated_ones_last(register: Register) -> None:
    """Contract §4: sorted by the chosen calendar date, then id."""
    dates = {5: date(2026, 1, 3), 4: date(2026, 1, 3), 9: None, 7: date(2025, 12, 31), 1: date(2026, 2, 1)}
    register.add(ProcessedInvoice(id=id, date=day) for id, day in dates.items())
    register.seal()
    assert [invoice.id for invoice in register.invoices()] == [7, 4, 5, 1, 9]


def test_an_invoice_survives_the_spool_unchanged(register: Register) -> None:
    """Money, dates, problems and product rows come back as they were."""
    invoice = ProcessedInvoice(
        id=1,
        number="001",
        amount=Decimal("999999999999.99"),
        date=date(2026, 1, 1),
        tax_rates=(Decimal(22), None),
        product_rows=(row(1), row(2)),
        problems=(Problem("ИНН", "неверный"),),
    )
    register.add([invoice])
    register.seal()
    assert list(register.invoices()) == [invoice]


def test_a_spool_that_weighs_too_much_ends_the_report(tmp_path: Path) -> None:
    page = [ProcessedInvoice(id=number, counterparty="Ромашка" * 100) for number in range(1, 51)]
    with Register(tmp_path, most=100_000) as register:
        register.add(page)
        with pytest.raises(SheetsTooHeavyError):
            register.add(page)


def test_counterparties_that_take_too_much_memory_end_the_report(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is counted once, however many invoices it has."""
    monkeypatch.setattr("bitrix_app.reports.register.TOTALS_BYTES", 100_000)
    many = [ProcessedInvoice(id=each, counterparty_key="company 1", counterparty="Р" * 1000) for each in range(1, 200)]
    register.add(many)
    with pytest.raises(AnswersTooHeavyError):
        register.add(replace(each, counterparty_key=f"company {each.id}") for each in many)


@pytest.mark.parametrize(
    "strange",
    [
        lambda number: ProcessedInvoice(id=number, currency=f"C{number}"),
        lambda number: ProcessedInvoice(id=number, product_rows=(replace(row(1), tax_rate=Decimal(number)),)),
    ],
    ids=["currencies", "rates"],
)
def test_totals_kept_in_memory_are_no_more_than_a_portal_can_need(
    register: Register, strange: Callable[[int], ProcessedInvoice]
) -> None:
    register.add([strange(number) for number in range(1, 1000)])
    with pytest.raises(UnexpectedAnswerError):
        register.add([strange(number) for number in range(1000, 1050)])


def test_rows_can_stay_on_disk(register: Register) -> None:
    """Sheets that show no product rows do not load them."""
    register.add([ProcessedInvoice(id=1, product_rows=(row(1),))])
    register.seal()
    assert [invoice.product_rows for invoice in register.invoices(with_rows=False)] == [()]


def test_an_invoice_without_an_id_is_kept(register: Register) -> None:
    """Even a record that the portal gave without an id has its row."""
    register.add([ProcessedInvoice(id=None, number="x"), ProcessedInvoice(id=None, number="y")])
    register.seal()
    assert [invoice.number for invoice in register.invoices()] == ["x", "y"]


def test_the_same_number_twice_is_a_problem_of_both(register: Register) -> None:
    """Only the whole register shows that two invoices share a number."""
    register.add([ProcessedInvoice(id=1, number="17", date=date(2026, 1, 1))])
    register.add([ProcessedInvoice(id=2, number="17", date=date(2026, 1, 2)), ProcessedInvoice(id=3, number="18")])
    register.seal()
    assert [bool(invoice.problems) for invoice in register.invoices()] == [True, True, False]


def test_leaving_removes_the_spool(tmp_path: Path) -> None:
    """No customer's data stays in the temporary folder."""
    with Register(tmp_path) as register:
        register.add([ProcessedInvoice(id=1)])
    assert list(tmp_path.iterdir()) == []

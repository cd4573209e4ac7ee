"""A list of raw invoices in, a row for each out, in order; nothing is lost, unknown is None."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.processing import DataProcessor, FieldMapping, ProcessedInvoice, ProcessingContext, Stage
from tests.unit.builders import LEGAL_INN, a_product_row, an_invoice, rub
from tests.unit.processing.helpers import fields_complained_of, processed

STAGES = {
    "DT31_2:N": Stage("DT31_2:N", "Новый", "P", 2),
    "DT31_2:P": Stage("DT31_2:P", "Оплачен", "S", 2),
    "DT31_2:D": Stage("DT31_2:D", "Не оплачен", "F", 2),
}


def test_an_ordinary_invoice_becomes_a_whole_row() -> None:
    raw = an_invoice(ufShip="2026-03-05", ufPaid="2026-03-07T03:00:00+03:00")
    invoice = processed(
        raw,
        fields=FieldMapping("ufShip", "ufShip", "ufPaid"),
        product_rows={1: [a_product_row()]},
        stages=STAGES,
        users={5: "Петров Пётр"},
    )
    rows = invoice.product_rows
    assert invoice == ProcessedInvoice(
        id=1,
        number="СЧ-1",
        inn=LEGAL_INN,
        kpp="773601001",
        counterparty="ООО «Ромашка»",
        counterparty_key="number 7707083893 773601001",
        amount=rub("1220.00"),
        vat=rub("220.00"),
        without_vat=False,
        currency="RUB",
        date=date(2026, 3, 5),
        invoice_date=date(2026, 3, 2),
        shipped_date=date(2026, 3, 5),
        paid_date=date(2026, 3, 7),
        due_date=date(2026, 3, 9),
        paid=True,
        stage_id="DT31_2:N",
        stage="Новый",
        responsible_id=5,
        responsible="Петров Пётр",
        company_id=10,
        mycompany_id=7,
        tax_rates=(Decimal(22),),
        product_rows=rows,
        problems=(),
    )
    assert len(rows) == 1


def test_an_empty_list_gives_an_empty_list() -> None:
    assert DataProcessor().process_invoice_batch([]) == []


def test_a_processor_without_context_still_gives_rows() -> None:
    (invoice,) = DataProcessor().process_invoice_batch([an_invoice()])
    assert (invoice.number, invoice.amount, invoice.counterparty) == ("СЧ-1", rub("1220.00"), None)
    assert fields_complained_of(invoice) == ["Контрагент"]


@pytest.mark.parametrize("broken", [None, [], "garbage", 12, True, {}, {"id": "x"}, {"id": []}, {"id": 2}])
def test_one_broken_invoice_stands_between_good_ones_in_its_place(broken: Any) -> None:
    good = [an_invoice(id=1), an_invoice(id=3)]
    first, odd, last = DataProcessor().process_invoice_batch([good[0], broken, good[1]])
    assert (first.id, last.id) == (1, 3)
    assert odd.id in {None, 2}
    assert odd.problems


def test_a_bad_field_costs_only_itself() -> None:
    invoice = processed(an_invoice(begindate="вчера", taxValue=[], accountNumber=" 007 "))
    assert (invoice.date, invoice.vat, invoice.without_vat) == (None, None, False)
    assert (invoice.number, invoice.amount, invoice.inn) == (" 007 ", rub("1220.00"), LEGAL_INN)
    assert fields_complained_of(invoice) == ["НДС", "Дата счёта"]


class _Trap(dict[str, Any]):
    """A mapping that fails in a way nobody foresaw."""

    def get(self, key: Any, default: Any = None) -> Any:
        raise ZeroDivisionError(key)

    def values(self) -> Iterator[Any]:  # type: ignore[override]  # never reached
        raise ZeroDivisionError


def test_an_unforeseen_failure_leaves_a_row_with_id_and_number_and_a_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    context = ProcessingContext(stages=_Trap())
    with caplog.at_level(logging.ERROR):
        invoices = DataProcessor(context).process_invoice_batch([an_invoice(), an_invoice(id=2)])
    assert [(each.id, each.number, each.amount) for each in invoices] == [(1, "СЧ-1", None), (2, "СЧ-1", None)]
    assert fields_complained_of(invoices[0]) == ["Номер"]
    assert "invoice 1 could not be processed" in caplog.text


@pytest.mark.parametrize(
    ("opportunity", "amount"),
    [
        (Decimal("120000.1"), "120000.10"),
        ("1234.5", "1234.50"),
        (Decimal("999999999999.99"), "999999999999.99"),
        (Decimal("0.07"), "0.07"),
        (Decimal("2.675"), "2.68"),
        (0, "0.00"),
        (-5, "-5.00"),
        (0.1, "0.10"),
    ],
)
def test_the_sum_is_an_exact_decimal_of_two_places(opportunity: Any, amount: str) -> None:
    found = processed(an_invoice(opportunity=opportunity)).amount
    assert type(found) is Decimal
    assert str(found) == amount


@pytest.mark.parametrize(
    ("tax_value", "vat", "without_vat"),
    [
        (None, None, True),
        ("", None, True),
        (0, None, True),
        ("0.00", None, True),
        (Decimal("0.001"), None, True),
        (Decimal("220.005"), "220.01", False),
        (-220, "-220.00", False),
        ("?", None, False),
    ],
)
def test_vat_that_is_empty_or_zero_makes_an_invoice_without_vat(
    tax_value: Any, vat: str | None, without_vat: bool
) -> None:
    invoice = processed(an_invoice(taxValue=tax_value))
    assert (None if invoice.vat is None else str(invoice.vat), invoice.without_vat) == (vat, without_vat)


@pytest.mark.parametrize(
    ("paid_field", "changed", "paid"),
    [
        ("ufPaid", {"ufPaid": "2026-03-07"}, True),
        ("ufPaid", {"ufPaid": ""}, False),
        ("ufPaid", {"ufPaid": []}, False),
        ("ufPaid", {}, False),
        ("ufPaid", {"stageId": "DT31_2:P"}, False),
        ("ufPaid", {"ufPaid": "оплачено"}, True),
        (None, {"stageId": "DT31_2:P"}, True),
        (None, {"stageId": "DT31_2:N"}, False),
        (None, {"stageId": "DT31_2:D"}, False),
        (None, {"stageId": "DT31_2:gone"}, False),
        (None, {"stageId": None}, False),
        (None, {"ufPaid": "2026-03-07"}, False),
    ],
)
def test_paid_is_a_payment_date_where_one_is_mapped_else_a_successful_stage(
    paid_field: str | None, changed: dict[str, Any], paid: bool
) -> None:
    fields = FieldMapping(paid_field=paid_field)
    assert processed(an_invoice(**changed), fields=fields, stages=STAGES).paid is paid


def test_a_multiple_payment_field_gives_the_first_date_that_is_set() -> None:
    raw = an_invoice(ufPaid=["", "2026-03-07T03:00:00+03:00", "2026-04-07T03:00:00+03:00"])
    assert processed(raw, fields=FieldMapping(paid_field="ufPaid")).paid_date == date(2026, 3, 7)


@pytest.mark.parametrize(
    ("assigned", "name"), [(5, "Петров Пётр"), ("5", "Петров Пётр"), (12, "ID 12"), (None, None), (0, None)]
)
def test_the_responsible_person_is_a_name_or_else_an_id(assigned: Any, name: str | None) -> None:
    assert processed(an_invoice(assignedById=assigned), users={5: "Петров Пётр"}).responsible == name


def test_to_dict_hands_on_values_and_no_texts_of_them() -> None:
    values = processed(an_invoice()).to_dict()
    assert values["amount"] == rub("1220.00")
    assert values["date"] == date(2026, 3, 2)
    assert values["paid_date"] is None
    assert set(values) == set(ProcessedInvoice.__dataclass_fields__)


def test_the_raw_invoices_and_the_context_are_left_as_they_were() -> None:
    raw, rows = an_invoice(), [a_product_row(id=2, sort=20), a_product_row(id=1, sort=10)]
    processed(raw, product_rows={1: rows})
    assert raw == an_invoice()
    assert [row["id"] for row in rows] == [2, 1]

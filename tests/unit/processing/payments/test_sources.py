"""What each source tells of one invoice: the paid amount, what is left, the status, and what contradicts itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.processing import DataProcessor, FieldMapping, ProcessedInvoice, ProcessingContext, Stage
from bitrix_app.processing.payments import outstanding, overpaid, paid_amount, payment_status

AMOUNT, PAID = "ufCrmPaidSum", "ufCrmPaidDate"
STAGES = {each: Stage(each, each, semantics, 1) for each, semantics in (("N", "P"), ("P", "S"))}
FIELD = ProcessingContext(
    fields=FieldMapping(paid_field=PAID, payment_source="field", paid_amount_field=AMOUNT), stages=STAGES
)
INVOICE = {
    "id": 7,
    "accountNumber": "7",
    "opportunity": Decimal("100.00"),
    "currencyId": "RUB",
    "stageId": "N",
    "begindate": "2026-03-01T03:00:00+03:00",
}


def processed(context: ProcessingContext, **raw: Any) -> ProcessedInvoice:
    return DataProcessor(context).process_invoice_batch([{**INVOICE, **raw}])[0]


def by_payments(*payments: dict[str, Any], as_of: date | None = None, **raw: Any) -> ProcessedInvoice:
    made = [{"paid": "Y", "datePaid": "2026-03-10T12:00:00+03:00", "currency": "RUB", **each} for each in payments]
    fields = FieldMapping(payment_source="payments")
    context = ProcessingContext(fields=fields, stages=STAGES, payments={7: made}, as_of=as_of)
    return processed(context, **raw)


def said(invoice: ProcessedInvoice) -> list[tuple[str, str]]:
    """Problems of payment: the field, and how the message begins."""
    titles = {"Оплачено", "Стадия", "Дата оплаты"}
    return [(each.field, each.message[:20]) for each in invoice.problems if each.field in titles]


@pytest.mark.parametrize(
    ("value", "paid", "left", "more", "status"),
    [
        (None, "0", "100", "0", "не оплачен"),
        ("", "0", "100", "0", "не оплачен"),
        ("0|RUB", "0", "100", "0", "не оплачен"),
        ("30.50|RUB", "30.50", "69.50", "0", "оплачен частично"),
        ("30.50", "30.50", "69.50", "0", "оплачен частично"),
        (Decimal("30.505"), "30.51", "69.49", "0", "оплачен частично"),
        (99, "99", "1", "0", "оплачен частично"),
        ("100.00|RUB", "100", "0", "0", "оплачен"),
        ("100.01|RUB", "100.01", "0", "0.01", "переплата"),
        (["40|RUB", "60|RUB"], "100", "0", "0", "оплачен"),
        ({"1": "40|RUB"}, "40", "60", "0", "оплачен частично"),
        ("-5|RUB", "0", "100", "0", "не оплачен"),
        ("30|USD", "0", "100", "0", "не оплачен"),
        ("much", "0", "100", "0", "не оплачен"),
        (False, "0", "100", "0", "не оплачен"),
    ],
)
def test_a_field_tells_the_amount(value: Any, paid: str, left: str, more: str, status: str) -> None:
    """Money comes as ``100.50|RUB``, a number as it is; a payment date does not matter."""
    invoice = processed(FIELD, **{AMOUNT: value})
    assert (paid_amount(invoice), outstanding(invoice), overpaid(invoice)) == (
        Decimal(paid),
        Decimal(left),
        Decimal(more),
    )
    assert (payment_status(invoice), invoice.paid) == (status, left == "0")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({AMOUNT: "100.00|RUB"}, []),
        ({AMOUNT: "30|RUB"}, []),
        ({AMOUNT: "150|RUB"}, [("Оплачено", "Оплачено больше сумм")]),
        ({AMOUNT: "30|RUB", "stageId": "P"}, [("Стадия", "Стадия успешная, а о")]),
        ({AMOUNT: "100|RUB", "stageId": "P"}, []),
        ({AMOUNT: "30|USD"}, [("Оплачено", "Оплата в другой валю")]),
        ({AMOUNT: "-5|RUB"}, [("Оплачено", "Отрицательная оплата")]),
        ({AMOUNT: "much"}, [("Оплачено", "Не читается оплаченн")]),
        ({PAID: "2026-03-05T03:00:00+03:00"}, [("Дата оплаты", "Дата оплаты стоит, а")]),
        ({PAID: "2026-03-05T03:00:00+03:00", AMOUNT: "1|RUB"}, []),
    ],
)
def test_contradictions_are_problems(raw: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert said(processed(FIELD, **raw)) == expected


@pytest.mark.parametrize(
    ("amount", "value", "status", "left"),
    [(None, "30|RUB", None, None), ("0", None, None, "0"), ("-50", None, None, "0")],
)
def test_where_there_is_nothing_to_pay_no_status_is_told(
    amount: str | None, value: Any, status: str | None, left: str | None
) -> None:
    invoice = processed(FIELD, opportunity=None if amount is None else Decimal(amount), **{AMOUNT: value})
    assert (payment_status(invoice), outstanding(invoice)) == (status, None if left is None else Decimal(left))


def test_a_correction_is_settled_by_its_payment_date() -> None:
    """Nothing is paid into a sum below 0."""
    dated = processed(FIELD, opportunity=Decimal(-50), **{PAID: "2026-03-05T03:00:00+03:00"})
    assert (paid_amount(dated), outstanding(dated), said(dated)) == (-50, 0, [])
    assert paid_amount(processed(FIELD, opportunity=Decimal(-50))) == 0


def test_made_payments_are_added_up_and_the_last_one_tells_the_date() -> None:
    invoice = by_payments(
        {"sum": 30, "datePaid": "2026-03-20T12:00:00+03:00"},
        {"sum": "20.5"},
        {"sum": 50, "paid": "N", "datePaid": None},
    )
    assert (paid_amount(invoice), invoice.paid, invoice.paid_date) == (Decimal("50.50"), False, date(2026, 3, 20))
    assert payment_status(invoice) == "оплачен частично"


def test_payments_of_the_whole_sum_pay_the_invoice() -> None:
    invoice = by_payments({"sum": 60}, {"sum": 40})
    assert (invoice.paid, outstanding(invoice), said(invoice)) == (True, 0, [])


def test_a_payment_of_another_currency_or_below_zero_is_not_counted_and_named() -> None:
    invoice = by_payments({"sum": 60, "currency": "USD"}, {"sum": -40})
    assert (paid_amount(invoice), invoice.paid_date) == (0, None)
    assert [field for field, _ in said(invoice)] == ["Оплачено", "Оплачено"]


@pytest.mark.parametrize(("day", "paid"), [("2026-03-09", "0"), ("2026-03-10", "40"), ("2026-03-21", "100")])
def test_for_a_past_day_only_payments_up_to_it_count(day: str, paid: str) -> None:
    payments = ({"sum": 40}, {"sum": 60, "datePaid": "2026-03-20T12:00:00+03:00"})
    invoice = by_payments(*payments, as_of=date.fromisoformat(day))
    assert paid_amount(invoice) == Decimal(paid)
    assert invoice.paid is (paid == "100")


def test_a_payment_whose_day_is_unknown_counts() -> None:
    invoice = by_payments({"sum": 40, "datePaid": None}, {"sum": 10, "datePaid": "soon"}, as_of=date(2026, 3, 1))
    assert paid_amount(invoice) == 50
    assert [message for _, message in said(invoice)] == ["Не читается дата опл"]


def test_payments_that_were_not_asked_for_leave_it_to_date_or_stage() -> None:
    context = ProcessingContext(fields=FieldMapping(payment_source="payments"), stages=STAGES)
    assert payment_status(processed(context, stageId="P")) == "оплачен"
    assert payment_status(processed(context)) == "не оплачен"


def test_a_stage_of_today_is_not_held_against_a_past_day() -> None:
    """It may have been paid since."""
    context = replace(FIELD, as_of=date(2026, 3, 5), today=date(2026, 3, 31))
    assert said(processed(context, stageId="P", **{AMOUNT: "30|RUB"})) == []

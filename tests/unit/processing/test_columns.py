"""Columns: what stands in which column, and what is asked of the portal for its sake."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

import pytest

from bitrix_app.processing import Field, ProcessedInvoice
from bitrix_app.processing.columns import (
    COUNTERPARTY_COLUMNS,
    INVOICE_COLUMNS,
    PROBLEM_COLUMNS,
    RATE_COLUMNS,
    ROW_COLUMNS,
    Kind,
    extra_fields,
    field_column,
    invoice_columns,
)
from bitrix_app.processing.fields import EXTRA_FIELDS, FIELDS, INVOICE_FIELDS
from bitrix_app.processing.parsing import text_of
from tests.unit.builders import an_invoice
from tests.unit.processing.helpers import fields_complained_of, processed

COMMENT = Field("comment", "comments", "Комментарий", text_of)


def test_codes_and_their_order_are_those_of_the_contract() -> None:
    """They name columns in saved sets and settings, so they never change."""
    money = "number inn counterparty amount vat date shipped_date paid_date currency"
    assert " ".join(each.code for each in INVOICE_COLUMNS) == f"{money} stage kpp due_date responsible vat_rates"


@pytest.mark.parametrize("columns", [INVOICE_COLUMNS, ROW_COLUMNS, RATE_COLUMNS, COUNTERPARTY_COLUMNS, PROBLEM_COLUMNS])
def test_a_code_stands_once_in_its_table(columns: Any) -> None:
    assert set(Counter(each.code for each in columns).values()) == {1}


def test_rates_are_a_column_only_where_product_rows_were_read() -> None:
    without, with_rows = invoice_columns(with_rows=False), invoice_columns(with_rows=True)
    assert [each.code for each in with_rows if each not in without] == ["vat_rates"]


def test_a_field_that_no_rule_looks_at_comes_through_to_its_column() -> None:
    """A line in the table of fields and one in that of columns are a whole column."""
    column = field_column(COMMENT, Kind.TEXT)
    assert extra_fields([column, *INVOICE_COLUMNS, column]) == (COMMENT,)
    invoice = processed(an_invoice(comments="Срочно"), extra_fields=(COMMENT,))
    assert (column.title, column.value(invoice)) == ("Комментарий", "Срочно")
    assert invoice.problems == ()


def test_an_extra_field_that_cannot_be_read_is_a_problem_and_empty() -> None:
    invoice = processed(an_invoice(comments=["Срочно"]), extra_fields=(COMMENT,))
    assert invoice.extra == {"comment": None}
    assert fields_complained_of(invoice) == ["Комментарий"]


def test_an_invoice_that_could_not_be_processed_has_an_empty_cell() -> None:
    assert field_column(COMMENT, Kind.TEXT).value(ProcessedInvoice(id=1)) is None


def test_codes_of_fields_are_told_apart_and_extra_ones_shadow_no_attribute() -> None:
    """``extra`` holds what ProcessedInvoice has no attribute for."""
    assert len(FIELDS) == len(INVOICE_FIELDS) + 2 + len(EXTRA_FIELDS)
    assert not {each.code for each in EXTRA_FIELDS} & {each.name for each in fields(ProcessedInvoice)}

"""Whatever JSON the portal sends, in whatever field: a row for each invoice, of the right types, and no exception."""

from __future__ import annotations

import logging
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitrix_app.processing import (
    DataProcessor,
    DuplicateNumbers,
    FieldMapping,
    ProcessedInvoice,
    ProcessingContext,
    RegisterTotals,
)
from tests.unit.builders import (
    PRESET_NAMES,
    PRESET_XML_IDS,
    a_contact,
    a_product_row,
    a_requisite,
    a_sole_traders_requisite,
    an_invoice,
)

NUMBERS = (
    st.integers()
    | st.decimals()
    | st.floats()
    | st.sampled_from([10**400, Decimal("1E+999999"), Decimal("-1E-999999"), Decimal("0E+99999")])
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", " ", "1E+999999", "NaN", "\ud800", "\x00", "=1+1", "0000-00-00", "2026-03-31", "31.03.2026", "Y", "9" * 5000]
)
NAMES = TEXTS.map(lambda text: text[:900])
"""Short enough not to be cut."""
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


def spoilt(record: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """``record`` with garbage in some of its fields, some of them missing."""
    return st.dictionaries(st.sampled_from(sorted(record)), JSON, max_size=5).map(lambda garbage: {**record, **garbage})


INVOICES = spoilt(an_invoice(ufShip="2026-03-02", ufPaid=["2026-03-02"]))
REQUISITES = spoilt(a_requisite()) | spoilt(a_sole_traders_requisite()) | JSON
ROWS = spoilt(a_product_row()) | JSON
CONTEXTS = st.builds(
    ProcessingContext,
    fields=st.sampled_from([FieldMapping(), FieldMapping("ufShip", "ufShip", "ufPaid"), FieldMapping("nowhere")]),
    requisite_links=st.dictionaries(st.just(1), st.just(1)),
    requisites=st.dictionaries(st.just(1), REQUISITES),
    company_requisites=st.dictionaries(st.just(10), st.lists(REQUISITES, max_size=3)),
    company_titles=st.dictionaries(st.just(10), TEXTS),
    contacts=st.dictionaries(st.just(20), spoilt(a_contact()) | JSON),
    preset_xml_ids=st.just(PRESET_XML_IDS),
    preset_names=st.just(PRESET_NAMES),
    product_rows=st.none() | st.dictionaries(st.just(1), st.lists(ROWS, max_size=4)),
    unreadable_rows=st.sampled_from([frozenset(), frozenset({1})]),
)
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None)

TYPES: dict[str, type | tuple[type, ...]] = {
    "id": int,
    "amount": Decimal,
    "vat": Decimal,
    "date": date,
    "invoice_date": date,
    "shipped_date": date,
    "paid_date": date,
    "due_date": date,
    "company_id": int,
    "contact_id": int,
    "mycompany_id": int,
    "responsible_id": int,
    "paid": bool,
    "without_vat": bool,
    "client_hidden": bool,
    "tax_rates": tuple,
    "product_rows": tuple,
    "problems": tuple,
    "extra": dict,
}


def assert_sound(invoice: ProcessedInvoice) -> None:
    """Every value has its type, money two places, and every unknown is None."""
    for name, value in invoice.to_dict().items():
        assert value is None or type(value) in ({TYPES[name]} if name in TYPES else {str}), (name, value)
    for money in (invoice.amount, invoice.vat, *(row.amount for row in invoice.product_rows)):
        assert money is None or (money.is_finite() and money.as_tuple().exponent == -2)
    assert invoice.vat is None or not invoice.without_vat
    for problem in invoice.problems:
        assert problem.field
        assert len(problem.message) < 500


@PATIENT
@given(st.lists(INVOICES | JSON, max_size=4), CONTEXTS)
def test_garbage_in_any_field_costs_no_row_and_no_exception(
    caplog: pytest.LogCaptureFixture, raw_invoices: list[Any], context: ProcessingContext
) -> None:
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        invoices = DataProcessor(context).process_invoice_batch(raw_invoices)
    assert len(invoices) == len(raw_invoices)
    assert caplog.records == []
    for invoice in invoices:
        assert_sound(invoice)


@PATIENT
@given(st.lists(INVOICES, max_size=6), CONTEXTS)
def test_totals_of_garbage_still_add_up(raw_invoices: list[Any], context: ProcessingContext) -> None:
    invoices = DataProcessor(context).process_invoice_batch(raw_invoices)
    totals, duplicates = RegisterTotals(), DuplicateNumbers()
    for invoice in invoices:
        totals.add(invoice)
        duplicates.add(invoice)
    assert totals.invoices == len(invoices)
    assert sum(len(duplicates.problems_of(invoice)) for invoice in invoices) <= len(invoices)
    known = sum((invoice.amount for invoice in invoices if invoice.amount is not None), Decimal(0))
    assert sum(each.amount for each in totals.currencies()) == known
    assert sum(each.amount for each in totals.counterparties()) == known


@PATIENT
@given(NAMES, NAMES, NAMES, st.sampled_from(["1", "2", "3", "99", ""]))
def test_a_name_that_can_be_seen_is_kept_whole(company: str, person: str, surname: str, preset: str) -> None:
    requisite = a_sole_traders_requisite(
        RQ_COMPANY_NAME=company, RQ_NAME=person, RQ_LAST_NAME=surname, PRESET_ID=preset
    )
    context = ProcessingContext(company_requisites={10: [requisite]}, preset_xml_ids=PRESET_XML_IDS)
    (invoice,) = DataProcessor(context).process_invoice_batch([an_invoice()])
    name = invoice.counterparty
    assert name is not None
    assert name.count("ИП ИП") <= max(person.count("ИП ИП"), surname.count("ИП ИП"))
    bare = name.removeprefix("ИП ")
    assert bare in {company, person} or name in {company, person} or bare.endswith("Иван Иванович")

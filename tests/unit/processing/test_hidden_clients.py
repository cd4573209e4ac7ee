"""Clients whose cards were asked for and not shown: unknown, and nothing to mend in their cards."""

from __future__ import annotations

from typing import Any

import pytest

from bitrix_app.processing import HiddenClients, ProcessedInvoice
from tests.unit.builders import a_contact, a_requisite, an_invoice
from tests.unit.processing.helpers import problems_in, processed

BARE: dict[str, Any] = {"company_requisites": {}}


@pytest.mark.parametrize(
    ("invoice", "context", "hidden"),
    [
        (an_invoice(), {**BARE, "hidden_companies": {10}}, True),
        (an_invoice(companyId=0, contactId=20), {**BARE, "hidden_contacts": {20}}, True),
        (an_invoice(contactId=20), {**BARE, "hidden_companies": {10}, "contacts": {20: a_contact()}}, True),
        (
            an_invoice(contactId=20),
            {**BARE, "hidden_companies": {10}, "contact_requisites": {20: [a_requisite()]}},
            True,
        ),
        (an_invoice(), {**BARE, "hidden_companies": {11}}, False),
        (an_invoice(contactId=20), {**BARE, "company_titles": {10: "Ромашка"}, "hidden_contacts": {20}}, False),
        (an_invoice(), {"company_requisites": {10: [a_requisite()]}, "hidden_companies": {10}}, False),
        (
            an_invoice(companyId=0, contactId=20),
            {**BARE, "hidden_contacts": {20}, "contact_requisites": {20: [a_requisite()]}},
            False,
        ),
        (an_invoice(), {**BARE, "hidden_companies": {10}, "companies_refused": True}, False),
    ],
    ids=[
        "company",
        "contact",
        "company of a shown contact",
        "company of a contact with requisites",
        "another",
        "shown company",
        "with requisite",
        "contact with requisite",
        "refused",
    ],
)
def test_a_client_is_hidden_whose_card_was_asked_for_and_not_shown(
    invoice: dict[str, Any], context: dict[str, Any], hidden: bool
) -> None:
    """A contact stands in for no company. Where the portal refused all cards that is said already."""
    found = processed(invoice, **context)
    assert found.client_hidden == hidden
    if hidden:
        assert (found.counterparty, found.inn, problems_in(found, "Контрагент")) == (None, None, [])


def test_it_is_said_once_of_all_invoices() -> None:
    invoices = [ProcessedInvoice(id=each, number=f"СЧ-{each}", client_hidden=each > 1) for each in (1, 2, 3)]
    invoices.append(ProcessedInvoice(id=4, client_hidden=True))
    hidden = HiddenClients()
    for each in invoices:
        hidden.add(each)
    said = [[problem.message for problem in hidden.problems_of(each)] for each in invoices]
    assert [len(each) for each in said] == [0, 1, 0, 0]
    assert said[1][0].endswith("То же у счетов: «СЧ-3», ID 4.")


def test_an_invoice_alone_names_no_others() -> None:
    hidden, invoice = HiddenClients(), ProcessedInvoice(id=1, client_hidden=True)
    hidden.add(invoice)
    (problem,) = hidden.problems_of(invoice)
    assert "То же" not in problem.message

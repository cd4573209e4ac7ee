"""What a client owes today: a glance for the card of a company, a contact or a deal, by the rules of receivables.

A card wants little: at most CALLS calls. Source of the rules: contract §6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bitrix_app.portals import BY_PAYMENTS, Bitrix24Client
from bitrix_app.reports import (
    KINDS,
    RECEIVABLES,
    DataProcessor,
    DebtTotal,
    ProcessedInvoice,
    ProcessingContext,
    ReceivablesTotals,
    ReportCatalog,
    ReportParams,
    accepted,
    invoice_select,
    terms_of,
)

CALLS = 4
"""The deal's client, how the portal spells the payment date in a filter, open invoices page by page, and those whose
payment date is still to come."""
PAGE = 50
CLIENT_FIELDS = {"company": "companyId", "contact": "contactId"}


@dataclass(frozen=True, slots=True)
class ClientOf:
    """Whose debts: ``type`` is ``company`` or ``contact``."""

    type: str
    id: int


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice that owes. ``days`` since its due date: below 0 before it, ``None`` without one."""

    id: int | None
    number: str | None
    currency: str | None
    amount: Decimal | None
    outstanding: Decimal
    due: date | None
    days: int | None


@dataclass(frozen=True, slots=True)
class ClientDebts:
    """What a client owes by currency, and the open invoices, the longest overdue first. ``client`` is ``None`` where a
    deal has none. ``complete`` is False when there were more invoices than were read; ``payments_left_out`` where the
    portal's payments are the source of the paid amount: they cost a call an invoice, and a card goes without."""

    client: ClientOf | None
    totals: tuple[DebtTotal, ...] = ()
    invoices: tuple[OpenInvoice, ...] = ()
    complete: bool = True
    payments_left_out: bool = False


def client_of_deal(portal: Bitrix24Client, deal_id: int) -> tuple[bool, ClientOf | None]:
    """Whether the user can see the deal, and whose it is: its company's, else its contact's. One call."""
    found = portal.deal_clients(deal_id)
    if not found:
        return False, None
    named = ((kind, str(found[0].get(name) or "")) for kind, name in CLIENT_FIELDS.items())
    clients = (ClientOf(kind, int(number)) for kind, number in named if number.isdecimal() and int(number))
    return True, next(clients, None)


def client_debts(
    portal: Bitrix24Client, client: ClientOf, catalog: ReportCatalog, conditions: Mapping[str, Any], calls: int = CALLS
) -> ClientDebts:
    """Reads the client's invoices in at most ``calls`` calls with the portal's user's rights. ``conditions``: those of
    receivables, as a report's row keeps them. Raises PortalError."""
    params = ReportParams.from_json({"kind": RECEIVABLES, **conditions})
    kind, terms = KINDS[RECEIVABLES], terms_of(params)
    cut, totals = kind.select(params, catalog), ReceivablesTotals(terms)
    processor = DataProcessor(
        ProcessingContext(fields=catalog.fields, stages=catalog.stages, today=terms.as_of, as_of=terms.as_of)
    )
    later = kind.later(params, catalog)
    spelled = 0 if catalog.fields.paid_field is None else 1
    reading = _Reading(portal, client, invoice_select(catalog.fields), calls - spelled)
    found: list[OpenInvoice] = []
    for asked, kept in ((kind.scope(params, catalog), 0 if later is None else 1), (later, 0)):
        for items in reading.pages(asked, kept) if asked is not None else ():
            for invoice in cut.of(processor.process_invoice_batch(items)):
                totals.add(invoice)
                found.append(_open(invoice, terms.as_of))
    found.sort(key=lambda each: (each.due is None, each.due or date.max, each.id or 0))
    by_payments = catalog.fields.payment_source == BY_PAYMENTS
    return ClientDebts(client, totals.debts(), tuple(found), reading.complete, by_payments)


class _Reading:
    """Pages of one client's invoices, so many and no more."""

    def __init__(self, portal: Bitrix24Client, client: ClientOf, select: list[str], calls: int) -> None:
        self.complete = True
        self._portal = portal
        self._client = {f"={CLIENT_FIELDS[client.type]}": client.id}
        self._select = select
        self._calls = calls

    def pages(self, conditions: Mapping[str, Any], kept: int) -> Iterator[list[dict[str, Any]]]:
        """The pages that match, as long as more than ``kept`` calls are left."""
        where = {**accepted(conditions, self._portal.can_filter_by), **self._client}
        after_id = 0
        while self._calls > kept:
            self._calls -= 1
            items = self._portal.invoice_page(filter=where, select=self._select, after_id=after_id).items
            yield list(items)
            if len(items) < PAGE:
                return
            after_id = int(items[-1]["id"])
        self.complete = False


def _open(invoice: ProcessedInvoice, today: date) -> OpenInvoice:
    debt = invoice.debt
    due = debt.due if debt else None
    return OpenInvoice(
        id=invoice.id,
        number=invoice.number,
        currency=invoice.currency,
        amount=invoice.amount,
        outstanding=debt.outstanding if debt else Decimal(0),
        due=due,
        days=None if due is None else (today - due).days,
    )

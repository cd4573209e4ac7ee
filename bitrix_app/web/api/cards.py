"""What cards of the portal need: a search for a company, its months, what a client owes, an invoice's number."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, json, request

from bitrix_app.errors import RejectedRequestError
from bitrix_app.jobs import (
    CALLS_OF_A_CARD,
    ClientDebts,
    ClientOf,
    DebtTotal,
    OpenInvoice,
    client_debts,
    client_of_deal,
    report_catalog,
    settled_receivables,
)
from bitrix_app.portals import (
    Bitrix24Client,
    CompanyOverview,
    FoundCompany,
    OverviewRules,
    company_of,
    company_overview,
    complete_settings,
    find_companies,
    invoice_of,
)
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.present import moment_of, money
from bitrix_app.web.services import services
from bitrix_app.web.session import session

SHORTEST_SEARCH, LONGEST_SEARCH = 2, 100


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/companies", view_func=search_companies)
    api.add_url_rule("/companies/<number:company_id>", view_func=read_company)
    api.add_url_rule("/companies/<number:company_id>/overview", view_func=read_overview)
    api.add_url_rule("/companies/<number:company_id>/debts", view_func=read_company_debts)
    api.add_url_rule("/contacts/<number:contact_id>/debts", view_func=read_contact_debts)
    api.add_url_rule("/deals/<number:deal_id>/debts", view_func=read_deal_debts)
    api.add_url_rule("/invoices/<number:invoice_id>", view_func=read_invoice)


def search_companies() -> dict[str, Any]:
    """Companies by a part of their title or by the beginning of their ИНН, with the user's rights."""
    text = " ".join(request.args.get("search", "").split())[:LONGEST_SEARCH]
    if len(text) < SHORTEST_SEARCH:
        raise RejectedRequestError(422, "validation_failed", errors={"search": [_("Write at least two characters.")]})
    with services().clients.interactive(session().portal, session().user_id) as client:
        return {"items": [_company(each) for each in find_companies(client, text)]}


def read_company(company_id: int) -> dict[str, Any]:
    """One company with the user's rights; what they may not see is not there (404)."""
    with services().clients.interactive(session().portal, session().user_id) as client:
        found = company_of(client, company_id)
    if found is None:
        raise RejectedRequestError(404, "not_found")
    return _company(found)


def _company(found: FoundCompany) -> dict[str, Any]:
    return {"id": found.id, "title": found.title, "inn": found.inn or None}


def read_overview(company_id: int) -> dict[str, Any]:
    """The months as figures, money as text."""
    found = _overview(company_id)
    months = [
        {"month": each.month, "invoiced": money(each.invoiced), "paid": money(each.paid)} for each in found.months
    ]
    return {
        "currency": found.currency,
        "months": months,
        "unpaid": money(found.unpaid),
        "overdue": money(found.overdue),
        "overdue_days": found.overdue_days,
        "complete": found.complete,
    }


def _overview(company_id: int) -> CompanyOverview:
    portal, user_id = session().portal, session().user_id
    catalogs, today = services().catalogs, session().today
    rules = OverviewRules.of(
        complete_settings(portal.settings),
        catalogs.fields(portal, user_id),
        catalogs.stages(portal, user_id),
        currency=catalogs.currencies(portal, user_id)[0],
    )

    def read() -> CompanyOverview:
        with services().clients.interactive(portal, user_id) as client:
            return company_overview(client, company_id, today=today, rules=rules)

    return services().overviews.get(portal, (user_id, company_id, rules), read)


def read_company_debts(company_id: int) -> dict[str, Any]:
    """What the company owes today."""
    return _debts("company", company_id)


def read_contact_debts(contact_id: int) -> dict[str, Any]:
    """What is owed in the invoices that name the contact."""
    return _debts("contact", contact_id)


def read_deal_debts(deal_id: int) -> dict[str, Any]:
    """What the deal's company, else its contact, owes; 404 for a deal that the user may not see."""
    return _debts("deal", deal_id)


def _debts(card: str, number: int) -> dict[str, Any]:
    portal, user_id, today = session().portal, session().user_id, session().today
    settings = complete_settings(portal.settings)
    conditions = settled_receivables({"as_of": today}, today, settings["receivables_borders"])

    def debts_of(portal_client: Bitrix24Client) -> ClientDebts:
        catalog = report_catalog(portal, services().catalogs.whole(portal, user_id, portal_client))
        if card != "deal":
            return client_debts(portal_client, ClientOf(card, number), catalog, conditions)
        seen, client = client_of_deal(portal_client, number)
        if not seen:
            raise RejectedRequestError(404, "not_found")
        return (
            client_debts(portal_client, client, catalog, conditions, calls=CALLS_OF_A_CARD - 1)
            if client
            else ClientDebts(None)
        )

    def read() -> tuple[int, ClientDebts]:
        with services().clients.interactive(portal, user_id) as portal_client:
            return int(services().clock()), debts_of(portal_client)

    key = (user_id, card, number, today, json.dumps(settings, sort_keys=True))
    taken_at, found = services().client_debts.get(portal, key, read)
    return {
        "client": found.client and {"type": found.client.type, "id": found.client.id},
        "as_of": today.isoformat(),
        "taken_at": moment_of(taken_at),
        "complete": found.complete,
        "payments_left_out": found.payments_left_out,
        "receivables": [_total(each) for each in found.totals],
        "invoices": [_open_invoice(each) for each in found.invoices],
    }


def _total(total: DebtTotal) -> dict[str, Any]:
    return {
        "currency": total.currency or "",
        "total": money(total.total),
        "overdue": money(total.overdue),
        "oldest_days": total.oldest_days,
        "ranges": {key: money(sums) for key, sums in total.ranges.items()},
    }


def _open_invoice(invoice: OpenInvoice) -> dict[str, Any]:
    return {
        "id": invoice.id,
        "number": invoice.number,
        "currency": invoice.currency or "",
        "amount": money(invoice.amount),
        "outstanding": money(invoice.outstanding),
        "due_date": invoice.due and invoice.due.isoformat(),
        "days": invoice.days,
    }


def read_invoice(invoice_id: int) -> dict[str, Any]:
    """``{id, number, date, company_id}`` with the user's rights; what they may not see is not there (404)."""
    with services().clients.interactive(session().portal, session().user_id) as client:
        found = invoice_of(client, invoice_id)
    if found is None:
        raise RejectedRequestError(404, "not_found")
    return {"id": invoice_id, "number": found.number, "date": found.date, "company_id": found.company_id}

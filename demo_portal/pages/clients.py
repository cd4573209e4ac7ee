"""Lists and cards of contacts and deals."""

from __future__ import annotations

from typing import Any

from demo_portal.pages.invoices import invoice_rows
from demo_portal.pages.layout import CONTACTS_PATH, DEALS_PATH, Viewer, e, page
from demo_portal.pages.parts import Record, chosen, facts, money, pages_of, tabs
from demo_portal.server.http import Reply, Request


def _name(contact: Record) -> str:
    return " ".join(str(contact[part]) for part in ("lastName", "name", "secondName") if contact[part])


def _company_link(viewer: Viewer, company_id: Any) -> str:
    company = viewer.portal.crm.companies.get(company_id or 0)
    return f'<a href="{viewer.company(company["id"])}">{e(company["title"])}</a>' if company else "—"


def _contact_link(viewer: Viewer, contact_id: Any) -> str:
    contact = viewer.portal.crm.contacts.get(contact_id or 0)
    return f'<a href="{viewer.contact(contact["id"])}">{e(_name(contact))}</a>' if contact else "—"


def _list(viewer: Viewer, words: tuple[str, ...], rows: str) -> str:
    head = "".join(f"<th>{viewer.word(name)}</th>" for name in words)
    return f'<table class="grid"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def contact_list(viewer: Viewer, request: Request) -> Reply:
    """The list of contacts."""
    found, total, number = chosen(viewer, viewer.portal.crm.contacts, request, {}, {"id": "ASC"})
    rows = "".join(
        f"<tr><td>{_contact_link(viewer, each['id'])}</td><td>{_company_link(viewer, each['companyId'])}</td></tr>"
        for each in found
    )
    body = _list(viewer, ("name", "company"), rows) + pages_of(viewer, CONTACTS_PATH, total, number)
    return page(viewer, viewer.word("contacts"), body)


def deal_list(viewer: Viewer, request: Request) -> Reply:
    """The list of deals."""
    found, total, number = chosen(viewer, viewer.portal.crm.deals, request, {}, {"id": "DESC"})
    rows = "".join(
        f'<tr><td><a href="{viewer.deal(each["id"])}">{e(each["title"])}</a></td>'
        f"<td>{_company_link(viewer, each['companyId'])}</td><td>{_contact_link(viewer, each['contactId'])}</td>"
        f'<td class="num">{money(each["opportunity"], each["currencyId"])}</td></tr>'
        for each in found
    )
    body = _list(viewer, ("name", "company", "contact", "amount"), rows) + pages_of(viewer, DEALS_PATH, total, number)
    return page(viewer, viewer.word("deals"), body)


def contact_card(viewer: Viewer, request: Request, contact_id: int) -> Reply:
    """A contact's card with its tabs."""
    contact = viewer.portal.crm.contacts.get(contact_id)
    if contact is None:
        return page(viewer, viewer.word("not_found"), "", status=404)
    shown = facts(
        (
            (viewer.word("name"), e(_name(contact))),
            (viewer.word("company"), _company_link(viewer, contact["companyId"])),
        )
    )
    found, _, _ = chosen(viewer, viewer.portal.crm.invoices, request, {"contactId": contact_id}, {"id": "DESC"})
    panes = [
        ("general", viewer.word("general"), f'<div class="card">{shown}</div>'),
        ("invoices", viewer.word("invoices"), invoice_rows(viewer, found)),
    ]
    return page(viewer, _name(contact), tabs(viewer, panes, "CRM_CONTACT_DETAIL_TAB", contact_id))


def deal_card(viewer: Viewer, _: Request, deal_id: int) -> Reply:
    """A deal's card with its tabs."""
    deal = viewer.portal.crm.deals.get(deal_id)
    if deal is None:
        return page(viewer, viewer.word("not_found"), "", status=404)
    if not viewer.user.sees_deals:
        return page(viewer, viewer.word("no_rights"), "", status=403)
    shown = facts(
        (
            (viewer.word("company"), _company_link(viewer, deal["companyId"])),
            (viewer.word("contact"), _contact_link(viewer, deal["contactId"])),
            (viewer.word("amount"), money(deal["opportunity"], deal["currencyId"])),
        )
    )
    panes = [("general", viewer.word("general"), f'<div class="card">{shown}</div>')]
    return page(viewer, str(deal["title"] or ""), tabs(viewer, panes, "CRM_DEAL_DETAIL_TAB", deal_id))

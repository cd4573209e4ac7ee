"""The list of companies, a company's card, CRM analytics."""

from __future__ import annotations

from demo_portal.crm.fields import COMPANY
from demo_portal.pages.invoices import invoice_rows
from demo_portal.pages.layout import ANALYTICS_PATH, COMPANIES_PATH, Viewer, e, page
from demo_portal.pages.parts import Record, chosen, empty, facts, pages_of, placements, tabs
from demo_portal.server.http import Reply, Request


def company_list(viewer: Viewer, request: Request) -> Reply:
    """The list of companies."""
    found, total, number = chosen(viewer, viewer.portal.crm.companies, request, {}, {"id": "ASC"})
    rows = "".join(
        f'<tr><td><a href="{viewer.company(each["id"])}">{e(each["title"])}</a></td>'
        f"<td>{viewer.word('my' if each['isMyCompany'] == 'Y' else 'customer')}</td>"
        f"<td>{e(_first_inn(viewer, each['id']))}</td></tr>"
        for each in found
    )
    head = "".join(f"<th>{viewer.word(name)}</th>" for name in ("name", "type", "inn"))
    body = f'<table class="grid"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return page(viewer, viewer.word("companies"), body + pages_of(viewer, COMPANIES_PATH, total, number))


def _requisites(viewer: Viewer, company_id: int) -> list[Record]:
    found = viewer.portal.crm.requisites.with_value("ENTITY_ID", company_id)
    return [each for each in found if each["ENTITY_TYPE_ID"] == COMPANY]


def _first_inn(viewer: Viewer, company_id: int) -> str:
    return next((str(each["RQ_INN"] or "") for each in _requisites(viewer, company_id)), "")


def company_card(viewer: Viewer, request: Request, company_id: int) -> Reply:
    """A company's card with its tabs."""
    company = viewer.portal.crm.companies.get(company_id)
    if company is None:
        return page(viewer, viewer.word("not_found"), "", status=404)
    cards = "".join(
        f'<div class="card"><h2>{viewer.word("requisites")}: {e(each["NAME"])}</h2>'
        f"{_requisite_facts(viewer, each)}</div>"
        for each in _requisites(viewer, company_id)
    )
    found, _, _ = chosen(viewer, viewer.portal.crm.invoices, request, {"companyId": company_id}, {"id": "DESC"})
    panes = [
        ("general", viewer.word("general"), cards or f'<div class="notice">{viewer.word("no_requisites")}</div>'),
        ("invoices", viewer.word("invoices"), invoice_rows(viewer, found)),
    ]
    return page(viewer, str(company["title"] or ""), tabs(viewer, panes, "CRM_COMPANY_DETAIL_TAB", company_id))


def _requisite_facts(viewer: Viewer, requisite: Record) -> str:
    name = requisite["RQ_COMPANY_FULL_NAME"] or requisite["RQ_COMPANY_NAME"] or requisite["RQ_NAME"]
    return facts(
        (
            (viewer.word("name"), e(name)),
            (viewer.word("inn"), e(requisite["RQ_INN"]) or "—"),
            (viewer.word("kpp"), e(requisite["RQ_KPP"]) or "—"),
        )
    )


def analytics(viewer: Viewer, request: Request) -> Reply:
    """CRM analytics: applications stand in the section's own menu."""
    here = str(request.query.get("app", ""))
    found = placements(viewer, "CRM_ANALYTICS_MENU")
    items = "".join(
        f'<a class="{"here" if here == str(place) else ""}" href="{viewer.link(ANALYTICS_PATH, app=place)}" '
        f'data-placement-item="CRM_ANALYTICS_MENU">{e(each.title_in(viewer.lang))}</a>'
        for place, each in enumerate(found)
    )
    menu = (
        f'<nav class="side"><a href="{viewer.link(ANALYTICS_PATH)}">{viewer.word("sales")}</a>'
        f'<a href="{viewer.link(ANALYTICS_PATH)}">{viewer.word("managers")}</a>'
        f"<span>{viewer.word('apps')}</span>{items or empty(viewer)}</nav>"
    )
    body = f'<div class="notice">{viewer.word("report_text")}</div>'
    if here.isdigit() and int(here) < len(found):
        handler = e(found[int(here)].handler)
        body = f'<div data-embed="CRM_ANALYTICS_MENU" data-handler="{handler}"></div>'
    return page(viewer, viewer.word("analytics"), f'<div class="two">{menu}<div>{body}</div></div>')

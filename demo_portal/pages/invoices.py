"""The list of invoices and an invoice's card."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demo_portal.crm.builders import amount_of
from demo_portal.crm.fields import PAID, SHIPPED
from demo_portal.pages.layout import INVOICES_PATH, Viewer, e, page
from demo_portal.pages.parts import Record, chosen, day, empty, facts, money, pages_of, placements, tabs, visible_to
from demo_portal.server.http import Reply, Request


def _stages(viewer: Viewer, category_id: Any) -> list[dict[str, Any]]:
    return viewer.portal.crm.statuses.with_value("ENTITY_ID", f"SMART_INVOICE_STAGE_{category_id}")


def _stage(viewer: Viewer, invoice: Record) -> str:
    for stage in _stages(viewer, invoice["categoryId"]):
        if stage["STATUS_ID"] == invoice["stageId"]:
            return f'<span class="stage" style="--c:{e(stage["COLOR"])}">{e(stage["NAME"])}</span>'
    return e(invoice["stageId"])


def _client(viewer: Viewer, invoice: Record) -> str:
    crm = viewer.portal.crm
    company = crm.companies.get(invoice["companyId"] or 0)
    if company:
        return f'<a href="{viewer.company(company["id"])}">{e(company["title"])}</a>'
    contact = crm.contacts.get(invoice["contactId"] or 0)
    return e(" ".join(filter(None, (contact["lastName"], contact["name"])))) if contact else "—"


def _responsible(viewer: Viewer, invoice: Record) -> str:
    user = viewer.portal.users.get(invoice["assignedById"])
    return e(user.full_name) if user else "—"


def invoice_rows(viewer: Viewer, invoices: Iterable[Record]) -> str:
    """Invoices as a table."""
    names = ("number", "date", "client", "amount", "stage", "responsible")
    head = "".join(f"<th{' class=num' if name == 'amount' else ''}>{viewer.word(name)}</th>" for name in names)
    rows = "".join(
        f'<tr data-invoice="{each["id"]}"><td><a href="{viewer.invoice(each["id"])}">'
        f"{e(each['accountNumber']) or '—'}</a></td><td>{day(each['begindate'])}</td>"
        f"<td>{_client(viewer, each)}</td>"
        f'<td class="num">{money(each["opportunity"], each["currencyId"])}</td>'
        f"<td>{_stage(viewer, each)}</td><td>{_responsible(viewer, each)}</td></tr>"
        for each in invoices
    )
    return f'<table class="grid"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def invoice_list(viewer: Viewer, request: Request) -> Reply:
    """The list of invoices; applications stand in the menu beside the button."""
    found, total, number = chosen(viewer, viewer.portal.crm.invoices, request, {}, {"id": "DESC"})
    items = "".join(
        f'<button type="button" data-open-app="{each.code}" data-handler="{e(each.handler)}">'
        f"{e(each.title_in(viewer.lang))}</button>"
        for each in placements(viewer, "CRM_SMART_INVOICE_LIST_TOOLBAR")
    )
    menu = (
        f'<button class="button primary" type="button" disabled>{viewer.word("create")}</button>'
        f'<details class="drop"><summary class="button" id="list-toolbar">{viewer.word("more")} ▾</summary>'
        f'<div class="sheet">{items or empty(viewer)}</div></details>'
    )
    body = invoice_rows(viewer, found) + pages_of(viewer, INVOICES_PATH, total, number)
    return page(viewer, viewer.word("invoices"), body, head=menu)


def invoice_card(viewer: Viewer, _: Request, invoice_id: int) -> Reply:
    """An invoice's card with its tabs."""
    crm = viewer.portal.crm
    invoice = crm.invoices.get(invoice_id)
    if invoice is None:
        return page(viewer, viewer.word("not_found"), "", status=404)
    visible = visible_to(viewer)
    if visible is not None and not visible.test(invoice):
        return page(viewer, viewer.word("no_rights"), "", status=403)
    mine = crm.companies.get(invoice["mycompanyId"] or 0)
    shown = facts(
        (
            (viewer.word("number"), e(invoice["accountNumber"]) or "—"),
            (viewer.word("client"), _client(viewer, invoice)),
            (viewer.word("amount"), money(invoice["opportunity"], invoice["currencyId"])),
            (viewer.word("tax"), money(invoice["taxValue"], invoice["currencyId"])),
            (viewer.word("date"), day(invoice["begindate"])),
            (viewer.word("due"), day(invoice["closedate"])),
            (viewer.word("shipped"), day(invoice.get(SHIPPED))),
            (viewer.word("paid"), day(invoice.get(PAID))),
            (viewer.word("mycompany"), e(mine["title"]) if mine else "—"),
            (viewer.word("responsible"), _responsible(viewer, invoice)),
        )
    )
    panes = [
        ("general", viewer.word("general"), f'<div class="card">{shown}</div>'),
        ("products", viewer.word("products"), _products(viewer, invoice_id)),
    ]
    body = _stage_bar(viewer, invoice) + tabs(viewer, panes, "CRM_SMART_INVOICE_DETAIL_TAB", invoice_id)
    return page(viewer, str(invoice["title"] or ""), body)


def _stage_bar(viewer: Viewer, invoice: Record) -> str:
    parts, reached = [], True
    for stage in _stages(viewer, invoice["categoryId"]):
        current = stage["STATUS_ID"] == invoice["stageId"]
        if stage["SEMANTICS"] == "F" and not current:
            continue
        parts.append(
            f'<span class="{"done" if reached else ""}" style="--c:{e(stage["COLOR"])}">{e(stage["NAME"])}</span>'
        )
        reached = reached and not current
    return f'<div class="stages">{"".join(parts)}</div>'


def _products(viewer: Viewer, invoice_id: int) -> str:
    found = sorted(viewer.portal.crm.rows.with_value("ownerId", invoice_id), key=lambda row: (row["sort"], row["id"]))
    if not found:
        return f'<div class="notice">{viewer.word("nothing")}</div>'
    names = ("product", "quantity", "unit", "price", "rate", "amount")
    head = "".join(f"<th>{viewer.word(name)}</th>" for name in names)
    rows = "".join(
        f'<tr><td>{e(row["productName"])}</td><td class="num">{e(row["quantity"])}</td><td>{e(row["measureName"])}</td>'
        f'<td class="num">{money(row["price"])}</td><td>{_rate(viewer, row["taxRate"])}</td>'
        f'<td class="num">{money(amount_of(row))}</td></tr>'
        for row in found
    )
    return f'<table class="grid"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _rate(viewer: Viewer, rate: Any) -> str:
    return viewer.word("no_vat") if rate is None else f"{e(rate)} %"

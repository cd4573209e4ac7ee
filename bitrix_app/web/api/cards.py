"""The cards that the app is opened from: a company's months, an invoice's number and company."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint

from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals import CompanyOverview, OverviewRules, company_overview, complete_settings
from bitrix_app.web.present import money
from bitrix_app.web.services import services
from bitrix_app.web.session import session

ID = re.compile(r"[1-9][0-9]{0,9}")
NUMBER_LENGTH = 255


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/companies/<number:company_id>/overview", view_func=read_overview)
    api.add_url_rule("/invoices/<number:invoice_id>", view_func=read_invoice)


def read_overview(company_id: int) -> dict[str, Any]:
    """The months as figures, money as text."""
    found = _overview(company_id)
    months = [
        {"month": each.month, "invoiced": money(each.invoiced), "paid": money(each.paid)} for each in found.months
    ]
    return {"currency": found.currency, "months": months, "complete": found.complete}


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

    return services().overviews.get((portal.id, portal.epoch, user_id, company_id, rules), read)


def read_invoice(invoice_id: int) -> dict[str, Any]:
    """``{id, number, company_id}`` with the user's rights; what they may not see is not there (404)."""
    portal, user_id = session().portal, session().user_id
    with services().clients.interactive(portal, user_id) as client:
        page = client.invoice_page(
            filter={"=id": invoice_id}, select=["id", "accountNumber", "companyId"], after_id=0, counted=False
        )
    if not page.items:
        raise RejectedRequestError(404, "not_found")
    number, company = (page.items[0].get(name) for name in ("accountNumber", "companyId"))
    return {"id": invoice_id, "number": _text(number), "company_id": _id(company)}


def _text(value: Any) -> str | None:
    return str(value)[:NUMBER_LENGTH] if isinstance(value, (str, int)) and value else None


def _id(value: Any) -> int | None:
    """Positive id, None for anything else: a portal's answer is not trusted to be a number."""
    return int(str(value)) if isinstance(value, (str, int)) and ID.fullmatch(str(value)) else None

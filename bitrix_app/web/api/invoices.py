"""``GET /invoices/{id}``: whose invoice this is, for the page opened from an invoice's card."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint

from bitrix_app.errors import RejectedRequestError
from bitrix_app.web.services import services
from bitrix_app.web.session import session

ID = re.compile(r"[1-9][0-9]{0,9}")
NUMBER_LENGTH = 255


def add_to(api: Blueprint) -> None:
    """Adds the address."""
    api.add_url_rule("/invoices/<number:invoice_id>", view_func=read_invoice)


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
    """A number of ours or nothing: what the portal says is not believed to be one."""
    return int(str(value)) if isinstance(value, (str, int)) and ID.fullmatch(str(value)) else None

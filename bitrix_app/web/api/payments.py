"""How paid amounts would look by a source, for administrators who are choosing one (contract §6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, request

from bitrix_app.errors import RejectedRequestError
from bitrix_app.jobs import example_of_source
from bitrix_app.portals import AMOUNT_FIELD, BY_FIELD, PAYMENT_SOURCES, InvoiceFields
from bitrix_app.texts import speaking
from bitrix_app.web.i18n import current_language
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.present import money
from bitrix_app.web.schemas import StrictSchema, field_name, load, one_of
from bitrix_app.web.services import services
from bitrix_app.web.session import session


class ExampleSchema(StrictSchema):
    """``GET /payment-example``: the choice that is to be shown."""

    payment_source = one_of(PAYMENT_SOURCES, required=True)
    paid_amount_field = field_name(allow_none=True, load_default=None)


def add_to(api: Blueprint) -> None:
    """Adds the address."""
    api.add_url_rule("/payment-example", view_func=example)


def example() -> dict[str, Any]:
    """The portal's last ten invoices: number, sum, paid, remainder, status."""
    portal, user_id = session().portal, session().user_id
    services().access.require_admin(portal, user_id)
    chosen = load(ExampleSchema, request.args.to_dict())
    source, name = chosen["payment_source"], chosen[AMOUNT_FIELD]
    with services().clients.interactive(portal, user_id) as client, speaking(current_language()):
        known = services().catalogs.whole(portal, user_id, client)
        if source == BY_FIELD and (wrong := wrong_amount_field(name, known.fields)):
            raise RejectedRequestError(422, "validation_failed", errors=wrong)
        found = example_of_source(client, portal, known, source, name)
    return {
        "items": [
            {
                "id": each.id,
                "number": each.number,
                "currency": each.currency,
                "amount": _sum(each.amount),
                "paid": _sum(each.paid),
                "outstanding": _sum(each.outstanding),
                "status": each.status,
            }
            for each in found.lines
        ],
        "refused": found.refused,
    }


def wrong_amount_field(name: str | None, fields: InvoiceFields) -> dict[str, list[str]]:
    """What is wrong with a field that is to tell the paid amount, by setting; nothing where it may."""
    if name in {each.name for each in fields.amounts}:
        return {}
    titles = {each.name: each.title for each in fields.dates} | {each.name: each.title for each in fields.custom}
    if name is None:
        message = _("Choose the field that holds the paid amount.")
    elif title := titles.get(name):
        message = _("The field “%(title)s” holds neither money nor a number. Choose another one.") % {"title": title}
    else:
        message = _("Invoices of this portal have no such field of their own. Choose one of money or a number.")
    return {AMOUNT_FIELD: [message]}


def _sum(amount: Decimal | None) -> str | None:
    return None if amount is None else money(amount)

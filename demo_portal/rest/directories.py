"""crm.status.list, crm.category.list, crm.currency.list."""

from __future__ import annotations

from demo_portal.crm.fields import INVOICE
from demo_portal.errors import PortalFault
from demo_portal.rest.context import Answer, Call, paged, upper_case


def status_list(call: Call) -> Answer:
    """crm.status.list: items of directories, stages among them (``SMART_INVOICE_STAGE_2``)."""
    table = call.portal.crm.statuses
    names = [*table.types, "EXTRA"]
    return paged(call, table, render=lambda record: upper_case(record, names), uncounted_total=0)


def category_list(call: Call) -> Answer:
    """crm.category.list: funnels of a type."""
    entity_type_id = call.number("entityTypeId")
    if entity_type_id is None:
        raise PortalFault("100", "Could not find value for parameter {entityTypeId}")
    if entity_type_id in {3, 4}:
        raise PortalFault("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {entity_type_id} is not supported")
    if entity_type_id != INVOICE:
        raise PortalFault("NOT_FOUND", "Smart process not found")
    if not call.user.sees_funnels:
        raise PortalFault("ACCESS_DENIED", "Access denied", 400)
    categories = call.portal.crm.categories
    return Answer({"categories": [dict(each) for each in categories]}, len(categories))


def currency_list(call: Call) -> Answer:
    """crm.currency.list; its total is always 0, as documented."""
    return Answer([dict(each) for each in call.portal.crm.currencies], 0)

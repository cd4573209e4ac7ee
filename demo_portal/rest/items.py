"""crm.item.list, crm.item.get, crm.item.fields, crm.item.productrow.list, and the older company and contact lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo_portal.crm.fields import COMPANY, CONTACT, INVOICE, OWNER_TYPES, RECURRING, Field
from demo_portal.crm.query import Record
from demo_portal.crm.table import Table
from demo_portal.errors import InvalidArgument, PortalFault
from demo_portal.rest.context import Answer, Call, Method, paged, upper_case, visible_items
from demo_portal.rest.naming import Naming


def _entity_type(call: Call) -> int:
    entity_type_id = call.number("entityTypeId")
    if entity_type_id is None:
        raise PortalFault("100", "Could not find value for parameter {entityTypeId}")
    if entity_type_id == 5:
        raise PortalFault("ENTITY_TYPE_NOT_SUPPORTED", "Entity type INVOICE is not supported")
    return entity_type_id


def _table(call: Call, entity_type_id: int) -> tuple[Table, list[Field]]:
    table, fields = call.portal.crm.items_of(entity_type_id), call.portal.crm.fields_of(entity_type_id)
    if table is None or fields is None:
        raise PortalFault("NOT_FOUND", "SPA not found")
    known = call.portal.ways.recurring
    return table, fields if known else [each for each in fields if each.name != RECURRING]


def _wants_original(call: Call) -> bool:
    return call.portal.ways.original_names and call.flag("useOriginalUfNames")


def _naming(call: Call, fields: list[Field]) -> Naming:
    ways = call.portal.ways
    return Naming(fields, original=_wants_original(call), with_prefix=ways.filter_keys, server_zone=ways.server_zone)


def item_fields(call: Call) -> Answer:
    """crm.item.fields."""
    _, fields = _table(call, _entity_type(call))
    original = _wants_original(call)
    shown = {
        (each.upper_name if original and each.custom else each.name): each.described(call.portal.crm.language)
        for each in fields
    }
    return Answer({"fields": shown})


def item_list(call: Call) -> Answer:
    """crm.item.list."""
    entity_type_id = _entity_type(call)
    table, fields = _table(call, entity_type_id)
    naming = _naming(call, fields)
    names = naming.selected(call.names("select"), strict=not call.portal.ways.unknown_select)
    return paged(
        call,
        table,
        visible=visible_items(call, entity_type_id),
        render=naming.renderer(names),
        wrap=lambda records: {"items": records},
        where=naming.condition(call.mapping("filter")),
        order=naming.order(call.mapping("order")),
    )


def _readable(call: Call, table: Table, entity_type_id: int, record_id: int) -> Record:
    """The record. Raises PortalFault where there is none or the user may not read it."""
    record = table.get(record_id)
    if record is None:
        raise PortalFault("NOT_FOUND", "Item not found")
    visible = visible_items(call, entity_type_id)
    if visible is not None and not visible.test(record):
        raise PortalFault("ACCESS_DENIED", "You do not have permission to view this item", 400)
    return record


def payment_list(call: Call) -> Answer:
    """crm.item.payment.list: the payments of one invoice, without total."""
    entity_type_id = _entity_type(call)
    if entity_type_id != INVOICE:
        raise PortalFault("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {entity_type_id} is not supported")
    crm, invoice_id = call.portal.crm, call.number("entityId") or 0
    _readable(call, crm.invoices, INVOICE, invoice_id)
    shown = [name for name in crm.payments.types if name != "ownerId"]
    payments = crm.payments.with_value("ownerId", invoice_id)
    return Answer([{name: payment.get(name) for name in shown} for payment in payments])


def item_get(call: Call) -> Answer:
    """crm.item.get."""
    entity_type_id = _entity_type(call)
    table, fields = _table(call, entity_type_id)
    record = _readable(call, table, entity_type_id, call.number("id") or 0)
    naming = _naming(call, fields)
    return Answer({"item": naming.renderer(None)(record)})


def product_rows(call: Call) -> Answer:
    """crm.item.productrow.list: the owner's type and id must be named; an unreadable owner denies the whole call."""
    where = dict(call.mapping("filter"))
    if not where:
        raise PortalFault("100", "Could not find value for parameter {filter}")
    owner_type, owner_ids = where.get("=ownerType"), where.get("=ownerId")
    if owner_type in (None, "", []) or owner_ids in (None, "", []):
        raise InvalidArgument("Required filter fields: =ownerType, =ownerId")
    if owner_type not in OWNER_TYPES:
        raise InvalidArgument(f"Unknown owner type '{owner_type}'")
    for owner_id in _judged(call, owner_ids):
        _check_owner(call, owner_id)
    del where["=ownerType"]
    return paged(call, call.portal.crm.rows, render=dict, wrap=lambda records: {"productRows": records}, where=where)


def _judged(call: Call, owner_ids: Any) -> list[Any]:
    """Owners whose right is looked at: a list is judged by ``ways.owner_lists``."""
    if not isinstance(owner_ids, (list, Mapping)):
        return [owner_ids]
    if call.portal.ways.owner_lists == "refused":
        raise PortalFault("REQUIRED_ARG_MISSING", "Argument '=ownerId' is required")
    if call.portal.ways.owner_lists == "first":
        return [1]
    return list(owner_ids.values() if isinstance(owner_ids, Mapping) else owner_ids)


def _check_owner(call: Call, owner_id: Any) -> None:
    """Whoever reads all invoices may read the rows of any number, whether there is such an invoice or not."""
    visible = visible_items(call, INVOICE)
    if call.user.admin or visible is None:
        return
    invoice = call.portal.crm.invoices.get(int(owner_id)) if str(owner_id).isdigit() else None
    if invoice is None or not visible.test(invoice):
        raise PortalFault("ACCESS_DENIED", "Access denied", 400)


def _renamed(where: Mapping[str, Any], inner: Mapping[str, str]) -> Mapping[str, Any]:
    named: dict[str, Any] = {}
    for key, value in where.items():
        name = key.lstrip("<>=!@%")
        named[key[: len(key) - len(name)] + inner.get(name, name)] = (
            _renamed(value, inner) if isinstance(value, Mapping) else value
        )
    return named


def _old_list(entity_type_id: int) -> Method:
    def method(call: Call) -> Answer:
        table, fields = _table(call, entity_type_id)
        inner = {each.upper_name: each.name for each in fields}
        names = call.names("select")
        shown = list(inner) if not names or "*" in names else [name for name in names if name in inner]
        return paged(
            call,
            table,
            visible=visible_items(call, entity_type_id),
            render=lambda record: upper_case({outer: record.get(name) for outer, name in inner.items()}, shown),
            uncounted_total=0,
            where=_renamed(call.mapping("filter", "FILTER"), inner),
            order=_renamed(call.mapping("order", "ORDER"), inner),
        )

    return method


company_list = _old_list(COMPANY)
contact_list = _old_list(CONTACT)

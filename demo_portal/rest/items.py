"""crm.item.list, crm.item.get, crm.item.fields, crm.item.productrow.list, and the older company and contact lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from demo_portal.crm.fields import COMPANY, CONTACT, INVOICE, OWNER_TYPES, Field
from demo_portal.crm.query import Record
from demo_portal.crm.table import Table
from demo_portal.errors import InvalidArgument, PortalFault
from demo_portal.rest.context import Answer, Call, Method, paged, upper_case, visible_items


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
    return table, fields


def item_fields(call: Call) -> Answer:
    """crm.item.fields."""
    _, fields = _table(call, _entity_type(call))
    original = call.flag("useOriginalUfNames")
    shown = {(each.upper_name if original and each.custom else each.name): each.described() for each in fields}
    return Answer({"fields": shown})


def item_list(call: Call) -> Answer:
    """crm.item.list."""
    entity_type_id = _entity_type(call)
    table, fields = _table(call, entity_type_id)
    original = call.flag("useOriginalUfNames")
    inner = {each.upper_name: each.name for each in fields if each.custom} if original else {}
    render = _renderer(call.names("select"), fields, inner)
    return paged(
        call,
        table,
        visible=visible_items(call, entity_type_id),
        render=render,
        wrap=lambda records: {"items": records},
        where=_renamed(call.mapping("filter"), inner),
    )


def _renamed(where: Mapping[str, Any], inner: Mapping[str, str]) -> Mapping[str, Any]:
    if not inner:
        return where
    named: dict[str, Any] = {}
    for key, value in where.items():
        name = key.lstrip("<>=!@%")
        named[key[: len(key) - len(name)] + inner.get(name, name)] = (
            _renamed(value, inner) if isinstance(value, Mapping) else value
        )
    return named


def _renderer(select: list[str], fields: list[Field], inner: Mapping[str, str]) -> Callable[[Record], Any]:
    shown = {name: outer for outer, name in inner.items()}
    known = {*(each.name for each in fields), "entityTypeId"}
    names = [inner.get(each, each) for each in select]
    if not names or "*" in names:
        if not shown:
            return dict
        return lambda record: {shown.get(name, name): value for name, value in record.items()}
    for name in names:
        if name not in known:
            raise InvalidArgument(f"Invalid select: field '{name}' is not allowed in select")
    pairs = [(name, shown.get(name, name)) for name in names]
    return lambda record: {outer: record.get(name) for name, outer in pairs}


def item_get(call: Call) -> Answer:
    """crm.item.get."""
    entity_type_id = _entity_type(call)
    table, fields = _table(call, entity_type_id)
    record = table.get(call.number("id") or 0)
    if record is None:
        raise PortalFault("NOT_FOUND", "Item not found")
    visible = visible_items(call, entity_type_id)
    if visible is not None and not visible.test(record):
        raise PortalFault("ACCESS_DENIED", "You do not have permission to view this item", 400)
    inner = {each.upper_name: each.name for each in fields if each.custom} if call.flag("useOriginalUfNames") else {}
    return Answer({"item": _renderer([], fields, inner)(record)})


def product_rows(call: Call) -> Answer:
    """crm.item.productrow.list: the owner's type and id must be named; one unreadable owner denies the whole call."""
    where = dict(call.mapping("filter"))
    if not where:
        raise PortalFault("100", "Could not find value for parameter {filter}")
    owner_type, owner_ids = where.get("=ownerType"), where.get("=ownerId")
    if owner_type in (None, "", []) or owner_ids in (None, "", []):
        raise InvalidArgument("Required filter fields: =ownerType, =ownerId")
    if owner_type not in OWNER_TYPES:
        raise InvalidArgument(f"Unknown owner type '{owner_type}'")
    for owner_id in owner_ids if isinstance(owner_ids, list) else [owner_ids]:
        _check_owner(call, owner_id)
    del where["=ownerType"]
    return paged(call, call.portal.crm.rows, render=dict, wrap=lambda records: {"productRows": records}, where=where)


def _check_owner(call: Call, owner_id: Any) -> None:
    if call.user.admin:
        return
    visible = visible_items(call, INVOICE)
    invoice = call.portal.crm.invoices.get(int(owner_id)) if str(owner_id).isdigit() else None
    if invoice is None or (visible is not None and not visible.test(invoice)):
        raise PortalFault("ACCESS_DENIED", "Access denied", 400)


def _old_list(entity_type_id: int) -> Method:
    def method(call: Call) -> Answer:
        table, fields = _table(call, entity_type_id)
        inner = {each.upper_name: each.name for each in fields}
        names = call.names("select")
        shown = list(inner) if not names or "*" in names else [name for name in names if name in inner]
        renamed = {
            key: {inner.get(name, name): value for name, value in call.mapping(key, key.upper()).items()}
            for key in ("order",)
        }
        return paged(
            Call(call.portal, call.user, call.app, call.scopes, call.method, {**call.params, **renamed}),
            table,
            visible=visible_items(call, entity_type_id),
            render=lambda record: upper_case({outer: record.get(name) for outer, name in inner.items()}, shown),
            uncounted_total=0,
            where=_renamed(call.mapping("filter", "FILTER"), inner),
        )

    return method


company_list = _old_list(COMPANY)
contact_list = _old_list(CONTACT)

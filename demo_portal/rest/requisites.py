"""crm.requisite.list, .get, .link.list, .preset.list: the old style, UPPER_CASE names and texts."""

from __future__ import annotations

from demo_portal.crm.fields import COMPANY, CONTACT
from demo_portal.crm.table import Table, Visible
from demo_portal.errors import PortalFault
from demo_portal.rest.context import Answer, Call, checked_select, paged, upper_case


def _listed(call: Call, table: Table, visible: Visible | None = None) -> Answer:
    names = checked_select(call.names("select", "SELECT"), table.types)
    return paged(call, table, visible=visible, render=lambda record: upper_case(record, names), uncounted_total=0)


def _owner_types(call: Call) -> list[int]:
    """Whose requisites the user may read: companies', contacts'."""
    user = call.user
    if not call.portal.ways.requisite_rights:
        return [COMPANY, CONTACT] if user.sees_companies else []
    return [kind for kind, seen in ((COMPANY, user.sees_companies), (CONTACT, user.sees_contacts)) if seen]


def _denied(call: Call) -> PortalFault:
    return PortalFault("" if call.portal.ways.requisite_rights else "0", "Access denied.", 400)


def requisite_list(call: Call) -> Answer:
    """crm.requisite.list: refused to who may read neither companies nor contacts, else narrowed to what they may."""
    kinds = _owner_types(call)
    asked = call.mapping("filter", "FILTER").get("ENTITY_TYPE_ID")
    if not kinds or (asked is not None and str(asked) not in {str(kind) for kind in kinds}):
        raise _denied(call)
    visible = Visible(f"owners {kinds}", lambda record: record["ENTITY_TYPE_ID"] in kinds) if len(kinds) == 1 else None
    return _listed(call, call.portal.crm.requisites, visible)


def requisite_get(call: Call) -> Answer:
    """crm.requisite.get."""
    table = call.portal.crm.requisites
    record_id = call.number("id", "ID")
    record = table.get(record_id or 0)
    if record is None:
        raise PortalFault("", f"The Requisite with ID '{record_id}' is not found", 400)
    if record["ENTITY_TYPE_ID"] not in _owner_types(call):
        raise PortalFault("", "Access denied.", 400)
    return Answer(upper_case(record, list(table.types)))


def link_list(call: Call) -> Answer:
    """crm.requisite.link.list: links of invoices that the user may not read are left out."""
    invoices, user = call.portal.crm.invoices, call.user
    if user.sees == "all":
        return _listed(call, call.portal.crm.links)
    visible = Visible(
        f"own {user.id}",
        lambda record: (invoices.get(record["ENTITY_ID"]) or {}).get("assignedById") == user.id,
    )
    return _listed(call, call.portal.crm.links, visible)


def preset_list(call: Call) -> Answer:
    """crm.requisite.preset.list."""
    return _listed(call, call.portal.crm.presets)

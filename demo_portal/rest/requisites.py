"""crm.requisite.list, .get, .link.list, .preset.list: the old style, UPPER_CASE names and texts."""

from __future__ import annotations

from demo_portal.crm.table import Table, Visible
from demo_portal.errors import PortalFault
from demo_portal.rest.context import Answer, Call, checked_select, paged, upper_case


def _listed(call: Call, table: Table, visible: Visible | None = None) -> Answer:
    names = checked_select(call.names("select", "SELECT"), table.types)
    return paged(call, table, visible=visible, render=lambda record: upper_case(record, names), uncounted_total=0)


def _check_companies(call: Call) -> None:
    if not call.user.sees_companies:
        raise PortalFault("0", "Access denied.", 400)


def requisite_list(call: Call) -> Answer:
    """crm.requisite.list."""
    _check_companies(call)
    return _listed(call, call.portal.crm.requisites)


def requisite_get(call: Call) -> Answer:
    """crm.requisite.get."""
    table = call.portal.crm.requisites
    record_id = call.number("id", "ID")
    record = table.get(record_id or 0)
    if record is None:
        raise PortalFault("", f"The Requisite with ID '{record_id}' is not found", 400)
    if not call.user.sees_companies:
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

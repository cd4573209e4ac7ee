"""The REST methods of the demo portal: one table of names, and the way a call becomes an answer."""

from __future__ import annotations

from dataclasses import dataclass

from demo_portal.automation import methods as automation
from demo_portal.errors import PortalFault
from demo_portal.rest import basic, directories, drive, embedding, items, messenger, people, requisites
from demo_portal.rest.context import Answer, Call, Method

USER_SCOPES = frozenset({"user", "user_basic", "user_brief"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A method and the scopes of which one must be granted (none: any application may call it)."""

    run: Method
    scopes: frozenset[str] = frozenset()


_CRM = frozenset({"crm"})
_PLACEMENT = frozenset({"placement"})
_IM = frozenset({"im"})
_DISK = frozenset({"disk"})
_BIZPROC = frozenset({"bizproc"})

METHODS: dict[str, Entry] = {
    "crm.item.list": Entry(items.item_list, _CRM),
    "crm.item.get": Entry(items.item_get, _CRM),
    "crm.item.fields": Entry(items.item_fields, _CRM),
    "crm.item.productrow.list": Entry(items.product_rows, _CRM),
    "crm.item.payment.list": Entry(items.payment_list, _CRM),
    "crm.company.list": Entry(items.company_list, _CRM),
    "crm.contact.list": Entry(items.contact_list, _CRM),
    "crm.requisite.list": Entry(requisites.requisite_list, _CRM),
    "crm.requisite.get": Entry(requisites.requisite_get, _CRM),
    "crm.requisite.link.list": Entry(requisites.link_list, _CRM),
    "crm.requisite.preset.list": Entry(requisites.preset_list, _CRM),
    "crm.status.list": Entry(directories.status_list, _CRM),
    "crm.category.list": Entry(directories.category_list, _CRM),
    "crm.currency.list": Entry(directories.currency_list, _CRM),
    "profile": Entry(people.profile),
    "user.get": Entry(people.user_get, USER_SCOPES),
    "user.current": Entry(people.user_current, USER_SCOPES),
    "department.get": Entry(people.department_get, frozenset({"department"})),
    "placement.list": Entry(embedding.placement_list, _PLACEMENT),
    "placement.get": Entry(embedding.placement_get, _PLACEMENT),
    "placement.bind": Entry(embedding.placement_bind, _PLACEMENT),
    "placement.unbind": Entry(embedding.placement_unbind, _PLACEMENT),
    "event.get": Entry(embedding.event_get),
    "event.bind": Entry(embedding.event_bind),
    "event.unbind": Entry(embedding.event_unbind),
    "im.notify.system.add": Entry(messenger.notify_system_add, _IM),
    "im.recent.list": Entry(messenger.recent_list, _IM),
    "im.dialog.messages.get": Entry(messenger.dialog_messages_get, _IM),
    "im.v2.file.upload": Entry(messenger.file_upload, _IM),
    "disk.storage.getlist": Entry(drive.storage_list, _DISK),
    "disk.storage.getchildren": Entry(drive.storage_children, _DISK),
    "disk.folder.get": Entry(drive.folder_get, _DISK),
    "disk.folder.getchildren": Entry(drive.folder_children, _DISK),
    "disk.folder.uploadfile": Entry(drive.upload_file, _DISK),
    "bizproc.robot.list": Entry(automation.robot_list, _BIZPROC),
    "bizproc.robot.add": Entry(automation.robot_add, _BIZPROC),
    "bizproc.robot.update": Entry(automation.robot_update, _BIZPROC),
    "bizproc.robot.delete": Entry(automation.robot_delete, _BIZPROC),
    "bizproc.event.send": Entry(automation.event_send, _BIZPROC),
    "app.info": Entry(basic.app_info),
    "scope": Entry(basic.scope),
    "server.time": Entry(basic.server_time),
}


def find(call: Call) -> Entry:
    """The entry of the call's method. Raises PortalFault for an unknown one or one whose scope is not granted."""
    entry = METHODS.get(call.method)
    if entry is None:
        raise PortalFault("ERROR_METHOD_NOT_FOUND", "Method not found!")
    if entry.scopes and not entry.scopes & call.scopes:
        raise PortalFault("insufficient_scope")
    return entry


__all__ = ["METHODS", "Answer", "Call", "Entry", "find"]

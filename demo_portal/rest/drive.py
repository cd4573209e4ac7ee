"""disk.*: storages, what lies in a storage or folder, a folder by its id, a file into a folder.

Pages: disk/storage/disk-storage-get-list, disk-storage-get-children, disk/folder/disk-folder-get,
disk-folder-get-children, disk-folder-upload-file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demo_portal.collaboration import DiskObject
from demo_portal.crm.query import Comparing, compile_filter
from demo_portal.errors import PortalFault
from demo_portal.rest.context import PAGE, Answer, Call
from demo_portal.rest.messenger import decoded

_TYPES = {
    "ID": "integer",
    "NAME": "string",
    "TYPE": "string",
    "STORAGE_ID": "integer",
    "PARENT_ID": "integer",
    "CREATED_BY": "integer",
    "SIZE": "integer",
    "ENTITY_TYPE": "string",
    "ENTITY_ID": "string",
}


def storage_list(call: Call) -> Answer:
    """disk.storage.getList: storages that the user may see."""
    kept = call.portal.collaboration
    seen = [each for each in kept.storages.values() if kept.objects[each.root_id].read_by(call.user.id)]
    records = [
        {
            "ID": str(each.id),
            "NAME": each.name,
            "CODE": None,
            "MODULE_ID": "disk",
            "ENTITY_TYPE": each.entity_type,
            "ENTITY_ID": each.entity_id,
            "ROOT_OBJECT_ID": str(each.root_id),
        }
        for each in seen
    ]
    return _page(call, records)


def storage_children(call: Call) -> Answer:
    """disk.storage.getChildren: what lies in a storage's root."""
    number = _id(call)
    storage = call.portal.collaboration.storages.get(number)
    if storage is None:
        raise _not_found(number)
    return _children(call, storage.root_id)


def folder_children(call: Call) -> Answer:
    """disk.folder.getChildren: what lies in a folder, as far as the user may read it."""
    return _children(call, _folder(call).id)


def folder_get(call: Call) -> Answer:
    """disk.folder.get: a folder."""
    return Answer(_shown(call, _folder(call)))


def upload_file(call: Call) -> Answer:
    """disk.folder.uploadFile with the content in the call. A name that is taken is an error, unless a unique one is
    to be made: ``file (1).xlsx``."""
    folder = _folder(call)
    name = str(call.mapping("data").get("NAME") or "")
    if not name:
        raise PortalFault("DISK_BASE_SERVICE_22001", "Error: required parameter NAME (DISK_BASE_SERVICE_22001)")
    given = list(call.mapping("fileContent").values())
    could_not = PortalFault("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    if len(given) < 2:
        raise could_not
    content = decoded(str(given[1]), could_not)
    if not folder.written_by(call.user.id):
        raise PortalFault("ACCESS_DENIED", "Access denied", 400)
    kept = call.portal.collaboration
    with kept.lock:
        taken = {each.name for each in kept.children(folder.id)}
        if name in taken and not call.flag("generateUniqueName"):
            raise PortalFault("DISK_OBJ_22000", "Error: The object with the same name already exists (DISK_OBJ_22000)")
        made = DiskObject(
            kept.new_id(),
            _unique(name, taken),
            folder.storage_id,
            folder.id,
            call.user.id,
            call.portal.world.clock(),
            content,
            readers=folder.readers,
        )
        kept.objects[made.id] = made
    return Answer(_shown(call, made))


def _unique(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    number, found = 0, name
    while found in taken:
        number += 1
        found = f"{stem} ({number}){dot}{suffix}" if dot else f"{name} ({number})"
    return found


def _id(call: Call) -> int:
    number = call.number("id", "ID")
    if number is None:
        raise PortalFault("ERROR_ARGUMENT", "Invalid value of parameter {Parameter #0}")
    return number


def _folder(call: Call) -> DiskObject:
    number = _id(call)
    found = call.portal.collaboration.objects.get(number)
    if found is None or found.deleted or not found.is_folder:
        raise _not_found(number)
    if not found.read_by(call.user.id):
        raise PortalFault("ACCESS_DENIED", "Access denied", 400)
    return found


def _not_found(number: int) -> PortalFault:
    return PortalFault("ERROR_NOT_FOUND", f"Could not find entity with id `{number}`")


def _children(call: Call, folder_id: int) -> Answer:
    found = call.portal.collaboration.children(folder_id)
    return _page(call, [_shown(call, each) for each in found if each.read_by(call.user.id)])


def _page(call: Call, records: list[dict[str, Any]]) -> Answer:
    where = {key.upper(): value for key, value in call.mapping("filter", "FILTER").items()}
    test = compile_filter(where, Comparing(_TYPES, call.portal.zone))
    found = [each for each in records if test(each)]
    offset = max(call.number("start", "START") or 0, 0) // PAGE * PAGE
    following = offset + PAGE
    return Answer(found[offset:following], len(found), following if following < len(found) else None)


def _shown(call: Call, found: DiskObject) -> dict[str, Any]:
    moment = datetime.fromtimestamp(found.at, call.portal.zone).isoformat(timespec="seconds")
    record: dict[str, Any] = {
        "ID": str(found.id),
        "NAME": found.name,
        "CODE": None,
        "STORAGE_ID": str(found.storage_id),
        "TYPE": "folder" if found.is_folder else "file",
        "PARENT_ID": None if found.parent_id is None else str(found.parent_id),
        "DELETED_TYPE": "0",
        "CREATE_TIME": moment,
        "UPDATE_TIME": moment,
        "DELETE_TIME": None,
        "CREATED_BY": str(found.created_by),
        "UPDATED_BY": str(found.created_by),
        "DELETED_BY": "0",
        "DETAIL_URL": f"{call.portal.url}/docs/{'path' if found.is_folder else 'file'}/{found.id}/",
    }
    if found.content is None:
        return {**record, "REAL_OBJECT_ID": str(found.id)}
    return {**record, "FILE_ID": found.id, "SIZE": str(len(found.content)), "GLOBAL_CONTENT_VERSION": 1}

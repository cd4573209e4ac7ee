"""Questions to the messenger and the Drive: where a file can go, what lies there, and the sending itself.

What sends is asked once (``Question.once``): where no answer comes it may have been carried out, and the caller looks
before it sends again. Sources: each method's page, named at its question; ``files/how-to-upload-files`` (Base64 in the
body, a third longer than the file).
"""

from __future__ import annotations

import base64
from typing import Any

from bitrix_app.bitrix24.parsing import an_object, records, unexpected, whole
from bitrix_app.bitrix24.questions import ListByNumber, Question
from bitrix_app.bitrix24.types import Answer

Records = list[dict[str, Any]]

CHATS = 200
"""Recent chats that are offered: the most that a page of them holds."""
LOOK_BACK = 50
"""Messages that a look into a chat reads: the most that the method gives."""


def notification(user_id: int, text: str, tag: str) -> Question[bool]:
    """A system notification; one with the same ``tag`` takes the place of an earlier one, so that asking twice shows it
    once. → whether it was made. [chats/notifications/im-notify-system-add]"""
    params = {"USER_ID": user_id, "MESSAGE": text, "TAG": tag}
    return Question("im.notify.system.add", params, lambda answer: answer.result is not False)


def recent_chats() -> Question[Records]:
    """The user's latest group chats: ``id`` (``chat42``), ``title``. [chats/im-recent-list]"""
    method = "im.recent.list"
    params = {"SKIP_OPENLINES": "Y", "SKIP_DIALOG": "Y", "LIMIT": CHATS}
    return Question(method, params, lambda answer: records(method, answer, "items"))


def latest_chat_files(dialog_id: str) -> Question[Records]:
    """Files of a chat's latest messages: ``id``, ``name``, ``size``, ``authorId``.
    [chats/messages/im-dialog-messages-get]"""
    method = "im.dialog.messages.get"
    params = {"DIALOG_ID": dialog_id, "LIMIT": LOOK_BACK}
    return Question(method, params, lambda answer: records(method, answer, "files"))


def file_into_chat(dialog_id: str, name: str, content: bytes, message: str) -> Question[int]:
    """A file with a message. → the file's id. [chat-bots/chat-bots-v2/im.v2/files/file-upload]"""
    method = "im.v2.File.upload"
    fields = {"name": name, "content": base64.b64encode(content).decode("ascii"), "message": message}

    def read(answer: Answer) -> int:
        return _id(method, an_object(method, an_object(method, answer.result).get("file")), "id")

    return Question(method, {"dialogId": dialog_id, "fields": fields}, read, once=True)


def storages() -> ListByNumber:
    """Storages that the user sees: ``NAME``, ``ENTITY_TYPE``, ``ENTITY_ID``, ``ROOT_OBJECT_ID``.
    [disk/storage/disk-storage-get-list]"""
    return ListByNumber("disk.storage.getList", {})


def folders_in(folder_id: int) -> ListByNumber:
    """Folders of a folder: ``ID``, ``NAME``. [disk/folder/disk-folder-get-children]"""
    return ListByNumber("disk.folder.getChildren", {"id": folder_id, "filter": {"TYPE": "folder"}})


def files_named(folder_id: int, stem: str) -> ListByNumber:
    """Files of a folder whose name holds ``stem``: ``ID``, ``NAME``, ``SIZE``, ``CREATED_BY``.
    [disk/folder/disk-folder-get-children]"""
    return ListByNumber("disk.folder.getChildren", {"id": folder_id, "filter": {"TYPE": "file", "%NAME": stem}})


def file_into_folder(folder_id: int, name: str, content: bytes) -> Question[int]:
    """A file under a name that nothing in the folder has: else ``DISK_OBJ_22000``. → its id.
    [disk/folder/disk-folder-upload-file]"""
    method = "disk.folder.uploadFile"
    params = {
        "id": folder_id,
        "data": {"NAME": name},
        "fileContent": [name, base64.b64encode(content).decode("ascii")],
    }
    return Question(method, params, lambda answer: _id(method, an_object(method, answer.result), "ID"), once=True)


def _id(method: str, record: dict[str, Any], field: str) -> int:
    found = whole(record.get(field))
    if not found:
        raise unexpected(method, f"no {field}")
    return found

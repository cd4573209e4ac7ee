"""Where a finished report can go in a portal: the user's notifications, a chat, a folder of the Drive.

What a file is sent by cannot be told apart from a repetition by the portal, so each target can be looked at: the ids of
what lies there under the file's name, size and author. A file is there that was not there before the sending: it has
arrived, whatever the answer was. In a folder a name is there once: of two tries under one name only one arrives,
however late the first one does. A chat knows no such thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Protocol

from bitrix_app.bitrix24 import Bitrix24Client, whole
from bitrix_app.bitrix24 import collaboration as questions
from bitrix_app.entities import decoded
from bitrix_app.errors import (
    AccessDeniedError,
    ChatUnavailableError,
    DeliveryError,
    FileTooLargeError,
    FolderUnavailableError,
    GiveUpError,
)
from bitrix_app.portals.catalog import Named
from bitrix_app.storage import PortalRecord

NOTIFICATION, CHAT, DISK = "notification", "chat", "disk"
SCOPES: Mapping[str, str] = {NOTIFICATION: "im", CHAT: "im", DISK: "disk"}
"""The scope that each kind of target needs; the application works without them."""
GONE = {"CHAT_NOT_FOUND": ChatUnavailableError, "ACCESS_ERROR": ChatUnavailableError}
NAME_TAKEN, NOT_SAVED = "DISK_OBJ_22000", "ERROR_COULD_NOT_SAVE_FILE"
NOT_TAKEN = {"FOLDER_ERROR", "UPLOAD_FAILED", "SEND_FAILED", NOT_SAVED}
TITLE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Document:
    """What is delivered: a file under a name, what is said with it, and a tag of its own; ``known``: ids of files that
    lay there before it was sent; ``again``: how an earlier try ended is not known."""

    name: str
    content: bytes
    message: str
    tag: str
    known: frozenset[int] = frozenset()
    again: bool = False

    @property
    def names(self) -> tuple[str, str]:
        """The name, and one that this document alone has: «name (3f2a91c0).xlsx»."""
        path, mark = PurePath(self.name), hashlib.sha256(self.tag.encode()).hexdigest()[:8]
        return self.name, f"{path.stem} ({mark}){path.suffix}"


class Target(Protocol):
    """Where a document goes. Both raise DeliveryErrors and PortalErrors."""

    def there(self, client: Bitrix24Client, user_id: int, name: str, size: int) -> list[int]:
        """Ids of files of this user that could be the document."""

    def send(self, client: Bitrix24Client, user_id: int, document: Document) -> None:
        """Sends it once."""


@dataclass(frozen=True, slots=True)
class NotificationTarget:
    """The user's own notifications: the tag makes a repetition take the place of the first."""

    def there(self, client: Bitrix24Client, user_id: int, name: str, size: int) -> list[int]:  # noqa: ARG002 # a Target
        """Nothing needs to be looked for."""
        return []

    def send(self, client: Bitrix24Client, user_id: int, document: Document) -> None:
        """The message alone."""
        if not client.ask(questions.notification(user_id, document.message, document.tag)):
            raise DeliveryError("the portal made no notification")


@dataclass(frozen=True, slots=True)
class ChatTarget:
    """A group chat that the user is in."""

    chat_id: str

    def there(self, client: Bitrix24Client, user_id: int, name: str, size: int) -> list[int]:
        """Among the files of the latest messages."""
        with _Refusals(ChatUnavailableError):
            found = client.ask(questions.latest_chat_files(self.chat_id))
        return _ids(found, "id", name=name, size=size, authorId=user_id)

    def send(self, client: Bitrix24Client, user_id: int, document: Document) -> None:  # noqa: ARG002 # a Target
        """The file with the message."""
        with _Refusals(ChatUnavailableError):
            client.ask(questions.file_into_chat(self.chat_id, document.name, document.content, document.message))


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """A folder of the Drive."""

    folder_id: int

    def there(self, client: Bitrix24Client, user_id: int, name: str, size: int) -> list[int]:
        """Under this name, or under another one that was made of it."""
        with _Refusals(FolderUnavailableError):
            found = client.whole(questions.files_named(self.folder_id, PurePath(name).stem))
        return _ids(found, "ID", SIZE=size, CREATED_BY=user_id)

    def send(self, client: Bitrix24Client, user_id: int, document: Document) -> None:
        """The file alone, under its name, or where that is taken under the one that it alone has."""
        usual, own = document.names
        with _Refusals(FolderUnavailableError):
            try:
                client.ask(questions.file_into_folder(self.folder_id, usual, document.content))
            except GiveUpError as error:
                if not self._is_taken(error, document):
                    raise
            else:
                return
        if set(self.there(client, user_id, usual, len(document.content))) - document.known:
            return  # by an earlier try, just now
        with _Refusals(FolderUnavailableError):
            client.ask(questions.file_into_folder(self.folder_id, own, document.content))

    @staticmethod
    def _is_taken(error: GiveUpError, document: Document) -> bool:
        """Whether the name may be taken. A portal may say no more than that it could not save; while an earlier try
        may still arrive under this name, that is no reason for another one."""
        return error.portal_code == NAME_TAKEN or (error.portal_code == NOT_SAVED and not document.again)


def target_of(given: Mapping[str, Any]) -> Target:
    """The target of an entry of ``deliver`` (contract §7): ``{"to": "chat", "chat_id": "chat42"}``."""
    if given["to"] == CHAT:
        return ChatTarget(str(given["chat_id"]))
    return FolderTarget(int(given["folder_id"])) if given["to"] == DISK else NotificationTarget()


def missing_scope(portal: PortalRecord, to: str) -> str | None:
    """The scope that the portal does not grant the application and this kind of target needs; None: it can be used."""
    return None if SCOPES[to] in portal.scopes else SCOPES[to]


class _Refusals:
    """Translates what the portal says of a target: gone, closed, too large, or just now not possible."""

    def __init__(self, unavailable: type[DeliveryError]) -> None:
        self._unavailable = unavailable

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, GiveUpError):
            return
        if error.portal_code == "FILE_TOO_LARGE":
            raise FileTooLargeError from error
        is_gone = error.portal_code in {*GONE, "ERROR_NOT_FOUND"}
        if is_gone or isinstance(error, AccessDeniedError):
            raise self._unavailable from error


def is_passing(error: Exception) -> bool:
    """Whether another try later may help: no answer, limits, a Drive that could not save just now."""
    if isinstance(error, GiveUpError):
        return error.portal_code in NOT_TAKEN or error.code in {"unexpected_answer", "overload_limit"}
    return not isinstance(error, DeliveryError)


def _ids(found: Iterable[Mapping[str, Any]], field: str, **equal: Any) -> list[int]:
    same = (each for each in found if all(str(each.get(name)) == str(value) for name, value in equal.items()))
    return sorted(number for each in same if (number := whole(each.get(field))))


# --- to choose from ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundChat:
    """A group chat: ``id`` is ``chat42``."""

    id: str
    title: str


def recent_chats(client: Bitrix24Client) -> list[FoundChat]:
    """The user's latest group chats. Raises PortalErrors."""
    return [
        FoundChat(str(each["id"]), _title(each.get("title")))
        for each in client.ask(questions.recent_chats())
        if each.get("type") == "chat" and str(each.get("id") or "").startswith("chat")
    ]


def folders(client: Bitrix24Client, user_id: int, parent: int | None = None) -> list[Named]:
    """Folders of a folder; without one the roots of the storages: the company's, the user's own, then groups'.
    Raises FolderUnavailableError, PortalErrors."""
    if parent is not None:
        with _Refusals(FolderUnavailableError):
            return _named(client.whole(questions.folders_in(parent)), "ID")
    own = {"common": 0, "user": 1}
    found = [
        each
        for each in client.whole(questions.storages())
        if each.get("ENTITY_TYPE") != "user" or str(each.get("ENTITY_ID")) == str(user_id)
    ]
    found.sort(key=lambda each: own.get(str(each.get("ENTITY_TYPE")), 2))
    return _named(found, "ROOT_OBJECT_ID")


def _named(found: Iterable[Mapping[str, Any]], field: str) -> list[Named]:
    return [Named(number, _title(each.get("NAME"))) for each in found if (number := whole(each.get(field)))]


def _title(value: Any) -> str:
    return decoded(str(value or ""))[:TITLE_LENGTH]

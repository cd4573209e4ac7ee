"""Notifications, chats and the Drive: what applications send to people, kept to be looked at."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

EVERYBODY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Notification:
    """A system notification; ``tag`` is unique within an application."""

    id: int
    user_id: int
    text: str
    tag: str
    client_id: str
    at: float


@dataclass(frozen=True, slots=True)
class ChatFile:
    """A file of a message."""

    id: int
    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message, with at most one file."""

    id: int
    author_id: int
    text: str
    at: float
    file: ChatFile | None = None


@dataclass(slots=True)
class Chat:
    """A group chat. Only ``members`` see it."""

    id: int
    title: str
    members: set[int]
    messages: list[ChatMessage] = field(default_factory=list)


@dataclass(slots=True)
class DiskObject:
    """A folder or (with ``content``) a file. ``readers`` and ``writers``: users, empty for everybody; a folder in
    the bin stays known, but is not found."""

    id: int
    name: str
    storage_id: int
    parent_id: int | None
    created_by: int
    at: float
    content: bytes | None = field(default=None, repr=False)
    readers: frozenset[int] = EVERYBODY
    writers: frozenset[int] = EVERYBODY
    deleted: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.content is None

    def read_by(self, user_id: int) -> bool:
        """Whether the user has the right "Read"."""
        return not self.readers or user_id in self.readers

    def written_by(self, user_id: int) -> bool:
        """Whether the user has the right "Add"."""
        return self.read_by(user_id) and (not self.writers or user_id in self.writers)


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage of the Drive: the company's (``common``) or an employee's (``user``)."""

    id: int
    name: str
    entity_type: str
    entity_id: str
    root_id: int


class Collaboration:
    """Notifications, chats and Drive of one portal. Safe to use from several threads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._ids = itertools.count(101)
        self.notifications: list[Notification] = []
        self.chats: dict[int, Chat] = {}
        self.storages: dict[int, Storage] = {}
        self.objects: dict[int, DiskObject] = {}

    def new_id(self) -> int:
        """An id that was not given before."""
        return next(self._ids)

    def add_chat(self, title: str, members: Iterable[int], *, chat_id: int | None = None) -> Chat:
        """A group chat of these users."""
        chat = Chat(chat_id or self.new_id(), title, set(members))
        self.chats[chat.id] = chat
        return chat

    def add_storage(self, name: str, entity_type: str, entity_id: str, owner: int | None = None) -> Storage:
        """A storage with its root folder; ``owner``: the one user who sees it."""
        only = EVERYBODY if owner is None else frozenset({owner})
        number, root = len(self.storages) + 1, self.new_id()
        storage = Storage(number, name, entity_type, entity_id, root)
        self.storages[number] = storage
        self.objects[root] = DiskObject(root, name, number, None, owner or 1, 0.0, readers=only, writers=only)
        return storage

    def add_folder(
        self, name: str, parent_id: int, *, folder_id: int | None = None, writers: Iterable[int] | None = None
    ) -> DiskObject:
        """A folder in a folder; ``writers``: who may add to it (default: as its parent)."""
        parent = self.objects[parent_id]
        folder = DiskObject(
            folder_id or self.new_id(),
            name,
            parent.storage_id,
            parent.id,
            parent.created_by,
            parent.at,
            readers=parent.readers,
            writers=parent.writers if writers is None else frozenset(writers),
        )
        self.objects[folder.id] = folder
        return folder

    def children(self, folder_id: int) -> list[DiskObject]:
        """What lies in a folder, oldest first."""
        return [each for each in self.objects.values() if each.parent_id == folder_id and not each.deleted]


def default_collaboration() -> Collaboration:
    """Two chats; the company's Drive with three folders, one of them the administrator's to write; each default
    employee's own Drive."""
    made = Collaboration()
    made.add_chat("Бухгалтерия", (1, 5), chat_id=42)
    made.add_chat("Продажи", (1, 5, 8, 12), chat_id=44)
    common = made.add_storage("Общий диск", "common", "shared_files_s1")
    reports = made.add_folder("Отчёты", common.root_id, folder_id=12)
    made.add_folder("2026", reports.id)
    made.add_folder("Шаблоны", common.root_id, folder_id=14, writers=(1,))
    for user_id, name in ((1, "Ольга Смирнова"), (5, "Мария Кузнецова"), (8, "Алексей Волков"), (12, "Ирина Белова")):
        made.add_storage(name, "user", str(user_id), owner=user_id)
    return made

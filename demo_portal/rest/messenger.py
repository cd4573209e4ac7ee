"""im.*: a notification, recent chats, a chat's messages, a file into a chat.

Pages: chats/notifications/im-notify-system-add, chats/im-recent-list, chats/messages/im-dialog-messages-get,
chat-bots/chat-bots-v2/im.v2/files/file-upload.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from demo_portal.collaboration import Chat, ChatFile, ChatMessage, Notification
from demo_portal.errors import PortalFault
from demo_portal.rest.context import Answer, Call

LARGEST_FILE = 100 * 2**20
LIMIT, MOST = 50, 200
MESSAGES, MOST_MESSAGES = 20, 50


def notify_system_add(call: Call) -> Answer:
    """im.notify.system.add: of one application's notifications with a tag only the latest stays."""
    kept = call.portal.collaboration
    user_id, text = call.number("USER_ID") or 0, call.text("MESSAGE").strip()
    if user_id <= 0:
        raise PortalFault("USER_ID_EMPTY", "User ID can't be empty")
    if not text:
        raise PortalFault("MESSAGE_EMPTY", "Message can't be empty")
    if user_id not in call.portal.users:
        return Answer(False)
    tag = call.text("TAG")
    with kept.lock:
        if tag:
            kept.notifications[:] = [
                each for each in kept.notifications if (each.client_id, each.tag) != (call.app.client_id, tag)
            ]
        made = Notification(kept.new_id(), user_id, text, tag, call.app.client_id, call.portal.world.clock())
        kept.notifications.append(made)
    return Answer(made.id)


def recent_list(call: Call) -> Answer:
    """im.recent.list: the user's dialogues, the liveliest first."""
    limit, offset = min(call.number("LIMIT") or LIMIT, MOST), call.number("OFFSET") or 0
    skips_chats, skips_dialogues = call.flag("SKIP_CHAT"), call.flag("SKIP_DIALOG")
    own = [chat for chat in call.portal.collaboration.chats.values() if call.user.id in chat.members]
    own.sort(key=lambda chat: (-_latest(chat), chat.id))
    items = [] if skips_chats else [_recent_chat(call, chat) for chat in own]
    if not skips_dialogues:
        items += [_recent_user(each.id, each.full_name) for each in call.portal.users.values() if each != call.user]
    page = items[offset : offset + limit]
    more = len(items) > offset + limit
    return Answer({"items": page, "hasMorePages": more, "hasMore": more, "copilot": {}}, total=-1)


def _latest(chat: Chat) -> int:
    return chat.messages[-1].id if chat.messages else 0


def _recent_chat(call: Call, chat: Chat) -> dict[str, Any]:
    writes = "member"
    return {
        "id": f"chat{chat.id}",
        "chat_id": chat.id,
        "type": "chat",
        "title": chat.title,
        "avatar": {"url": "", "color": "#1eb4aa"},
        "counter": 0,
        "pinned": False,
        "unread": False,
        "user": {"id": call.user.id},
        "chat": {
            "id": chat.id,
            "name": chat.title,
            "owner": min(chat.members),
            "extranet": False,
            "type": "chat",
            "user_counter": len(chat.members),
            "role": writes,
            "permissions": {"can_post": writes},
        },
        "options": [],
    }


def _recent_user(user_id: int, name: str) -> dict[str, Any]:
    return {"id": user_id, "chat_id": 10_000 + user_id, "type": "user", "title": name, "counter": 0, "options": []}


def dialog_messages_get(call: Call) -> Answer:
    """im.dialog.messages.get: the latest messages, the newest first, and the files among them."""
    chat = _chat(call, call.text("DIALOG_ID"), empty="DIALOG_ID_EMPTY", unknown=PortalFault("ACCESS_ERROR", status=403))
    limit, first = min(call.number("LIMIT") or MESSAGES, MOST_MESSAGES), call.number("FIRST_ID")
    found = [each for each in chat.messages if first is None or each.id > first]
    page = found[:limit] if first is not None else found[-limit:]
    return Answer(
        {
            "chat_id": chat.id,
            "messages": [_message(call, chat, each) for each in reversed(page)],
            "users": [],
            "files": [_file(call, chat, each, each.file) for each in reversed(page) if each.file is not None],
        }
    )


def file_upload(call: Call) -> Answer:
    """im.v2.File.upload: the file, its place in the chat and the message in one call."""
    fields = call.mapping("fields")
    name, content = str(fields.get("name") or ""), str(fields.get("content") or "")
    if not name or not content:
        raise PortalFault("FILE_EMPTY", "File name and content are required")
    data = decoded(content, PortalFault("FILE_INVALID_CONTENT", "Invalid base64 content"))
    if len(data) > LARGEST_FILE:
        raise PortalFault("FILE_TOO_LARGE", "File is too large")
    gone = PortalFault("CHAT_NOT_FOUND", "CHAT_NOT_FOUND")
    chat = _chat(call, call.text("dialogId"), empty="CHAT_NOT_FOUND", unknown=gone)
    kept = call.portal.collaboration
    with kept.lock:
        file = ChatFile(kept.new_id(), name, data)
        message = ChatMessage(
            kept.new_id(), call.user.id, str(fields.get("message") or ""), call.portal.world.clock(), file
        )
        chat.messages.append(message)
    return Answer(
        {
            "file": _file(call, chat, message, file),
            "messageId": message.id,
            "chatId": chat.id,
            "dialogId": f"chat{chat.id}",
        }
    )


def decoded(content: str, fault: PortalFault) -> bytes:
    """The bytes of a Base64 text. Raises ``fault``."""
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise fault from None


def _chat(call: Call, dialog: str, *, empty: str, unknown: PortalFault) -> Chat:
    if not dialog:
        raise PortalFault(empty)
    number = dialog.removeprefix("chat")
    chat = call.portal.collaboration.chats.get(int(number)) if number.isdigit() and dialog != number else None
    if chat is None:
        raise unknown
    if call.user.id not in chat.members:
        raise PortalFault("ACCESS_DENIED", "Access denied")
    return chat


def _moment(call: Call, at: float) -> str:
    return datetime.fromtimestamp(at, call.portal.zone).isoformat(timespec="seconds")


def _message(call: Call, chat: Chat, message: ChatMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "chat_id": chat.id,
        "author_id": message.author_id,
        "date": _moment(call, message.at),
        "text": message.text,
        "unread": False,
        "uuid": None,
        "replaces": [],
        "params": {"FILE_ID": [message.file.id]} if message.file else [],
        "disappearing_date": None,
    }


def _file(call: Call, chat: Chat, message: ChatMessage, file: ChatFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "chatId": chat.id,
        "date": _moment(call, message.at),
        "type": "file",
        "name": file.name,
        "extension": file.name.rpartition(".")[2],
        "size": len(file.content),
        "image": False,
        "status": "done",
        "progress": 100,
        "authorId": message.author_id,
        "authorName": call.portal.users[message.author_id].full_name,
        "urlPreview": "",
        "urlShow": f"{call.portal.url}/disk/file/{file.id}/",
        "urlDownload": f"{call.portal.url}/disk/file/{file.id}/",
    }

"""Notifications, chats and the Drive, as their pages say, unkind answers included."""

from __future__ import annotations

import base64

import pytest
import requests

from demo_portal import Portal
from tests.demo.conftest import Rest

FILE = base64.b64encode(b"a workbook").decode()


@pytest.fixture(autouse=True)
def granted(portal: Portal) -> None:
    portal.set_scopes("crm", "placement", "im", "disk")


def upload(rest: Rest, portal: Portal, folder: int = 12, **params: object) -> tuple[int, dict[str, object]]:
    asked = {"data": {"NAME": "register.xlsx"}, "fileContent": ["register.xlsx", FILE], **params}
    return rest("disk.folder.uploadFile", portal.accountant, id=folder, **asked)


def test_without_their_scope_the_methods_are_refused(rest: Rest, portal: Portal) -> None:
    portal.set_scopes("crm")
    for method in ("im.notify.system.add", "im.recent.list", "im.v2.File.upload", "disk.storage.getList"):
        status, answer = rest(method)
        assert (status, answer["error"]) == (403, "insufficient_scope")


def test_a_notification_with_a_tag_takes_the_place_of_the_one_before(rest: Rest, portal: Portal) -> None:
    for text in ("first", "second"):
        rest("im.notify.system.add", USER_ID=5, MESSAGE=text, TAG="report 1")
    rest("im.notify.system.add", USER_ID=5, MESSAGE="third", TAG="report 2")
    assert [each.text for each in portal.collaboration.notifications] == ["second", "third"]
    assert rest("im.notify.system.add", USER_ID=5)[1]["error"] == "MESSAGE_EMPTY"


def test_a_file_goes_into_a_chat_of_the_users_own(rest: Rest, portal: Portal) -> None:
    fields = {"name": "register.xlsx", "content": FILE, "message": "here"}
    _, answer = rest("im.v2.File.upload", portal.accountant, dialogId="chat42", fields=fields)
    assert answer["result"]["dialogId"] == "chat42"
    (message,) = portal.collaboration.chats[42].messages
    assert (message.text, message.file and message.file.content) == ("here", b"a workbook")
    _, heard = rest("im.dialog.messages.get", portal.accountant, DIALOG_ID="chat42")
    assert [each["name"] for each in heard["result"]["files"]] == ["register.xlsx"]
    assert rest("im.v2.File.upload", portal.manager, dialogId="chat42", fields=fields)[1]["error"] == "ACCESS_DENIED"
    assert rest("im.v2.File.upload", portal.manager, dialogId="chat7", fields=fields)[1]["error"] == "CHAT_NOT_FOUND"
    broken = {"name": "a.txt", "content": "data:text/plain;base64,?"}
    refused = rest("im.v2.File.upload", portal.accountant, dialogId="chat42", fields=broken)
    assert refused[1]["error"] == "FILE_INVALID_CONTENT"


def test_recent_chats_are_the_users_own(rest: Rest, portal: Portal) -> None:
    _, answer = rest("im.recent.list", portal.manager, SKIP_DIALOG="Y")
    assert [each["id"] for each in answer["result"]["items"]] == ["chat44"]


def test_a_name_that_is_taken_becomes_unique_when_asked(rest: Rest, portal: Portal) -> None:
    assert upload(rest, portal)[1]["result"]["NAME"] == "register.xlsx"  # type: ignore[index]
    assert upload(rest, portal)[1]["error"] == "DISK_OBJ_22000"
    assert upload(rest, portal, generateUniqueName=True)[1]["result"]["NAME"] == "register (1).xlsx"  # type: ignore[index]
    _, listed = rest("disk.folder.getChildren", portal.accountant, id=12, filter={"TYPE": "file"})
    assert [each["NAME"] for each in listed["result"]] == ["register.xlsx", "register (1).xlsx"]


def test_a_folder_that_is_gone_or_closed_takes_no_file(rest: Rest, portal: Portal) -> None:
    assert upload(rest, portal, 14)[1]["error"] == "ACCESS_DENIED"
    portal.collaboration.objects[12].deleted = True
    assert upload(rest, portal)[1]["error"] == "ERROR_NOT_FOUND"


def test_storages_of_others_are_not_seen(rest: Rest, portal: Portal) -> None:
    _, answer = rest("disk.storage.getList", portal.accountant)
    assert [each["NAME"] for each in answer["result"]] == ["Общий диск", "Мария Кузнецова"]


def test_one_handler_of_links_an_application(rest: Rest) -> None:
    assert rest("placement.bind", PLACEMENT="REST_APP_URI", HANDLER="https://app.example/app")[1]["result"] is True
    _, answer = rest("placement.bind", PLACEMENT="REST_APP_URI", HANDLER="https://other.example/app")
    assert answer["error"] == "ERROR_PLACEMENT_MAX_COUNT"


def test_pages_show_what_was_sent(rest: Rest, portal: Portal) -> None:
    link = f"[URL={portal.url}/marketplace/view/local.demo/?params[report]=7]Open[/URL]"
    rest("im.notify.system.add", USER_ID=5, MESSAGE=f"Ready. {link}")
    upload(rest, portal)
    chats = requests.get(f"{portal.url}/online/", params={"as": 5}, timeout=60).text
    assert "Ready. <a href=" in chats
    assert "/marketplace/view/local.demo/?as=5" in chats
    assert "register.xlsx" in requests.get(f"{portal.url}/docs/", params={"as": 5, "folder": 12}, timeout=60).text

"""Where a report can go: what is found there, what the portal refuses, and that nothing is sent twice."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bitrix_app.errors import (
    AppError,
    ChatUnavailableError,
    FolderUnavailableError,
    InsufficientScopeError,
    PortalUnavailableError,
)
from bitrix_app.portals.collaboration import (
    ChatTarget,
    Document,
    FolderTarget,
    NotificationTarget,
    folders,
    is_passing,
    recent_chats,
)
from demo_portal import Fault
from tests.memory import Scene

DOCUMENT = Document("Реестр счетов за ноябрь 2026 г.xlsx", b"a workbook", "Реестр за ноябрь 2026: 2 счёта", "report 1")
SIZE = len(DOCUMENT.content)


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.portal.set_scopes("crm", "placement", "im", "disk")
    made.client = made.client_of(made.portal.accountant)
    return made


def test_a_notification_sent_again_is_shown_once(scene: Scene) -> None:
    """The portal takes the later one with a tag for the earlier."""
    for _ in range(2):
        NotificationTarget().send(scene.client, 5, DOCUMENT)
    (shown,) = scene.portal.collaboration.notifications
    assert (shown.user_id, shown.text) == (5, DOCUMENT.message)


@pytest.mark.parametrize("target", [ChatTarget("chat42"), FolderTarget(12)])
def test_a_file_whose_answer_was_lost_is_found_where_it_went(scene: Scene, target: ChatTarget | FolderTarget) -> None:
    """It is sent once, and what is there afterwards tells that it has arrived."""
    before = target.there(scene.client, 5, DOCUMENT.name, SIZE)
    method = "im.v2.file.upload" if isinstance(target, ChatTarget) else "disk.folder.uploadfile"
    scene.portal.faults.at(1, Fault.drop_after(), method=method)
    with pytest.raises(PortalUnavailableError):
        target.send(scene.client, 5, DOCUMENT)
    assert len(scene.portal.calls.of(method)) == 1
    assert before == []
    assert len(target.there(scene.client, 5, DOCUMENT.name, SIZE)) == 1


@pytest.mark.parametrize("refusal", ["QUERY_LIMIT_EXCEEDED", "expired_token"])
def test_what_the_portal_has_surely_not_done_is_asked_again(scene: Scene, refusal: str) -> None:
    """A limit or a token that has expired: the file was not taken, so sending it again is no second one."""
    scene.portal.faults.at(1, Fault.error(refusal), method="disk.folder.uploadfile")
    FolderTarget(12).send(scene.client, 5, DOCUMENT)
    assert len(FolderTarget(12).there(scene.client, 5, DOCUMENT.name, SIZE)) == 1


def test_a_file_of_somebody_else_or_of_another_size_is_not_taken_for_ours(scene: Scene) -> None:
    FolderTarget(12).send(scene.client_of(scene.portal.admin), 1, DOCUMENT)
    assert FolderTarget(12).there(scene.client, 5, DOCUMENT.name, SIZE) == []
    assert FolderTarget(12).there(scene.client, 1, DOCUMENT.name, SIZE + 1) == []
    assert len(FolderTarget(12).there(scene.client, 1, DOCUMENT.name, SIZE)) == 1


def test_a_name_that_is_taken_on_the_drive_gives_way_to_one_of_its_own(scene: Scene) -> None:
    """Of another report of the same title, or of somebody else."""
    target = FolderTarget(12)
    target.send(scene.client, 5, DOCUMENT)
    there = frozenset(target.there(scene.client, 5, DOCUMENT.name, SIZE))
    target.send(scene.client, 5, replace(DOCUMENT, tag="report 2", known=there))
    names = [each.name for each in scene.portal.collaboration.children(12) if not each.is_folder]
    assert names[0] == DOCUMENT.name
    assert re.fullmatch(r"Реестр счетов за ноябрь 2026 г \([0-9a-f]{8}\)\.xlsx", names[1])
    assert len(target.there(scene.client, 5, DOCUMENT.name, SIZE)) == 2


def test_a_chat_that_is_gone_or_left_is_named_as_such(scene: Scene) -> None:
    scene.portal.collaboration.chats[42].members.discard(5)
    for chat in ("chat42", "chat7"):
        with pytest.raises(ChatUnavailableError):
            ChatTarget(chat).send(scene.client, 5, DOCUMENT)
        with pytest.raises(ChatUnavailableError):
            ChatTarget(chat).there(scene.client, 5, DOCUMENT.name, SIZE)


def test_a_folder_that_is_gone_or_closed_is_named_as_such(scene: Scene) -> None:
    scene.portal.collaboration.objects[12].deleted = True
    for folder in (12, 14):
        with pytest.raises(FolderUnavailableError):
            FolderTarget(folder).send(scene.client, 5, DOCUMENT)


def test_only_what_may_pass_is_tried_again(scene: Scene) -> None:
    scene.portal.set_scopes("crm")
    with pytest.raises(InsufficientScopeError) as refused:
        NotificationTarget().send(scene.client, 5, DOCUMENT)
    passing: list[AppError] = [PortalUnavailableError(method="m", status=502)]
    lasting: list[AppError] = [refused.value, ChatUnavailableError()]
    assert [is_passing(each) for each in (*passing, *lasting)] == [True, False, False]


def test_chats_and_folders_to_choose_from_are_those_the_user_sees(scene: Scene) -> None:
    assert [(each.id, each.title) for each in recent_chats(scene.client)] == [
        ("chat42", "Бухгалтерия"),
        ("chat44", "Продажи"),
    ]
    roots = folders(scene.client, 5)
    assert [each.title for each in roots] == ["Общий диск", "Мария Кузнецова"]
    assert [(each.id, each.title) for each in folders(scene.client, 5, roots[0].id)] == [
        (12, "Отчёты"),
        (14, "Шаблоны"),
    ]

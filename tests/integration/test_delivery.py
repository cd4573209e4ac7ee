"""Sending finished reports: to the user's notifications, a chat, a folder; once each, whatever goes wrong between."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from bitrix_app.jobs import DeliveryRun, DeliveryWorker
from bitrix_app.jobs.schedules import ScheduleRunner
from bitrix_app.storage import Deliveries, ReportLeases
from demo_portal import Fault, Portal
from tests.integration.house import House, Visitor

BELL = {"to": "notification"}
CHAT = {"to": "chat", "chat_id": "chat42"}
FOLDER = {"to": "disk", "folder_id": 12}
UPLOADS = {"chat": "im.v2.file.upload", "disk": "disk.folder.uploadfile"}


@pytest.fixture
def portal(house: House) -> Portal:
    made = house.portal()
    made.set_scopes("crm", "placement", "im", "disk")
    made.bucket.enabled = False
    return made


@pytest.fixture
def worker(house: House) -> DeliveryWorker:
    """Carries out what is due when it is told to."""
    web = house.services.web
    rows = Deliveries(house.services.database)
    return DeliveryWorker(rows, DeliveryRun(rows, web.portals, web.reports, web.clients, web.files))


def finished(house: House, visitor: Visitor) -> str:
    report = visitor.start()
    house.finish(report["id"])
    return str(report["id"])


def send(visitor: Visitor, report_id: str, *targets: dict[str, Any]) -> None:
    answer = visitor.call("POST", f"/reports/{report_id}/send", json={"deliver": list(targets)})
    assert answer.status_code == 202, answer.text


def carry_out(worker: DeliveryWorker) -> None:
    while worker.work_once():
        pass


def later(house: House) -> None:
    """Back-off and leases have passed."""
    with house.services.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE report_delivery SET next_at = '2020-01-01 00:00:00.000000'")
        connection.exec_driver_sql("UPDATE report_delivery SET lease_until = NULL")


def states(visitor: Visitor, report_id: str) -> list[tuple[str, str, str | None]]:
    told = visitor.get(f"/reports/{report_id}")["deliveries"]
    return [(each["to"], each["state"], each["error"] and each["error"]["code"]) for each in told]


def files_there(portal: Portal) -> tuple[int, int]:
    """In the chat and in the folder."""
    kept = portal.collaboration
    return len(kept.chats[42].messages), sum(not each.is_folder for each in kept.children(12))


def test_a_report_goes_to_each_target_once(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker
) -> None:
    report_id = finished(house, visitor)
    send(visitor, report_id, BELL, CHAT, FOLDER)
    send(visitor, report_id, CHAT)
    carry_out(worker)
    assert states(visitor, report_id) == [(each, "done", None) for each in ("notification", "chat", "disk")]
    (told,) = portal.collaboration.notifications
    line, link = told.text.split("\n")
    assert line == "Реестр за 1-й квартал 2026: 2 счёта, 120,10 ₽, замечаний 1"
    assert link == f"[URL={portal.url}/marketplace/view/local.demo/?params%5Breport%5D={report_id}]Открыть отчёт[/URL]"
    assert told.user_id == portal.accountant.id
    (message,) = portal.collaboration.chats[42].messages
    assert message.file is not None
    assert (message.author_id, message.file.content) == (portal.accountant.id, b"PK workbook")
    (file,) = [each for each in portal.collaboration.children(12) if not each.is_folder]
    assert file.name.startswith("Реестр счетов")
    assert file.name.endswith(".xlsx")
    assert file.created_by == portal.accountant.id


@pytest.mark.parametrize(
    "case",
    [(target, fault) for target in (CHAT, FOLDER) for fault in (Fault.drop_after(), Fault.html(502))],
    ids=["chat, answer lost", "chat, bad gateway", "folder, answer lost", "folder, bad gateway"],
)
def test_a_lost_answer_sends_nothing_twice(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker, case: tuple[dict[str, Any], Fault]
) -> None:
    """The next try looks first; where the file has not arrived it is sent then."""
    target, fault = case
    report_id = finished(house, visitor)
    portal.faults.at(1, fault, method=UPLOADS[target["to"]])
    send(visitor, report_id, target)
    carry_out(worker)
    assert states(visitor, report_id) == [(target["to"], "sending", "portal_unavailable")]
    later(house)
    carry_out(worker)
    assert states(visitor, report_id) == [(target["to"], "done", None)]
    assert sum(files_there(portal)) == 1


def test_a_file_that_arrives_after_a_later_try_was_refused_is_found(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker
) -> None:
    """How the first try ended stays unknown, whatever the second one was told."""
    report_id = finished(house, visitor)
    portal.faults.at(1, Fault.drop_after(), method=UPLOADS["disk"])
    portal.faults.at(2, Fault.error("ERROR_COULD_NOT_SAVE_FILE"), method=UPLOADS["disk"])
    send(visitor, report_id, FOLDER)
    carry_out(worker)
    [late] = [each for each in portal.collaboration.children(12) if not each.is_folder]
    late.deleted = True
    later(house)
    carry_out(worker)
    assert [state for _, state, _ in states(visitor, report_id)] == ["sending"]
    late.deleted = False
    later(house)
    carry_out(worker)
    assert states(visitor, report_id) == [("disk", "done", None)]
    assert files_there(portal) == (0, 1)


@pytest.mark.parametrize("late", [True, False], ids=["after the second try", "just before it is taken"])
def test_a_file_that_the_portal_takes_after_we_gave_it_up_arrives_once(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker, late: bool
) -> None:
    """The portal sits on the first try until the next one has looked and found nothing: the folder has a name once."""
    report_id = finished(house, visitor)
    asked, go = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        go.wait(60)

    def let_the_first_be_quicker() -> None:
        go.set()
        first.join(60)

    portal.faults.before(1, hold, method=UPLOADS["disk"])
    if not late:
        portal.faults.before(2, let_the_first_be_quicker, method=UPLOADS["disk"])
    send(visitor, report_id, FOLDER)
    first = threading.Thread(target=worker.work_once)
    first.start()
    assert asked.wait(60)
    later(house)
    carry_out(worker)
    go.set()
    first.join(60)
    assert files_there(portal) == (0, 1)
    assert states(visitor, report_id) == [("disk", "done", None)]


def test_a_worker_that_dies_between_sending_and_writing_down_sends_nothing_twice(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id = finished(house, visitor)
    send(visitor, report_id, FOLDER)
    with monkeypatch.context() as dying:
        dying.setattr(Deliveries, "done", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        assert worker.work_once()
    assert files_there(portal) == (0, 1)
    later(house)
    carry_out(worker)
    assert files_there(portal) == (0, 1)
    assert states(visitor, report_id) == [("disk", "done", None)]


def test_two_workers_at_the_same_moment_send_once(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker
) -> None:
    report_id = finished(house, visitor)
    send(visitor, report_id, CHAT, FOLDER)
    both = [threading.Thread(target=carry_out, args=(worker,)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    carry_out(worker)
    assert files_there(portal) == (1, 1)


@pytest.mark.parametrize(
    "case",
    [
        (CHAT, lambda portal: portal.collaboration.chats.pop(42), "chat_unavailable"),
        (CHAT, lambda portal: portal.collaboration.chats[42].members.clear(), "chat_unavailable"),
        ({"to": "disk", "folder_id": 14}, lambda _: None, "folder_unavailable"),
        (FOLDER, lambda portal: setattr(portal.collaboration.objects[12], "deleted", True), "folder_unavailable"),
        (BELL, lambda portal: portal.set_scopes("crm", "placement"), "insufficient_scope"),
        (BELL, lambda portal: setattr(portal.accountant, "active", False), "user_access_error"),
    ],
    ids=["chat gone", "left the chat", "no right to the folder", "folder gone", "scope withdrawn", "dismissed"],
)
def test_what_no_repetition_helps_is_told_at_once_and_the_report_stays(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker, case: tuple[Any, Any, str]
) -> None:
    target, spoil, code = case
    report_id = finished(house, visitor)
    send(visitor, report_id, target)
    spoil(portal)
    carry_out(worker)
    record = house.services.web.reports.of(
        house.services.web.portals.by_member_id(portal.member_id).id,  # type: ignore[union-attr]
        portal.accountant.id,
    ).get(report_id)
    assert record is not None
    assert [(each.state, each.error_code) for each in record.deliveries] == [("failed", code)]
    assert record.status == "done"
    assert record.files


def test_after_three_tries_it_is_told_in_words(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker
) -> None:
    report_id = finished(house, visitor)
    portal.faults.always(Fault.error("ERROR_COULD_NOT_SAVE_FILE"), method="disk.folder.uploadfile")
    send(visitor, report_id, FOLDER)
    for _ in range(3):
        carry_out(worker)
        later(house)
    carry_out(worker)
    assert len(portal.calls.of("disk.folder.uploadfile")) == 6  # a try under each of two names
    (told,) = visitor.get(f"/reports/{report_id}")["deliveries"]
    assert told["state"] == "failed"
    assert told["error"]["message"]
    portal.faults.clear()
    send(visitor, report_id, FOLDER)
    carry_out(worker)
    assert files_there(portal) == (0, 1)


def test_a_portal_without_links_into_the_application_gets_its_own_address(house: House, worker: DeliveryWorker) -> None:
    portal = house.portal(installed=False)
    portal.set_scopes("crm", "placement", "im")
    portal.known_placements.remove("REST_APP_URI")
    assert house.post("/install", portal).status_code == 200
    visitor = house.visitor(portal)
    send(visitor, finished(house, visitor), BELL)
    carry_out(worker)
    assert f"[URL={portal.url}/marketplace/app/5/]" in portal.collaboration.notifications[0].text


def test_what_the_portal_does_not_grant_is_refused_with_the_reason(house: House, portal: Portal) -> None:
    portal.set_scopes("crm", "placement", "im")
    visitor = house.visitor(portal)
    report_id = finished(house, visitor)
    answer = visitor.call("POST", f"/reports/{report_id}/send", json={"deliver": [FOLDER]})
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    assert "disk" in answer.json["errors"]["deliver.0.to"][0]
    offered = {each["to"]: (each["available"], each["reason"]) for each in visitor.get("/targets")["items"]}
    assert offered["chat"] == (True, None)
    assert offered["disk"][0] is False
    assert "disk" in offered["disk"][1]


@pytest.mark.parametrize(
    "deliver",
    [
        None,
        [],
        [{}],
        [{"to": "post"}],
        [{"to": "chat"}],
        [{"to": "chat", "chat_id": "5"}],
        [{"to": "disk", "folder_id": "12"}],
        [{"to": "notification", "chat_id": "chat42"}],
        [BELL] * 11,
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(house: House, portal: Portal, visitor: Visitor, deliver: Any) -> None:
    report_id = finished(house, visitor)
    assert visitor.call("POST", f"/reports/{report_id}/send", json={"deliver": deliver}).status_code == 422
    assert portal.calls.of("im.notify.system.add") == []


def test_only_a_finished_report_of_ones_own_is_sent(house: House, portal: Portal, visitor: Visitor) -> None:
    waiting = visitor.start()["id"]
    assert visitor.call("POST", f"/reports/{waiting}/send", json={"deliver": [BELL]}).status_code == 409
    house.finish(waiting)
    stranger = house.visitor(portal, portal.admin)
    assert stranger.call("POST", f"/reports/{waiting}/send", json={"deliver": [BELL]}).status_code == 404


def test_chats_and_folders_are_offered_as_the_user_sees_them(portal: Portal, visitor: Visitor) -> None:
    assert [each["id"] for each in visitor.get("/targets/chats")["items"]] == ["chat42", "chat44"]
    roots = visitor.get("/targets/folders")["items"]
    assert [each["title"] for each in roots] == ["Общий диск", "Мария Кузнецова"]
    assert {"id": 12, "title": "Отчёты"} in visitor.get(f"/targets/folders?parent={roots[0]['id']}")["items"]
    assert visitor.call("GET", "/targets/folders?parent=0").status_code == 422
    assert visitor.call("GET", "/targets/folders?parent=999").status_code == 409


MONTHLY = {
    "name": "Реестр за прошлый месяц",
    "params": {},
    "period": "last_month",
    "when": {"every": "month", "day": 1, "time": "09:00"},
    "deliver": [BELL, CHAT],
}


def ended(house: House) -> None:
    """What the runner of schedules does when a report has ended."""
    runner = next(each for each in house.services.jobs._beside if isinstance(each, ScheduleRunner))
    runner.see_to_ended()


def test_a_report_of_a_schedule_goes_where_the_schedule_says(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker
) -> None:
    made = visitor.call("POST", "/schedules", json=MONTHLY)
    assert made.status_code == 201, made.text
    report_id = visitor.call("POST", f"/schedules/{made.json['id']}/run").json["id"]
    house.finish(report_id)
    ended(house)
    ended(house)
    carry_out(worker)
    assert states(visitor, report_id) == [("notification", "done", None), ("chat", "done", None)]
    assert files_there(portal) == (1, 0)
    assert len(portal.collaboration.notifications) == 1


def test_a_report_of_a_schedule_that_was_not_built_is_told_to_its_owner(
    house: House, portal: Portal, visitor: Visitor, worker: DeliveryWorker
) -> None:
    """One message with a link to the reason; no file goes anywhere."""
    made = visitor.call("POST", "/schedules", json=MONTHLY)
    report_id = visitor.call("POST", f"/schedules/{made.json['id']}/run").json["id"]
    ReportLeases(house.services.database).failed(house.lease(report_id), "workbook_limit")
    ended(house)
    carry_out(worker)
    (told,) = portal.collaboration.notifications
    assert "не построен после нескольких попыток" in told.text
    assert report_id in told.text
    assert files_there(portal) == (0, 0)

"""A portal may belong to an attacker: what it answers is bounded, goes nowhere else, and holds up nobody else."""

from __future__ import annotations

import socket
import threading

import pytest

from bitrix_app.portals.cache import SHARE
from demo_portal import Fault, Portal
from tests.integration.house import House, Visitor
from tests.live import until


def test_a_slow_portal_holds_up_nobody_elses_page(house: House, portal: Portal) -> None:
    """While many requests hang at one portal, another portal's pages and those that need no portal are answered."""
    hostile = house.visitor(portal)
    neighbour = house.visitor(house.portal())
    portal.faults.always(Fault.hang())
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(hostile.call("GET", "/options").status_code)) for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    until(lambda: len(statuses) >= 24)  # those for whom there is no place are told at once
    assert neighbour.call("GET", "/options").status_code == 200
    assert neighbour.call("GET", "/reports").status_code == 200
    assert house.get("/healthz").status_code == 200
    assert set(statuses) == {503}
    assert any(thread.is_alive() for thread in threads)
    portal.faults.release()
    portal.faults.clear()
    for thread in threads:
        thread.join(20)


def test_a_request_to_a_hanging_portal_ends_in_seconds(house: House, portal: Portal) -> None:
    visitor = house.visitor(portal)
    portal.faults.always(Fault.drip(seconds=60, size=1), method="crm.item.fields")
    house.be_impatient(2.0)
    answer = visitor.call("GET", "/options")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) >= 1


def test_the_calls_of_one_request_share_its_seconds(house: House) -> None:
    """A portal that is just quick enough at each of many calls is not waited for at each; what has come is kept."""
    portal = house.portal()
    visitor = house.visitor(portal)
    portal.faults.always(Fault.slow(0.6))
    house.be_impatient(1.5)
    answers = [visitor.call("GET", "/options").status_code for _ in range(6)]
    assert answers[0] == 503
    assert answers[-1] == 200


def test_an_installation_has_time_for_its_many_calls(house: House) -> None:
    """A portal that needs most of a second for a call is installed at the first go."""
    portal = house.portal(installed=False)
    portal.faults.always(Fault.slow(0.15))
    house.be_impatient(0.75)
    assert house.post("/install", portal).status_code == 200


def test_a_redirect_is_not_followed_with_a_token(house: House, portal: Portal, visitor: Visitor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.setblocking(False)
        portal.faults.always(Fault.redirect(f"http://127.0.0.1:{waiting.getsockname()[1]}/rest/"))
        assert visitor.call("GET", "/options").status_code == 503
        with pytest.raises(BlockingIOError):
            waiting.accept()


def test_a_portal_that_has_moved_is_found_by_the_authorization_servers_word(house: House, portal: Portal) -> None:
    visitor = house.visitor(portal)
    portal.move()
    assert visitor.call("GET", "/options").status_code == 200
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    assert record.client_endpoint == portal.client_endpoint


@pytest.mark.parametrize(
    "fault",
    [
        Fault.json(None),
        Fault.json([]),
        Fault.json("text"),
        Fault.result(None),
        Fault.result([]),
        Fault.result("text"),
        Fault.result(5),
        Fault.result([None, 5, "x", [], {}]),
        Fault.result({"ID": {"a": 1}, "ADMIN": "yes", "NAME": 5}),
        Fault.result({"fields": [1, 2], "categories": {"id": "x"}, "items": "x"}),
        Fault.html(200),
        Fault.short_json(),
        Fault.cut(),
        Fault.huge(12),
        Fault.status(204),
        Fault.error("SOMETHING_NEW"),
    ],
    ids=range(16),
)
@pytest.mark.parametrize("path", ["/me", "/options", "/self-check", "/companies/5/overview"])
def test_nonsense_from_a_portal_is_never_a_failure_of_ours(house: House, fault: Fault, path: str) -> None:
    """Whatever its REST answers, the page gets an answer or a problem that names the portal, not a 500."""
    portal = house.portal()
    visitor = house.visitor(portal, portal.admin)
    house.be_impatient(0.5)
    with house.services.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE portal_user SET checked_at = '2020-01-01 00:00:00'")
    portal.faults.always(fault)
    answer = visitor.call("GET", path)
    assert answer.status_code in {200, 403, 422, 502, 503}, answer.text
    if answer.status_code != 200:
        assert answer.json["code"] not in {"internal_error", ""}


def test_hostile_titles_are_shortened_and_stay_data(house: House, portal: Portal, visitor: Visitor) -> None:
    evil = "</script><b>" + "x" * 5000
    portal.faults.always(
        Fault.result({"fields": {"ufCrmEvil": {"type": "date", "title": evil}, "bad name;--": {"type": "date"}}}),
        method="crm.item.fields",
    )
    fields = visitor.get("/options")["date_fields"]
    assert [field["name"] for field in fields] == ["ufCrmEvil"]
    assert len(fields[0]["title"]) == 255
    raw = visitor.call("GET", "/options")
    assert raw.mimetype == "application/json"


def test_catalogs_of_a_hostile_portal_take_its_share_of_memory_and_no_more(house: House) -> None:
    """Neither many users nor an administrator who installs again and again makes it more."""
    portal, cache = house.portal(), house.services.web.catalogs._cache
    fields = {f"ufCrm{each}": {"type": "date", "title": f"{each} " + "я" * 5000} for each in range(1000)}
    stages = [{"STATUS_ID": f"S{each}", "NAME": f"{each} " + "я" * 5000} for each in range(400)]
    portal.faults.always(Fault.result({"fields": fields}), method="crm.item.fields")
    portal.faults.always(Fault.result(stages), method="crm.status.list")
    before = cache.bytes
    for _ in range(3):
        assert house.post("/install", portal).status_code == 200
        for user in (portal.admin, portal.accountant, portal.manager):
            assert house.visitor(portal, user).call("GET", "/options").status_code in {200, 502}
        assert cache.bytes - before < SHARE
    assert cache.bytes > before


def test_a_portal_that_tells_of_more_fields_than_any_has_is_not_believed(house: House, portal: Portal) -> None:
    fields = {f"ufCrm{each}": {"type": "date"} for each in range(5000)}
    portal.faults.always(Fault.result({"fields": fields}), method="crm.item.fields")
    answer = house.visitor(portal).call("GET", "/options")
    assert (answer.status_code, answer.json["code"]) == (502, "unexpected_answer")


def test_a_crowd_that_turns_back_does_not_move_the_reports_place(
    house: House, portal: Portal, visitor: Visitor
) -> None:
    """An employee who asks again and again while the portal's limit is used up holds up nobody's report."""
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    bucket = house.services.web.clients._buckets.bucket(record.id)
    bucket.penalize(10.0)
    answers = [visitor.call("GET", "/invoices/5") for _ in range(50)]
    assert {answer.status_code for answer in answers} == {503}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in answers)
    assert bucket.take() < 15

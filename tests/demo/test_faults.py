"""Faults: each kind, and when it strikes."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from demo_portal import Fault, Portal
from tests.demo.conftest import Rest
from tests.live import until


def post(portal: Portal, method: str = "profile", timeout: float = 60, **params: Any) -> requests.Response:
    body = {**params, "auth": portal.issue_tokens().access_token}
    return requests.post(f"{portal.client_endpoint}{method}", json=body, timeout=timeout, allow_redirects=False)


@pytest.mark.parametrize(
    ("fault", "status", "content"),
    [
        (Fault.html(502), 502, "<html>"),
        (Fault.html(200), 200, "<html>"),
        (Fault.status(500), 500, ""),
        (Fault.error("OVERLOAD_LIMIT"), 503, '{"error":"OVERLOAD_LIMIT"'),
        (Fault.error("PORTAL_DELETED"), 500, '{"error":"PORTAL_DELETED"'),
        (Fault.error("PAYMENT_REQUIRED"), 402, '{"error":"PAYMENT_REQUIRED"'),
        (Fault.error("user_access_error"), 403, '{"error":"user_access_error"'),
        (Fault.error("insufficient_scope"), 403, '{"error":"insufficient_scope"'),
        (Fault.error("ACCESS_DENIED", status=400), 400, '{"error":"ACCESS_DENIED"'),
        (Fault.error("QUERY_LIMIT_EXCEEDED"), 503, '{"error":"QUERY_LIMIT_EXCEEDED"'),
        (Fault.error("OPERATION_TIME_LIMIT"), 429, '{"error":"OPERATION_TIME_LIMIT"'),
        (Fault.error("expired_token"), 401, '{"error":"expired_token"'),
        (Fault.error("INVALID_ARG_VALUE", "words"), 400, '{"error":"INVALID_ARG_VALUE","error_description":"words"}'),
        (Fault.json(["odd"]), 200, '["odd"]'),
        (Fault.result("odd"), 200, '{"result":"odd","time":'),
        (Fault.edit(lambda body: body.pop("time")), 200, '{"result":{"ID":"1"'),
        (Fault.short_json(), 200, '{"result":{"ID":"1"'),
        (Fault.slow(0.01), 200, '{"result":{"ID":"1"'),
        (Fault.drip(0, size=40), 200, '{"result":{"ID":"1"'),
        (Fault.redirect("http://127.0.0.1:9/rest/profile"), 302, ""),
    ],
)
def test_a_fault_takes_the_place_of_the_answer(portal: Portal, fault: Fault, status: int, content: str) -> None:
    """The next call gets it, the one after that the truth."""
    portal.faults.at(1, fault)
    answer = post(portal)
    assert (answer.status_code, answer.text[: len(content)]) == (status, content)
    assert post(portal).json()["result"]["ID"] == "1"
    assert portal.faults.fired == [(fault.name, "profile")]


@pytest.mark.parametrize("fault", [Fault.drop(), Fault.drop_after(), Fault.cut(), Fault.hang(0.01)])
def test_a_broken_connection_is_no_answer(portal: Portal, fault: Fault) -> None:
    """Nothing comes, or half a body of the announced length."""
    portal.faults.at(1, fault)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        post(portal)


def test_a_dropped_call_was_not_carried_out_unless_it_is_said_so(portal: Portal) -> None:
    """drop loses the call, drop_after only its answer."""
    bind = {"PLACEMENT": "CRM_ANALYTICS_MENU", "HANDLER": "http://127.0.0.1:1/app"}
    for fault, bound in ((Fault.drop(), 0), (Fault.drop_after(), 1)):
        portal.faults.at(1, fault)
        with pytest.raises(requests.ConnectionError):
            post(portal, "placement.bind", **bind)
        assert len(portal.installation().placements) == bound


def test_a_hanging_call_is_let_go(portal: Portal) -> None:
    """release() ends the wait: the client sees a closed connection."""
    portal.faults.at(1, Fault.hang())
    ended = threading.Event()

    def call() -> None:
        with pytest.raises(requests.ConnectionError):
            post(portal)
        ended.set()

    caller = threading.Thread(target=call)
    caller.start()
    until(lambda: portal.faults.fired)
    assert not ended.is_set()
    portal.faults.release()
    assert ended.wait(60)
    caller.join()


def test_a_server_settles_when_given_up_calls_are_over(portal: Portal, rest: Rest) -> None:
    """A caller who goes away leaves a call behind; kept connections are closed, and the next call opens a new one."""
    rest("profile")
    portal.faults.at(1, Fault.hang())
    with pytest.raises(requests.ReadTimeout):
        post(portal, timeout=0.05)
    until(lambda: portal.faults.fired)
    with pytest.raises(TimeoutError):
        portal.server.settle(0.05)
    portal.faults.release()
    portal.server.settle()
    assert len(portal.calls) == 2
    assert rest("profile")[0] == 200


def test_a_huge_body_is_as_large_as_it_says(portal: Portal) -> None:
    """A valid JSON of that many megabytes, with or without a length."""
    portal.faults.at(1, Fault.huge(2))
    portal.faults.at(2, Fault.huge(2, announced=False))
    assert len(post(portal).json()["result"]) == 2 * 1024 * 1024
    second = post(portal)
    assert "Content-Length" not in second.headers
    assert len(second.json()["result"]) == 2 * 1024 * 1024


def test_the_nth_call_of_a_method_is_counted_from_now(portal: Portal, rest: Rest) -> None:
    """Other methods do not count; times makes it several."""
    rest("crm.item.list", entityTypeId=31)
    portal.faults.at(2, Fault.status(500, b"{}"), method="crm.item.list", times=2)
    statuses = []
    for _ in range(4):
        rest("profile")
        statuses.append(rest("crm.item.list", entityTypeId=31)[0])
    assert statuses == [200, 500, 500, 200]


def test_every_call_after_some(portal: Portal, rest: Rest) -> None:
    """always, until it is cleared."""
    portal.faults.always(Fault.error("PORTAL_DELETED"), after=1)
    assert [rest("profile")[0] for _ in range(3)] == [200, 500, 500]
    portal.faults.clear()
    assert rest("profile")[0] == 200


def test_a_call_is_chosen_by_what_it_asks(portal: Portal, rest: Rest) -> None:
    """when() looks at the parameters."""
    portal.faults.when(lambda method, params: params.get("start") == 50, Fault.status(500, b"{}"))
    assert rest("crm.item.list", entityTypeId=31, start=0)[0] == 200
    assert rest("crm.item.list", entityTypeId=31, start=50)[0] == 500


def test_the_last_page_is_the_one_that_ends_the_list(portal: Portal, rest: Rest) -> None:
    """Full pages pass; the short one gets the fault."""
    for _ in range(60):
        portal.crm.add_invoice()
    portal.faults.last(Fault.status(500, b"{}"), method="crm.item.list")
    assert rest("crm.item.list", entityTypeId=31, filter={">id": 0}, start=-1)[0] == 200
    assert rest("crm.item.list", entityTypeId=31, filter={">id": 50}, start=-1)[0] == 500


def test_data_change_just_before_a_call(portal: Portal, rest: Rest) -> None:
    """before() runs a function in time for the answer to show it."""
    portal.crm.add_invoice()
    portal.faults.before(2, lambda: portal.crm.remove_invoice(1), method="crm.item.list")
    totals = [rest("crm.item.list", entityTypeId=31, start=0)[1]["total"] for _ in range(2)]
    assert totals == [1, 0]


def test_endless_lists(portal: Portal, rest: Rest) -> None:
    """endless: ids grow for ever; same_page: the first page whatever is asked."""
    portal.crm.add_invoice()
    portal.faults.always(Fault.endless())
    last = 0
    for _ in range(3):
        items = rest("crm.item.list", entityTypeId=31, filter={">id": last}, start=-1)[1]["result"]["items"]
        assert [item["id"] for item in items] == list(range(last + 1, last + 51))
        last = items[-1]["id"]
    portal.faults.clear()
    portal.faults.always(Fault.same_page())
    first, second = (rest("crm.item.list", entityTypeId=31, filter={">id": after}, start=-1)[1] for after in (0, 50))
    assert first["result"] == second["result"]
    assert len(first["result"]["items"]) == 50

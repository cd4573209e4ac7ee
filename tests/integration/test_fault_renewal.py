"""Tokens that expire while reports run: renewed once for everybody, or the user is asked to open the app again."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from demo_portal import Fault, Portal, a_row
from tests.integration.workshop import Ended, FastClock, Workshop, open_workshop

INVOICES = 120
ROWS = "crm.item.productrow.list"
RENEWAL = "oauth.token"


@pytest.fixture
def shop(tmp_path: Any, database_url: str) -> Iterator[Workshop]:
    """A workshop on either database: a lease in a row keeps renewals apart, whatever holds the row."""
    with open_workshop(tmp_path, database_url, FastClock(10)) as shop:
        yield shop


@pytest.fixture
def sqlite_shop(tmp_path: Any, sqlite_template: Any) -> Iterator[Workshop]:
    shutil.copy(sqlite_template, tmp_path / "app.db")
    with open_workshop(tmp_path, f"sqlite:///{tmp_path}/app.db", FastClock(20)) as shop:
        yield shop


def a_portal(shop: Workshop) -> Portal:
    """120 invoices with a row each, and the accountant who has opened the app."""
    portal = shop.portal()
    for n in range(1, INVOICES + 1):
        portal.crm.add_invoice(number=str(n), date="2026-02-01", rows=[a_row(price=n)])
    return portal


def is_whole(ended: Ended) -> bool:
    assert ended.outcome == "done"
    return sorted(map(int, ended.numbers)) == list(range(1, INVOICES + 1))


def presented(shop: Workshop) -> list[int]:
    """How often each refresh token was presented to the authorization server."""
    return list(shop.world.oauth.renewals.values())


def test_two_reports_that_expire_at_once_spend_one_refresh_token_once(shop: Workshop) -> None:
    """Two processes, one user: both are refused in the same moment, one asks, the other gets what it brought."""
    portal = a_portal(shop)
    together = threading.Barrier(2, action=portal.expire_tokens, timeout=30)
    expired = Fault("expired together", lambda exchange: (together.wait(), exchange.truth())[1])
    portal.faults.at(1, expired, method="user.get", times=2)
    shop.world.oauth.faults.at(1, Fault.slow(0.2), method=RENEWAL)
    processes = [shop.process(), shop.process()]
    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(lambda process: shop.build_beside(process, portal), processes))
    assert [is_whole(each) for each in ended] == [True, True]
    assert portal.calls.errors["expired_token"] >= 2
    assert presented(shop) == [1]


def test_all_calls_in_flight_of_one_report_share_one_renewal(sqlite_shop: Workshop) -> None:
    """Pages, links and rows are refused together; one renewal serves them all."""
    portal = a_portal(sqlite_shop)
    portal.faults.before(1, portal.expire_tokens, method=ROWS)
    assert is_whole(sqlite_shop.build(sqlite_shop.process(), portal))
    assert portal.calls.errors["expired_token"] >= 1
    assert presented(sqlite_shop) == [1]


def test_a_token_that_expires_again_and_again_is_renewed_each_time(sqlite_shop: Workshop) -> None:
    """Each pair is spent once: a report that outlives several tokens goes through."""
    portal = a_portal(sqlite_shop)
    for method in ("crm.category.list", "crm.item.fields", "crm.requisite.preset.list", "user.get"):
        portal.faults.before(1, portal.expire_tokens, method=method)
    assert is_whole(sqlite_shop.build(sqlite_shop.process(), portal))
    assert presented(sqlite_shop) == [1, 1, 1, 1]


@pytest.mark.parametrize("fault", [Fault.drop(), Fault.html(502), Fault.json([])])
def test_an_authorization_server_that_fails_for_a_moment_is_asked_again(sqlite_shop: Workshop, fault: Fault) -> None:
    """The refresh token is not spent by an answer that did not come."""
    portal = a_portal(sqlite_shop)
    portal.faults.before(1, portal.expire_tokens, method=ROWS)
    sqlite_shop.world.oauth.faults.at(1, fault, method=RENEWAL)
    assert is_whole(sqlite_shop.build(sqlite_shop.process(), portal))
    assert sum(presented(sqlite_shop)) == 1


ENDS = {
    "invalid_grant": lambda shop, portal: [
        shop.world.tokens.spend(pair.refresh_token)
        for pair in shop.world.tokens.pairs(portal.member_id, portal.accountant.id)
    ],
    "payment_required": lambda shop, portal: setattr(shop.world.oauth, "payment_required", True),
    "authorization_server_unavailable": lambda shop, portal: setattr(shop.world.oauth, "dead", True),
}


@pytest.mark.parametrize("code", ENDS)
def test_a_renewal_that_is_refused_ends_the_report(sqlite_shop: Workshop, code: str) -> None:
    """The reason is the authorization server's: access lapsed, not paid, no answer after five tries."""
    portal = a_portal(sqlite_shop)
    ENDS[code](sqlite_shop, portal)
    portal.faults.before(1, portal.expire_tokens, method=ROWS)
    assert sqlite_shop.build(sqlite_shop.process(), portal).outcome == code
    assert sqlite_shop.world.oauth.calls[RENEWAL] <= 5 * 5  # five tries for each of at most five calls in flight


def test_a_new_pair_that_is_lost_on_its_way_asks_the_user_to_open_the_app(sqlite_shop: Workshop) -> None:
    """The refresh token was spent, and nobody has what it bought: honest words instead of endless tries."""
    portal = a_portal(sqlite_shop)
    portal.faults.before(1, portal.expire_tokens, method=ROWS)
    sqlite_shop.world.oauth.faults.at(1, Fault.drop_after(), method=RENEWAL)
    assert sqlite_shop.build(sqlite_shop.process(), portal).outcome == "invalid_grant"
    assert presented(sqlite_shop) == [2]


def test_after_invalid_grant_the_user_opens_the_app_and_repeats_the_report(sqlite_shop: Workshop) -> None:
    """The sentence asks to open the app again; that brings a fresh pair, and the same report is built."""
    portal, process = a_portal(sqlite_shop), sqlite_shop.process()
    ENDS["invalid_grant"](sqlite_shop, portal)
    portal.expire_tokens()
    failed = sqlite_shop.build(process, portal)
    visitor = sqlite_shop.house.visitor(portal)
    shown = visitor.get(f"/reports/{failed.record.id}")
    assert shown["error"] == {
        "code": "invalid_grant",
        "message": "Срок доступа к Битрикс24 истёк. Откройте приложение в Битрикс24 заново.",
    }
    again = visitor.start(**{name: value for name, value in shown["params"].items() if value is not None})
    assert again["id"] != shown["id"]
    assert is_whole(sqlite_shop.work_on(process, again["id"], portal))

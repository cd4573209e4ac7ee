"""Deliveries: ordered once a target, handed out once, told as they end; nobody else's is held up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bitrix_app.errors import LeaseLostError
from bitrix_app.storage import (
    Cipher,
    Database,
    Deliveries,
    PortalRecord,
    Portals,
    ReportLeases,
    ReportRecord,
    Reports,
)
from bitrix_app.storage.deliveries import CANDIDATES
from tests.seed import ALICE, install_portal, queue_report

BELL: dict[str, Any] = {"to": "notification"}
CHAT: dict[str, Any] = {"to": "chat", "chat_id": "chat42"}
FOLDER: dict[str, Any] = {"to": "disk", "folder_id": 12}


class Hand:
    """A clock moved by hand."""

    now = datetime(2026, 12, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def timed(database_url: str, clock: Hand) -> Iterator[Database]:
    made = Database(database_url, clock=clock)
    yield made
    made.close()


def finished(db: Database, portal: PortalRecord) -> ReportRecord:
    report = queue_report(db, portal)
    lease = ReportLeases(db).claim("w", 30)
    assert lease is not None
    ReportLeases(db).done(lease, {"invoices": 3}, [])
    return report


def told(db: Database, report: ReportRecord) -> list[tuple[str, str, str | None]]:
    found = Reports(db).of(report.portal_id, ALICE).get(report.id)
    assert found is not None
    return [(each.target["to"], each.state, each.error_code) for each in found.deliveries]


def test_each_target_is_handed_out_once(timed: Database, cipher: Cipher) -> None:
    portal, rows = install_portal(timed, cipher), Deliveries(timed)
    report = finished(timed, portal)
    rows.order(report.id, [BELL, CHAT])
    rows.order(report.id, [CHAT])
    seen = []
    while (lease := rows.claim(60)) is not None:
        seen.append(lease.target["to"])
        rows.done(lease)
    assert seen == ["notification", "chat"]
    assert told(timed, report) == [("notification", "done", None), ("chat", "done", None)]


def test_a_report_that_is_not_finished_is_not_sent(timed: Database, cipher: Cipher) -> None:
    rows = Deliveries(timed)
    rows.order(queue_report(timed, install_portal(timed, cipher)).id, [BELL])
    assert rows.claim(60) is None


def test_one_of_a_portal_at_a_time(timed: Database, cipher: Cipher) -> None:
    rows = Deliveries(timed)
    for name in ("romashka", "roza"):
        rows.order(finished(timed, install_portal(timed, cipher, name)).id, [BELL, CHAT])
    taken = [rows.claim(60), rows.claim(60), rows.claim(60)]
    assert [each and each.report.portal_id for each in taken[:2]] == sorted(
        each.report.portal_id for each in taken[:2] if each
    )
    assert len({each.report.portal_id for each in taken if each}) == 2
    assert taken[2] is None


def test_many_of_a_busy_portal_hold_up_no_other_portal(timed: Database, cipher: Cipher) -> None:
    """However many wait there, those of other portals are seen behind them."""
    rows = Deliveries(timed)
    busy, other = (install_portal(timed, cipher, name) for name in ("romashka", "roza"))
    rows.order(finished(timed, busy).id, [{"to": "disk", "folder_id": each + 1} for each in range(CANDIDATES + 5)])
    rows.order(finished(timed, other).id, [BELL])
    taken = [rows.claim(60), rows.claim(60)]
    assert [each and each.report.portal_id for each in taken] == [busy.id, other.id]


def test_what_a_lost_worker_has_begun_is_known_to_the_next_one(timed: Database, cipher: Cipher, clock: Hand) -> None:
    rows = Deliveries(timed)
    rows.order(finished(timed, install_portal(timed, cipher)).id, [FOLDER])
    lost = rows.claim(60)
    assert lost is not None
    assert lost.known is None
    rows.sending(lost, [7])
    assert rows.claim(60) is None
    clock.now += timedelta(seconds=61)
    found = rows.claim(60)
    assert found is not None
    assert found.known == {7}
    with pytest.raises(LeaseLostError):
        rows.done(lost)


def test_another_try_comes_later_and_knows_whether_the_file_may_be_there(
    timed: Database, cipher: Cipher, clock: Hand
) -> None:
    rows, report = Deliveries(timed), finished(timed, install_portal(timed, cipher))
    rows.order(report.id, [CHAT])
    for sent in (True, False):
        lease = rows.claim(60)
        assert lease is not None
        rows.sending(lease, [])
        rows.again(lease, "portal_unavailable", {}, 30, sent=sent)
        assert rows.claim(60) is None
        clock.now += timedelta(seconds=31)
    last = rows.claim(60)
    assert last is not None
    assert (last.tries, last.known) == (3, None)
    rows.failed(last, "chat_unavailable", {}, sent=False)
    assert told(timed, report) == [("chat", "failed", "chat_unavailable")]
    rows.order(report.id, [CHAT])
    assert told(timed, report) == [("chat", "waiting", None)]


def test_an_uninstall_ends_what_was_not_sent(timed: Database, cipher: Cipher) -> None:
    portal, rows = install_portal(timed, cipher), Deliveries(timed)
    report = finished(timed, portal)
    rows.order(report.id, [BELL])
    Portals(timed, cipher).uninstall(portal.member_id)
    assert told(timed, report) == [("notification", "failed", "app_uninstalled")]


def test_a_worker_that_goes_down_costs_no_try(timed: Database, cipher: Cipher) -> None:
    rows = Deliveries(timed)
    rows.order(finished(timed, install_portal(timed, cipher)).id, [BELL])
    first = rows.claim(60)
    assert first is not None
    rows.release(first)
    again = rows.claim(60)
    assert again is not None
    assert again.tries == 1

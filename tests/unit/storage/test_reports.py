"""A user's reports: created, listed, cancelled, deleted; another's do not exist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bitrix_app.errors import InvalidParametersError, PortalQuotaError, TooManyReportsError
from bitrix_app.storage import (
    Cipher,
    Database,
    PortalRecord,
    ReportFile,
    ReportLeases,
    ReportRecord,
    Reports,
    UserReports,
    file_name,
)
from bitrix_app.storage.reports import MEGABYTE, OPEN_OF_PORTAL, OPEN_OF_USER
from tests.seed import ALICE, BOB, install_portal, queue_report
from tests.unit.storage.processes import at_once, order_some


@pytest.fixture
def portal(db: Database, cipher: Cipher) -> PortalRecord:
    return install_portal(db, cipher)


@pytest.fixture
def mine(db: Database, portal: PortalRecord) -> UserReports:
    return Reports(db).of(portal.id, ALICE)


def finish(db: Database, report: ReportRecord, size: int = 1234) -> str:
    """A worker builds the report. → the name of its file."""
    leases = ReportLeases(db)
    lease = leases.claim("w", 30)
    assert lease is not None
    assert lease.report.id == report.id
    name = file_name(report.id, lease.attempt, "xlsx")
    leases.done(lease, {"invoices": 3}, [ReportFile("xlsx", name, size)])
    return name


def test_a_new_report_waits_for_a_worker(mine: UserReports) -> None:
    record, created = mine.create({"date_from": "2026-01-01"}, "Алиса", None)
    assert created
    assert (record.status, record.attempt, record.params) == ("queued", 0, {"date_from": "2026-01-01"})
    assert record.created_at.tzinfo is UTC
    assert mine.get(record.id) == record


def test_a_finished_report_tells_summary_and_files(db: Database, mine: UserReports, portal: PortalRecord) -> None:
    report = queue_report(db, portal)
    name = finish(db, report)
    record = mine.get(report.id)
    assert record is not None
    assert (record.status, record.summary) == ("done", {"invoices": 3})
    assert record.files == (ReportFile("xlsx", name, 1234),)
    assert record.started_at is not None
    assert record.finished_at is not None
    assert record.created_at <= record.started_at <= record.finished_at


def test_the_same_key_again_gives_the_same_report(mine: UserReports) -> None:
    first, created = mine.create({"a": 1}, "Алиса", "key")
    again, created_again = mine.create({"a": 2}, "Алиса", "key")
    assert (created, created_again) == (True, False)
    assert again == first


def test_a_key_is_its_users_own(db: Database, mine: UserReports, portal: PortalRecord) -> None:
    mine.create({}, "Алиса", "key")
    assert Reports(db).of(portal.id, BOB).create({}, "Боб", "key")[1]


def order(db: Database, portal: PortalRecord, user_id: int, key: str | None = None, **limits: int) -> ReportRecord:
    return Reports(db, **limits).of(portal.id, user_id).create({}, "Алиса", key)[0]


def test_a_user_has_twenty_open_reports_and_no_more(db: Database, portal: PortalRecord, mine: UserReports) -> None:
    """What is done or cancelled makes room; colleagues have room of their own."""
    opened = [order(db, portal, ALICE, f"key {number}") for number in range(OPEN_OF_USER)]
    with pytest.raises(TooManyReportsError):
        order(db, portal, ALICE)
    assert order(db, portal, ALICE, "key 3").id == opened[3].id
    order(db, portal, BOB)
    mine.cancel(opened[0].id)
    order(db, portal, ALICE)


def test_a_portal_has_a_hundred_open_reports_and_no_more(db: Database, cipher: Cipher, portal: PortalRecord) -> None:
    for number in range(OPEN_OF_PORTAL):
        order(db, portal, 100 + number % 6)
    with pytest.raises(TooManyReportsError):
        order(db, portal, BOB)
    order(db, install_portal(db, cipher, "vasilek"), BOB)


def test_many_who_order_in_one_moment_have_no_more_either(
    db: Database, database_url: str, portal: PortalRecord
) -> None:
    for _ in range(OPEN_OF_USER - 2):
        order(db, portal, ALICE)
    taken = at_once(order_some, (database_url, portal.id, ALICE, 3), (database_url, portal.id, ALICE, 3))
    assert sum(taken) == 2


def test_who_stores_more_than_the_quota_is_told_how_much_and_whose(
    db: Database, cipher: Cipher, portal: PortalRecord, mine: UserReports
) -> None:
    """As much as the quota may be stored, but not a byte more. Deleting makes room."""
    report = queue_report(db, portal)
    finish(db, report, 3 * MEGABYTE)
    for quota in (2 * MEGABYTE, 3 * MEGABYTE - 1):
        with pytest.raises(PortalQuotaError) as refused:
            order(db, portal, BOB, quota=quota)
        assert refused.value.params == {"stored": 3, "quota": 2, "own": 0}
    with pytest.raises(PortalQuotaError) as refused:
        Reports(db, quota=2 * MEGABYTE).require_room(portal.id, ALICE)
    assert refused.value.params["own"] == 3
    order(db, portal, BOB, quota=3 * MEGABYTE)
    order(db, install_portal(db, cipher, "vasilek"), ALICE, quota=2 * MEGABYTE)
    mine.delete(report.id)
    order(db, portal, BOB, quota=2 * MEGABYTE)


STRANGERS: list[tuple[Callable[[UserReports, str], object], object]] = [
    (lambda reports, report_id: reports.get(report_id), None),
    (lambda reports, report_id: reports.cancel(report_id), False),
    (lambda reports, report_id: reports.delete(report_id), None),
    (lambda reports, _: reports.page()[0], []),
]


@pytest.mark.parametrize(("act", "nothing"), STRANGERS, ids=["get", "cancel", "delete", "page"])
def test_anothers_report_does_not_exist(
    db: Database, cipher: Cipher, act: Callable[[UserReports, str], object], nothing: object
) -> None:
    home, away = install_portal(db, cipher), install_portal(db, cipher, "vasilek")
    report = queue_report(db, home, ALICE)
    for stranger in (Reports(db).of(home.id, BOB), Reports(db).of(away.id, ALICE)):
        assert act(stranger, report.id) == nothing
    left = Reports(db).of(home.id, ALICE).get(report.id)
    assert left is not None
    assert left.status == "queued"


def test_pages_go_from_new_to_old_and_show_each_report_once(
    db: Database, mine: UserReports, portal: PortalRecord
) -> None:
    made = [queue_report(db, portal).id for _ in range(5)]
    shown: list[str] = []
    cursor: str | None = None
    sizes = []
    while True:
        page, cursor = mine.page(cursor, limit=2)
        sizes.append(len(page))
        shown += [each.id for each in page]
        if cursor is None:
            break
    assert (shown, sizes) == (made[::-1], [2, 2, 1])


def test_pages_stay_right_when_reports_share_a_moment_or_vanish(database_url: str, cipher: Cipher) -> None:
    db = Database(database_url, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    portal = install_portal(db, cipher)
    mine = Reports(db).of(portal.id, ALICE)
    made = {queue_report(db, portal).id for _ in range(4)}
    first, cursor = mine.page(limit=2)
    mine.delete(first[-1].id)
    second, end = mine.page(cursor, limit=2)
    assert {each.id for each in first + second} == made
    assert end is None
    db.close()


UUID = "3f2b8a6e-0d7c-4c1a-9b57-1f0e8d2c4a6b"


@pytest.mark.parametrize(
    "cursor", ["", ".", "x.y", "1", "1.a", f"-1.{UUID}", f"99999999999999999999.{UUID}", f"²2.{UUID}", f"1.{UUID} "]
)
def test_a_cursor_that_we_did_not_make_is_refused(mine: UserReports, cursor: str) -> None:
    with pytest.raises(InvalidParametersError) as caught:
        mine.page(cursor)
    assert caught.value.fields == {"before": "unknown_page"}


def test_a_cancelled_report_says_so_at_once(db: Database, mine: UserReports, portal: PortalRecord) -> None:
    running, waiting = queue_report(db, portal), queue_report(db, portal)
    assert ReportLeases(db).claim("w", 30)
    for report in (running, waiting):
        assert mine.cancel(report.id)
        record = mine.get(report.id)
        assert record is not None
        assert record.status == "cancelled"
        assert record.finished_at is not None
        assert not mine.cancel(report.id)
    assert ReportLeases(db).claim("w", 30) is None


def test_a_finished_report_cannot_be_cancelled(db: Database, mine: UserReports, portal: PortalRecord) -> None:
    report = queue_report(db, portal)
    finish(db, report)
    assert not mine.cancel(report.id)
    record = mine.get(report.id)
    assert record is not None
    assert record.status == "done"


def test_deleting_removes_the_row_and_names_the_files(db: Database, mine: UserReports, portal: PortalRecord) -> None:
    report = queue_report(db, portal)
    name = finish(db, report)
    assert mine.delete(report.id) == [name]
    assert mine.get(report.id) is None
    assert mine.delete(report.id) is None


def test_times_are_the_databases_own(db: Database, mine: UserReports, portal: PortalRecord) -> None:
    record = queue_report(db, portal)
    assert abs(datetime.now(UTC) - record.created_at) < timedelta(minutes=1)

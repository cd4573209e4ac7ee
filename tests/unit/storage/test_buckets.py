"""The bucket of a portal as a row: shared and exact for threads, processes and machines."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bitrix_app.storage import ENTERPRISE, Cipher, Database, PortalBuckets
from tests.seed import install_portal
from tests.unit.storage.processes import at_once, take_places


def places_at_once(waits: list[float]) -> int:
    return sum(wait == 0.0 for wait in waits)


def test_two_processes_share_one_burst_exactly(database_url: str, db: Database, cipher: Cipher) -> None:
    portal = install_portal(db, cipher)
    waits = [wait for each in at_once(take_places, *[(database_url, portal.id, 60)] * 2) for wait in each]
    assert sorted(waits) == pytest.approx([0.0] * 45 + [0.5 * place for place in range(1, 76)], abs=1e-5)


def test_threads_are_never_given_the_same_place(db: Database, cipher: Cipher) -> None:
    frozen = datetime(2026, 1, 1, tzinfo=UTC)
    still = Database(db.url.render_as_string(hide_password=False), clock=lambda: frozen)
    bucket = PortalBuckets(still).bucket(install_portal(db, cipher).id)
    with ThreadPoolExecutor(6) as pool:
        waits = sorted(pool.map(lambda _: bucket.take(), range(60)))
    still.close()
    assert waits == pytest.approx([0.0] * 45 + [0.5 * place for place in range(1, 16)], abs=1e-5)


def test_reports_leave_a_part_for_pages(database_url: str, cipher: Cipher) -> None:
    still = Database(database_url, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    bucket = PortalBuckets(still).bucket(install_portal(still, cipher).id)
    assert places_at_once([bucket.take(background=True) for _ in range(34)]) == 33
    assert places_at_once([bucket.take() for _ in range(20)]) == 45 - 34
    still.close()


def test_who_would_not_wait_so_long_keeps_no_place(database_url: str, cipher: Cipher) -> None:
    """The wait is told all the same; it is the next caller's."""
    still = Database(database_url, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    bucket = PortalBuckets(still).bucket(install_portal(still, cipher).id)
    for _ in range(48):
        bucket.take()
    told = [bucket.take(patience=1.9), bucket.take(patience=1.9), bucket.take(patience=2.1), bucket.take()]
    still.close()
    assert told == pytest.approx([2.0, 2.0, 2.0, 2.5], abs=1e-5)


def test_reports_and_pages_of_two_processes_share_one_burst_exactly(
    database_url: str, db: Database, cipher: Cipher
) -> None:
    """Both wait for places of one row: a wait tells the place, and no place is given twice."""
    portal = install_portal(db, cipher)
    reports, pages = at_once(take_places, *[(database_url, portal.id, 60, background) for background in (True, False)])
    places = [33 + 2 * wait for wait in reports if wait] + [45 + 2 * wait for wait in pages if wait]
    assert places_at_once(reports) <= 33
    assert places_at_once(reports + pages) == 120 - len(places) <= 45
    assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(sorted(places)))
    assert max(places) == pytest.approx(120, abs=1e-4)


def test_each_portal_has_its_own_bucket(db: Database, cipher: Cipher) -> None:
    buckets = PortalBuckets(db)
    first, second = (install_portal(db, cipher, name).id for name in ("romashka", "vasilek"))
    for _ in range(46):
        buckets.bucket(first).take()
    assert buckets.bucket(second).take() == 0.0


def test_an_enterprise_portal_has_a_larger_bucket(db: Database, cipher: Cipher) -> None:
    bucket = PortalBuckets(db).bucket(install_portal(db, cipher).id, ENTERPRISE)
    assert places_at_once([bucket.take() for _ in range(60)]) == 60


def test_a_penalty_is_felt_by_everybody_and_passes(database_url: str, cipher: Cipher) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    portal = install_portal(db, cipher)
    PortalBuckets(db).bucket(portal.id).penalize(3.0)
    other = PortalBuckets(db).bucket(portal.id)
    assert 3.0 < other.take() < 4.0
    now[0] += timedelta(minutes=10)
    assert other.take() == 0.0
    db.close()

"""What the tests run in other processes: real ones, started anew, with nothing shared but the database."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bitrix_app.errors import TooManyReportsError
from bitrix_app.storage import (
    Cipher,
    Database,
    PairKey,
    PortalBuckets,
    RenewalLease,
    ReportLeases,
    Reports,
    UserTokens,
)
from tests.seed import ALICE


def at_once(function: Callable[..., Any], *calls: tuple[Any, ...]) -> list[Any]:
    """Call the function in one process for each tuple of arguments. → what the processes returned.

    Each gets a barrier first, so that all begin together.
    """
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(len(calls), mp_context=context) as pool:
        barrier = manager.Barrier(len(calls), timeout=120)
        return [each.result(timeout=120) for each in [pool.submit(function, barrier, *call) for call in calls]]


def migrate(barrier: Any, url: str) -> bool:
    """Bring a database up to date together with others."""
    barrier.wait()
    db = Database(url)
    db.migrate()
    current = db.is_current()
    db.close()
    return current


def take_places(barrier: Any, url: str, portal_id: int, count: int, background: bool = False) -> list[float]:
    """Take places in a portal's bucket as fast as possible, all at one moment."""
    db = Database(url, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    bucket = PortalBuckets(db).bucket(portal_id)
    barrier.wait()
    waits = [bucket.take(background=background) for _ in range(count)]
    db.close()
    return waits


def order_some(barrier: Any, url: str, portal_id: int, user_id: int, count: int) -> int:
    """Order so many reports as fast as possible. → how many were taken."""
    db, taken = Database(url), 0
    barrier.wait()
    for _ in range(count):
        with suppress(TooManyReportsError):
            Reports(db).of(portal_id, user_id).create({}, "Алиса")
            taken += 1
    db.close()
    return taken


def claim_all(barrier: Any, url: str, name: str) -> list[str]:
    """Claim and finish reports until none is left."""
    db = Database(url)
    leases = ReportLeases(db)
    barrier.wait()
    served = []
    while leases.queued_count():
        lease = leases.claim(name, 30)
        if lease is not None:
            served.append(lease.report.id)
            leases.done(lease, {}, [])
    db.close()
    return served


def lease_alices_pair(barrier: Any, url: str, portal_id: int) -> str:
    """Lease Alice's pair for its renewal. → its refresh token; nothing where somebody else has the lease."""
    db = Database(url)
    tokens = UserTokens(db, Cipher(["a key for tests"]))
    barrier.wait()
    lease = tokens.lease(PairKey(portal_id, ALICE), "spent access")
    db.close()
    return lease.refresh_token if isinstance(lease, RenewalLease) else ""

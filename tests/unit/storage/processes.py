"""What the tests run in other processes: real ones, started anew, with nothing shared but the database."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from bitrix_app.storage import Cipher, Database, PortalBuckets, ReportLeases, TokenPair, UserTokens
from tests.seed import ALICE, ENDPOINT


def at_once(function: Callable[..., Any], *calls: tuple[Any, ...]) -> list[Any]:
    """Call the function in one process for each tuple of arguments. → what the processes returned.

    Each gets a barrier first, so that all begin together.
    """
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(len(calls), mp_context=context) as pool:
        barrier = manager.Barrier(len(calls), timeout=60)
        return [each.result(timeout=60) for each in [pool.submit(function, barrier, *call) for call in calls]]


def migrate(barrier: Any, url: str) -> bool:
    """Bring a database up to date together with others."""
    barrier.wait()
    db = Database(url)
    db.migrate()
    current = db.is_current()
    db.close()
    return current


def take_places(barrier: Any, url: str, portal_id: int, count: int) -> list[float]:
    """Take places in a portal's bucket as fast as possible."""
    db = Database(url)
    bucket = PortalBuckets(db).bucket(portal_id)
    barrier.wait()
    waits = [bucket.take() for _ in range(count)]
    db.close()
    return waits


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


def renew(barrier: Any, url: str, portal_id: int, spent_log: str) -> str:
    """Renew Alice's pair; the authorization server is a file that notes each refresh token it is shown."""
    db = Database(url)
    tokens = UserTokens(db, Cipher(["a key for tests"]))
    asleep = multiprocessing.get_context("spawn").Event()

    def ask(refresh_token: str) -> TokenPair:
        with open(spent_log, "a") as log:  # noqa: PTH123 # appending is what makes it safe between processes
            log.write(refresh_token + "\n")
        asleep.wait(0.2)  # the answer takes its time, so that the others meet a renewal under way
        return TokenPair("fresh access", "fresh refresh", None, ENDPOINT)

    barrier.wait()
    pair = tokens.renew(portal_id, ALICE, "spent access", ask, lambda seconds: bool(asleep.wait(seconds)) or None)
    db.close()
    return pair.access_token

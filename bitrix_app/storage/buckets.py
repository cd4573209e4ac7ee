"""The leaky bucket of a portal (GCRA), one row that all workers and web processes of that portal share.

Source: the portal grants 50 requests of credit and lets 2 a second flow back (250 and 5 on Enterprise plans)
[limits]; we spend 45 and 225, because requests bunch up on the way. Reports may burst less than pages over the same
arrival time, so what is left between the two is there for a page at once, however long a report runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from sqlalchemy import Table, select, text, update
from sqlalchemy.orm import Session

from bitrix_app.storage.database import Database
from bitrix_app.storage.tables import PortalBucket

PACE_GROWTH = 1.5
PACE_LIMIT = 8.0
PACE_HALF_LIFE_SECONDS = 120.0
ROUNDING_SECONDS = 0.001  # what adding up intervals of 0.2 beside seconds since 1970 may be off


@dataclass(frozen=True, slots=True)
class Plan:
    """``burst`` requests at once, of them ``background`` for reports; ``interval`` seconds for one to flow back."""

    burst: int
    background: int
    interval: float


ORDINARY = Plan(burst=45, background=33, interval=0.5)
ENTERPRISE = Plan(burst=225, background=195, interval=0.2)
"""A report starts (burst - background) * interval seconds later for it, once: 6 s on either plan. An opening of the app
with its form's data costs eight calls."""
SELF_HOSTED = Plan(burst=225, background=195, interval=0.02)
"""A box has no limit of requests; a refusal all the same would stretch the interval."""


@dataclass(frozen=True, slots=True)
class BucketState:
    """``tat``: when the bucket will be full again (seconds since 1970; in the past: full).

    ``pace`` ≥ 1 stretches the interval: learnt from refusals, forgotten by half every two minutes from
    ``penalized_at`` on, so that we find our way back up.
    """

    tat: float = 0.0
    pace: float = 1.0
    penalized_at: float = 0.0

    def pace_at(self, now: float) -> float:
        """The stretch that is left at this moment."""
        age = max(0.0, now - self.penalized_at)
        return float(1.0 + (self.pace - 1.0) * 0.5 ** (age / PACE_HALF_LIFE_SECONDS))


def take(state: BucketState, plan: Plan, now: float, *, background: bool = False) -> tuple[BucketState, float]:
    """Reserve a place, for a report (``background``) or a page. → the new state, seconds to wait before the call may
    go (0.0: go now)."""
    tolerance = (plan.background if background else plan.burst) * plan.interval
    tat = max(state.tat, now) + plan.interval * state.pace_at(now)
    wait = tat - tolerance - now
    return replace(state, tat=tat), wait if wait > ROUNDING_SECONDS else 0.0


def penalize(state: BucketState, plan: Plan, now: float, seconds: float) -> BucketState:
    """The portal refused: everybody's next place moves ``seconds`` forward, no credit is left, the pace grows.

    Refusals of calls that were in flight together count once: while a penalty runs, another one only makes sure
    that nobody goes for ``seconds``.
    """
    window = plan.burst * plan.interval
    if now < state.penalized_at + seconds:
        return replace(state, tat=max(state.tat, now + window + seconds))
    pace = min(PACE_LIMIT, state.pace_at(now) * PACE_GROWTH)
    return BucketState(tat=max(state.tat, now + window) + seconds, pace=pace, penalized_at=now)


ROW = cast("Table", PortalBucket.__table__)  # plain statements: this runs before every call to a portal


class PortalBuckets:
    """Gives out the bucket of a portal."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def bucket(self, portal_id: int, plan: Plan = ORDINARY) -> SharedBucket:
        """The portal's bucket under its plan."""
        return SharedBucket(self._db, portal_id, plan)


class SharedBucket:
    """The bucket of one portal. Exact for any number of threads, processes and machines: each step is a short
    transaction on the locked row, on the database's clock."""

    def __init__(self, db: Database, portal_id: int, plan: Plan) -> None:
        self._db = db
        self._portal_id = portal_id
        self._plan = plan

    def take(self, *, background: bool = False, patience: float = math.inf) -> float:
        """Reserve a place, for a report (``background``) or a page. → seconds to wait before the call may go (0.0: go
        now).

        A wait longer than ``patience`` is told, and nothing is reserved: callers who turn back must not move the
        places of those who wait. Raises AppUninstalledError when the portal was erased.
        """

        def step(state: BucketState, now: float) -> tuple[BucketState, float]:
            after, wait = take(state, self._plan, now, background=background)
            return (after if wait <= patience else state), wait

        return self._step(step)

    def penalize(self, seconds: float) -> None:
        """The portal said QUERY_LIMIT_EXCEEDED: everybody's next place moves forward."""

        def step(state: BucketState, now: float) -> tuple[BucketState, float]:
            return penalize(state, self._plan, now, seconds), 0.0

        self._step(step)

    def _step(self, decide: Callable[[BucketState, float], tuple[BucketState, float]]) -> float:
        with self._db.transaction() as session:
            state = self._locked_state(session)
            after, answer = decide(state, self._db.now(session).timestamp())
            values = {"tat": after.tat, "pace": after.pace, "penalized_at": after.penalized_at}
            session.execute(update(ROW).where(ROW.c.portal_id == self._portal_id).values(values))
        return answer

    def _locked_state(self, session: Session) -> BucketState:
        if not self._db.is_sqlite:  # losing the last moments of a bucket in a power cut hurts nobody
            session.execute(text("SET LOCAL synchronous_commit = off"))
        query = select(ROW.c.tat, ROW.c.pace, ROW.c.penalized_at).where(ROW.c.portal_id == self._portal_id)
        row = session.execute(query.with_for_update()).one_or_none()
        if row is None:
            empty = {"portal_id": self._portal_id, "tat": 0.0, "pace": 1.0, "penalized_at": 0.0}
            with self._db.portal_exists():
                self._db.insert_if_absent(session, PortalBucket, empty)
            row = session.execute(query.with_for_update()).one()
        return BucketState(row.tat, row.pace, row.penalized_at)

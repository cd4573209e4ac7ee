"""The leaky bucket as GCRA, decided here: pure functions over the state of one portal's row.

Source: the portal grants 50 requests of credit and lets 2 a second flow back (250 and 5 on Enterprise plans)
[limits]; we spend 45 and 225, because requests bunch up on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

PACE_GROWTH = 1.5
PACE_LIMIT = 8.0
PACE_HALF_LIFE_SECONDS = 120.0
ROUNDING_SECONDS = 0.001  # what adding up intervals of 0.2 beside seconds since 1970 may be off


@dataclass(frozen=True, slots=True)
class Plan:
    """``burst`` requests at once, ``interval`` seconds for one to flow back."""

    burst: int
    interval: float


ORDINARY = Plan(burst=45, interval=0.5)
ENTERPRISE = Plan(burst=225, interval=0.2)


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


def take(state: BucketState, plan: Plan, now: float) -> tuple[BucketState, float]:
    """Reserve a place. → the new state, seconds to wait before the call may go (0.0: go now)."""
    interval = plan.interval * state.pace_at(now)
    tat = max(state.tat, now) + interval
    wait = tat - plan.burst * plan.interval - now
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

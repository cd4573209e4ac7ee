"""What a morning has shown, in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.morning.portals import Arrived, Order
from benchmarks.morning.visitors import Looking
from benchmarks.morning.works import Process, Works
from benchmarks.page import percentile
from benchmarks.tables import Section, number, table

GOAL = 3.0
REPORTS = """
SELECT run.schedule_id, report.status, report.attempt, report.created_at, report.started_at, report.finished_at,
    (SELECT max(ended_at) FROM report_delivery WHERE report_id = report.id)
FROM schedule_run run JOIN report ON report.id = run.report_id
"""
SIZE = "SELECT pg_database_size(current_database())"
TRANSACTIONS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was seen. ``due``: when each schedule was to start, seconds since 1970, by its id; ``queue``: the most
    reports that waited; ``portals``: the process that plays them; ``transactions``: those that PostgreSQL had committed
    before."""

    order: Order
    works: Works
    looking: Looking
    due: Mapping[int, float]
    queue: int
    events: Sequence[str]
    arrived: Mapping[str, Arrived]
    portals: Process
    transactions: int


@dataclass(frozen=True, slots=True)
class Built:
    """One report of the morning: when it was to start, when it was ordered, begun, done, and all sent."""

    schedule_id: int
    status: str
    attempt: int
    due: float
    ordered: float
    begun: float
    done: float
    sent: float


def told(outcome: Outcome) -> Section:
    """The section of the results. Raises RuntimeError where anything is lost or there twice."""
    built = [_built(outcome.due, row) for row in outcome.works.rows(REPORTS)]
    check(outcome.due, outcome.arrived, built)
    order = outcome.order
    intro = (
        f"{order.portals} portals whose schedules fall on 09:00, each with {order.invoices:,} invoices and "
        f"{order.invoices * order.rows:,} product rows, in batch mode, with its limits on and {order.latency} s a "
        "call; each report goes to the owner's notifications and into a folder of the Drive. One web process and two "
        "workers as they are without options, PostgreSQL, Redis and the portals (one process) on this machine. Goals: "
        "every report done and delivered once, no portal over its limits, the page's p95 within "
        f"{GOAL:.0f} times its idle p95."
    )
    events = "\n".join(f"- {each}" for each in outcome.events)
    tables = (_all(outcome, built), _costs(outcome, built), _pages(outcome.looking))
    return Section("8. The first morning of the month", [intro, events, *tables])


def check(due: Mapping[int, float], arrived: Mapping[str, Arrived], built: Sequence[Built]) -> None:
    """Raises RuntimeError unless each schedule has one report, done and delivered once to each target, and no portal
    refused a request."""
    runs = Counter(each.schedule_id for each in built)
    wrong = [
        *(f"schedule {each}: {runs[each]} reports" for each in due if runs[each] != 1),
        *(f"schedule {each.schedule_id}: {each.status}" for each in built if each.status != "done"),
        *(
            f"portal {member_id}: {each}"
            for member_id, each in arrived.items()
            if (each.notifications, each.files, each.refused) != (1, 1, 0)
        ),
    ]
    if wrong:
        raise RuntimeError("; ".join(wrong[:20]))


def _built(due: Mapping[int, float], row: Sequence[Any]) -> Built:
    moments: list[datetime] = list(row[3:])
    return Built(row[0], row[1], row[2], due[row[0]], *(each.timestamp() for each in moments))


def _all(outcome: Outcome, built: Sequence[Built]) -> str:
    first, last = min(each.due for each in built), max(each.due for each in built)
    done, sent = max(each.done for each in built), max(each.sent for each in built)
    lines = [
        ["reports done, delivered to two targets each, once", f"{len(built)} of {len(outcome.due)}"],
        ["of them built anew after the kill or the restart", number(sum(each.attempt > 1 for each in built))],
        ["requests that a portal refused", "0"],
        ["requests a portal, with installing and opening pages", number(_mean(outcome.arrived.values()), 1)],
        ["planned starts spread over, s", number(last - first)],
        ["ordered after its start, s: p50, p95, max", _spread([each.ordered - each.due for each in built])],
        ["waited in the queue, s: p50, p95, max", _spread([each.begun - each.ordered for each in built])],
        ["built within, s: p50, p95, max", _spread([each.done - each.begun for each in built])],
        ["sent after it was done, s: p50, p95, max", _spread([each.sent - each.done for each in built])],
        ["longest queue, reports", number(outcome.queue)],
        ["the last one done, sent after 09:00, s", f"{done - first:.0f}, {sent - first:.0f}"],
        ["reports an hour, from the first start to the last one done", number(len(built) / (done - first) * 3600)],
    ]
    return table("The reports", ["", ""], lines)


def _costs(outcome: Outcome, built: Sequence[Built]) -> str:
    works = outcome.works
    processes = (*works.processes, outcome.portals)
    lines = [[each.name, number(each.peak), number(each.cpu, 1)] for each in processes]
    workers = sum(each.cpu for each in works.processes if each.name.startswith("worker"))
    size = works.rows(SIZE)[0][0] / 2**20
    transactions = (works.rows(TRANSACTIONS)[0][0] - outcome.transactions) / len(built)
    rest = [
        f"The workers spent {workers / len(built):.2f} s of a processor a report, and PostgreSQL committed "
        f"{transactions:.0f} transactions for each, pages included.",
        f"PostgreSQL had up to {works.connections} connections of ours and {size:.0f} MB of rows; Redis held "
        f"{works.redis_mb:.1f} MB at most; the finished files take {works.stored_mb() / len(built):.2f} MB a report.",
    ]
    return table("What it cost", ["process", "peak MB", "CPU s"], lines) + "\n\n" + " ".join(rest)


def _pages(looking: Looking) -> str:
    header = ["request", "while", "calls", "p50 ms", "p95 ms", "max ms", "p95 × idle"]
    lines = []
    for (state, request), times in sorted(looking.times.items()):
        p95 = percentile(times, 95)
        idle = percentile(looking.times["idle", request], 95)
        figures = [percentile(times, 50), p95, max(times), p95 / idle]
        lines.append([f"`{request}`", state, str(len(times)), *(number(each, 1) for each in figures)])
    refused = ", ".join(
        f"{count} × {status or 'no answer'} ({state})" for (state, status), count in looking.refused.items()
    )
    return table("The pages of ten portals", header, lines) + f"\n\nOther answers: {refused or 'none'}."


def _spread(seconds: Sequence[float]) -> str:
    return ", ".join(
        number(each, 1) for each in (percentile(list(seconds), 50), percentile(list(seconds), 95), max(seconds))
    )


def _mean(arrived: Collection[Arrived]) -> float:
    return sum(each.calls for each in arrived) / len(arrived)

"""Part 1: ours beside the ways people use today, on a portal that keeps its limits. All in one run, as ratios."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Any

from benchmarks.measuring import in_child
from benchmarks.options import Options
from benchmarks.tables import Section, number, table
from demo_portal.subprocess import PortalSubprocess, portal_subprocess

SLOW = "one_by_one"
OURS = "ours, the whole pipeline to the stored workbook"
BATCHES = "ours_in_batches"
WAYS = {
    "ours": OURS,
    BATCHES: "ours with the portal's `batch` (the setting `fetch_mode`)",
    SLOW: "one call per invoice and look-up, 2 calls a second",
    "with_fast_bitrix24": "`fast-bitrix24` (packs calls into `batch`)",
    "with_b24pysdk": "`b24pysdk` (packs calls into `batch`)",
}
SLOW_SECONDS_A_CALL, SLOW_CALLS_AN_INVOICE = 0.5, 4  # as in `ways.one_by_one`
CREDIT, CALLS_A_SECOND, PAGE = 50, 2, 50
ENOUGH_CALLS = 60
"""With fewer the portal's credit is hardly spent, and a ratio to what it dictates says nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One way at one size. ``commands``: inside of batches; ``rejected``: calls that the portal refused by its limits;
    ``peak`` in MB."""

    way: str
    invoices: int
    calls: int
    seconds: float
    commands: int | None = None
    rejected: int | None = None
    peak: float | None = None
    reckoned: bool = False
    gave_up: bool = False

    @property
    def dictated(self) -> float:
        """Seconds that the bucket alone dictates for so many calls; refused ones take no credit."""
        return max(0.0, (self.calls - (self.rejected or 0) - CREDIT) / CALLS_A_SECOND)


def section(options: Options) -> Section:
    """The part's results."""
    quick = replace(options, ways=tuple(way for way in options.ways if way != SLOW))
    slow = replace(options, ways=tuple(way for way in options.ways if way == SLOW))
    with ThreadPoolExecutor(1) as beside:  # half an hour of waiting, which takes no processor from the others
        waiting = beside.submit(at_sizes, slow)
        runs = at_sizes(quick) + waiting.result()
    intro = (
        f"Invoices of a period with {options.rows} product rows each, their requisite links, requisites and product "
        f"rows. The portal keeps its limits (50 calls of credit, 2 a second), holds each request {options.latency} s "
        f"and says that a call cost it {options.execution} s of work, which the commands of a batch take one after "
        "another. Each way gets the same data; the numbers of "
        "invoices, rows and requisites are compared after each run. Memory is the child's peak."
    )
    return Section("1. Beside the ways people use today", [intro, *_tables(runs, options.sizes), NOTES])


NOTES = """\
- *the bucket alone* is (calls − 50) / 2 seconds, refused calls left out: no client that calls as often can be \
quicker. Ours spends 45 of the 50, which costs 2.5 s once.
- The two libraries live on the portal's `batch` method, which counts 50 commands as one request; so do ours with \
`fetch_mode` `batch`. The portal works through the commands of a batch one after another, each for as long as it says \
that a call costs it. They end with lists in memory, ours with a workbook and a CSV in storage.
- *one call per invoice* asks for the invoice, its link, the requisite and its rows, half a second a call, and is \
reckoned where it says so. It is measured beside the others, on a portal of its own: it hardly does anything but wait. \
If it took the invoice's fields from the list, it would need a quarter of the calls less."""


def at_sizes(options: Options) -> list[Run]:
    """The ways at all sizes, one after another."""
    return [run for size in options.sizes for run in at_size(size, options)]


def at_size(invoices: int, options: Options) -> Iterable[Run]:
    """All ways at one size, on one portal that forgets everything in between."""
    world = {"rows": options.rows, "latency": options.latency, "execution": options.execution, "limits": True}
    with portal_subprocess(invoices=invoices, **world) as portal:
        for way in options.ways:
            portal.reset()
            yield reckoned(invoices) if way == SLOW and invoices > options.slow else run(way, portal)


def reckoned(invoices: int) -> Run:
    """What one call per invoice and look-up comes to."""
    calls = ceil(invoices / PAGE) + SLOW_CALLS_AN_INVOICE * invoices
    return Run(SLOW, invoices, calls, calls * SLOW_SECONDS_A_CALL, reckoned=True)


def run(way: str, portal: PortalSubprocess) -> Run:
    """One way, measured; the portal counts the calls. Raises AssertionError when it did not get everything.

    A peer that raises (after refusals by the portal, say) has given up; ours may not.
    """
    is_ours = way in {"ours", BATCHES}
    module = "ours" if is_ours else way
    mode = "batch" if way == BATCHES else "list"
    counted = {"counted": True, "fetch_mode": mode} if is_ours else {}  # the others count what they hold
    start = time.perf_counter()
    try:
        told = in_child(f"benchmarks.ways.{module}", {"portal": asdict(portal), **counted})
    except subprocess.CalledProcessError:
        if is_ours:
            raise
        told = {"seconds": time.perf_counter() - start}
    else:
        check(told, portal)
    seen = portal.stats()
    return Run(
        way=way,
        invoices=portal.invoices,
        calls=seen["calls"],
        commands=seen["commands"],
        seconds=told["seconds"],
        rejected=seen["rejected"] + seen["refused"],
        peak=told.get("peak"),
        gave_up="peak" not in told,
    )


def check(told: dict[str, Any], portal: PortalSubprocess) -> None:
    """Raises AssertionError unless a way got all invoices, rows and requisites (ours: the totals, too)."""
    got = told["invoices"], told["rows"], told["requisites"]
    expected = portal.invoices, portal.rows, max(1, min(5000, portal.invoices // 8))  # as `scaled.fill` makes them
    if got != expected:
        raise AssertionError(f"got {got}, expected {expected}")
    if "summary" in told:
        check_totals(told["summary"], portal)


def check_totals(summary: dict[str, Any], portal: PortalSubprocess) -> None:
    """Raises AssertionError unless a report's sums are those that the portal was made with."""
    (roubles,) = summary["totals"]
    if (Decimal(roubles["amount"]), Decimal(roubles["vat"])) != (Decimal(portal.amount), Decimal(portal.vat)):
        raise AssertionError(f"the totals are {roubles}, expected {portal.amount} and {portal.vat}")


def _tables(runs: list[Run], sizes: Iterable[int]) -> Iterable[str]:
    for size in sizes:
        here = sorted((each for each in runs if each.invoices == size), key=lambda each: list(WAYS).index(each.way))
        ours = next((each for each in here if each.way == "ours"), here[0])
        yield table(
            f"{size:,} invoices",
            [
                "way",
                "HTTP calls",
                "commands in them",
                "× ours",
                "seconds",
                "× ours",
                "the bucket alone, s",
                "× the bucket",
                "rejected",
                "peak MB",
            ],
            [_row(each, ours) for each in here],
        )


def _row(each: Run, ours: Run) -> list[str]:
    mark = " (reckoned)" if each.reckoned else " **gave up**" if each.gave_up else ""
    bounded = each.calls >= ENOUGH_CALLS and not each.reckoned
    return [
        f"{WAYS[each.way]}{mark}",
        f"{each.calls:,}",
        f"{each.commands:,}" if each.commands else "",
        number(each.calls / ours.calls, 2),
        number(each.seconds, 1),
        number(each.seconds / ours.seconds, 2),
        number(each.dictated, 1),
        number(each.seconds / each.dictated, 2) if bounded else "",
        number(each.rejected),
        number(each.peak),
    ]

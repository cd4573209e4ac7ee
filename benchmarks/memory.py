"""Part 3: the memory of a worker over the whole pipeline, and how flat it is."""

from __future__ import annotations

from dataclasses import asdict

from benchmarks.measuring import in_child
from benchmarks.options import Options
from benchmarks.peers import check_totals
from benchmarks.tables import Section, number, table
from demo_portal.subprocess import portal_subprocess

GOAL_MB = 200


def section(options: Options) -> Section:
    """The part's results."""
    sizes = [(options.middle, options.rows), (options.large, 1), (options.large, options.rows)]
    intro = (
        "A worker process with everything that `app.py` loads on the embedded queue, building one report from the "
        "first call to the stored files; the demo portal without limits and latency, our own bucket taken away. The "
        f"goal is less than {GOAL_MB} MB."
    )
    header = ["invoices", "product rows", "peak MB", "of which before the report", "seconds", "CPU s"]
    return Section("3. Memory of a worker", [intro, table("", header, [measured(*size) for size in sizes])])


def measured(invoices: int, rows: int) -> list[str]:
    """One report; → a line of the table."""
    with portal_subprocess(invoices=invoices, rows=rows, latency=0.0, limits=False) as portal:
        told = in_child("benchmarks.ways.ours", {"portal": asdict(portal), "unpaced": True})
        check_totals(told["summary"], portal)
    return [
        f"{invoices:,}",
        f"{invoices * rows:,}",
        number(told["peak"]),
        number(told["idle"]),
        number(told["seconds"]),
        number(told["cpu"]),
    ]

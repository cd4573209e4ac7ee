"""Part 2: processing and workbook alone. Pages as the client fetched them go through DataProcessor, the register's
spool, the workbook and the CSV; no portal, no queue.

A thousand invoices are recorded beforehand and played again and again (``benchmarks.played``) with new ids and numbers
and product rows of their own.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measuring import in_child
from benchmarks.options import Options
from benchmarks.tables import Section, number, table
from demo_portal.subprocess import portal_subprocess

RECORDED = 1_000
WORK = {"whole": "processing, spool, workbook, CSV", "playing": "of which: making the raw pages (the benchmark)"}


def section(options: Options) -> Section:
    """The part's results."""
    recorded = min(RECORDED, options.large)
    copies = max(1, options.large // recorded)
    with TemporaryDirectory() as place:
        record(recorded, options.rows, Path(place, "pages.pickle"))
        order = {"path": str(Path(place, "pages.pickle")), "copies": copies}
        runs = {name: in_child("benchmarks.played", {**order, "work": name}) for name in WORK}
    invoices, rows = copies * recorded, copies * recorded * options.rows
    found = runs["whole"]["invoices"]
    if found != invoices:
        raise AssertionError(f"the register has {found} invoices, expected {invoices}")
    intro = (
        f"{invoices:,} invoices with {rows:,} product rows, as the client hands them on, through DataProcessor, the "
        f"register's spool on disk, the workbook ({runs['whole']['megabytes']:.1f} MB) and the CSV; no portal."
    )
    return Section("2. Processing and workbook alone", [intro, _table(runs, invoices + rows)])


def record(invoices: int, rows: int, path: Path) -> None:
    """Fetches pages from a demo portal into ``path``, in a child."""
    with portal_subprocess(invoices=invoices, rows=rows, latency=0.0, limits=False) as portal:
        in_child("benchmarks.recording", {"portal": asdict(portal), "path": str(path)})


def _table(runs: dict[str, dict[str, Any]], rows: int) -> str:
    header = ["", "seconds", "CPU s", "rows a second", "peak MB", "over the idle process"]
    lines = [
        [
            WORK[name],
            number(run["seconds"], 1),
            number(run["cpu"], 1),
            number(rows / run["seconds"]) if name == "whole" else "",
            number(run["peak"]),
            number(run["peak"] - run["idle"]),
        ]
        for name, run in runs.items()
    ]
    return table("Rows count invoices and product rows", header, lines)

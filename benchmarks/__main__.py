"""``python -m benchmarks [PART …] [--sizes N,…] [--quick] [--out FILE]``: runs the parts, prints what they
found, and writes it to a file (a whole run: ``benchmarks/results.md``) after each part."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks import beside, columns, memory, morning, page, peers, processing, writer
from benchmarks.options import Options, parsed
from benchmarks.tables import Section

PARTS: dict[str, Callable[[Options], Section]] = {
    "peers": peers.section,
    "processing": processing.section,
    "memory": memory.section,
    "workbook": writer.section,
    "page": page.section,
    "beside": beside.section,
    "columns": columns.section,
    "morning": morning.section,
}


def main() -> None:
    """Runs what the command line asks for."""
    options = parsed()
    found = [heading()]
    for part in options.parts:
        found.append(PARTS[part](options).markdown())
        print(found[-1], flush=True)
        if options.out is not None:
            options.out.write_text("\n".join(found), encoding="utf-8")


def heading() -> str:
    """What made the results: the command, the machine, the day, how busy it was."""
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    busy = f"; load average at the start {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"# What the app costs\n\nMade by `{command}` (`make bench`) on {datetime.now(UTC):%Y-%m-%d} on a machine of "
        f"{os.cpu_count()} cores with Python {platform.python_version()} ({platform.system()}){busy}. Seconds depend "
        "on the machine: read ratios.\n"
    )


if __name__ == "__main__":
    main()

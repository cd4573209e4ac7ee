"""Part 4: our writer of the workbook beside openpyxl's write-only mode. The script is ``benchmarks/workbook.py``."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measuring import ROOT
from benchmarks.options import Options
from benchmarks.tables import Section

GOAL = 5


def section(options: Options) -> Section:
    """The part's results."""
    sizes = ["--invoices", str(options.writer), "--rows", str(options.rows), "--repeat", str(options.repeat)]
    command = [sys.executable, str(ROOT / "benchmarks" / "workbook.py"), *sizes]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=3600)
    intro = (
        f"The same rows and styles; the goal is at least {GOAL} times the rows a second of openpyxl's write-only mode "
        "(its quickest fair use: one styled cell per column and look, reused). Each way in a child of its own, the "
        f"quickest of {options.repeat}."
    )
    return Section("4. Writing the workbook", [intro, done.stdout.strip()])

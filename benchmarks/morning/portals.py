"""Many portals in a process of their own (``portals_process``), seen from its parent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, Any

from benchmarks.measuring import ROOT

FOLDER_ID = 12
"""Of the Drive of each portal: where reports go."""


@dataclass(frozen=True, slots=True)
class Order:
    """How many portals, with how many invoices of how many rows; ``first``: the ISO day from which they are dated, over
    four weeks; seconds that each call is held, and is said to cost."""

    portals: int
    invoices: int
    rows: int
    first: str
    latency: float
    execution: float
    app_url: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """What has reached a portal: notifications, files in its folder; requests that its limits have refused, the
    fullest its bucket was, and how many requests there were."""

    notifications: int
    files: int
    refused: int
    peak: float
    calls: int


@dataclass
class Portals:
    """The child, seen from its parent. ``forms``: of each portal the form that opens the app for its administrator, by
    ``member_id``; ``environment``: settings of the app."""

    child: subprocess.Popen[str]
    environment: dict[str, str]
    forms: dict[str, dict[str, Any]]
    _ask: IO[str]
    _hear: IO[str]

    def arrived(self) -> dict[str, Arrived]:
        """What has reached each portal so far, by ``member_id``."""
        self._ask.write("\n")
        self._ask.flush()
        return {member_id: Arrived(**told) for member_id, told in json.loads(self._hear.readline()).items()}


@contextmanager
def running_portals(order: Order) -> Iterator[Portals]:
    """The portals, until the end."""
    command = [sys.executable, "-m", "benchmarks.morning.portals_process", json.dumps(asdict(order))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            yield Portals(process, told["environment"], told["forms"], process.stdin, process.stdout)
        finally:
            process.stdin.close()  # the child lives as long as we hold this

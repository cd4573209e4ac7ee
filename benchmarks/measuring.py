"""Scripts run as children, and what they cost: wall time, processor time, peak memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """``seconds`` of wall time, ``cpu`` seconds of this process, ``peak`` memory of the process in MB, and ``idle``:
    its peak before the work began, with everything imported."""

    seconds: float
    cpu: float
    peak: float
    idle: float


def peak_mb() -> float:
    """The most memory this process has had resident since it began, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(work: Callable[[], Any]) -> tuple[Any, Cost]:
    """What ``work`` returned, and what it cost this process."""
    idle, start, cpu = peak_mb(), time.perf_counter(), time.process_time()
    result = work()
    return result, Cost(time.perf_counter() - start, time.process_time() - cpu, peak_mb(), idle)


def in_child(module: str, order: dict[str, Any], *, timeout: float = 3600) -> dict[str, Any]:
    """Runs ``python -m module`` with ``order`` as JSON; → the JSON of its last line.

    The parent stays small (it imports nothing of the app): Linux counts a parent's memory into its child's peak.
    """
    command = [sys.executable, "-m", module, json.dumps(order)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=timeout)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def answer(cost: Cost, **facts: Any) -> None:
    """The last line of a child."""
    print(json.dumps({**asdict(cost), **facts}))


def told() -> dict[str, Any]:
    """The order of a child."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    return order

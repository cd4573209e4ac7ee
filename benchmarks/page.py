"""Part 5: how quick the page's calls are answered, idle and while the embedded worker writes a report.

``app.py`` and the demo portal are processes of their own; we call from this one, one request at a time.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from benchmarks.measuring import ROOT
from benchmarks.options import Options
from benchmarks.tables import Section, number, table
from demo_portal.subprocess import PortalSubprocess, portal_subprocess

PAUSE_SECONDS = 0.01
START_SECONDS = 60.0
REPORT_SECONDS = 900.0
INTERVALS = {"own": "as `app.py` sets it", "0.005": "5 ms, Python's default"}
IDLE, READING, WRITING = "idle", "reading the portal without limits", "writing the files"
GOAL = 3.0


@dataclass
class Page:
    """An open page of the app that times its calls: milliseconds by (what was going on, route)."""

    port: int
    token: str = ""
    times: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.reconnect()

    def reconnect(self) -> None:
        """Calls go over a new connection from now on."""
        self._http = HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer. Raises RuntimeError for an answer that is not good."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self._http.request(method, path, None if body is None else json.dumps(body), headers)
        reply = self._http.getresponse()
        content = reply.read()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {content[:500]!r}")
        return json.loads(content)

    def timed(self, path: str) -> tuple[Any, float]:
        """The answer to a GET and its milliseconds."""
        start = time.perf_counter()
        got = self.call("GET", path)
        return got, (time.perf_counter() - start) * 1000

    def probe(self, report_id: str, state: str | None = None) -> Any:
        """One look at the report and one at /healthz, timed; ``state`` None: as the report tells. → the report."""
        report, looked = self.timed(f"/api/v1/reports/{report_id}")
        state = state or (WRITING if (report["progress"] or {}).get("stage") == "workbook" else READING)
        self.times[state, "GET /api/v1/reports/{id}"].append(looked)
        _, alive = self.timed("/healthz")
        self.times[state, "GET /healthz"].append(alive)
        time.sleep(PAUSE_SECONDS)
        return report


@contextmanager
def running_app(portal: PortalSubprocess, port: int, interval: str) -> Iterator[None]:
    """``app.py`` in a process of its own, until the end."""
    with TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            **portal.environment,
            "SECRET_KEY": "a key for benchmarks, long enough",
            "DATABASE_URL": f"sqlite:///{folder}/app.db",
            "QUEUE_URL": f"sqlite:///{folder}/queue.db",
            "REPORTS_DIR": f"{folder}/reports",
            "WORK_DIR": f"{folder}/work",
            "REST_LOG": f"{folder}/rest.log",
        }
        with Path(folder, "app.log").open("wb") as log:
            command = [sys.executable, "-m", "benchmarks.app_subprocess", str(port), interval]
            with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:
                try:
                    yield
                finally:
                    process.terminate()


def opened(portal: PortalSubprocess, port: int) -> Page:
    """A page of the app, installed in the portal."""
    page = Page(port)
    ready(page)
    form = {"AUTH_ID": portal.access_token, "REFRESH_ID": portal.refresh_token, "member_id": portal.member_id}
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/install?LANG=ru", urlencode({**form, "APPLICATION_TOKEN": "token"}), headers)
    reply = connection.getresponse()
    if reply.status != 200:
        raise RuntimeError(f"the install was refused: {reply.status} {reply.read()[:500]!r}")
    page.token = page.call("POST", "/api/v1/session", form)["token"]
    return page


def ready(page: Page) -> None:
    """Waits until the app answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            page.call("GET", "/healthz")
        except (OSError, HTTPException):
            page.reconnect()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def built(page: Page, portal: PortalSubprocess) -> str:
    """A report built while its page looks at it all the time. → its id."""
    period = {"date_from": portal.first, "date_to": portal.last, "date_field": "begindate", "detailed": True}
    report = page.call("POST", "/api/v1/reports", period)
    deadline = time.monotonic() + REPORT_SECONDS
    while report["status"] in {"queued", "running"}:
        report = page.probe(report["id"])
        if time.monotonic() > deadline:
            raise RuntimeError("the report did not end")
    if report["status"] != "done":
        raise RuntimeError(f"the report is {report['status']}: {report['error']}")
    return str(report["id"])


def watched(portal: PortalSubprocess, port: int, interval: str, options: Options) -> Page:
    """A page that saw some reports and an idle app: half of the idle calls before, half after them."""
    with running_app(portal, port, interval):
        page = opened(portal, port)
        last = built(page, portal)  # warms up; forgotten
        page.times.clear()
        for _ in range(options.probes // 2):
            page.probe(last, IDLE)
        for _ in range(options.repeat):
            last = built(page, portal)
        for _ in range(options.probes // 2):
            page.probe(last, IDLE)
    return page


def section(options: Options) -> Section:
    """The part's results."""
    port = free_port()
    world = {"rows": options.rows, "latency": 0.0, "limits": False, "app_url": f"http://127.0.0.1:{port}"}
    with portal_subprocess(invoices=options.middle, **world) as portal:
        pages = {interval: watched(portal, port, interval, options) for interval in INTERVALS}
    intro = (
        f"`app.py` with its embedded worker builds {options.repeat} reports of {options.middle:,} invoices and "
        f"{options.middle * options.rows:,} product rows, one after another, while a page asks again and again. "
        f"The goal: p95 while files are written within {GOAL:.0f} times the idle p95. Reading is shown for "
        "completeness: here it goes as fast as the machine allows, while a real portal lets 2 calls a second through."
    )
    return Section("5. The page beside a working worker", [intro, *(_table(each, pages[each]) for each in pages)])


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _table(interval: str, page: Page) -> str:
    header = ["request", "while", "calls", "p50 ms", "p95 ms", "max ms", "p95 × idle"]
    rows = [_row(state, route, times, page.times[IDLE, route]) for (state, route), times in sorted(page.times.items())]
    return table(f"Switch interval {INTERVALS[interval]}", header, rows)


def _row(state: str, route: str, times: list[float], idle: list[float]) -> list[str]:
    p95 = percentile(times, 95)
    return [
        f"`{route}`",
        state,
        str(len(times)),
        number(percentile(times, 50), 1),
        number(p95, 1),
        number(max(times), 1),
        number(p95 / percentile(idle, 95), 1),
    ]


def percentile(times: list[float], percent: int) -> float:
    """The value that ``percent`` per cent of ``times`` do not exceed."""
    return quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else times[0]

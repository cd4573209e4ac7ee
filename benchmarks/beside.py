"""Part 6: opening the app beside a running report of the same portal, a morning's crowd, and a flood of strangers.

``app.py`` is a process of its own with its own bucket on; the portal and the authorization server live in this one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from benchmarks.measuring import ROOT
from benchmarks.options import Options
from benchmarks.page import Page, free_port, percentile, ready
from benchmarks.tables import Section, number, table
from demo_portal import DemoWorld
from demo_portal.data import scaled
from demo_portal.people import User
from demo_portal.portal import Portal

SESSION_TOKEN = re.compile(r'<meta name="session-token" content="([^"]+)"')
LOOK_SECONDS = 0.2
FULL_SECONDS = 30.0
"""In so long a bucket is full again, whatever was spent of it."""
SPENT_SECONDS = 18.0
"""After so long a report has spent its portal's credit."""
CROWD = 50
AUTHORIZATION_SECONDS = 0.3
FORGED_A_SECOND = 18
STRANGER, NEIGHBOUR = "203.0.113.66", "198.51.100.{}"
GOAL = (
    "The goals: opening the app and its form's data together within 3 s beside a running report, no 503; the report "
    "at most 8 s longer than one that may spend the whole credit; 50 openings at once all answered, the last within "
    "6 s; 18 forged openings a second from one address leave every genuine opening at 200."
)


@dataclass(frozen=True, slots=True)
class Opening:
    """What one user met: the statuses of the page and of ``/options``, the seconds of each, and the portal's calls."""

    user: str
    statuses: tuple[int, ...]
    seconds: tuple[float, ...]
    calls: int


@dataclass(frozen=True, slots=True)
class World:
    """The running app, its portal, and the period that holds the portal's invoices."""

    app_url: str
    world: DemoWorld
    portal: Portal
    period: dict[str, object]

    @property
    def calls(self) -> int:
        """The portal's calls so far."""
        return len(self.portal.calls)

    def newcomers(self, count: int) -> list[User]:
        """Users who have not been at the app before."""
        first = max(self.portal.users) + 1
        made = [User(number, "Анна", f"Иванова{number}") for number in range(first, first + count)]
        self.portal.users.update({user.id: user for user in made})
        return made

    def open(self, user: User, address: str = "", **replaced: str) -> requests.Response:
        """The portal's form, posted as from ``address``."""
        form = self.portal.launch_form(user)
        return requests.post(
            form.url(f"{self.app_url}/app"),
            data={**form.body, **replaced},
            headers={"X-Forwarded-For": address} if address else {},
            timeout=60,
        )

    def opened_with_options(self, user: User) -> Opening:
        """A user opens the app, then its page asks for the form's data."""
        before, start = self.calls, time.perf_counter()
        page = self.open(user)
        opened = time.perf_counter()
        found = SESSION_TOKEN.search(page.text)
        token = found.group(1) if found else ""
        headers = {"Authorization": f"Bearer {token}"}
        data = requests.get(f"{self.app_url}/api/v1/options", headers=headers, timeout=60)
        seconds = (opened - start, time.perf_counter() - opened)
        return Opening(user.last_name, (page.status_code, data.status_code), seconds, self.calls - before)


@contextmanager
def running(options: Options, invoices: int) -> Iterator[World]:
    """The app, installed in a portal of ``invoices`` invoices that keeps its limits and holds each call a while."""
    port = free_port()
    app_url = f"http://127.0.0.1:{port}"
    with TemporaryDirectory() as folder, DemoWorld(app_url) as world:
        portal = world.add_portal()
        made = scaled.fill(portal.crm, invoices=invoices, rows=options.rows)
        portal.pace.latency, portal.pace.execution = options.latency, options.execution
        environment = {
            **os.environ,
            **world.environment(),
            "SECRET_KEY": "a key for benchmarks, long enough",
            "DATABASE_URL": f"sqlite:///{folder}/app.db",
            "QUEUE_URL": f"sqlite:///{folder}/queue.db",
            "REPORTS_DIR": f"{folder}/reports",
            "WORK_DIR": f"{folder}/work",
            "REST_LOG": f"{folder}/rest.log",
            "PROXY_HOPS": "1",
        }
        with Path(folder, "app.log").open("wb") as log:
            command = [sys.executable, "app.py", "--port", str(port)]
            with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:
                try:
                    ready(Page(port))
                    portal.install(app_url)
                    period = {"date_from": made.first.isoformat(), "date_to": made.last.isoformat()}
                    yield World(app_url, world, portal, {**period, "date_field": "begindate", "detailed": True})
                finally:
                    process.terminate()


def report_seconds(place: World, visitors: Sequence[User]) -> tuple[float, list[Opening]]:
    """Seconds of a report, and what ``visitors`` meet who come one after another once the credit is spent."""
    answer = place.open(place.portal.admin)
    page = Page(int(place.app_url.rpartition(":")[2]), SESSION_TOKEN.search(answer.text).group(1))  # type: ignore[union-attr]
    time.sleep(FULL_SECONDS)
    openings: list[Opening] = []

    def visit() -> None:
        time.sleep(SPENT_SECONDS)
        openings.extend(place.opened_with_options(user) for user in visitors)

    beside = threading.Thread(target=visit)
    start = time.perf_counter()
    report = page.call("POST", "/api/v1/reports", place.period)
    beside.start()
    while report["status"] in {"queued", "running"}:
        time.sleep(LOOK_SECONDS)
        report = page.call("GET", f"/api/v1/reports/{report['id']}")
    seconds = time.perf_counter() - start
    beside.join()
    if report["status"] != "done":
        raise RuntimeError(f"the report is {report['status']}: {report['error']}")
    return seconds, openings


def beside_a_report(options: Options) -> str:
    """The table of a report with and without visitors, and of the visitors."""
    with running(options, options.report) as place:
        idle = place.opened_with_options(*place.newcomers(1))
        alone, _ = report_seconds(place, [])
        with_visitors, openings = report_seconds(place, place.newcomers(2))
    header = ["who", "statuses", "the page, s", "/options, s", "together, s", "calls meanwhile"]
    rows = [_opening("nobody else is there", idle)]
    rows += [_opening(f"user {place} beside the report", each) for place, each in enumerate(openings, start=1)]
    title = (
        f"Report of {options.report:,} invoices: {number(alone, 1)} s alone, {number(with_visitors, 1)} s "
        f"beside {len(openings)} users who come after {SPENT_SECONDS:.0f} s"
    )
    return table(title, header, rows)


def _opening(who: str, opening: Opening) -> list[str]:
    seconds = [number(each, 2) for each in (*opening.seconds, sum(opening.seconds))]
    return [who, ", ".join(map(str, opening.statuses)), *seconds, str(opening.calls)]


def crowd(options: Options) -> str:
    """The table of many openings at once."""
    with running(options, 20) as place:
        place.world.oauth.delay = AUTHORIZATION_SECONDS
        begun, start = threading.Barrier(CROWD), time.perf_counter()

        def visit(user: User) -> tuple[int, float]:
            begun.wait()
            return place.open(user).status_code, time.perf_counter() - start

        with ThreadPoolExecutor(CROWD) as pool:
            met = list(pool.map(visit, place.newcomers(CROWD)))
    header = ["openings", "statuses", "p50 s", "the last, s", "asked of the authorization server at once"]
    seconds = [each for _, each in met]
    row = [
        str(len(met)),
        statuses(status for status, _ in met),
        number(percentile(seconds, 50), 2),
        number(max(seconds), 2),
        str(place.world.oauth.peak_in_flight),
    ]
    return table(f"A morning's crowd, an authorization server of {AUTHORIZATION_SECONDS} s", header, [row])


def flood(options: Options) -> str:
    """The table of strangers who forge openings, and of employees who open the app meanwhile."""
    forged: list[int] = []
    with running(options, 20) as place, ThreadPoolExecutor(CROWD) as pool:
        place.world.oauth.delay = AUTHORIZATION_SECONDS
        place.world.oauth.calls.clear()
        ended = threading.Event()

        def stranger(number: int) -> None:
            answer = place.open(place.portal.accountant, STRANGER, AUTH_ID=f"forged{number}")
            forged.append(answer.status_code)

        def strangers() -> None:
            for number in range(10**6):
                if ended.wait(1 / FORGED_A_SECOND):
                    return
                pool.submit(stranger, number)

        flooding = threading.Thread(target=strangers)
        flooding.start()
        met, seconds = [], []
        for guest, user in enumerate(place.newcomers(options.openings)):
            time.sleep(0.5)
            start = time.perf_counter()
            met.append(place.open(user, NEIGHBOUR.format(guest % 250 + 1)).status_code)
            seconds.append(time.perf_counter() - start)
        ended.set()
        flooding.join()
    header = ["who", "openings", "statuses", "p95 s", "the last, s"]
    rows = [
        ["strangers of one address", str(len(forged)), statuses(forged), "", ""],
        [
            "employees elsewhere",
            str(len(met)),
            statuses(met),
            number(percentile(seconds, 95), 2),
            number(max(seconds), 2),
        ],
    ]
    asked = place.world.oauth.calls.total()
    return table(f"{FORGED_A_SECOND} forged openings a second; asked {asked} times in all", header, rows)


def statuses(met: Iterator[int] | Sequence[int]) -> str:
    """How often which status came."""
    return ", ".join(f"{count} × {status}" for status, count in sorted(Counter(met).items()))


def section(options: Options) -> Section:
    """The part's results."""
    intro = (
        f"`app.py` with its embedded worker and its own bucket; the portal keeps its limits and holds each call "
        f"{options.latency} s. {GOAL}"
    )
    return Section("6. Pages before reports", [intro, beside_a_report(options), crowd(options), flood(options)])

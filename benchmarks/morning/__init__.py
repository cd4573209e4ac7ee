"""Part 8: the first morning of the month. The schedules of many portals fall on 09:00; two workers build and deliver,
one of them is killed and PostgreSQL is restarted in the middle; pages are looked at all the while."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import psycopg

from benchmarks.morning.findings import TRANSACTIONS, Outcome, told
from benchmarks.morning.portals import Order, running_portals
from benchmarks.morning.visitors import Administrator, Looking
from benchmarks.morning.works import Process, Works, running_works
from benchmarks.options import Options
from benchmarks.page import free_port
from benchmarks.tables import Section
from bitrix_app.jobs.schedules.planning import start_offset

MOSCOW = ZoneInfo("Europe/Moscow")
LOOKED_AT = 10
"""Portals whose pages are looked at."""
IDLE_SECONDS = 40.0
WITHIN_SECONDS = 4 * 3600
KILL_AT, RESTART_AT = 1 / 3, 2 / 3
"""Shares of the reports after which a worker is killed, and PostgreSQL restarted."""
DONE = "SELECT count(*) FROM report WHERE status = 'done'"
QUEUED = "SELECT count(*) FROM report WHERE status = 'queued'"
UNSENT = "SELECT count(*) FROM report_delivery WHERE state <> 'done'"
SENT = "SELECT count(*) FROM report_delivery WHERE state = 'done'"


@dataclass
class Morning:
    """One morning. ``due``: when each schedule starts, seconds since 1970, by its id."""

    options: Options
    works: Works
    looking: Looking
    due: Mapping[int, float]
    queue: int = 0
    events: list[str] = field(default_factory=list)

    def pass_by(self) -> None:
        """Until all is built and sent. Raises RuntimeError when that does not come."""
        begun, deadline = time.monotonic(), time.monotonic() + WITHIN_SECONDS
        self.looking.state = "morning"
        workers = [self.works.start_worker("worker 1"), self.works.start_worker("worker 2")]
        troubles = [(RESTART_AT, self._restart_postgres), (KILL_AT, lambda: self._kill(workers[0].name))]
        while True:
            time.sleep(1.0)
            if time.monotonic() > deadline:
                raise RuntimeError("the morning does not end")
            try:
                self.works.look()
                done = self._count(DONE)
                self.queue = max(self.queue, self._count(QUEUED))
                sent = self._count(SENT)
            except psycopg.OperationalError:
                continue
            if troubles and done >= troubles[-1][0] * len(self.due):
                trouble = troubles.pop()[1]
                self.events.append(f"{time.monotonic() - begun:.0f} s: {trouble()} ({done} reports were done)")
            if sent >= 2 * len(self.due) and not self._count(UNSENT):
                self.looking.state = "after"
                return

    def _count(self, query: str) -> int:
        found: int = self.works.rows(query)[0][0]
        return found

    def _kill(self, name: str) -> str:
        worker = next(each for each in self.works.processes if each.name == name)
        worker.look()
        worker.child.kill()
        self.works.start_worker("worker 3")
        return f"{name} was killed, another one started"

    def _restart_postgres(self) -> str:
        self.looking.state = "PostgreSQL away"
        self.works.postgres.stop()
        self.works.postgres.start()
        self.looking.state = "morning"
        return "PostgreSQL was restarted"


def section(options: Options) -> Section:
    """The part's results."""
    port = free_port()
    app_url = f"http://127.0.0.1:{port}"
    day = (datetime.now(MOSCOW) - timedelta(hours=9)).date()
    first = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    order = Order(options.portals, options.report, options.rows, first.isoformat(), 0.1, options.execution, app_url)
    with (
        TemporaryDirectory() as folder,
        running_portals(order) as portals,
        running_works(Path(folder), port, portals.environment) as works,
    ):
        people = {member_id: Administrator(app_url, form) for member_id, form in portals.forms.items()}
        schedules = planned(people)
        looking = Looking(list(people.values())[:LOOKED_AT])
        looking.start()
        time.sleep(IDLE_SECONDS)
        before = works.rows(TRANSACTIONS)[0][0]
        morning = Morning(options, works, looking, at_nine(works, schedules))
        try:
            morning.pass_by()
        finally:
            looking.stop()
        played = Process("portals", portals.child)
        played.look()
        seen = morning.queue, morning.events, portals.arrived(), played, before
        return told(Outcome(order, works, looking, morning.due, *seen))


def planned(people: Mapping[str, Administrator]) -> dict[str, int]:
    """Each portal's schedule."""
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(people, pool.map(Administrator.plan, people.values()), strict=True))


def at_nine(works: Works, schedules: Mapping[str, int]) -> dict[int, float]:
    """Nine o'clock is in five seconds: each schedule starts as far behind it as the app spreads them."""
    now = datetime.now(UTC)
    nine = now.astimezone(MOSCOW).replace(hour=9, minute=0, second=0, microsecond=0)
    moment = nine if nine <= now else nine - timedelta(days=1)
    starts: dict[int, float] = {}
    for member_id, number in schedules.items():
        due = now + timedelta(seconds=5) + start_offset(member_id, len(schedules) - 1)
        works.rows("UPDATE schedule SET next_run_at = %s, due_at = %s WHERE id = %s", moment, due, number)
        starts[number] = due.timestamp()
    return starts

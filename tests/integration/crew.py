"""Worker processes as an operator starts them: ``python -m bitrix_app worker`` over PostgreSQL and Redis, ``python
app.py`` on the embedded queue.

The web application runs in the test's process beside them, the demo portals too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bitrix_app.storage import Database
from tests.integration.house import House, open_house
from tests.kept import kept_in
from tests.live import free_port
from tests.servers import empty

ROOT = Path(__file__).parents[2]


@dataclass
class Hand:
    """A worker process and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it has logged under this name, but for a line that is being written."""
        whole = self.log.read_bytes().rpartition(b"\n")[0].decode()
        lines = [json.loads(line) for line in whole.split("\n") if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None


@dataclass
class Crew:
    """The workers of one house."""

    environ: Mapping[str, str]
    folder: Path
    hands: list[Hand] = field(default_factory=list)

    def hire(self, concurrency: int = 1) -> Hand:
        """Start one more process that works: a worker, or the whole application where it works too."""
        log = self.folder / f"worker-{len(self.hands)}.log"
        command = [sys.executable, "-m", "bitrix_app", "worker", "--concurrency", str(concurrency)]
        if self.environ["QUEUE_URL"].startswith("sqlite:"):
            command = [sys.executable, "app.py", "--port", str(free_port())]
        with log.open("wb") as stream:
            process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **self.environ}, stderr=stream)
        self.hands.append(Hand(process, log))
        return self.hands[-1]

    def noted(self, name: str, report_id: str) -> list[dict[str, Any]]:
        """What any worker has logged under this name about this report."""
        return [line for each in self.hands for line in each.events(name) if line.get("report_id") == report_id]

    def lose(self, hand: Hand) -> None:
        """Kill this process: it has no time for a word."""
        hand.process.kill()
        hand.process.wait()

    def dismiss(self) -> list[int]:
        """Tell all workers to go. → their exit codes."""
        for each in self.hands:
            each.process.send_signal(signal.SIGTERM)
        return [each.process.wait(60) for each in self.hands]

    def kill(self) -> None:
        """End what still runs."""
        for each in self.hands:
            self.lose(each)


@contextmanager
def open_works(folder: Path, database_url: str, queue_url: str) -> Iterator[tuple[House, Crew]]:
    """A house over this database, whose rows go, and a crew for it that nobody has been hired into yet."""
    database = Database(database_url)
    database.migrate()
    database.close()
    empty(database_url)
    with open_house(folder, database_url, QUEUE_URL=queue_url) as house:
        environ = {
            **house.world.environment(),
            "SECRET_KEY": ",".join(house.services.settings.secret_keys),
            **kept_in(folder),
            "DATABASE_URL": database_url,
            "QUEUE_URL": queue_url,
            "LOG_FORMAT": "json",
        }
        crew = Crew(environ, folder)
        try:
            yield house, crew
        finally:
            crew.kill()

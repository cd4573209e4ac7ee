"""A worker in a process of its own, as ``python -m bitrix_app worker`` runs it, with a report that does as it is told.

The report notes ``started``, then waits until the file ``go`` appears, then writes its files; how each attempt ended is
noted too. One line a note: process id, what, which.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bitrix_app.__main__ import serve
from bitrix_app.jobs import JobService, Maintenance, Timing, WakeQueue, Worker, WorkFolders
from bitrix_app.reports import Outcome, Progress, ProgressSink, StopSignal
from bitrix_app.settings import Settings
from bitrix_app.storage import Database, Files, Lease, PeriodicTasks, ReportLeases
from tests.unit.jobs.fakes import write_files

TIMING = Timing(lease=3.0, beat=0.2, poll=0.3, recover=0.3, finish=1.0, abandon=1.0)


@dataclass(frozen=True)
class Place:
    """Where a worker finds everything: two addresses, the queue's name, a folder for the rest."""

    database_url: str
    queue_url: str
    queue_name: str
    folder: str

    @property
    def notes(self) -> Path:
        return Path(self.folder) / "notes"

    @property
    def go(self) -> Path:
        return Path(self.folder) / "go"

    @property
    def store(self) -> Path:
        return Path(self.folder) / "reports"

    @property
    def database_files(self) -> list[Path]:
        """The files of SQLite among the two addresses."""
        begins = "sqlite:///"
        return [
            Path(each.removeprefix(begins)) for each in (self.database_url, self.queue_url) if each.startswith(begins)
        ]

    def note(self, *words: object) -> None:
        with self.notes.open("a") as notes:
            notes.write(" ".join(map(str, (os.getpid(), *words))) + "\n")

    def noted(self) -> list[list[str]]:
        return [line.split() for line in self.notes.read_text().splitlines()] if self.notes.exists() else []

    def as_argument(self) -> str:
        return json.dumps(asdict(self))


class SlowReport:
    """Takes until ``go``."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __call__(self, lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        self._place.note("started", lease.attempt)
        progress.update(Progress("invoices", lease.attempt, 10))
        while not self._place.go.exists():
            stop.wait(0.05)
        return write_files(folder, f"attempt {lease.attempt}")


class Notes:
    """A JobObserver that notes how attempts ended."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def report_finished(self, status: str, seconds: float) -> None:
        self._place.note("ended", status)


class Services:
    """What the worker's command needs."""

    def __init__(self, place: Place) -> None:
        self.database = Database(place.database_url)
        self._queue = WakeQueue(place.queue_url, name=place.queue_name)
        worker = Worker(
            leases=ReportLeases(self.database),
            files=Files(str(place.store)),
            run_report=SlowReport(place),
            work_folder=Path(place.folder) / "work",
            observer=Notes(place),
            concurrency=2,
            timing=TIMING,
        )
        folders = WorkFolders(Path(place.folder) / "work", ReportLeases(self.database), every=0.3)
        self.jobs = JobService(worker, self._queue, Maintenance(PeriodicTasks(self.database), []), folders)

    def close(self) -> None:
        self._queue.close()
        self.database.close()


def main() -> int:
    """Run until a signal."""
    place = Place(**json.loads(sys.argv[1]))
    settings = Settings("id", "secret", "https://app.example", ("key",), queue_url=place.queue_url)
    services = Services(place)
    code = serve(services, settings)
    services.close()
    return code


if __name__ == "__main__":
    sys.exit(main())

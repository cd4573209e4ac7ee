"""Periodic maintenance: expiry, orphaned files, work folders of killed workers.

huey starts what is due about once a minute in every worker; a row a task lets one worker do it.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from bitrix_app.jobs.heartbeat import DATABASE_AWAY
from bitrix_app.jobs.job import FOLDER_NAME
from bitrix_app.storage import Files, PeriodicTasks, ReportLeases, Retention

log = structlog.get_logger("jobs")

ORPHAN_AGE = timedelta(hours=1)  # a file lies for seconds at most before its row names it
HOURLY = timedelta(minutes=59)
SWEEP_SECONDS = 60.0
STOP_SECONDS = 1.0
UNKNOWN_FOLDER_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """Something to do at most once in ``every``, by one worker. It may raise: the next round tries the others."""

    name: str
    every: timedelta
    run: Callable[[], None]


class Maintenance:
    """Runs the periodic tasks that are due."""

    def __init__(self, taken: PeriodicTasks, tasks: Sequence[PeriodicTask]) -> None:
        self._taken = taken
        self._tasks = tuple(tasks)

    def run_due(self) -> None:
        """Run each task that is due and that no other worker has taken up."""
        for task in self._tasks:
            if self._taken.take(task.name, task.every):
                log.info("periodic_task", name=task.name)
                task.run()


class Cleanup:
    """Removes expired rows and orphaned files."""

    def __init__(self, retention: Retention, files: Files) -> None:
        self._retention = retention
        self._files = files

    def tasks(self) -> tuple[PeriodicTask, ...]:
        """Expiry of reports and audit log, removal of orphaned files: each hour."""
        return PeriodicTask("expire", HOURLY, self.expire), PeriodicTask("sweep", HOURLY, self.sweep)

    def expire(self) -> None:
        """Delete what is past its retention: reports and removed portals with their files, audit log lines, names of
        users who come no more, runs of the robot, and what erased portals left."""
        self._files.delete_all(self._retention.expire_reports())
        self._files.delete_all(self._retention.expire_portals())
        self._retention.expire_journal()
        self._retention.expire_users()
        self._retention.expire_robot_runs()
        self._retention.expire_erasures()
        self._retention.truncate_wal()

    def sweep(self) -> None:
        """Delete files without a row."""
        self._files.delete_all(self._retention.orphans(self._files.names(datetime.now(UTC) - ORPHAN_AGE)))


class WorkFolders:
    """Deletes, every minute, work folders of attempts that nobody works on any more; killed workers leave them.

    Each machine has its own WORK_DIR, so every worker sweeps the one it uses. A folder's name tells its attempt, and
    the report's row whether that attempt is still worked on, by whichever process. A folder goes when two sweeps in a
    row have found its attempt over: a cancelled report's worker needs a moment to stop. One whose report has no row
    goes after a day: the folder may serve another database too. Folders named otherwise are not ours.
    """

    def __init__(self, root: Path, leases: ReportLeases, *, every: float = SWEEP_SECONDS) -> None:
        self._root = root
        self._leases = leases
        self._every = every
        self._suspects: set[str] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sweep_regularly, name="work-folders", daemon=True)

    def start(self) -> None:
        """Begin to sweep, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Sweep no more; a sweep that is going on ends first, as a rule."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def sweep(self) -> None:
        """Sweep once. Raises what the database raises."""
        found = {each.name: match for each in self._folders() if (match := FOLDER_NAME.fullmatch(each.name))}
        standing = self._leases.attempts({match["report"] for match in found.values()})
        running = {name for name, match in found.items() if standing.get(match["report"]) == int(match["attempt"])}
        unknown = {name for name, match in found.items() if match["report"] not in standing}
        over = found.keys() - running - unknown
        for name in (over & self._suspects) | {name for name in unknown if self._is_old(name)}:
            log.info("work_folder_swept", folder=name)
            shutil.rmtree(self._root / name, ignore_errors=True)
        self._suspects = over

    def _sweep_regularly(self) -> None:
        while True:
            try:
                self.sweep()
            except DATABASE_AWAY as error:
                log.warning("database_away", error=str(error.__cause__ or error))
            except OSError as error:
                log.warning("work_folders_not_swept", error=str(error))
            if self._stopped.wait(self._every):
                return

    def _folders(self) -> list[Path]:
        return [each for each in self._root.iterdir() if each.is_dir()] if self._root.is_dir() else []

    def _is_old(self, name: str) -> bool:
        try:
            return (self._root / name).stat().st_mtime < time.time() - UNKNOWN_FOLDER_SECONDS
        except FileNotFoundError:
            return False

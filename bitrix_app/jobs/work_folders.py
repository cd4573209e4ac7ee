"""Work folders of attempts, one each below WORK_DIR, and the removal of those that killed workers have left behind.

Each machine has its own WORK_DIR, so every worker looks after the one it uses. A folder's name says which attempt it
belongs to, and the report's row whether that attempt is still worked on, by whichever process.
"""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import structlog

from bitrix_app.jobs.attempt import DATABASE_AWAY, FOLDER_NAME
from bitrix_app.storage import ReportLeases

log = structlog.get_logger("jobs")

EVERY_SECONDS = 60.0
STOP_SECONDS = 1.0
STRANGER_SECONDS = 24 * 3600.0


class WorkFolders:
    """Looks every minute for folders that nobody works in any more; ``start`` and ``stop`` from any thread.

    A folder goes when two looks in a row have found its attempt over: a cancelled report's worker needs a moment to
    stop. One whose report no row knows goes after a day: the place may serve another database too. Whatever is not
    named as we name folders is not ours.
    """

    def __init__(self, root: Path, leases: ReportLeases, *, every: float = EVERY_SECONDS) -> None:
        self._root = root
        self._leases = leases
        self._every = every
        self._suspects: set[str] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="work-folders", daemon=True)

    def start(self) -> None:
        """Begin to look, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look that is being taken ends first, as a rule."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def sweep(self) -> None:
        """One look. Raises what the database raises."""
        found = {each.name: match for each in self._folders() if (match := FOLDER_NAME.fullmatch(each.name))}
        standing = self._leases.attempts({match["report"] for match in found.values()})
        running = {name for name, match in found.items() if standing.get(match["report"]) == int(match["attempt"])}
        strangers = {name for name, match in found.items() if match["report"] not in standing}
        over = found.keys() - running - strangers
        for name in (over & self._suspects) | {name for name in strangers if self._is_old(name)}:
            log.info("work_folder_swept", folder=name)
            shutil.rmtree(self._root / name, ignore_errors=True)
        self._suspects = over

    def _look_after(self) -> None:
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
            return (self._root / name).stat().st_mtime < time.time() - STRANGER_SECONDS
        except FileNotFoundError:
            return False

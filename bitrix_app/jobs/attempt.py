"""The work of one attempt, from the lease to an ending. The second of the two places with a broad ``except``."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bitrix_app.errors import AppError, StorageFullError
from bitrix_app.jobs.delivery import Delivery
from bitrix_app.jobs.ports import RunReport
from bitrix_app.jobs.progress import LatestProgress
from bitrix_app.jobs.stop import JobStop
from bitrix_app.storage import Lease, ReportFile

log = structlog.get_logger("jobs")

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
FOLDER_NAME = re.compile(r"(?P<report>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?P<attempt>[0-9]{1,9})\.[^.]+")
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}


@dataclass(frozen=True, slots=True)
class Built:
    """The report is built and its files are stored."""

    summary: Mapping[str, Any]
    files: tuple[ReportFile, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """The report cannot be built: the code of an AppError and plain values for the sentence."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stopped:
    """The stop signal ended it; the signal knows why."""


@dataclass(frozen=True, slots=True)
class WithoutDatabase:
    """The database went away under it: worth another attempt."""


Ending = Built | Broken | Stopped | WithoutDatabase


class Attempt:
    """Builds the report in a folder of its own and stores the files."""

    def __init__(self, run_report: RunReport, delivery: Delivery, work_folder: Path) -> None:
        self._run_report = run_report
        self._delivery = delivery
        self._work_folder = work_folder

    def run(self, lease: Lease, stop: JobStop, progress: LatestProgress) -> Ending:
        """How it ended; raises nothing. What went wrong after the signal to stop went wrong because of it."""
        try:
            return self._build(lease, stop, progress)
        except AppError as error:
            return Stopped() if stop.reason else self._broken(error)
        except DATABASE_AWAY as error:
            log.warning("database_away", error=str(error.__cause__ or error))
            return Stopped() if stop.reason else WithoutDatabase()
        except Exception as error:  # noqa: BLE001 # one job must not take its worker along; the user sees internal_error
            return Stopped() if stop.reason else self._unexpected(error)

    def _build(self, lease: Lease, stop: JobStop, progress: LatestProgress) -> Built:
        with work_folder(self._work_folder, lease) as folder:
            finished = self._run_report(lease, stop, progress, folder)
            stop.check()
            return Built(finished.summary, self._delivery.put(lease, finished.files))

    def _broken(self, error: AppError) -> Broken:
        log.warning("report_failed", code=error.code, error=str(error))
        return Broken(error.code, plain(error.params))

    def _unexpected(self, error: Exception) -> Broken:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            log.error("no_room", error=str(error))
            return Broken(StorageFullError.code)
        log.error("job_broke", exc_info=error)
        return Broken(AppError.code)


@contextmanager
def work_folder(root: Path, lease: Lease) -> Iterator[Path]:
    """An empty folder for this attempt, gone at the end."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    prefix = f"{lease.report.id}.{lease.attempt}."
    with TemporaryDirectory(prefix=prefix, dir=root, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON can hold them: what is no number, text, truth value or None becomes text."""
    return {
        key: value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
        for key, value in params.items()
    }

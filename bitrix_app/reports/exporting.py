"""Export: the sealed register as files in a folder of this report."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bitrix_app.errors import StorageFullError
from bitrix_app.reports.progress import ProgressTracker
from bitrix_app.reports.register import Register
from bitrix_app.workbook import RegisterHeader, write_csv, write_register


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A finished file on this machine's disk: ``format`` is ``xlsx`` or ``csv``."""

    format: str
    path: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a report came to: ``summary`` as the API shows it (money as texts), and its files."""

    summary: dict[str, Any]
    files: tuple[LocalFile, ...]


class Exporter(Protocol):
    """Makes an Outcome of a sealed register."""

    def export(self, register: Register, *, undated: int) -> Outcome: ...


class FileExporter:
    """Writes the workbook and the CSV beside each other."""

    def __init__(
        self,
        *,
        folder: Path,
        header: Callable[[int], RegisterHeader],
        progress: ProgressTracker,
        check: Callable[[], None],
    ) -> None:
        """``header`` makes the title block, given the number of invoices that have no date."""
        self._folder = folder
        self._header = header
        self._progress = progress
        self._check = check

    def export(self, register: Register, *, undated: int) -> Outcome:
        """Writes both files. Raises StorageFullError, WorkbookLimitError and what ``check`` raises."""
        header, total = self._header(undated), register.totals.invoices
        workbook, table = self._folder / "register.xlsx", self._folder / "register.csv"
        try:
            problems = write_register(
                workbook, register, header, progress=lambda done: self._progress.write(done, total), check=self._check
            )
            write_csv(table, register, header, check=self._check)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}:
                raise StorageFullError("the folder for temporary files is full or not writable") from error
            raise
        summary = {
            **register.totals.to_summary(),
            "problems": problems.count,
            "first_problems": [each._asdict() for each in problems.first],
            "undated": undated,
        }
        return Outcome(summary, (LocalFile("xlsx", workbook), LocalFile("csv", table)))

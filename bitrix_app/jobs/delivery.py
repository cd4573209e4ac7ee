"""Finished files on their way into the file store, all or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bitrix_app.errors import StorageFullError
from bitrix_app.jobs.ports import FinishedFile
from bitrix_app.storage import Files, Lease, ReportFile, file_name


class Delivery:
    """Puts files under names that carry the attempt, so that a late worker never overwrites another's."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def put(self, lease: Lease, finished: Sequence[FinishedFile]) -> tuple[ReportFile, ...]:
        """Store the files. Raises StorageFullError; nothing is left in the store then."""
        stored: list[ReportFile] = []
        try:
            for each in finished:
                name = file_name(lease.report.id, lease.attempt, each.format)
                size = self._files.put(each.path, name)
                stored.append(ReportFile(each.format, name, size))
        except StorageFullError:
            self.discard(stored)
            raise
        return tuple(stored)

    def discard(self, files: Iterable[ReportFile]) -> None:
        """Remove files that no row will ever name. What cannot be removed now, the sweep finds later."""
        self._files.delete_all(each.name for each in files)

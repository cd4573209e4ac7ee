"""Deleting files whose rows are gone. What is left behind here, the sweeper takes: nobody can reach it any more."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog

from bitrix_app.errors import StorageFullError
from bitrix_app.storage import Files

log = structlog.get_logger("web")


def delete_files(files: Files, names: Sequence[str]) -> list[str]:
    """Deletes these files now; one that cannot be deleted is logged. → names of those."""
    left = []
    for name in names:
        try:
            files.delete(name)
        except StorageFullError:
            log.warning("file_left_behind", file=name)
            left.append(name)
    return left


def delete_files_later(files: Files, names: Sequence[str]) -> None:
    """The same beside the request: a portal may have thousands of files, and its event wants an answer at once."""
    threading.Thread(target=delete_files, args=(files, names), name="delete-files", daemon=True).start()

"""Deleting many files beside the request. What is left behind, the sweeper takes: nobody can reach it any more."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from bitrix_app.storage import Files


def delete_files_later(files: Files, names: Sequence[str]) -> None:
    """A portal may have thousands of files, and its event wants an answer at once."""
    threading.Thread(target=files.delete_all, args=(names,), name="delete-files", daemon=True).start()

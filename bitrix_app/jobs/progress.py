"""Progress on its way from the report's threads to the row: only the newest counts."""

from __future__ import annotations

import threading
import time
from typing import Any

from bitrix_app.reports import ports
from bitrix_app.storage import Progress


class LatestProgress:
    """Keeps the newest progress until the next heartbeat writes it. A ProgressSink."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: ports.Progress | None = None
        self._moved_at = time.monotonic()

    @property
    def quiet_seconds(self) -> float:
        """How long there has been no progress."""
        return time.monotonic() - self._moved_at

    def update(self, progress: ports.Progress) -> None:
        """Note how far the report is."""
        with self._lock:
            self._latest = progress
            self._moved_at = time.monotonic()

    def take(self) -> Progress | None:
        """What has not been written yet, as the row keeps it; None when nothing has changed."""
        with self._lock:
            latest, self._latest = self._latest, None
        return None if latest is None else _to_row(latest)


def _to_row(progress: ports.Progress) -> Progress:
    waiting: dict[str, Any] | None = None
    if progress.waiting is not None:
        waiting = {"reason": progress.waiting.reason, "until": progress.waiting.until.isoformat()}
    return Progress(progress.stage, progress.done, progress.total, waiting)

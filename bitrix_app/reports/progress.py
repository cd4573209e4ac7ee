"""Progress that a person can trust: counted in invoices, told for the first stage that is not yet done.

The stages overlap (requisites of earlier pages are read while later pages come in), so each has its own counter
and the report is said to be in the first one that is unfinished.
"""

from __future__ import annotations

import threading

from bitrix_app.reports.ports import Progress, ProgressSink, Waiting

STAGES = ("invoices", "requisites", "products", "workbook")


class ProgressTracker:
    """Counters of one report, safe to advance from several threads."""

    def __init__(self, sink: ProgressSink, *, detailed: bool) -> None:
        self._sink = sink
        self._stages = tuple(stage for stage in STAGES if detailed or stage != "products")
        self._done = dict.fromkeys(self._stages, 0)
        self._total = 0
        self._finished: set[str] = set()
        self._waiting: Waiting | None = None
        self._lock = threading.Lock()

    def expect(self, invoices: int) -> None:
        """The portal counted so many invoices."""
        with self._lock:
            self._total = invoices
            self._tell()

    def advance(self, stage: str, invoices: int) -> None:
        """So many more invoices have passed ``stage``; stages that this report does not have are ignored."""
        with self._lock:
            if stage in self._done:
                self._done[stage] += invoices
                self._tell()

    def finish(self, stage: str) -> None:
        """``stage`` is done; what it counted is the true total for those after it."""
        with self._lock:
            self._finished.add(stage)
            self._total = max(self._done["invoices"], 0) if stage == "invoices" else self._total
            self._tell()

    def wait(self, waiting: Waiting | None) -> None:
        """The portal made us wait, or (``None``) it goes on."""
        with self._lock:
            if waiting != self._waiting:
                self._waiting = waiting
                self._tell()

    def _tell(self) -> None:
        stage = next((each for each in self._stages if not self._is_done(each)), self._stages[-1])
        total = max(self._total, self._done[stage])
        self._sink.update(Progress(stage, self._done[stage], total, self._waiting))

    def _is_done(self, stage: str) -> bool:
        if stage == "invoices":
            return stage in self._finished
        return stage in self._finished or ("invoices" in self._finished and self._done[stage] >= self._total)

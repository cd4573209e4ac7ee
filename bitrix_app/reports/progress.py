"""Progress that a person can trust: counted in invoices, told for the first stage that is not yet done.

The stages overlap (requisites of earlier pages are read while later pages come in), so each has its own counter
and the report is said to be in the first one that is unfinished.
"""

from __future__ import annotations

import threading

from bitrix_app.reports.protocols import Progress, ProgressSink, Waiting

STAGES = ("invoices", "requisites", "products", "workbook")


class ProgressTracker:
    """Counters of one report, safe to advance from several threads."""

    def __init__(self, sink: ProgressSink, *, detailed: bool) -> None:
        self._sink = sink
        self._stages = tuple(stage for stage in STAGES if detailed or stage != "products")
        self._done = dict.fromkeys(self._stages, 0)
        self._total = dict.fromkeys(self._stages, 0)
        self._read_through = False
        self._waiting: Waiting | None = None
        self._lock = threading.Lock()

    def expect(self, invoices: int) -> None:
        """The portal counted so many invoices."""
        with self._lock:
            self._total = dict.fromkeys(self._stages, invoices)
            self._tell()

    def advance(self, stage: str, invoices: int) -> None:
        """So many more invoices have passed ``stage``; stages that this report does not have are ignored."""
        with self._lock:
            if stage in self._done:
                self._done[stage] += invoices
                self._tell()

    def all_read(self) -> None:
        """The last invoice has been read: their true number is known now."""
        with self._lock:
            self._read_through = True
            self._total = dict.fromkeys(self._stages, self._done["invoices"])
            self._tell()

    def write(self, done: int, total: int) -> None:
        """``done`` of the ``total`` invoices that belong to the report are in the workbook."""
        with self._lock:
            self._done["workbook"], self._total["workbook"] = done, total
            self._tell()

    def wait(self, waiting: Waiting | None) -> None:
        """The portal made us wait, or (``None``) it goes on."""
        with self._lock:
            if waiting != self._waiting:
                self._waiting = waiting
                self._tell()

    def _tell(self) -> None:
        stage = next((each for each in self._stages if not self._is_done(each)), self._stages[-1])
        done = self._done[stage]
        self._sink.update(Progress(stage, done, max(self._total[stage], done), self._waiting))

    def _is_done(self, stage: str) -> bool:
        return self._read_through and self._done[stage] >= self._total[stage]

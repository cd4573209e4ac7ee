"""Reports that do as they are told, in place of real ones; a lease that no busy machine lets expire."""

from __future__ import annotations

import threading
from pathlib import Path

from bitrix_app.jobs import Timing
from bitrix_app.reports import LocalFile, Outcome, ProgressSink, StopSignal
from bitrix_app.storage import Lease

QUICK = Timing(lease=600.0, beat=0.05, poll=0.1, recover=0.1, finish=0.5, abandon=0.3)


def write_files(folder: Path, text: str = "workbook") -> Outcome:
    """A workbook and its CSV, in the folder of the attempt."""
    files = [LocalFile(kind, folder / f"register.{kind}") for kind in ("xlsx", "csv")]
    for each in files:
        each.path.write_text(text)
    return Outcome({"invoices": 3}, tuple(files))


def plain_report(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
    """A report without incidents."""
    return write_files(folder)


class Patient:
    """A report that waits, as reports wait for the portal, until ``go_on``; it notes what it meets."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.folders: list[Path] = []
        self.stopped_by: list[str] = []

    def __call__(self, lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        self.folders.append(folder)
        self.started.set()
        try:
            while not self.go_on.is_set():
                stop.wait(0.02)
        except Exception as error:
            self.stopped_by.append(type(error).__name__)
            raise
        return write_files(folder)


class Deaf:
    """A report that hangs in a call and hears nothing; freed, it goes on as if nothing had happened."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.free = threading.Event()
        self.finished = threading.Event()

    def __call__(self, lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        if self.started.is_set():
            return write_files(folder, "the next one")
        self.started.set()
        assert self.free.wait(30)
        made = write_files(folder)
        self.finished.set()
        return made


class Ears:
    """A JobObserver that notes how attempts ended."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def report_finished(self, status: str, seconds: float) -> None:
        assert seconds >= 0
        self.heard.append(status)

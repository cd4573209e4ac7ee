"""What a worker needs from the outside, as Protocols, and how patient it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bitrix_app.jobs.stop import JobStop
from bitrix_app.reports.ports import ProgressSink
from bitrix_app.storage import Lease


class FinishedFile(Protocol):
    """A finished file on this machine's disk: ``format`` is ``xlsx`` or ``csv``."""

    @property
    def format(self) -> str: ...

    @property
    def path(self) -> Path: ...


class Finished(Protocol):
    """What a report came to: ``summary`` as the API shows it, and its files (``reports.exporting.Outcome``)."""

    @property
    def summary(self) -> Mapping[str, Any]: ...

    @property
    def files(self) -> Sequence[FinishedFile]: ...


class RunReport(Protocol):
    """Builds one report. ``folder`` exists, is empty, is the attempt's own, and is removed afterwards.

    Raises AppErrors: ReportCancelledError and LeaseLostError as ``stop`` raised them, others are the reason why the
    report fails.
    """

    def __call__(self, lease: Lease, stop: JobStop, progress: ProgressSink, folder: Path) -> Finished: ...


class JobObserver(Protocol):
    """Is told how each attempt ended: ``done``, ``failed``, ``cancelled``, ``handed_back`` or ``lost``."""

    def report_finished(self, status: str, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """Patience, in seconds.

    ``lease``: how long a silent worker keeps its report; ``beat``: between two heartbeats; ``poll``: between two looks
    at the queue without being woken; ``recover``: between two looks for lost workers; ``finish``: what running reports
    get to finish when the worker goes down; ``abandon``: what a stopped report gets before it is left behind;
    ``still``: after so long without progress a report no longer takes up one of the worker's places.
    """

    lease: float = 20.0
    beat: float = 1.0
    poll: float = 2.0
    recover: float = 5.0
    finish: float = 8.0
    abandon: float = 2.5
    still: float = 5.0

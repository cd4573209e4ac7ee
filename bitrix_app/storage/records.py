"""A report as the others see it: frozen values made from its row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bitrix_app.storage.tables import Report

QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"
OPEN = (QUEUED, RUNNING)


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A finished file: ``name`` in the file store, ``size`` in bytes."""

    format: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a report is. ``total`` None: not known yet. ``waiting``: ``{"reason", "until"}`` while the portal
    makes us wait, else None."""

    stage: str
    done: int = 0
    total: int | None = None
    waiting: dict[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A report as it stands. Moments are aware, in UTC; ``params``, ``summary``, ``error_params`` are JSON objects.

    ``status``: queued, running, done, failed, cancelled. ``attempt``: how often it was taken up.
    """

    id: str
    portal_id: int
    user_id: int
    user_name: str
    lang: str
    params: dict[str, Any] = field(hash=False)
    status: str
    stage: str | None
    done: int
    total: int | None
    waiting: dict[str, Any] | None = field(hash=False)
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    summary: dict[str, Any] | None = field(hash=False)
    error_code: str | None
    error_params: dict[str, Any] | None = field(hash=False)
    files: tuple[ReportFile, ...]

    @property
    def open(self) -> bool:
        """Whether it is still queued or running."""
        return self.status in OPEN


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a report for ``seconds`` since the last beat, fenced by ``attempt``."""

    report: ReportRecord
    attempt: int
    worker: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Beat:
    """What a worker learns when it extends its lease."""

    cancelled: bool


def to_record(row: Report) -> ReportRecord:
    """The record of a row (its files are read too)."""
    return ReportRecord(
        id=row.id,
        portal_id=row.portal_id,
        user_id=row.user_id,
        user_name=row.user_name,
        lang=row.lang,
        params=dict(row.params),
        status=row.status,
        stage=row.stage,
        done=row.done,
        total=row.total,
        waiting=row.waiting,
        attempt=row.attempt,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        summary=row.summary,
        error_code=row.error_code,
        error_params=row.error_params,
        files=tuple(ReportFile(each.format, each.name, each.size) for each in row.files),
    )

"""Chores that come round: what is old goes, what nobody names is swept, what lapses is renewed.

huey starts them about once a minute in every worker; the ``chore`` table lets one worker do each, when it is due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bitrix_app.storage import Chores, Files, Retention

log = structlog.get_logger("jobs")

ORPHAN_AGE = timedelta(hours=1)  # a file lies for seconds at most before its row names it


@dataclass(frozen=True, slots=True)
class PeriodicChore:
    """Something to do at most once in ``every``, by one worker. It may raise: the next round tries the others."""

    name: str
    every: timedelta
    run: Callable[[], None]


class Housekeeping:
    """Does the chores that are due."""

    def __init__(self, taken: Chores, chores: Sequence[PeriodicChore]) -> None:
        self._taken = taken
        self._chores = tuple(chores)

    def run_due(self) -> None:
        """Do each chore that is due and that nobody else has taken up."""
        for chore in self._chores:
            if self._taken.take(chore.name, chore.every):
                log.info("chore", name=chore.name)
                chore.run()


class Broom:
    """Removes what is old and what nobody names."""

    def __init__(self, retention: Retention, files: Files) -> None:
        self._retention = retention
        self._files = files

    def chores(self) -> tuple[PeriodicChore, ...]:
        """Expiry of reports and journal, sweeping of files: each hour."""
        hourly = timedelta(minutes=59)
        return (
            PeriodicChore("expire", hourly, self.expire),
            PeriodicChore("sweep", hourly, self.sweep),
        )

    def expire(self) -> None:
        """Reports and journal lines past their term go, the reports' files too; and what is left of erased portals."""
        self._files.delete_all(self._retention.expire_reports())
        self._retention.expire_journal()
        self._retention.expire_erasures()

    def sweep(self) -> None:
        """Files without a row go."""
        self._files.delete_all(self._retention.orphans(self._files.names(datetime.now(UTC) - ORPHAN_AGE)))

"""The portal's record of calls: the statistics of how an application behaves."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One REST call. ``auth_in``: body, query, header, webhook or "" (none); ``code`` the portal's error or ""."""

    method: str
    params: Mapping[str, Any] = field(repr=False)
    user_id: int | None
    status: int
    code: str
    auth_in: str
    json: bool
    at: float


class CallLog:
    """Counts of calls by method, by error code, and the latest ``kept`` calls themselves."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._lock = threading.Lock()
        self.by_method: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.secrets_seen = 0
        """Requests that carried the application's client_secret: a portal must never see it."""
        self.in_flight = 0
        self.peak_in_flight = 0
        self.commands_by_method: Counter[str] = Counter()
        """Commands inside batches, which are no requests and count for nothing else here."""
        self._records: deque[CallRecord] = deque(maxlen=kept)
        self._commands: deque[CallRecord] = deque(maxlen=kept)

    def __len__(self) -> int:
        return sum(self.by_method.values())

    @property
    def records(self) -> list[CallRecord]:
        """The latest calls, oldest first."""
        with self._lock:
            return list(self._records)

    def of(self, method: str) -> list[CallRecord]:
        """The latest calls of one method."""
        return [each for each in self.records if each.method == method]

    def asked(self, method: str) -> list[CallRecord]:
        """The latest calls of one method and commands of batches, in the order of their answers."""
        with self._lock:
            both = [*self._records, *self._commands]
        return sorted((each for each in both if each.method == method), key=lambda each: each.at)

    def command(self, record: CallRecord) -> None:
        """A command of a batch has been answered."""
        with self._lock:
            self.commands_by_method[record.method] += 1
            self._commands.append(record)

    def begin(self) -> None:
        """A call has arrived."""
        with self._lock:
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def end(self, record: CallRecord) -> None:
        """A call has been answered."""
        with self._lock:
            self.in_flight -= 1
            self.by_method[record.method] += 1
            if record.code:
                self.errors[record.code] += 1
            self._records.append(record)

    def clear(self) -> None:
        """Forget everything seen so far."""
        with self._lock:
            self.by_method.clear()
            self.errors.clear()
            self._records.clear()
            self.commands_by_method.clear()
            self._commands.clear()
            self.secrets_seen = 0
            self.peak_in_flight = self.in_flight

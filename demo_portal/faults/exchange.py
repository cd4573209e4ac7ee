"""One call and its answer to be: where a fault may step in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from demo_portal.server.http import Reply


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call about to be answered: its method and params, ``truth()`` (the right answer), and a way to wait."""

    method: str
    params: Mapping[str, Any]
    truth: Callable[[], Reply]
    value: Callable[[], dict[str, Any] | None]
    held: threading.Event

    def wait(self, seconds: float | None) -> None:
        """Wait, but no longer than until the faults are released."""
        self.held.wait(seconds)

"""A progress sink that keeps all it was told."""

from __future__ import annotations

from typing import Any


class Watched:
    """A ProgressSink."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def update(self, progress: Any) -> None:
        self.told.append(progress)

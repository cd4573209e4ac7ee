"""Where an application under test keeps its data."""

from __future__ import annotations

from pathlib import Path


def kept_in(folder: Path) -> dict[str, str]:
    """The settings for everything that is kept: all of it in this folder."""
    return {
        "DATABASE_URL": f"sqlite:///{folder}/app.db",
        "QUEUE_URL": f"sqlite:///{folder}/queue.db",
        "REPORTS_DIR": str(folder / "reports"),
        "REST_LOG": str(folder / "rest.log"),
        "WORK_DIR": str(folder / "work"),
    }

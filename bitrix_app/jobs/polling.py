"""Looking for what is due in a thread of its own: every few seconds, and at once when something has happened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from bitrix_app.jobs.heartbeat import DATABASE_AWAY

log = structlog.get_logger("jobs")

STOP_SECONDS = 1.0
AT_ONCE = 8


class Polling:
    """Runs ``run`` every so many seconds. ``name``: of the thread, and in the log. A database that is away, and one odd
    row, stop nothing."""

    def __init__(self, name: str, run: Callable[[], None], every: float) -> None:
        self._name = name
        self._run = run
        self._every = every
        self._look = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._look_regularly, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look, in the background."""
        self._thread.start()

    def wake(self) -> None:
        """Look now."""
        self._look.set()

    def stop(self) -> None:
        """Look no more; what is going on ends first, as a rule."""
        self._stopping = True
        self._look.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _look_regularly(self) -> None:
        while not self._stopping:
            try:
                self._run()
            except DATABASE_AWAY as error:
                log.warning("database_away", error=str(error.__cause__ or error))
            except Exception as error:  # one odd row must not stop all
                log.error("polling_broke", task=self._name, exc_info=error)  # noqa: TRY400 # as the others say it
            self._look.wait(self._every)
            self._look.clear()


def in_parallel(name: str, work: Callable[[Any], None], items: Sequence[Any]) -> None:
    """Does the work for each item, several at once: portals are slow, each in its own way. Raises what says that the
    database is away; any other error is logged and costs its own item alone."""
    if not items:
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(items)), thread_name_prefix=name) as pool:
        for done in [pool.submit(work, each) for each in items]:
            error = done.exception()
            if isinstance(error, DATABASE_AWAY):
                raise error
            if error is not None:
                log.error(f"{name}_broke", exc_info=error)

"""Worker, queue and chores as one thing to start and stop: in the web process (embedded) or in a process of its own."""

from __future__ import annotations

from bitrix_app.jobs.housekeeping import Housekeeping
from bitrix_app.jobs.queue import WakeQueue
from bitrix_app.jobs.work_folders import WorkFolders
from bitrix_app.jobs.worker import Worker


class JobService:
    """Runs a worker and listens to the queue. One a process; ``start`` and ``stop`` from any thread."""

    def __init__(self, worker: Worker, queue: WakeQueue, housekeeping: Housekeeping, work_folders: WorkFolders) -> None:
        self._worker = worker
        self._work_folders = work_folders
        self._consumer = queue.consumer(woken=worker.wake, chores=housekeeping.run_due)

    def start(self) -> None:
        """Begin to work, in the background."""
        self._worker.start()
        self._consumer.start()
        self._work_folders.start()

    @property
    def alive(self) -> bool:
        """Whether the worker is looking for reports."""
        return self._worker.alive

    def stop(self) -> None:
        """Take up nothing more, finish or hand back what runs. Blocks, for less than 20 seconds."""
        self._work_folders.stop()
        self._consumer.stop(graceful=False)
        self._worker.stop()
        self._consumer.stop(graceful=True)

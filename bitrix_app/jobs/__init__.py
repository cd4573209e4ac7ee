"""Background work: the queue that wakes workers, the worker that takes up reports, the chores that come round.

Belongs here: leases kept alive, cancelling, shutting down, recovery. Does not: what a report asks of a portal.
The report's row is the truth; see ``queue`` for what the queue is for.
"""

from bitrix_app.jobs.housekeeping import Broom, Housekeeping, PeriodicChore
from bitrix_app.jobs.ports import Finished, FinishedFile, JobObserver, RunReport, Timing
from bitrix_app.jobs.queue import WakeQueue
from bitrix_app.jobs.report_run import ReportRun, report_dictionary
from bitrix_app.jobs.service import JobService
from bitrix_app.jobs.stop import JobStop, ShutdownError
from bitrix_app.jobs.work_folders import WorkFolders
from bitrix_app.jobs.worker import Worker

__all__ = [
    "Broom",
    "Finished",
    "FinishedFile",
    "Housekeeping",
    "JobObserver",
    "JobService",
    "JobStop",
    "PeriodicChore",
    "ReportRun",
    "RunReport",
    "ShutdownError",
    "Timing",
    "WakeQueue",
    "WorkFolders",
    "Worker",
    "report_dictionary",
]

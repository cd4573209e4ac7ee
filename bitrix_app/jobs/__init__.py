"""Background work: the queue that wakes workers, the worker that takes up reports, periodic maintenance.

Belongs here: leases kept alive, cancelling, shutting down, recovery. Does not: what a report asks of a portal.
The report's row is the truth; see ``queue`` for what the queue is for.
"""

from bitrix_app.jobs.heartbeat import Timing
from bitrix_app.jobs.job import JobObserver, RunReport
from bitrix_app.jobs.maintenance import Cleanup, Maintenance, PeriodicTask, WorkFolders
from bitrix_app.jobs.ordering import Ordering, today_in
from bitrix_app.jobs.queue import WakeQueue
from bitrix_app.jobs.report_run import ReportRun
from bitrix_app.jobs.worker import JobService, Worker
from bitrix_app.reports import FORMATS, WORKBOOK, Format

__all__ = [
    "FORMATS",
    "WORKBOOK",
    "Cleanup",
    "Format",
    "JobObserver",
    "JobService",
    "Maintenance",
    "Ordering",
    "PeriodicTask",
    "ReportRun",
    "RunReport",
    "Timing",
    "WakeQueue",
    "WorkFolders",
    "Worker",
    "today_in",
]

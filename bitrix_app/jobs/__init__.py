"""Background work: the queue that wakes workers, the worker that takes up reports, periodic maintenance.

Belongs here: leases kept alive, cancelling, shutting down, recovery. Does not: what a report asks of a portal.
The report's row is the truth; see ``queue`` for what the queue is for.
"""

from bitrix_app.jobs.client_debts import CALLS as CALLS_OF_A_CARD
from bitrix_app.jobs.client_debts import ClientDebts, ClientOf, OpenInvoice, client_debts, client_of_deal
from bitrix_app.jobs.columns import MOST_COLUMNS, columns_of, unknown_column
from bitrix_app.jobs.delivery import Delivering, DeliveryRun, DeliveryWorker, file_title
from bitrix_app.jobs.heartbeat import Timing
from bitrix_app.jobs.job import JobObserver, RunReport
from bitrix_app.jobs.maintenance import Cleanup, Maintenance, PeriodicTask, WorkFolders
from bitrix_app.jobs.ordering import Ordering, today_in
from bitrix_app.jobs.payment_example import example_of_source
from bitrix_app.jobs.queue import WakeQueue
from bitrix_app.jobs.receivables import days_in, refuse_others, settled_receivables, told_in_log
from bitrix_app.jobs.report_run import ReportRun, report_catalog
from bitrix_app.jobs.robots import RobotRunner, RobotWork
from bitrix_app.jobs.rows import MOST_ROWS, ReportRows, RowsMissingError, RowsQuery, RowsSum, UnknownSortError
from bitrix_app.jobs.schedules import (
    AS_OF_RUN,
    EVERY,
    LAST_DAY,
    RUN_PERIODS,
    Delivers,
    OwnersRightFirst,
    PairRenewal,
    ScheduleRunner,
    Scheduling,
)
from bitrix_app.jobs.worker import JobService, Worker
from bitrix_app.reports import (
    DEFAULT_KIND,
    DUE_FROM,
    FORMATS,
    PARTLY,
    RECEIVABLES,
    REMAINDER,
    ROWS,
    WORKBOOK,
    DebtTotal,
    Format,
    csv_text,
)

__all__ = [
    "AS_OF_RUN",
    "CALLS_OF_A_CARD",
    "DEFAULT_KIND",
    "DUE_FROM",
    "EVERY",
    "FORMATS",
    "LAST_DAY",
    "MOST_COLUMNS",
    "MOST_ROWS",
    "PARTLY",
    "RECEIVABLES",
    "REMAINDER",
    "ROWS",
    "RUN_PERIODS",
    "WORKBOOK",
    "Cleanup",
    "ClientDebts",
    "ClientOf",
    "DebtTotal",
    "Delivering",
    "Delivers",
    "DeliveryRun",
    "DeliveryWorker",
    "Format",
    "JobObserver",
    "JobService",
    "Maintenance",
    "OpenInvoice",
    "Ordering",
    "OwnersRightFirst",
    "PairRenewal",
    "PeriodicTask",
    "ReportRows",
    "ReportRun",
    "RobotRunner",
    "RobotWork",
    "RowsMissingError",
    "RowsQuery",
    "RowsSum",
    "RunReport",
    "ScheduleRunner",
    "Scheduling",
    "Timing",
    "UnknownSortError",
    "WakeQueue",
    "WorkFolders",
    "Worker",
    "client_debts",
    "client_of_deal",
    "columns_of",
    "csv_text",
    "days_in",
    "example_of_source",
    "file_title",
    "refuse_others",
    "report_catalog",
    "settled_receivables",
    "today_in",
    "told_in_log",
    "unknown_column",
]

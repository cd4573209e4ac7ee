"""Reports: what to ask of a portal, and the workflow fetch → process → export.

Belongs here: the order of things. Does not: REST over HTTP (``bitrix24``), rules for records (``processing``), rows of
the database (``storage``), sheets (``workbook``).
"""

from bitrix_app.processing import (
    CHOICE,
    GROUPS,
    Column,
    CustomField,
    DataProcessor,
    FieldMapping,
    Kind,
    ProcessedInvoice,
    ProcessingContext,
    Stage,
    type_of,
)
from bitrix_app.processing.receivables import DUE_FROM, DebtTotal, ReceivablesTotals, Terms
from bitrix_app.reports.changes import Earlier
from bitrix_app.reports.columns import offered_columns
from bitrix_app.reports.estimate import Estimate, estimate, expected_batch_seconds, expected_calls, expected_seconds
from bitrix_app.reports.exporting import LocalFile, Outcome
from bitrix_app.reports.kinds import KINDS, ReportKind
from bitrix_app.reports.orchestrator import ReportAssembly, WorkflowOrchestrator
from bitrix_app.reports.payments.example import PaymentExample, payment_example
from bitrix_app.reports.receivables import terms_of
from bitrix_app.reports.request import (
    DEFAULT_DATE_FIELD,
    DEFAULT_KIND,
    PARTLY,
    RECEIVABLES,
    REMAINDER,
    ReportCatalog,
    ReportParams,
    ReportRequest,
    accepted,
    invoice_select,
    outline_filter,
)
from bitrix_app.reports.running import Progress, ProgressSink, ProgressTracker, ShutdownError, StopSignal, Waiting
from bitrix_app.reports.sample import SAMPLE_DAYS, SampleSource, sample_catalog
from bitrix_app.workbook import FORMATS, ROWS, WORKBOOK, Format, csv_text

__all__ = [
    "CHOICE",
    "DEFAULT_DATE_FIELD",
    "DEFAULT_KIND",
    "DUE_FROM",
    "FORMATS",
    "GROUPS",
    "KINDS",
    "PARTLY",
    "RECEIVABLES",
    "REMAINDER",
    "ROWS",
    "SAMPLE_DAYS",
    "WORKBOOK",
    "Column",
    "CustomField",
    "DataProcessor",
    "DebtTotal",
    "Earlier",
    "Estimate",
    "FieldMapping",
    "Format",
    "Kind",
    "LocalFile",
    "Outcome",
    "PaymentExample",
    "ProcessedInvoice",
    "ProcessingContext",
    "Progress",
    "ProgressSink",
    "ProgressTracker",
    "ReceivablesTotals",
    "ReportAssembly",
    "ReportCatalog",
    "ReportKind",
    "ReportParams",
    "ReportRequest",
    "SampleSource",
    "ShutdownError",
    "Stage",
    "StopSignal",
    "Terms",
    "Waiting",
    "WorkflowOrchestrator",
    "accepted",
    "csv_text",
    "estimate",
    "expected_batch_seconds",
    "expected_calls",
    "expected_seconds",
    "invoice_select",
    "offered_columns",
    "outline_filter",
    "payment_example",
    "sample_catalog",
    "terms_of",
    "type_of",
]

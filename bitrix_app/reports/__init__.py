"""Reports: what to ask of a portal, and the workflow fetch → process → export.

Belongs here: the order of things. Does not: REST over HTTP (``bitrix24``), rules for records (``processing``), rows of
the database (``storage``), sheets (``workbook``).
"""

from bitrix_app.processing import FieldMapping, Stage
from bitrix_app.reports.estimate import Estimate, estimate
from bitrix_app.reports.exporting import LocalFile, Outcome
from bitrix_app.reports.kinds import KINDS, ReportKind
from bitrix_app.reports.orchestrator import ReportAssembly, WorkflowOrchestrator
from bitrix_app.reports.request import DEFAULT_DATE_FIELD, DEFAULT_KIND, ReportCatalog, ReportParams, ReportRequest
from bitrix_app.reports.running import Progress, ProgressSink, ProgressTracker, ShutdownError, StopSignal, Waiting
from bitrix_app.workbook import FORMATS, WORKBOOK, Format

__all__ = [
    "DEFAULT_DATE_FIELD",
    "DEFAULT_KIND",
    "FORMATS",
    "KINDS",
    "WORKBOOK",
    "Estimate",
    "FieldMapping",
    "Format",
    "LocalFile",
    "Outcome",
    "Progress",
    "ProgressSink",
    "ProgressTracker",
    "ReportAssembly",
    "ReportCatalog",
    "ReportKind",
    "ReportParams",
    "ReportRequest",
    "ShutdownError",
    "Stage",
    "StopSignal",
    "Waiting",
    "WorkflowOrchestrator",
    "estimate",
]

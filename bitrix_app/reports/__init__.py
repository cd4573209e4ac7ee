"""Reports: what to ask of a portal, and the workflow fetch → process → export.

Belongs here: the order of things. Does not: REST over HTTP (``bitrix24``), rules for records (``processing``), rows of
the database (``storage``), sheets (``workbook``).
"""

from bitrix_app.processing import FieldMapping, Stage
from bitrix_app.reports.assembly import Order, ReportAssembly
from bitrix_app.reports.calls import AbortableStop
from bitrix_app.reports.dictionary import ReportDictionary
from bitrix_app.reports.exporting import LocalFile, Outcome
from bitrix_app.reports.orchestrator import WorkflowOrchestrator
from bitrix_app.reports.params import ReportParams
from bitrix_app.reports.ports import Progress, ProgressSink, StopSignal, Waiting
from bitrix_app.reports.preview import Estimate, look_ahead
from bitrix_app.reports.progress import ProgressTracker
from bitrix_app.reports.register import Register

__all__ = [
    "AbortableStop",
    "Estimate",
    "FieldMapping",
    "LocalFile",
    "Order",
    "Outcome",
    "Progress",
    "ProgressSink",
    "ProgressTracker",
    "Register",
    "ReportAssembly",
    "ReportDictionary",
    "ReportParams",
    "Stage",
    "StopSignal",
    "Waiting",
    "WorkflowOrchestrator",
    "look_ahead",
]

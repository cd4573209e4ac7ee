"""One invoice through the processor, in an ordinary context."""

from __future__ import annotations

from typing import Any

from bitrix_app.processing import DataProcessor, ProcessedInvoice, ProcessingContext
from tests.unit.builders import PRESET_NAMES, PRESET_XML_IDS, a_requisite

ORDINARY: dict[str, Any] = {
    "company_requisites": {10: [a_requisite()]},
    "preset_xml_ids": PRESET_XML_IDS,
    "preset_names": PRESET_NAMES,
}


def processed(raw: Any, **context: Any) -> ProcessedInvoice:
    """``raw`` processed where company 10 has the ordinary requisite; ``context`` changes that."""
    (invoice,) = DataProcessor(ProcessingContext(**{**ORDINARY, **context})).process_invoice_batch([raw])
    return invoice


def problems_in(invoice: ProcessedInvoice, field: str) -> list[str]:
    """The messages about one field."""
    return [problem.message for problem in invoice.problems if problem.field == field]


def fields_complained_of(invoice: ProcessedInvoice) -> list[str]:
    """The fields of all problems, in order."""
    return [problem.field for problem in invoice.problems]

"""The workflow of a report: fetch → process → export. It calls the stages in order and decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from bitrix_app.processing import ProcessedInvoice, ProcessingContext
from bitrix_app.reports.exporting import Exporter, Outcome
from bitrix_app.reports.fetching import FetchedPage
from bitrix_app.reports.register import Register


class Source(Protocol):
    """Gives the report's invoices page by page; ``undated`` is known when the pages are through."""

    undated: int

    def pages(self) -> Iterator[FetchedPage]: ...


class Processor(Protocol):
    """``DataProcessor``: a list of raw invoices in, a list of processed ones out."""

    def process_invoice_batch(self, raw_invoices: list[dict[str, Any]]) -> list[ProcessedInvoice]: ...


class WorkflowOrchestrator:
    """Runs the stages of one report over one register."""

    def __init__(
        self,
        *,
        source: Source,
        processor: Callable[[ProcessingContext], Processor],
        select: Callable[[list[ProcessedInvoice]], list[ProcessedInvoice]],
        register: Register,
        exporter: Exporter,
    ) -> None:
        """``processor`` makes a processor for a page's context; ``select`` keeps the invoices that were asked for."""
        self._source = source
        self._processor = processor
        self._select = select
        self._register = register
        self._exporter = exporter

    def run(self) -> Outcome:
        """One report from the first call to the finished files. Raises AppErrors of the stages."""
        for page in self._source.pages():
            invoices = self._processor(page.context).process_invoice_batch(page.raw_invoices)
            self._register.add(self._select(invoices))
        self._register.seal()
        return self._exporter.export(self._register, undated=self._source.undated)

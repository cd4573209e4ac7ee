"""The workflow of a report: fetch → process → export, and the parts it is put together of."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from bitrix_app.processing import DataProcessor, ProblemLine, ProcessedInvoice, ProcessingContext
from bitrix_app.reports.columns import report_columns
from bitrix_app.reports.exporting import Exporter, FileExporter, Outcome, TitleBlock
from bitrix_app.reports.fetching import FetchedPage, InvoiceSource
from bitrix_app.reports.kinds import ReportKind
from bitrix_app.reports.protocols import PortalReader
from bitrix_app.reports.register import Register
from bitrix_app.reports.request import ReportCatalog, ReportRequest
from bitrix_app.reports.running import ProgressTracker, StopSignal
from bitrix_app.workbook import in_language, with_columns


class Source(Protocol):
    """Gives the report's invoices page by page, until they end or are closed.

    ``undated``, and ``notes`` besides the problems of these invoices, are known at the end.
    """

    @property
    def undated(self) -> int: ...

    @property
    def notes(self) -> tuple[ProblemLine, ...]: ...

    def pages(self) -> Generator[FetchedPage, None, None]: ...


class Processor(Protocol):
    """``DataProcessor``: a list of raw invoices in, a list of processed ones out."""

    def process_invoice_batch(self, raw_invoices: list[dict[str, Any]]) -> list[ProcessedInvoice]: ...


class WorkflowOrchestrator:
    """Runs the stages of one report over one register, in order; decides nothing itself."""

    def __init__(
        self,
        *,
        source: Source,
        processor: Callable[[ProcessingContext], Processor],
        select: Callable[[list[ProcessedInvoice]], list[ProcessedInvoice]],
        register: Register,
        exporter: Exporter,
        select_notes: Callable[[], tuple[ProblemLine, ...]] = tuple,
    ) -> None:
        """``processor`` makes a processor for a page's context; ``select`` keeps the invoices that were asked for,
        ``select_notes`` is what is to be said of them then."""
        self._source = source
        self._processor = processor
        self._select = select
        self._register = register
        self._exporter = exporter
        self._select_notes = select_notes

    def run(self) -> Outcome:
        """One report from the first call to the finished files. Raises AppErrors of the stages."""
        with closing(self._source.pages()) as pages:
            for page in pages:
                invoices = self._processor(page.context).process_invoice_batch(page.raw_invoices)
                self._register.add(self._select(invoices))
        self._register.seal()
        return self._exporter.export(
            self._register, undated=self._source.undated, notes=(*self._source.notes, *self._select_notes())
        )


class ReportAssembly:
    """Makes the parts of one report of a kind over one portal client."""

    def __init__(
        self,
        *,
        kind: ReportKind,
        portal: PortalReader,
        request: ReportRequest,
        catalog: ReportCatalog,
        progress: ProgressTracker,
        stop: StopSignal,
        source: Source | None = None,
        outline: Any = None,
    ) -> None:
        """``source``: where the invoices come from, if not from the portal; ``outline``: of the report's invoices, as
        the portal's client has made it."""
        self._kind = kind
        self._portal = portal
        self._given_source = source
        self._request = request
        self._catalog = replace(catalog, fields=replace(catalog.fields, date_field=request.params.date_field))
        self._progress = progress
        self._stop = stop
        self._outline = outline

    def orchestrator(self, register: Register, folder: Path) -> WorkflowOrchestrator:
        """The workflow of this report; its files will lie in ``folder``. Asks the portal for the names that the
        title block needs (own company, company, responsible), so it may raise PortalErrors."""
        params = self._request.params
        sheets = self._kind.sheets(params)
        columns = report_columns(self._kind, params, self._catalog)
        if columns.chosen:
            sheets = with_columns(sheets, columns.columns)
        sheets = tuple(map(in_language, sheets))
        cut = self._kind.select(params, self._catalog)
        return WorkflowOrchestrator(
            source=self._given_source
            or InvoiceSource(
                kind=self._kind,
                portal=self._portal,
                params=params,
                catalog=self._catalog,
                progress=self._progress,
                stop=self._stop,
                today=self._request.built_at.date(),
                outline=self._outline,
            ),
            processor=DataProcessor,
            select=cut.of,
            select_notes=lambda: cut.notes,
            register=register,
            exporter=FileExporter(
                folder=folder,
                sheets=sheets,
                header=TitleBlock(self._kind.title, self._portal, self._request, self._catalog).read(),
                progress=self._progress,
                check=self._stop.check,
                earlier=self._request.earlier,
            ),
        )

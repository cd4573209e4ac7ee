"""The child of part 2: plays recorded pages through DataProcessor, the register's spool, the workbook and the CSV.

Order: ``{"path": str, "copies": int, "work": "whole" | "playing"}``.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measuring import answer, measured, told
from bitrix_app.processing import DataProcessor, Problem
from bitrix_app.reports import KINDS, Progress, ProgressTracker, WorkflowOrchestrator
from bitrix_app.reports.exporting import FileExporter
from bitrix_app.reports.fetching import FetchedPage
from bitrix_app.reports.request import ReportParams
from bitrix_app.workbook import RegisterHeader

REGISTER = KINDS["register"]


class Played:
    """The recorded pages, ``copies`` times over. A Source."""

    undated = 0
    notes: tuple[Problem, ...] = ()

    def __init__(self, recorded: list[FetchedPage], copies: int) -> None:
        self._recorded = recorded
        self._copies = copies
        self._size = sum(len(page.raw_invoices) for page in recorded)

    @property
    def invoices(self) -> int:
        """How many there are in all."""
        return self._size * self._copies

    def pages(self) -> Iterator[FetchedPage]:
        """Each copy with ids and numbers of its own."""
        for copy in range(self._copies):
            yield from self._moved(copy * self._size)

    def _moved(self, by: int) -> Iterator[FetchedPage]:
        context = self._recorded[0].context  # one window of pages: they share it
        moved = replace(
            context,
            requisite_links={each + by: link for each, link in context.requisite_links.items()},
            product_rows={each + by: rows for each, rows in (context.product_rows or {}).items()},
        )
        for page in self._recorded:
            yield FetchedPage([_renumbered(each, each["id"] + by) for each in page.raw_invoices], moved)


def _renumbered(invoice: dict[str, Any], new_id: int) -> dict[str, Any]:
    return {**invoice, "id": new_id, "accountNumber": str(new_id)}


class Nobody:
    """A ProgressSink that nobody looks at."""

    def update(self, progress: Progress) -> None:
        """Not of interest."""


def whole(source: Played, folder: Path) -> dict[str, Any]:
    """Process → spool → workbook and CSV, as a report does it. → the summary."""
    header = RegisterHeader(
        title="Реестр счетов",
        company=None,
        date_from=date(2026, 1, 1),
        date_to=date(2026, 3, 31),
        date_field_title="Дата выставления",
        built_by="Иванова Анна",
        built_at=datetime(2026, 4, 1, 9, 30, tzinfo=UTC),
        detailed=True,
        invoice_url="https://portal.example/crm/type/31/details/{}/".format,
    )
    progress = ProgressTracker(Nobody(), detailed=True)
    progress.expect(source.invoices)
    params = ReportParams(date(2026, 1, 1), date(2026, 3, 31))
    exporter = FileExporter(
        folder=folder, sheets=REGISTER.sheets(params), header=header, progress=progress, check=lambda: None
    )
    with REGISTER.register(folder, params, date(2026, 4, 1)) as register:
        workflow = WorkflowOrchestrator(
            source=source, processor=DataProcessor, select=lambda same: same, register=register, exporter=exporter
        )
        return workflow.run().summary


def playing(source: Played, _folder: Path) -> dict[str, Any]:
    """Only plays the pages: what the benchmark itself costs."""
    return {"pages": sum(1 for _ in source.pages())}


WORK = {each.__name__: each for each in (whole, playing)}


def main() -> None:
    """The child."""
    order = told()
    source = Played(pickle.loads(Path(order["path"]).read_bytes()), order["copies"])
    with TemporaryDirectory() as place:
        summary, cost = measured(lambda: WORK[order["work"]](source, Path(place)))
        size = sum(each.stat().st_size for each in Path(place).glob("*.xlsx"))
    answer(cost, invoices=summary.get("invoices"), megabytes=size / 1e6)


if __name__ == "__main__":
    main()

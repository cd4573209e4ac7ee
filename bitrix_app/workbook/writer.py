"""The whole workbook of a register, in one pass over its invoices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from openpyxl import Workbook

from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.processing.totals import RegisterTotals
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.package import describe, lay_out, write_package
from bitrix_app.workbook.pages import EXCEL, Limits, PagedTable, WorkbookContext
from bitrix_app.workbook.problems import ProblemLines, ProblemSheet
from bitrix_app.workbook.progress import ProgressHook, RegisterRows, every_invoice, nothing
from bitrix_app.workbook.sheets import BriefSheet, FullSheet, counterparty_table, rate_table
from bitrix_app.workbook.styles import StyleBook


def write_register(
    path: Path,
    rows: RegisterRows,
    header: RegisterHeader,
    *,
    progress: Callable[[int], None] = every_invoice,
    check: Callable[[], None] = nothing,
    limits: Limits = EXCEL,
) -> ProblemLines:
    """Writes the register to ``path`` (.xlsx) and returns what stands on ``Проблемы``.

    ``progress`` gets the number of invoices written, now and then and at the end; ``check`` is called often and may
    raise to stop. ``path`` appears when the file is whole; on any error nothing is left behind. Temporary files
    stand beside it: about ten times the size of the finished file.
    Raises WorkbookLimitError when the report is larger than ``limits``, OSError when the disk is full.
    """
    with TemporaryDirectory(dir=path.parent, prefix=".workbook-") as folder:
        unfinished = Path(folder, "register.xlsx")
        lines = _write(unfinished, rows, header, ProgressHook(progress, check), limits)
        unfinished.replace(path)
    return lines


def _write(path: Path, rows: RegisterRows, header: RegisterHeader, hook: ProgressHook, limits: Limits) -> ProblemLines:
    workbook = Workbook()
    sheets = _Sheets(WorkbookContext(path.parent, header, StyleBook(workbook), limits), rows.totals)
    try:
        for invoice in hook.through(rows.invoices(with_rows=header.detailed)):
            sheets.add(invoice)
        sheets.finish(rows.totals, hook.check)
    finally:
        sheets.close()
    pages = [page for table in sheets.tables for page in table.pages]
    lay_out(workbook, pages)
    describe(workbook, header)
    write_package(workbook, pages, path, hook.check)
    return sheets.problems.lines


class _Sheets:
    """The sheets of one workbook; an invoice goes to all of them at once, so the register is read once."""

    def __init__(self, context: WorkbookContext, totals: RegisterTotals) -> None:
        self._context = context
        self._brief = BriefSheet(context, totals.currencies())
        self._full = FullSheet(context) if context.header.detailed else None
        self._summaries: list[PagedTable] = []
        self.problems = ProblemSheet(context)
        self.problems.note(context.header.notes)

    @property
    def tables(self) -> Iterator[PagedTable]:
        """The tables in the order of the workbook's sheets."""
        yield self._brief.table
        if self._full is not None:
            yield self._full.table
        yield from self._summaries
        if self.problems.table is not None:
            yield self.problems.table

    def add(self, invoice: ProcessedInvoice) -> None:
        """The invoice's rows on every sheet; what Excel cannot hold becomes a problem of the invoice, once."""
        unfit = self._brief.add(invoice)
        if self._full is not None:
            unfit += self._full.add(invoice)
        self.problems.add(invoice, (*invoice.problems, *dict.fromkeys(unfit)))

    def finish(self, totals: RegisterTotals, check: Callable[[], None]) -> None:
        """What stands under the table of invoices, and the sheets made of totals."""
        self._brief.finish()
        if self._context.header.detailed:
            self._summaries.append(rate_table(self._context, totals.rates(), check))
        self._summaries.append(counterparty_table(self._context, totals.counterparties(), check))

    def close(self) -> None:
        """Ends the files of all streams; harmless when repeated."""
        for table in self.tables:
            table.close()

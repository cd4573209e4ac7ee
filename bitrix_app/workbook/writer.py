"""A workbook of any kind of report, in one pass over its invoices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openpyxl import Workbook

from bitrix_app.processing.columns import Value
from bitrix_app.processing.model import Problem, ProblemLine, ProcessedInvoice
from bitrix_app.processing.totals import RegisterTotals
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.package import describe, lay_out, write_package
from bitrix_app.workbook.pages import EXCEL, Limits, PagedTable, WorkbookContext
from bitrix_app.workbook.progress import ProgressHook, RegisterRows, every_invoice, nothing
from bitrix_app.workbook.sheets import PROBLEMS, Line, Sheet
from bitrix_app.workbook.styles import PLAIN, TOTAL, RowStyle, StyleBook, sheet_columns

_NUMBER, _FIELD = "number", "field"
"""Codes of the columns of ``Проблемы`` that a link may stand in."""
_FIRST = 5


@dataclass(frozen=True, slots=True)
class ProblemLines:
    """What ``Проблемы`` holds: the number of its lines, and the first five."""

    count: int
    first: tuple[ProblemLine, ...]


def write_workbook(
    path: Path,
    rows: RegisterRows,
    header: RegisterHeader,
    sheets: Sequence[Sheet[Any]],
    *,
    progress: Callable[[int], None] = every_invoice,
    check: Callable[[], None] = nothing,
    limits: Limits = EXCEL,
) -> ProblemLines:
    """Writes the workbook of these sheets and ``Проблемы`` to ``path`` (.xlsx); returns what stands on ``Проблемы``.

    ``progress`` gets the number of invoices written, now and then and at the end; ``check`` is called often and may
    raise to stop. ``path`` appears when the file is whole; on any error nothing is left behind. Temporary files
    stand beside it: about ten times the size of the finished file.
    Raises WorkbookLimitError when the report is larger than ``limits``, OSError when the disk is full.
    """
    with TemporaryDirectory(dir=path.parent, prefix=".workbook-") as folder:
        unfinished = Path(folder, "register.xlsx")
        workbook = Workbook()
        context = WorkbookContext(Path(folder), header, StyleBook(workbook), limits)
        hook = ProgressHook(progress, check)
        tables = _Tables(sheets, context, rows.totals)
        try:
            for invoice in hook.through(rows.invoices(with_rows=header.detailed)):
                tables.add(invoice)
            tables.finish(rows.totals, check)
        finally:
            tables.close()
        pages = [page for table in tables.in_order() for page in table.pages]
        lay_out(workbook, pages)
        describe(workbook, header)
        write_package(workbook, pages, unfinished, check)
        unfinished.replace(path)
    return tables.problems.lines


class _Tables:
    """The tables of one workbook; an invoice goes to all of them at once, so the register is read once."""

    def __init__(self, sheets: Sequence[Sheet[Any]], context: WorkbookContext, totals: RegisterTotals) -> None:
        self._context = context
        self._sheets = [each for each in sheets if context.header.detailed or not each.needs_rows]
        self._tables: dict[str, _SheetTable] = {}
        for sheet in self._sheets:
            if sheet.of_invoice is not None:
                self._tables[sheet.name] = _SheetTable(sheet, context, totals)
        self._of_invoices = tuple(self._tables.values())
        self.problems = _ProblemTable(context)
        self.problems.note(context.header.notes)

    def in_order(self) -> Iterator[PagedTable]:
        """The tables in the order of the workbook's sheets."""
        for sheet in self._sheets:
            if sheet.name in self._tables:
                yield self._tables[sheet.name].table
        if self.problems.table is not None:
            yield self.problems.table

    def add(self, invoice: ProcessedInvoice) -> None:
        """The invoice's rows in every table; what Excel cannot hold becomes a problem of the invoice, once."""
        unfit: tuple[Problem, ...] = ()
        for table in self._of_invoices:
            unfit += table.add(invoice)
        self.problems.add(invoice, (*invoice.problems, *dict.fromkeys(unfit)))

    def finish(self, totals: RegisterTotals, check: Callable[[], None]) -> None:
        """What stands under the tables of invoices, and the tables made of totals; ``check`` is called for each row.

        What Excel cannot hold of the totals was named in the invoices that it came from.
        """
        for table in self._of_invoices:
            table.finish()
        for sheet in self._sheets:
            if sheet.of_totals is not None:
                table = self._tables[sheet.name] = _SheetTable(sheet, self._context, totals)
                table.add_rows(_checked(sheet.of_totals(totals), check))
                table.finish()

    def close(self) -> None:
        """Ends the files of all streams; harmless when repeated."""
        for table in self.in_order():
            table.close()


class _SheetTable:
    """The table of one sheet, written row by row."""

    def __init__(self, sheet: Sheet[Any], context: WorkbookContext, totals: RegisterTotals) -> None:
        columns = sheet.columns_with(rows=context.header.detailed)
        shown = sheet_columns(columns, sheet.widths)
        self._below = list(sheet.below(totals))
        self.table = PagedTable(sheet, shown, context, reserve=len(self._below))
        self._sheet = sheet
        self._values = [column.value for column in columns]
        self._places = {column.code: place for place, column in enumerate(columns)}
        self._styles = {key: context.styles.row(shown, each) for key, each in sheet.formats.items()}
        self._total_style = context.styles.row(shown, TOTAL) if self._below else ()
        self._invoices = 0

    def add(self, invoice: ProcessedInvoice) -> tuple[Problem, ...]:
        """The invoice's rows. Returns what Excel could not hold as it is."""
        rows = self._sheet.of_invoice(invoice) if self._sheet.of_invoice is not None else ()
        unfit = self.add_rows(rows)
        if rows:
            self._invoices += 1
        return unfit

    def add_rows(self, rows: Iterable[Any]) -> tuple[Problem, ...]:
        """Rows of one invoice, or of the totals. Returns what Excel could not hold as it is."""
        unfit: tuple[Problem, ...] = ()
        values, styles, key, above = self._values, self._styles, self._sheet.format_key, self._invoices
        add = self.table.add
        for row in rows:
            unfit += add([value(row) for value in values], styles[key(row, above)])
        return unfit

    def finish(self) -> None:
        """The lines under the table."""
        page = self.table.page
        for line in self._below:
            if line:
                page.add_below(self._line(line), self._total_style)
            else:
                page.skip()

    def _line(self, line: Line) -> list[Value]:
        values: list[Value] = [None] * len(self._places)
        for code, value in line.items():
            values[self._places[code]] = value
        return values


def _checked(rows: Iterable[Any], check: Callable[[], None]) -> Iterator[Any]:
    for row in rows:
        check()
        yield row


class _ProblemTable:
    """Writes ``Проблемы``, with a link to the invoice in the portal; without a problem there is no such table."""

    def __init__(self, context: WorkbookContext) -> None:
        self._context = context
        self._columns = sheet_columns(PROBLEMS.columns, PROBLEMS.widths)
        self._values = [column.value for column in PROBLEMS.columns]
        self._style = context.styles.row(self._columns, PLAIN)
        self._places = {column.code: place for place, column in enumerate(PROBLEMS.columns)}
        self._linked = {code: self._link_at(self._places[code]) for code in (_NUMBER, _FIELD)}
        self.table: PagedTable | None = None
        self._count = 0
        self._first: list[ProblemLine] = []

    @property
    def lines(self) -> ProblemLines:
        """What was written so far."""
        return ProblemLines(self._count, tuple(self._first))

    def note(self, problems: Iterable[Problem]) -> None:
        """Lines that belong to the whole report."""
        for problem in problems:
            self._add(ProblemLine(None, None, problem.field, problem.message))

    def add(self, invoice: ProcessedInvoice, problems: Iterable[Problem]) -> None:
        """Lines of one invoice. The link stands on its number; on the field's name where there is no number."""
        address = self._address(invoice)
        for problem in problems:
            self._add(ProblemLine(invoice.id, invoice.number, problem.field, problem.message), address)

    def _address(self, invoice: ProcessedInvoice) -> str | None:
        make = self._context.header.invoice_url
        return None if make is None or invoice.id is None else make(invoice.id)

    def _add(self, line: ProblemLine, address: str | None = None) -> None:
        if self.table is None:
            self.table = PagedTable(PROBLEMS, self._columns, self._context)
        self._count += 1
        if len(self._first) < _FIRST:
            self._first.append(line)
        values = [value(line) for value in self._values]
        if address is None or not self.table.page.links.takes(address):
            self.table.add(values, self._style)
            return
        linked = _NUMBER if line.number else _FIELD
        self.table.add(values, self._linked[linked])
        page = self.table.page
        page.links.add(page.letters[self._places[linked]], page.row, address)

    def _link_at(self, place: int) -> RowStyle:
        return (*self._style[:place], self._context.styles.link, *self._style[place + 1 :])

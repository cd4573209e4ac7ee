"""A workbook of any kind of report, in one pass over its invoices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openpyxl import Workbook

from bitrix_app.processing.columns import INN, KPP, Value
from bitrix_app.processing.model import Problem, ProblemLine, ProcessedInvoice
from bitrix_app.processing.totals import RegisterTotals
from bitrix_app.texts import tr
from bitrix_app.workbook.cells import SharedStrings, SheetBudget, clean
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.package import describe, fits_one_page, lay_out, write_package
from bitrix_app.workbook.pages import EXCEL, Limits, PagedTable, WorkbookContext
from bitrix_app.workbook.progress import ProgressHook, RegisterRows, every_invoice, nothing
from bitrix_app.workbook.sheets import PROBLEMS, Line, Sheet, in_language
from bitrix_app.workbook.stream import LINE_HEIGHT
from bitrix_app.workbook.styles import PLAIN, SUBTOTAL, TOTAL, StyleBook, sheet_columns

_NUMBER, _FIELD = "number", "field"
"""Codes of the columns of ``Проблемы`` that a link may stand in."""
_OF_CLIENT = frozenset({INN.title, KPP.title})
"""Problems that are mended in the client's card."""
_FIRST, _FIRST_OF_FIELD, _FIELDS = 5, 20, 30
SIGNATURE_LINES = 2
"""Height of a line to sign on, in rows."""


@dataclass(frozen=True, slots=True)
class ProblemLines:
    """What ``Проблемы`` holds: the number of its lines, the first five, and its lines by field, in the order in which
    the fields come up: how many there are, and the first twenty."""

    count: int
    first: tuple[ProblemLine, ...]
    by_field: Mapping[str, tuple[int, tuple[ProblemLine, ...]]] = field(default_factory=dict)


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
    Raises WorkbookLimitError and SheetsTooHeavyError when the report is larger than ``limits``, OSError when the disk
    is full.
    """
    with TemporaryDirectory(dir=path.parent, prefix=".workbook-") as folder:
        unfinished = Path(folder, "register.xlsx")
        workbook = Workbook()
        strings = SharedStrings(Path(folder), SheetBudget(limits.all_bytes))
        context = WorkbookContext(Path(folder), header, rows.totals, StyleBook(workbook), limits, strings)
        hook = ProgressHook(progress, check)
        tables = _Tables(sheets, context)
        try:
            for invoice in hook.through(rows.invoices(with_rows=header.detailed)):
                tables.add(invoice)
            tables.finish(rows.totals, check)
            pages = [page for table in tables.in_order() for page in table.pages]
            lay_out(workbook, pages, header.title)
            describe(workbook, header)
            tables.close()
            write_package(workbook, pages, strings, unfinished, check)
        finally:
            tables.close()
            strings.close()
        unfinished.replace(path)
    return tables.problems.lines


class _Tables:
    """The tables of one workbook; an invoice goes to all of them at once, so the register is read once."""

    def __init__(self, sheets: Sequence[Sheet[Any]], context: WorkbookContext) -> None:
        self._context = context
        self._sheets = [each for each in sheets if context.header.detailed or not each.needs_rows]
        self._tables: dict[str, _SheetTable] = {}
        for sheet in self._sheets:
            if sheet.of_invoice is not None:
                self._tables[sheet.name] = _SheetTable(sheet, context)
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
                table = self._tables[sheet.name] = _SheetTable(sheet, self._context)
                table.add_rows(_checked(sheet.of_totals(totals), check))
                table.finish()

    def close(self) -> None:
        """Ends the files of all streams; harmless when repeated."""
        for table in self.in_order():
            table.close()


class _SheetTable:
    """The table of one sheet, written row by row."""

    def __init__(self, sheet: Sheet[Any], context: WorkbookContext) -> None:
        header, totals = context.header, context.totals
        columns = sheet.columns_with(rows=header.detailed, totals=totals)
        shown = sheet_columns(columns, sheet.widths)
        self._below = list(sheet.below(totals))
        signatures = _signatures(header) if sheet.signed else ()
        self.table = PagedTable(sheet, shown, context, reserve=len(self._below) + len(signatures))
        self._sheet = sheet
        self._context = context
        self._signatures = signatures
        self._values = [column.value for column in columns]
        self._places = {column.code: place for place, column in enumerate(columns)}
        self._styles = {key: context.styles.row(shown, each) for key, each in sheet.formats.items()}
        self._linked = {
            key: context.styles.row(shown, each, linked=sheet.linked) for key, each in sheet.formats.items()
        }
        self._link_place = self._places.get(sheet.linked or "")
        self._total_style = context.styles.row(shown, TOTAL) if self._below else ()
        self._line_style = context.styles.line
        self._groups = _Groups(sheet, totals) if sheet.group is not None else None
        self._subtotal_style = context.styles.row(shown, SUBTOTAL) if self._groups is not None else ()
        self._invoices = 0

    def add(self, invoice: ProcessedInvoice) -> tuple[Problem, ...]:
        """The invoice's rows. Returns what Excel could not hold as it is."""
        if self._groups is not None:
            self._close_group(self._groups.go_on(invoice))
        rows = self._sheet.of_invoice(invoice) if self._sheet.of_invoice is not None else ()
        unfit = self.add_rows(rows, invoice.id)
        if rows:
            self._invoices += 1
        return unfit

    def add_rows(self, rows: Iterable[Any], invoice_id: int | None = None) -> tuple[Problem, ...]:
        """Rows of one invoice, or of the totals. Returns what Excel could not hold as it is."""
        unfit: tuple[Problem, ...] = ()
        values, styles, key, above = self._values, self._styles, self._sheet.format_key, self._invoices
        today, place = self._context.totals.today, self._link_place
        add, level = self.table.add, 0 if self._groups is None else 1
        make = self._context.header.invoice_url if place is not None else None
        address = make(invoice_id) if make is not None and invoice_id is not None else None
        of_row = self._sheet.invoice_id
        for row in rows:
            cells = [value(row) for value in values]
            if of_row is not None and make is not None:
                address = make(of_row(row))
            if (
                address is None
                or place is None
                or not _is_shown(cells[place])
                or not self.table.page.links.takes(address)
            ):
                unfit += add(cells, styles[key(row, above, today)], level)
                continue
            unfit += add(cells, self._linked[key(row, above, today)], level)
            page = self.table.page
            page.links.add(page.letters[place], page.row, address)
        return unfit

    def finish(self) -> None:
        """The last group's subtotal, and the lines under the table, kept together on one page of paper."""
        if self._groups is not None:
            self._close_group(self._groups.end())
        page, styles = self.table.page, self._context.styles
        lines = len(self._below) + SIGNATURE_LINES * len(self._signatures)
        if not fits_one_page(page, lines):
            page.break_before = page.row + 1
        for line in self._below:
            if isinstance(line, str):
                page.add_line(line, self._line_style)
            elif line:
                page.add_below(self._line(line), self._total_style)
            else:
                page.skip()
        label = self._places.get(self._sheet.label, 0)
        for text in self._signatures:
            page.add_cells([(label, text, styles.signature)], height=SIGNATURE_LINES * LINE_HEIGHT)
        self.table.finish()

    def _close_group(self, line: Line | None) -> None:
        if line is not None:
            self.table.add(self._line(line), self._subtotal_style)

    def _line(self, line: Line) -> list[Value]:
        values: list[Value] = [None] * len(self._places)
        for code, value in line.items():
            if code in self._places:
                values[self._places[code]] = value
        return values


class _Groups:
    """The groups of one table: tells where one ends, and the line that closes it."""

    def __init__(self, sheet: Sheet[Any], totals: RegisterTotals) -> None:
        self._sheet = sheet
        self._totals = totals
        self._open: tuple[Hashable] | None = None

    def go_on(self, invoice: ProcessedInvoice) -> Line | None:
        """The line that closes the group before this invoice, where it begins another one."""
        key = self._sheet.group(invoice) if self._sheet.group is not None else None
        if self._open == (key,):
            return None
        line = self.end()
        self._open = (key,)
        return line

    def end(self) -> Line | None:
        """The line that closes the last group."""
        return None if self._open is None else self._sheet.subtotal(self._totals, self._open[0])


def _is_shown(value: Value) -> bool:
    """Whether anything of a text is left in its cell: an empty cell has nothing that one could follow."""
    return isinstance(value, str) and bool(clean(value))


def _signatures(header: RegisterHeader) -> tuple[str, ...]:
    """Lines for those who sign the printed register."""
    blank = "_" * 24
    built_by = tr("Составил {blank} {name}", blank=blank, name=header.built_by).rstrip()
    return built_by, tr("Главный бухгалтер {blank}", blank=blank)


def _checked(rows: Iterable[Any], check: Callable[[], None]) -> Iterator[Any]:
    for row in rows:
        check()
        yield row


class _ProblemTable:
    """Writes ``Проблемы``, with a link to the invoice in the portal; without a problem there is no such table."""

    def __init__(self, context: WorkbookContext) -> None:
        self._context = context
        self._sheet = in_language(PROBLEMS)
        self._columns = sheet_columns(self._sheet.columns, PROBLEMS.widths)
        self._values = [column.value for column in PROBLEMS.columns]
        self._style = context.styles.row(self._columns, PLAIN)
        self._places = {column.code: place for place, column in enumerate(PROBLEMS.columns)}
        self._linked = {code: context.styles.row(self._columns, PLAIN, linked=code) for code in (_NUMBER, _FIELD)}
        self.table: PagedTable | None = None
        self._count = 0
        self._counts: Counter[str] = Counter()
        self._by_field: dict[str, list[ProblemLine]] = {}
        self._first: list[ProblemLine] = []

    @property
    def lines(self) -> ProblemLines:
        """What was written so far."""
        by_field = {name: (self._counts[name], tuple(lines)) for name, lines in self._by_field.items()}
        return ProblemLines(self._count, tuple(self._first), by_field)

    def note(self, lines: Iterable[ProblemLine]) -> None:
        """Lines that belong to no row of the report."""
        for line in lines:
            self._add(line, self._address(line.invoice_id))

    def add(self, invoice: ProcessedInvoice, problems: Iterable[Problem]) -> None:
        """Lines of one invoice. The link stands on its number; on the field's name where there is no number."""
        address = self._address(invoice.id)
        for problem in problems:
            line = ProblemLine(invoice.id, invoice.number, problem.field, problem.message)
            if problem.field in _OF_CLIENT:
                line = line._replace(
                    company_id=invoice.company_id, contact_id=None if invoice.company_id else invoice.contact_id
                )
            self._add(line, address)

    def _address(self, invoice_id: int | None) -> str | None:
        make = self._context.header.invoice_url
        return None if make is None or invoice_id is None else make(invoice_id)

    def _add(self, line: ProblemLine, address: str | None = None) -> None:
        line = line._replace(field=tr(line.field), message=tr(line.message))
        if self.table is None:
            self.table = PagedTable(self._sheet, self._columns, self._context)
        self._count += 1
        if len(self._first) < _FIRST:
            self._first.append(line)
        self._counts[line.field] += 1
        of_field = self._by_field.setdefault(line.field, []) if len(self._by_field) < _FIELDS else []
        if len(of_field) < _FIRST_OF_FIELD:
            of_field.append(line)
        values = [value(line) for value in self._values]
        if address is None or not self.table.page.links.takes(address):
            self.table.add(values, self._style)
            return
        linked = _NUMBER if line.number else _FIELD
        self.table.add(values, self._linked[linked])
        page = self.table.page
        page.links.add(page.letters[self._places[linked]], page.row, address)

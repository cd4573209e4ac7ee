"""``Проблемы``: a line for each thing that is wrong or missing, with a link to the invoice in the portal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.workbook.columns import PROBLEMS
from bitrix_app.workbook.pages import PagedTable, Table, WorkbookContext
from bitrix_app.workbook.styles import PLAIN, RowStyle

_NUMBER, _FIELD = 0, 1
_FIRST = 5


class ProblemLine(NamedTuple):
    """A line of ``Проблемы``; one that belongs to the whole report names no invoice."""

    invoice_id: int | None
    number: str | None
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ProblemLines:
    """What ``Проблемы`` holds: the number of its lines, and the first five."""

    count: int
    first: tuple[ProblemLine, ...]


class ProblemSheet:
    """Writes ``Проблемы``; without a problem there is no such sheet."""

    def __init__(self, context: WorkbookContext) -> None:
        self._context = context
        self._style = context.styles.row(PROBLEMS, PLAIN)
        self._linked = {place: self._link_at(place) for place in (_NUMBER, _FIELD)}
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
            about = "Проблемы: что проверить и исправить в Битрикс24"
            self.table = PagedTable(Table("Проблемы", about, PROBLEMS), self._context)
        self._count += 1
        if len(self._first) < _FIRST:
            self._first.append(line)
        values = (line.number, line.field, _placed(line))
        if address is None or not self.table.page.links.takes(address):
            self.table.add(values, self._style)
            return
        linked = _NUMBER if line.number else _FIELD
        self.table.add(values, self._linked[linked])
        page = self.table.page
        page.links.add(page.letters[linked], page.row, address)

    def _link_at(self, place: int) -> RowStyle:
        return (*self._style[:place], self._context.styles.link, *self._style[place + 1 :])


def _placed(line: ProblemLine) -> str:
    """Where the number is missing, the id must tell on paper which invoice is meant."""
    if line.number or line.invoice_id is None:
        return line.message
    return f"{line.message.rstrip('. ')}. Счёт без номера, его ID в Битрикс24 — {line.invoice_id}."

"""``Проблемы``: a line for each thing that is wrong or missing, with a link to the invoice in the portal."""

from __future__ import annotations

from collections.abc import Iterable

from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.workbook.columns import PROBLEMS
from bitrix_app.workbook.pages import Desk, PagedTable, Table
from bitrix_app.workbook.styles import PLAIN, RowStyle

_NUMBER, _FIELD = 0, 1


class ProblemSheet:
    """Writes ``Проблемы``; without a problem there is no such sheet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._style = desk.styles.row(PROBLEMS, PLAIN)
        self._linked = {place: self._link_at(place) for place in (_NUMBER, _FIELD)}
        self.table: PagedTable | None = None
        self.lines = 0

    def note(self, problems: Iterable[Problem]) -> None:
        """Lines that belong to the whole report."""
        for problem in problems:
            self._add(problem.field, problem.message)

    def add(self, invoice: ProcessedInvoice, problems: Iterable[Problem]) -> None:
        """Lines of one invoice. The link stands on its number; on the field's name where there is no number."""
        address = self._address(invoice)
        for problem in problems:
            self._add(problem.field, _placed(problem.message, invoice), invoice.number, address)

    def _address(self, invoice: ProcessedInvoice) -> str | None:
        make = self._desk.header.invoice_url
        return None if make is None or invoice.id is None else make(invoice.id)

    def _add(self, field: str, message: str, number: str | None = None, address: str | None = None) -> None:
        if self.table is None:
            about = "Проблемы: что проверить и исправить в Битрикс24"
            self.table = PagedTable(Table("Проблемы", about, PROBLEMS), self._desk)
        self.lines += 1
        values = (number, field, message)
        if address is None or not self.table.page.links.takes(address):
            self.table.add(values, self._style)
            return
        linked = _NUMBER if number else _FIELD
        self.table.add(values, self._linked[linked])
        page = self.table.page
        page.links.add(page.letters[linked], page.row, address)

    def _link_at(self, place: int) -> RowStyle:
        return (*self._style[:place], self._desk.styles.link, *self._style[place + 1 :])


def _placed(message: str, invoice: ProcessedInvoice) -> str:
    """Where the number is missing, the id must tell on paper which invoice is meant."""
    if invoice.number or invoice.id is None:
        return message
    return f"{message.rstrip('. ')}. Счёт без номера, его ID в Битрикс24 — {invoice.id}."

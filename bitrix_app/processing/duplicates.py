"""The same number twice: the one check that needs the whole register."""

from __future__ import annotations

from bitrix_app.processing import words
from bitrix_app.processing.model import Problem, ProcessedInvoice

MENTIONED = 5


_Series = tuple[int | None, int | None]
"""Own company and year of the invoice's date: numbers begin anew each year, so the same one a year later is right."""


class DuplicateNumbers:
    """Finds numbers that stand on several invoices of one own company in one year.

    First ``add`` every invoice of the register, then ask ``problems_of`` for each: 100,000 invoices take about 20 MB.
    """

    def __init__(self) -> None:
        self._first: dict[_Series, dict[str, int]] = {}
        self._repeated: dict[tuple[_Series, str], list[int]] = {}

    def add(self, invoice: ProcessedInvoice) -> None:
        """Remembers the number of ``invoice``; one without number or id cannot be named as anybody's twin."""
        number = _number(invoice)
        if number is None or invoice.id is None:
            return
        series = _series(invoice)
        first = self._first.setdefault(series, {}).setdefault(number, invoice.id)
        if first != invoice.id:
            self._repeated.setdefault((series, number), [first]).append(invoice.id)

    def problems_of(self, invoice: ProcessedInvoice) -> tuple[Problem, ...]:
        """The problem that names the other invoices with this number; none when it stands alone."""
        number = _number(invoice)
        ids = self._repeated.get((_series(invoice), number), ()) if number is not None else ()
        others = [each for each in ids if each != invoice.id]
        if not others:
            return ()
        named = ", ".join(f"ID {each}" for each in others[:MENTIONED])
        more = f" и ещё {len(others) - MENTIONED}" if len(others) > MENTIONED else ""
        message = f"Такой же номер у других счетов: {named}{more}. Оставьте номер одному счёту, другим дайте новые."
        return (Problem(words.NUMBER, message),)


def _series(invoice: ProcessedInvoice) -> _Series:
    return invoice.mycompany_id, invoice.invoice_date.year if invoice.invoice_date else None


def _number(invoice: ProcessedInvoice) -> str | None:
    return invoice.number.strip() if invoice.number is not None else None

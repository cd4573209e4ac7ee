"""The register of a report: processed invoices spooled to disk and handed on in the report's order.

Hundreds of thousands of rows must not be held in memory (measured: lists take 400–600 MB for 100,000 invoices, a
spool 30–70), so each invoice is written to a temporary SQLite file as it is processed and read back sorted.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

from bitrix_app.errors import AnswersTooHeavyError, SheetsTooHeavyError, UnexpectedAnswerError
from bitrix_app.processing import DuplicateNumbers, HiddenClients, ProcessedInvoice, RegisterTotals

SPOOL_BYTES = 2 << 30
"""As much as the sheets may take."""
TOTALS_BYTES = 192 * 2**20
"""Totals of some two hundred thousand counterparties."""
MOST_BLOCKS = 1000
"""Currencies, and currencies with a rate: a portal of ten currencies and ten rates has 110."""
_AFTER_ALL_DATES = "9999-99-99"
_AT_ONCE = 50
"""Invoices written and read together: SQLite lets the interpreter go for each row, and a thread that takes it back in
no time, invoice after invoice, starves the web's threads (measured: p95 six times the idle one instead of two)."""


class Register:
    """Add invoices in any order, ``seal``, then read them in order of the chosen date (undated ones last), then id.

    Totals grow with every invoice added. Use as a context manager: leaving removes the spool.
    """

    def __init__(
        self,
        folder: Path,
        today: date | None = None,
        most: int = SPOOL_BYTES,
        totals: RegisterTotals | None = None,
    ) -> None:
        """``today``: the report's day, which tells what is overdue; ``most``: bytes that the spool may take;
        ``totals``: those of another kind of report."""
        self._left = most
        self._path = folder / "register.spool"
        self._spool = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._spool.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192;"
            "CREATE TABLE invoice (sorted_by TEXT, id INTEGER, seq INTEGER PRIMARY KEY, head BLOB, rows BLOB);"
            "BEGIN"
        )
        self._gatherers = (DuplicateNumbers(), HiddenClients())
        self.totals = RegisterTotals(today) if totals is None else totals

    def add(self, invoices: Iterable[ProcessedInvoice]) -> None:
        """Spools processed invoices: a page of them, they are packed in memory first.

        Raises SheetsTooHeavyError when the spool is too heavy, AnswersTooHeavyError when totals of counterparties take
        too much memory, UnexpectedAnswerError for invoices in more currencies or of more rates than any portal's.
        """
        lines = []
        for invoice in invoices:
            for gatherer in self._gatherers:
                gatherer.add(invoice)
            self.totals.add(invoice)
            head, rows = _packed(invoice)
            self._left -= len(head) + len(rows or b"")
            if self._left < 0:
                raise SheetsTooHeavyError
            lines.append((self._sorted_by(invoice), invoice.id or 0, head, rows))
        if self.totals.weight > TOTALS_BYTES:
            raise AnswersTooHeavyError
        if self.totals.blocks > MOST_BLOCKS:
            raise UnexpectedAnswerError("too many currencies or VAT rates", method="crm.item.list")
        self._spool.executemany("INSERT INTO invoice (sorted_by, id, head, rows) VALUES (?, ?, ?, ?)", lines)

    def seal(self) -> None:
        """All invoices are there: puts them in order."""
        self._spool.execute("CREATE INDEX in_order ON invoice (sorted_by, id, seq)")
        self._spool.execute("COMMIT")

    def invoices(self, *, with_rows: bool = True) -> Iterator[ProcessedInvoice]:
        """The invoices in order, with what only the whole register shows; may be repeated.

        Without ``with_rows`` the product rows stay on disk, which is several times quicker.
        """
        rows = "rows" if with_rows else "NULL"
        with closing(self._spool.cursor()) as cursor:
            cursor.execute(f"SELECT head, {rows} FROM invoice ORDER BY sorted_by, id, seq")  # noqa: S608 - no outside text
            while some := cursor.fetchmany(_AT_ONCE):
                for head, packed_rows in some:
                    yield self._judged(_unpacked(head, packed_rows))

    def close(self) -> None:
        """Removes the spool."""
        self._spool.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Register:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sorted_by(self, invoice: ProcessedInvoice) -> str:
        return sort_day(invoice.date)

    def _judged(self, invoice: ProcessedInvoice) -> ProcessedInvoice:
        problems = [problem for gatherer in self._gatherers for problem in gatherer.problems_of(invoice)]
        return replace(invoice, problems=(*invoice.problems, *problems)) if problems else invoice


def sort_day(day: date | None) -> str:
    """A text that sorts as the day; ``None`` after all days."""
    return day.isoformat() if day else _AFTER_ALL_DATES


_ROWS = [each.name for each in fields(ProcessedInvoice)].index("product_rows")


def _packed(invoice: ProcessedInvoice) -> tuple[bytes, bytes | None]:
    values = list(invoice.arguments())
    rows, values[_ROWS] = values[_ROWS], ()
    return pickle.dumps(values, pickle.HIGHEST_PROTOCOL), pickle.dumps(rows, pickle.HIGHEST_PROTOCOL) if rows else None


def _unpacked(head: bytes, rows: bytes | None) -> ProcessedInvoice:
    values = pickle.loads(head)  # noqa: S301 - written by this process into its own folder
    if rows:
        values[_ROWS] = pickle.loads(rows)  # noqa: S301 - as above
    return ProcessedInvoice(*values)

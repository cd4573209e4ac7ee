"""The register of a report: processed invoices spooled to disk and handed on in the report's order.

Hundreds of thousands of rows must not be held in memory (measured: lists take 400–600 MB for 100,000 invoices, a
spool 30–70), so each invoice is written to a temporary SQLite file as it is processed and read back sorted.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bitrix_app.processing import DuplicateNumbers, ProcessedInvoice, RegisterTotals

_AFTER_ALL_DATES = "9999-99-99"
_AT_ONCE = 50
"""Invoices written and read together: SQLite lets the interpreter go for each row, and a thread that takes it back in
no time, invoice after invoice, starves the web's threads (measured: p95 six times the idle one instead of two)."""


class Register:
    """Add invoices in any order, ``seal``, then read them in order of the chosen date (undated ones last), then id.

    Totals grow with every invoice added. Use as a context manager: leaving removes the spool.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "register.spool"
        self._spool = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._spool.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192;"
            "CREATE TABLE invoice (sorted_by TEXT, id INTEGER, seq INTEGER PRIMARY KEY, head BLOB, rows BLOB);"
            "BEGIN"
        )
        self._duplicates = DuplicateNumbers()
        self.totals = RegisterTotals()

    def add(self, invoices: Iterable[ProcessedInvoice]) -> None:
        """Spools processed invoices: a page of them, they are packed in memory first."""
        lines = []
        for invoice in invoices:
            self._duplicates.add(invoice)
            self.totals.add(invoice)
            lines.append((_sort_day(invoice), invoice.id or 0, *_packed(invoice)))
        self._spool.executemany("INSERT INTO invoice (sorted_by, id, head, rows) VALUES (?, ?, ?, ?)", lines)

    def seal(self) -> None:
        """All invoices are there: puts them in order."""
        self._spool.execute("CREATE INDEX in_order ON invoice (sorted_by, id, seq)")
        self._spool.execute("COMMIT")

    def invoices(self, *, with_rows: bool = True) -> Iterator[ProcessedInvoice]:
        """The invoices in order, with what only the whole register shows (the same number twice); may be repeated.

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

    def _judged(self, invoice: ProcessedInvoice) -> ProcessedInvoice:
        problems = self._duplicates.problems_of(invoice)
        return replace(invoice, problems=(*invoice.problems, *problems)) if problems else invoice


def _sort_day(invoice: ProcessedInvoice) -> str:
    return invoice.date.isoformat() if invoice.date else _AFTER_ALL_DATES


def _packed(invoice: ProcessedInvoice) -> tuple[bytes, bytes | None]:
    rows = pickle.dumps(invoice.product_rows, pickle.HIGHEST_PROTOCOL) if invoice.product_rows else None
    return pickle.dumps(replace(invoice, product_rows=()), pickle.HIGHEST_PROTOCOL), rows


def _unpacked(head: bytes, rows: bytes | None) -> ProcessedInvoice:
    invoice: ProcessedInvoice = pickle.loads(head)  # noqa: S301 - written by this process into its own folder
    return replace(invoice, product_rows=pickle.loads(rows)) if rows else invoice  # noqa: S301 - as above

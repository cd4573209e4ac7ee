"""What a writer works on and with: the register's rows, and the hooks for progress and for stopping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.processing.totals import RegisterTotals


class RegisterRows(Protocol):
    """A finished register: ordered, read as a stream as often as needed, with its totals at hand."""

    @property
    def totals(self) -> RegisterTotals: ...

    def invoices(self, *, with_rows: bool = True) -> Iterator[ProcessedInvoice]:
        """The invoices in the report's order; without ``with_rows`` their product rows may be left out."""


_EVERY = 50


def every_invoice(_: int) -> None:
    """Progress that nobody watches."""


def nothing() -> None:
    """A check that never stops anything."""


class ProgressHook:
    """Callbacks of a writer.

    ``progress`` gets the number of invoices done, every 50 of them and at the end. ``check`` is called after each
    invoice, a fraction of a millisecond apart: it may pause the writer, or raise to stop it.
    """

    def __init__(self, progress: Callable[[int], None], check: Callable[[], None]) -> None:
        self._progress = progress
        self.check = check

    def through(self, invoices: Iterator[ProcessedInvoice]) -> Iterator[ProcessedInvoice]:
        """Passes the invoices on and calls back between them."""
        done = 0
        for done, invoice in enumerate(invoices, 1):
            yield invoice
            self.check()
            if done % _EVERY == 0:
                self._progress(done)
        self.check()
        self._progress(done)

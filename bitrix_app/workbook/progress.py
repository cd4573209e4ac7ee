"""The rows that a writer is given, and how a long writing tells where it is and is stopped."""

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
    """``progress`` gets the number of invoices done, every 50 of them; ``check`` is called after each step of work, a
    fraction of a millisecond apart: it may wait for a moment, or raise to stop."""

    def __init__(self, progress: Callable[[int], None], check: Callable[[], None]) -> None:
        self._progress = progress
        self.check = check

    def through(self, invoices: Iterator[ProcessedInvoice]) -> Iterator[ProcessedInvoice]:
        """The same invoices, watched."""
        done = 0
        for done, invoice in enumerate(invoices, 1):
            yield invoice
            self.check()
            if done % _EVERY == 0:
                self._progress(done)
        self.check()
        self._progress(done)

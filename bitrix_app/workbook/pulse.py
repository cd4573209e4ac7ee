"""How a long writing tells where it is, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bitrix_app.processing.model import ProcessedInvoice

_EVERY = 50


def every_invoice(_: int) -> None:
    """Progress that nobody watches."""


def nothing() -> None:
    """A check that never stops anything."""


class Pulse:
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

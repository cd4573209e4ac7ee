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
    """``progress`` gets the number of invoices done, ``check`` may raise to stop; both are called every 50 ticks."""

    def __init__(self, progress: Callable[[int], None], check: Callable[[], None]) -> None:
        self._progress = progress
        self.check = check
        self._ticks = 0

    def through(self, invoices: Iterator[ProcessedInvoice]) -> Iterator[ProcessedInvoice]:
        """The same invoices, watched."""
        done = 0
        for done, invoice in enumerate(invoices, 1):
            yield invoice
            if done % _EVERY == 0:
                self.check()
                self._progress(done)
        self.check()
        self._progress(done)

    def tick(self) -> None:
        """A step of work that is not an invoice."""
        self._ticks += 1
        if self._ticks % _EVERY == 0:
            self.check()

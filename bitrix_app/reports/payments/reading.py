"""Reading the portal's payments, one invoice a call: only of invoices that payment date and stage leave open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from bitrix_app.errors import AccessDeniedError, GiveUpError, InsufficientScopeError, UnknownMethodError
from bitrix_app.processing import ProblemLine, Raw
from bitrix_app.processing.payments import BY_PAYMENTS, PAID_AMOUNT, PAYMENT_FIELDS, is_open
from bitrix_app.reports.lookups import KeptRecords, id_in, weight_of
from bitrix_app.reports.protocols import PortalReader, Run
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.texts import tr

Payments = Mapping[int, Sequence[Raw]]
"""Invoice id → its payments; those that were not asked for, or not shown, are absent."""

NO_PAYMENTS = ProblemLine.of_report(
    PAID_AMOUNT,
    "Портал не показал оплаты счетов: нет права их читать, или этот портал их не ведёт. Оплата считается по дате "
    "оплаты или стадии. Попросите администратора приложения проверить настройку «Откуда берётся оплата».",
)
SOME_DENIED = (
    "Портал не показал оплаты некоторых счетов, их {count}: к ним нет права, или счёт удалили, пока строился отчёт. "
    "Там оплата считается по дате оплаты или стадии."
)
NOT_FOUND = "NOT_FOUND"
MOST_DENIED = 20
"""So many invoices are denied before a single one is answered, and the portal shows payments of none."""


class PaymentReader:
    """Payments of one report, where they are its source of the paid amount."""

    def __init__(
        self,
        portal: PortalReader,
        params: ReportParams,
        catalog: ReportCatalog,
        tell: Callable[[int], None],
        kept: KeptRecords,
    ) -> None:
        """``tell``: is told of each invoice that is done with."""
        self._portal = portal
        self._catalog = catalog
        self._as_of = None if params.terms is None else params.terms.as_of
        self._tell = tell
        self._kept = kept
        self._lock = threading.Lock()
        self._answered = self._denied = 0
        self._stopped = False

    @property
    def refused(self) -> bool:
        """Whether the portal refused to show payments of any invoice."""
        return self._stopped or (self._denied > 0 and self._answered == 0)

    @property
    def notes(self) -> tuple[ProblemLine, ...]:
        """What is to be said of payments that were not shown: once."""
        if self.refused:
            return (NO_PAYMENTS,)
        return (ProblemLine.of_report(PAID_AMOUNT, tr(SOME_DENIED, count=self._denied)),) if self._denied else ()

    def read(self, run: Run, invoices: Sequence[Raw]) -> Payments:
        """The payments of those of ``invoices`` that are open. Raises PortalErrors and AnswersTooHeavyError."""
        asked = self._open(invoices)
        self._tell(len(invoices) - len(asked))
        found = zip(asked, run(self._of_one, asked), strict=True) if asked else ()
        return {invoice_id: payments for invoice_id, payments in found if payments is not None}

    def release(self, payments: Payments) -> None:
        """They are no longer needed."""
        self._kept.release(weight_of(each for some in payments.values() for each in some))

    def _open(self, invoices: Iterable[Raw]) -> list[int]:
        fields, stages = self._catalog.fields, self._catalog.stages
        if fields.payment_source != BY_PAYMENTS:
            return []
        ids = (id_in(each, "id") for each in invoices if is_open(each, fields, stages, self._as_of))
        return [each for each in ids if each]

    def _of_one(self, invoice_id: int) -> Sequence[Raw] | None:
        """``None``: not shown. Thousands of invoices take an hour: each one that is answered moves the progress."""
        found = None
        if not self._stopped:
            try:
                found = self._kept.slim(self._portal.payments(invoice_id), PAYMENT_FIELDS)
            except (InsufficientScopeError, UnknownMethodError):
                self._stopped = True
            except GiveUpError as error:
                if not isinstance(error, AccessDeniedError) and error.portal_code != NOT_FOUND:
                    raise
                self._note(denied=True)
            else:
                self._note(denied=False)
        self._tell(1)
        return found

    def _note(self, *, denied: bool) -> None:
        with self._lock:
            self._denied += denied
            self._answered += not denied
            self._stopped = self._stopped or (self._denied >= MOST_DENIED and self._answered == 0)

"""``DataProcessor``: raw invoices in, processed invoices out; pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from bitrix_app.processing.checks import CHECKS, ROW_CHECKS, Examined
from bitrix_app.processing.columns import NUMBER
from bitrix_app.processing.counterparty import Counterparty, counterparty_of, sellers_country
from bitrix_app.processing.fields import DUE_DATE, INVOICE_DATE, InvoiceReader, InvoiceValues, RowReader
from bitrix_app.processing.model import Problem, ProcessedInvoice, ProcessingContext, ProductRow, Raw, Stage
from bitrix_app.processing.parsing import id_of, text_in

log = logging.getLogger(__name__)

NOTHING_KNOWN = ProcessingContext()


class DataProcessor:
    """Processes the portal's invoices: reads fields, finds the counterparty, runs the checks."""

    def __init__(self, context: ProcessingContext = NOTHING_KNOWN) -> None:
        """``context`` is what belongs to the invoices: requisites, product rows, stages, the meaning of fields."""
        self._context = context
        self._reader = InvoiceReader(context.fields, context.extra_fields)

    def process_invoice_batch(self, raw_invoices: Sequence[Raw]) -> list[ProcessedInvoice]:
        """A row for each raw invoice (``crm.item.list`` with Decimals), in the same order; none is left out.

        Raises nothing for what the portal may send: what is wrong or missing is a Problem of its row.
        """
        return [self._row(raw) for raw in raw_invoices]

    def _row(self, raw: Raw) -> ProcessedInvoice:
        if not isinstance(raw, Mapping):
            return _unreadable({})
        try:
            return self._process_single_invoice(raw)
        except Exception:  # the border of one invoice: whatever is wrong with it, the others go on
            log.exception("invoice %s could not be processed", id_of(raw.get("id")))
            return _unreadable(raw)

    def _process_single_invoice(self, raw: Raw) -> ProcessedInvoice:
        """One row: each field on its own, then the checks."""
        read = self._reader.read(raw)
        counterparty = counterparty_of(raw, self._context)
        rows, row_problems = self._product_rows(read.values["id"])
        invoice = self._invoice(read, counterparty, rows)
        examined = self._examined(raw, invoice, read, counterparty)
        found = [problem for check in CHECKS + ROW_CHECKS for problem in check(examined)]
        problems = (*read.problems, *row_problems, *found)
        return replace(invoice, problems=problems) if problems else invoice

    def _product_rows(self, invoice_id: int | None) -> tuple[tuple[ProductRow, ...] | None, list[Problem]]:
        """The invoice's product rows, ``None`` when they were not read, and what is wrong with them."""
        rows = self._context.product_rows
        if rows is None or invoice_id is None or invoice_id in self._context.unreadable_rows:
            return None, []
        reader = RowReader()
        return reader.read(rows.get(invoice_id) or ()), reader.problems()

    def _invoice(
        self, read: InvoiceValues, counterparty: Counterparty, rows: tuple[ProductRow, ...] | None
    ) -> ProcessedInvoice:
        values, dates, mapping = read.values, read.dates, self._context.fields
        stage = self._context.stages.get(values["stage_id"] or "")
        vat = values["vat"] or None
        return ProcessedInvoice(
            id=values["id"],
            number=values["number"],
            inn=counterparty.inn,
            kpp=counterparty.kpp,
            counterparty=counterparty.name,
            counterparty_key=counterparty.key,
            amount=values["amount"],
            vat=vat,
            without_vat=vat is None and "vat" not in read.unreadable,
            currency=values["currency"],
            date=dates[mapping.date_field],
            invoice_date=dates[INVOICE_DATE.name],
            shipped_date=dates.get(mapping.shipped_field or ""),
            paid_date=dates.get(mapping.paid_field or ""),
            due_date=dates[DUE_DATE.name],
            paid=self._is_paid(read, stage),
            stage_id=values["stage_id"],
            stage=stage.title if stage else None,
            responsible=self._responsible(values["responsible_id"]),
            mycompany_id=values["mycompany_id"],
            tax_rates=None if rows is None else _rates(rows),
            product_rows=rows or (),
            extra={each.code: values[each.code] for each in self._context.extra_fields},
        )

    def _is_paid(self, read: InvoiceValues, stage: Stage | None) -> bool:
        """The mapped payment date is set, readable or not; where none is mapped, the stage is a successful one
        (contract §4)."""
        paid_field = self._context.fields.paid_field
        return self._reader.is_set(paid_field, read) if paid_field else stage is not None and stage.semantics == "S"

    def _responsible(self, user_id: int | None) -> str | None:
        return (self._context.users.get(user_id) or f"ID {user_id}") if user_id else None

    def _examined(
        self, raw: Raw, invoice: ProcessedInvoice, read: InvoiceValues, counterparty: Counterparty
    ) -> Examined:
        context = self._context
        return Examined(
            invoice,
            counterparty,
            sellers_country=sellers_country(raw, context),
            unreadable=read.unreadable,
            date_field=self._reader.date_field,
            amount_by_hand=read.values["amount_by_hand"],
            rows_asked=context.product_rows is not None and invoice.id is not None,
            clients_refused=context.clients_refused,
            rows_refused=invoice.id in context.unreadable_rows,
            today=context.today,
            stage_missing=bool(context.stages) and invoice.stage_id is not None and invoice.stage is None,
        )


def _rates(rows: Sequence[ProductRow]) -> tuple[Decimal | None, ...]:
    """The known rates of the rows, falling, «без НДС» (``None``) last."""
    known = {row.tax_rate for row in rows if not row.tax_rate_unknown}
    falling = tuple(sorted((rate for rate in known if rate is not None), reverse=True))
    return (*falling, None) if None in known else falling


def _unreadable(raw: Raw) -> ProcessedInvoice:
    """Row of an invoice that failed to process: id, number, and the problem that says so."""
    message = "Счёт не удалось прочитать. Проверьте его в портале и сообщите о нём администратору приложения."
    problem = Problem(NUMBER.title, message)
    return ProcessedInvoice(id=id_of(raw.get("id")), number=text_in(raw, "accountNumber"), problems=(problem,))

"""``DataProcessor``: raw invoices in, processed invoices out; pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bitrix_app.entities import decoded
from bitrix_app.processing.checks import CHECKS, ROW_CHECKS, Examined
from bitrix_app.processing.columns import NUMBER
from bitrix_app.processing.counterparty import Counterparty, buyer_of, counterparty_of, sellers_country
from bitrix_app.processing.cutting import cut, cut_texts
from bitrix_app.processing.fields import DUE_DATE, INVOICE_DATE, InvoiceReader, InvoiceValues, RowReader
from bitrix_app.processing.model import Field, Problem, ProcessedInvoice, ProcessingContext, ProductRow, Raw, Stage
from bitrix_app.processing.parsing import id_of, text_in
from bitrix_app.processing.payments import Paid, paid_of
from bitrix_app.processing.payments.contradictions import contradictions
from bitrix_app.texts import tr

log = logging.getLogger(__name__)

NOTHING_KNOWN = ProcessingContext()


class DataProcessor:
    """Processes the portal's invoices: reads fields, finds the counterparty, runs the checks."""

    def __init__(self, context: ProcessingContext = NOTHING_KNOWN) -> None:
        """``context`` is what belongs to the invoices: requisites, product rows, stages, the meaning of fields."""
        self._context = context
        self._reader = InvoiceReader(context.fields, context.extra_fields)
        self._titles = {each.code: each.title for each in context.extra_fields}

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
        paid = paid_of(raw, read.values["id"], read.values["amount"], self._context)
        invoice, cuts = cut_texts(self._invoice(raw, read, counterparty, rows, paid), self._titles)
        examined = self._examined(raw, invoice, read, counterparty)
        found = [problem for check in CHECKS + ROW_CHECKS for problem in check(examined)]
        problems = (*read.problems, *row_problems, *cuts, *found, *paid.problems, *self._contradictions(invoice, read))
        return replace(invoice, problems=problems) if problems else invoice

    def _product_rows(self, invoice_id: int | None) -> tuple[tuple[ProductRow, ...] | None, list[Problem]]:
        """The invoice's product rows, ``None`` when they were not read, and what is wrong with them."""
        rows = self._context.product_rows
        if rows is None or invoice_id is None or invoice_id in self._context.unreadable_rows:
            return None, []
        reader = RowReader()
        return reader.read(rows.get(invoice_id) or ()), reader.problems()

    def _invoice(
        self,
        raw: Raw,
        read: InvoiceValues,
        counterparty: Counterparty,
        rows: tuple[ProductRow, ...] | None,
        paid: Paid,
    ) -> ProcessedInvoice:
        values, dates, mapping = read.values, read.dates, self._context.fields
        stage = self._context.stages.get(values["stage_id"] or "")
        vat = values["vat"] or None
        company_id, contact_id = buyer_of(raw)
        return ProcessedInvoice(
            id=values["id"],
            number=values["number"],
            inn=counterparty.inn,
            kpp=counterparty.kpp,
            counterparty=counterparty.name,
            counterparty_key=counterparty.key,
            client_hidden=counterparty.is_hidden,
            amount=values["amount"],
            vat=vat,
            without_vat=vat is None and "vat" not in read.unreadable,
            currency=values["currency"],
            date=dates[mapping.date_field],
            invoice_date=dates[INVOICE_DATE.name],
            shipped_date=dates.get(mapping.shipped_field or ""),
            paid_date=paid.day if paid.tells_day else dates.get(mapping.paid_field or ""),
            due_date=dates[DUE_DATE.name],
            paid=self._is_paid(read, stage) if paid.amount is None else paid.covers(values["amount"]),
            paid_amount=paid.amount,
            stage_id=values["stage_id"],
            stage=stage.title if stage else None,
            responsible_id=values["responsible_id"],
            responsible=self._responsible(values["responsible_id"]),
            company_id=company_id,
            contact_id=contact_id,
            mycompany_id=values["mycompany_id"],
            my_company=decoded(self._context.company_titles.get(values["mycompany_id"]) or "") or None,
            tax_rates=None if rows is None else _rates(rows),
            product_rows=rows or (),
            extra={each.code: self._extra(each, values[each.code], raw) for each in self._context.extra_fields},
        )

    def _extra(self, field: Field, value: Any, raw: Raw) -> Any:
        return value if field.resolve is None else field.resolve(value, raw, self._context)

    def _is_paid(self, read: InvoiceValues, stage: Stage | None) -> bool:
        """The mapped payment date is set, readable or not; where none is mapped, the stage is a successful one
        (contract §4)."""
        paid_field = self._context.fields.paid_field
        return self._reader.is_set(paid_field, read) if paid_field else stage is not None and stage.semantics == "S"

    def _contradictions(self, invoice: ProcessedInvoice, read: InvoiceValues) -> list[Problem]:
        """On a past day a stage of today says nothing of what was left then."""
        context, stage = self._context, self._context.stages.get(invoice.stage_id or "")
        is_past = context.as_of is not None and context.today is not None and context.as_of < context.today
        paid_field = context.fields.paid_field
        return contradictions(
            invoice,
            succeeded=not is_past and stage is not None and stage.semantics == "S",
            dated=paid_field is not None and not is_past and self._reader.is_set(paid_field, read),
        )

    def _responsible(self, user_id: int | None) -> str | None:
        return (self._context.users.get(user_id) or f"ID {user_id}") if user_id else None

    def _examined(
        self, raw: Raw, invoice: ProcessedInvoice, read: InvoiceValues, counterparty: Counterparty
    ) -> Examined:
        context = self._context
        company_id, contact_id = buyer_of(raw)
        return Examined(
            invoice,
            counterparty,
            sellers_country=sellers_country(raw, context),
            unreadable=read.unreadable,
            date_field=self._reader.date_field,
            amount_by_hand=read.values["amount_by_hand"],
            rows_asked=context.product_rows is not None and invoice.id is not None,
            clients_refused=bool(
                (company_id and context.companies_refused) or (contact_id and context.contacts_refused)
            ),
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
    message = tr("Счёт не удалось прочитать. Проверьте его в портале и сообщите о нём администратору приложения.")
    problem = Problem(NUMBER.title, message)
    number = text_in(raw, "accountNumber")
    return ProcessedInvoice(id=id_of(raw.get("id")), number=number and cut(number), problems=(problem,))

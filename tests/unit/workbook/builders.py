"""Invoices, headers and registers for the workbook's tests: right by default, changed by keyword."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from bitrix_app.processing.model import ProcessedInvoice, ProductRow
from bitrix_app.processing.totals import RegisterTotals
from bitrix_app.workbook import OwnCompany, RegisterHeader

MOSCOW = timezone(timedelta(hours=3))

A_ROW = ProductRow(
    id=1,
    name="Бумага А4",
    quantity=Decimal(5),
    unit="пач.",
    price=Decimal("24000.02"),
    amount=Decimal("120000.10"),
    tax_rate=Decimal(20),
    vat=Decimal("20000.02"),
)

AN_INVOICE = ProcessedInvoice(
    id=345,
    number="С-0001",
    inn="7707083893",
    kpp="770701001",
    counterparty="ООО «Ромашка»",
    amount=Decimal("120000.10"),
    vat=Decimal("20000.02"),
    currency="RUB",
    date=date(2026, 3, 31),
    invoice_date=date(2026, 3, 30),
    shipped_date=date(2026, 3, 31),
    paid_date=date(2026, 4, 2),
    due_date=date(2026, 4, 10),
    paid=True,
    stage_id="DT31_2:P",
    stage="Оплачен",
    responsible_id=1,
    responsible="Иванова Анна",
    tax_rates=(Decimal(20),),
    product_rows=(A_ROW,),
)

A_HEADER = RegisterHeader(
    title="Реестр счетов",
    company=OwnCompany("ООО «Продавец»", "7736050003"),
    date_from=date(2026, 1, 1),
    date_to=date(2026, 3, 31),
    date_field_title="Дата отгрузки",
    filters=("Стадии: Новый, Оплачен", "Валюта: RUB"),
    built_by="Иванова Анна",
    built_at=datetime(2026, 4, 1, 12, 30, tzinfo=MOSCOW),
    invoice_url="https://portal.example/crm/type/31/details/{}/".format,
    detailed=True,
)


def an_invoice(**changes: Any) -> ProcessedInvoice:
    """``AN_INVOICE`` with changes."""
    return replace(AN_INVOICE, **changes)


def a_row(**changes: Any) -> ProductRow:
    """``A_ROW`` with changes."""
    return replace(A_ROW, **changes)


def a_header(**changes: Any) -> RegisterHeader:
    """``A_HEADER`` with changes."""
    return replace(A_HEADER, **changes)


@dataclass
class ListedRegister:
    """A register held in memory; the real totals."""

    listed: tuple[ProcessedInvoice, ...]
    totals: RegisterTotals = field(default_factory=lambda: RegisterTotals(A_HEADER.built_at.date()))

    def __post_init__(self) -> None:
        for invoice in self.listed:
            self.totals.add(invoice)

    def invoices(self, *, with_rows: bool = True) -> Iterator[ProcessedInvoice]:
        """The invoices as listed."""
        return iter(self.listed) if with_rows else (replace(each, product_rows=()) for each in self.listed)


def a_register(invoices: Iterable[ProcessedInvoice] = (AN_INVOICE,)) -> ListedRegister:
    """A register of these invoices."""
    return ListedRegister(tuple(invoices))

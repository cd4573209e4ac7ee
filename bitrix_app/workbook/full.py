"""``Полный``: a row a product row, alternate invoices shaded."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.workbook.columns import FULL, Kind
from bitrix_app.workbook.invoices import full_values
from bitrix_app.workbook.pages import Desk, PagedTable, Table
from bitrix_app.workbook.styles import PLAIN, SHADED

_FRACTIONAL = tuple(replace(column, kind=Kind.QUANTITY) if column.title == "Количество" else column for column in FULL)
"""``5`` must not be shown as ``5,``: whole quantities have a format without a decimal comma."""


class FullSheet:
    """Writes ``Полный``."""

    def __init__(self, desk: Desk) -> None:
        self.table = PagedTable(Table("Полный", "По товарам и услугам", FULL), desk)
        row = desk.styles.row
        self._looks = [
            {True: row(FULL, look), False: row(_FRACTIONAL, look)}  # by: the quantity is whole
            for look in (PLAIN, SHADED)
        ]
        self._invoices = 0

    def add(self, invoice: ProcessedInvoice) -> tuple[Problem, ...]:
        """The invoice's product rows. Returns what Excel could not hold as it is."""
        if not invoice.product_rows:
            return ()
        styles = self._looks[self._invoices % 2]
        self._invoices += 1
        problems: tuple[Problem, ...] = ()
        for product_row, values in full_values(invoice):
            problems += self.table.add(values, styles[_is_whole(product_row.quantity)])
        return problems


def _is_whole(quantity: Decimal | None) -> bool:
    if quantity is None or not quantity.is_finite():
        return True
    exponent = quantity.as_tuple().exponent
    return exponent == 0 or quantity == quantity.to_integral_value()

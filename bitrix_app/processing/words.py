"""Names of the workbook's columns, as problems and sheets name a field."""

from __future__ import annotations

from bitrix_app.processing.model import FieldMapping

NUMBER = "Номер"
INN = "ИНН"
KPP = "КПП"
COUNTERPARTY = "Контрагент"
AMOUNT = "Сумма"
VAT = "НДС"
INVOICE_DATE = "Дата счёта"
SHIPPED_DATE = "Дата отгрузки"
PAID_DATE = "Дата оплаты"
DUE_DATE = "Срок оплаты"
CURRENCY = "Валюта"
STAGE = "Стадия"
PRODUCT = "Наименование товара"
QUANTITY = "Количество"
PRICE = "Цена"
RATE = "Ставка НДС"

INVOICE_DATE_FIELD = "begindate"
DUE_DATE_FIELD = "closedate"


def date_columns(fields: FieldMapping) -> dict[str, str]:
    """Invoice field → the column it is shown in, for every date that a report reads, each field once.

    A field that has no column of its own (the period may go by any date) is named by the portal's title.
    """
    columns = {INVOICE_DATE_FIELD: INVOICE_DATE, DUE_DATE_FIELD: DUE_DATE}
    for name, column in ((fields.shipped_field, SHIPPED_DATE), (fields.paid_field, PAID_DATE)):
        if name:
            columns.setdefault(name, column)
    columns.setdefault(fields.date_field, fields.titles.get(fields.date_field) or fields.date_field)
    return columns

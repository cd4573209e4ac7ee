"""What a report makes of the portal's answers: pure functions and frozen values. Nothing of HTTP, SQL or a clock."""

from bitrix_app.processing.checks import CHECKS, ROW_CHECKS, DuplicateNumbers
from bitrix_app.processing.columns import Column, extra_fields, invoice_columns
from bitrix_app.processing.counterparty import BUYER_FIELDS, buyer_of
from bitrix_app.processing.fields import INVOICE_FIELDS, PRODUCT, date_reader, mapped_dates
from bitrix_app.processing.inn import inn_fault, kpp_fault
from bitrix_app.processing.model import (
    Field,
    FieldMapping,
    Problem,
    ProcessedInvoice,
    ProcessingContext,
    ProductRow,
    Raw,
    Stage,
)
from bitrix_app.processing.money import kopecks, money_in_words, money_of, rate_in_words, row_amount, row_vat
from bitrix_app.processing.parsing import UnreadableError, date_in_words, date_of, id_of, text_in
from bitrix_app.processing.processor import DataProcessor
from bitrix_app.processing.totals import CounterpartyTotal, CurrencyTotal, RateTotal, RegisterTotals

__all__ = [
    "BUYER_FIELDS",
    "CHECKS",
    "INVOICE_FIELDS",
    "PRODUCT",
    "ROW_CHECKS",
    "Column",
    "CounterpartyTotal",
    "CurrencyTotal",
    "DataProcessor",
    "DuplicateNumbers",
    "Field",
    "FieldMapping",
    "Problem",
    "ProcessedInvoice",
    "ProcessingContext",
    "ProductRow",
    "RateTotal",
    "Raw",
    "RegisterTotals",
    "Stage",
    "UnreadableError",
    "buyer_of",
    "date_in_words",
    "date_of",
    "date_reader",
    "extra_fields",
    "id_of",
    "inn_fault",
    "invoice_columns",
    "kopecks",
    "kpp_fault",
    "mapped_dates",
    "money_in_words",
    "money_of",
    "rate_in_words",
    "row_amount",
    "row_vat",
    "text_in",
]

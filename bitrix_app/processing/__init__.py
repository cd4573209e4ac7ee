"""What a report makes of the portal's answers: pure functions and frozen values. Nothing of HTTP, SQL or a clock."""

from bitrix_app.processing.across import DuplicateNumbers, HiddenClients
from bitrix_app.processing.checks import CHECKS, ROW_CHECKS
from bitrix_app.processing.columns import CHOICE, GROUPS, NEED_ROWS, Column, Kind, extra_fields, invoice_columns
from bitrix_app.processing.counterparty import BUYER_FIELDS, COMPANY_FIELDS, CONTACT_FIELDS, REQUISITE_FIELDS, buyer_of
from bitrix_app.processing.countries import inn_fault, kpp_fault
from bitrix_app.processing.custom import CustomField, custom_column, type_of
from bitrix_app.processing.fields import INVOICE_FIELDS, PRODUCT, ROW_FIELDS, date_reader, mapped_dates
from bitrix_app.processing.model import (
    Entity,
    Field,
    FieldMapping,
    Problem,
    ProblemLine,
    ProcessedInvoice,
    ProcessingContext,
    ProductRow,
    Raw,
    Reference,
    Stage,
)
from bitrix_app.processing.money import kopecks, money_in_words, money_of, rate_in_words, row_amount, row_vat
from bitrix_app.processing.parsing import UnreadableError, date_in_words, date_of, id_of, name_in, text_in
from bitrix_app.processing.processor import DataProcessor
from bitrix_app.processing.totals import (
    CounterpartyTotal,
    CurrencyTotal,
    RateTotal,
    RegisterTotals,
    ResponsibleTotal,
    SellerTotal,
)

__all__ = [
    "BUYER_FIELDS",
    "CHECKS",
    "CHOICE",
    "COMPANY_FIELDS",
    "CONTACT_FIELDS",
    "GROUPS",
    "INVOICE_FIELDS",
    "NEED_ROWS",
    "PRODUCT",
    "REQUISITE_FIELDS",
    "ROW_CHECKS",
    "ROW_FIELDS",
    "Column",
    "CounterpartyTotal",
    "CurrencyTotal",
    "CustomField",
    "DataProcessor",
    "DuplicateNumbers",
    "Entity",
    "Field",
    "FieldMapping",
    "HiddenClients",
    "Kind",
    "Problem",
    "ProblemLine",
    "ProcessedInvoice",
    "ProcessingContext",
    "ProductRow",
    "RateTotal",
    "Raw",
    "Reference",
    "RegisterTotals",
    "ResponsibleTotal",
    "SellerTotal",
    "Stage",
    "UnreadableError",
    "buyer_of",
    "custom_column",
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
    "name_in",
    "rate_in_words",
    "row_amount",
    "row_vat",
    "text_in",
    "type_of",
]

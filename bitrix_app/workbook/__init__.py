"""The finished register as files: an Excel workbook, and CSV for 1С."""

from bitrix_app.workbook.csv import csv_text, write_csv
from bitrix_app.workbook.formats import FORMATS, ROWS, WORKBOOK, Format
from bitrix_app.workbook.header import OwnCompany, RegisterHeader
from bitrix_app.workbook.pages import Limits
from bitrix_app.workbook.receivables import receivables_sheets
from bitrix_app.workbook.sheets import REGISTER_SHEETS, Sheet, in_language, with_columns
from bitrix_app.workbook.writer import ProblemLines, write_workbook

__all__ = [
    "FORMATS",
    "REGISTER_SHEETS",
    "ROWS",
    "WORKBOOK",
    "Format",
    "Limits",
    "OwnCompany",
    "ProblemLines",
    "RegisterHeader",
    "Sheet",
    "csv_text",
    "in_language",
    "receivables_sheets",
    "with_columns",
    "write_csv",
    "write_workbook",
]

"""The finished register as files: an Excel workbook, and CSV for 1С."""

from bitrix_app.workbook.csv import write_csv
from bitrix_app.workbook.formats import FORMATS, WORKBOOK, Format
from bitrix_app.workbook.header import OwnCompany, RegisterHeader
from bitrix_app.workbook.pages import EXCEL, Limits
from bitrix_app.workbook.progress import RegisterRows
from bitrix_app.workbook.sheets import REGISTER_SHEETS, Sheet
from bitrix_app.workbook.writer import ProblemLines, write_workbook

__all__ = [
    "EXCEL",
    "FORMATS",
    "REGISTER_SHEETS",
    "WORKBOOK",
    "Format",
    "Limits",
    "OwnCompany",
    "ProblemLines",
    "RegisterHeader",
    "RegisterRows",
    "Sheet",
    "write_csv",
    "write_workbook",
]

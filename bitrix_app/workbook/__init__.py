"""The finished register as files: an Excel workbook, and CSV for 1С."""

from bitrix_app.workbook.csv import write_csv
from bitrix_app.workbook.formats import FORMATS, WORKBOOK, Format
from bitrix_app.workbook.header import OwnCompany, RegisterHeader
from bitrix_app.workbook.pages import Limits
from bitrix_app.workbook.sheets import REGISTER_SHEETS, Sheet
from bitrix_app.workbook.writer import ProblemLines, write_workbook

__all__ = [
    "FORMATS",
    "REGISTER_SHEETS",
    "WORKBOOK",
    "Format",
    "Limits",
    "OwnCompany",
    "ProblemLines",
    "RegisterHeader",
    "Sheet",
    "write_csv",
    "write_workbook",
]

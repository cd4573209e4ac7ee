"""Everything of a sheet but its rows, told to openpyxl: the view, widths, the filter, the print set-up."""

from __future__ import annotations

from datetime import UTC

from openpyxl import Workbook
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from bitrix_app.workbook.cells import date_text
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.stream import SheetStream
from bitrix_app.workbook.styles import FONT
from bitrix_app.workbook.text import cut

_A4 = 9
_PROPERTY_LIMIT = 255
_TAB_COLORS = {"Проблемы": "FFC000"}
_MARGINS = {"left": 0.4, "right": 0.4, "top": 0.5, "bottom": 0.6, "header": 0.3, "footer": 0.3}
"""Inches: 10 mm at the sides, where the office's hole punch still meets paper; 15 mm above the page number."""


def lay_out(workbook: Workbook, pages: list[SheetStream]) -> None:
    """One worksheet for each stream, in this order; the workbook's first, still unnamed sheet becomes the first."""
    for index, page in enumerate(pages):
        sheet = workbook.worksheets[0] if index == 0 else workbook.create_sheet()
        sheet.title = page.name
        _lay_out_table(sheet, page)
        _set_up_print(sheet, page)


def describe(workbook: Workbook, header: RegisterHeader) -> None:
    """The document's properties: what the file says of itself before it is opened."""
    properties = workbook.properties
    period = f"{date_text(header.date_from)}–{date_text(header.date_to)}"
    properties.title = cut(f"{header.title} {period}", _PROPERTY_LIMIT)
    properties.creator = properties.lastModifiedBy = cut(header.built_by, _PROPERTY_LIMIT)
    properties.created = header.built_at.astimezone(UTC).replace(tzinfo=None)  # openpyxl adds the Z itself
    properties.language = "ru-RU"


def _lay_out_table(sheet: Worksheet, page: SheetStream) -> None:
    for letter, width in zip(page.letters, page.widths, strict=True):
        sheet.column_dimensions[letter].width = width
    below = f"A{page.header_row + 1}"
    sheet.freeze_panes = below
    for selection in sheet.sheet_view.selection:
        selection.activeCell = selection.sqref = below
    sheet.auto_filter.ref = f"A{page.header_row}:{page.letters[-1]}{page.table_end}"
    color = _TAB_COLORS.get(page.name)
    if color is not None:
        sheet.sheet_properties.tabColor = color


def _set_up_print(sheet: Worksheet, page: SheetStream) -> None:
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0  # as many pages down as it takes
    sheet.page_margins = PageMargins(**_MARGINS)
    sheet.print_title_rows = f"{page.header_row}:{page.header_row}"
    footer = sheet.oddFooter
    if footer is not None:  # openpyxl's stubs allow None; a new sheet always has one
        footer.left.text, footer.right.text = "&A", "Стр. &P из &N"
        for part in (footer.left, footer.right):
            part.font, part.size = f"{FONT},Regular", 8

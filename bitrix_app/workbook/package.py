"""The finished .xlsx: openpyxl makes a workbook of empty sheets, and the streamed rows are put into it.

Each part of openpyxl's package is copied as it is but the sheets: their XML is cut at the empty ``<sheetData>`` and the
rows go between. The order of elements around it is fixed by ECMA-376 (CT_Worksheet).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from bitrix_app.texts import ENGLISH, language, tr
from bitrix_app.workbook.cells import SharedStrings, cut
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.stream import LINE_HEIGHT, NAMESPACE, SheetStream
from bitrix_app.workbook.styles import FONT

_CHUNK = 1 << 20
_COMPRESSION = 3
"""Deflate level, 1 to 9. Measured on such sheets: 6 takes three times as long and saves a seventh, 1 is no quicker."""

_STRINGS = "xl/sharedStrings.xml"
_STRINGS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
_DECLARED: dict[str, Callable[[bytes], bytes]] = {
    "[Content_Types].xml": lambda content: content.replace(
        b"</Types>", f'<Override PartName="/{_STRINGS}" ContentType="{_STRINGS_TYPE}"/></Types>'.encode()
    ),
    "xl/_rels/workbook.xml.rels": lambda content: content.replace(
        b"</Relationships>",
        f'<Relationship Id="strings" Type="{NAMESPACE}/sharedStrings" Target="/{_STRINGS}"/></Relationships>'.encode(),
    ),
}
"""What openpyxl's package says of its parts, with the shared strings that it knows nothing of."""

_EMPTY_ROWS = re.compile(rb"<sheetData\s*/>|<sheetData>\s*</sheetData>")
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"\s*/>')


def write_package(
    workbook: Workbook, pages: list[SheetStream], strings: SharedStrings, path: Path, check: Callable[[], None]
) -> None:
    """Writes ``path``. ``pages`` are closed and stand in the order of the workbook's sheets; each one's files are
    removed when it is through. ``strings``: their texts. ``check`` is called every megabyte and may raise to stop."""
    skeleton = BytesIO()
    workbook.save(skeleton)
    sheets = {f"xl/worksheets/sheet{number}.xml": page for number, page in enumerate(pages, 1)}
    with ZipFile(skeleton) as source, ZipFile(path, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION) as target:
        for name in source.namelist():
            content = source.read(name)
            page = sheets.get(name)
            if page is None:
                target.writestr(name, _DECLARED[name](content) if name in _DECLARED else content)
            else:
                _write_part(target, name, _sheet(content, page), check)
                _write_relations(target, name, page, check)
                page.discard()
        _write_part(target, _STRINGS, strings.chunks(), check)


def _write_relations(target: ZipFile, name: str, page: SheetStream, check: Callable[[], None]) -> None:
    if page.links.cells:
        name = name.replace("worksheets/", "worksheets/_rels/") + ".rels"
        _write_part(target, name, _chunks(page.links.relations), check)


def _write_part(target: ZipFile, name: str, chunks: Iterable[bytes], check: Callable[[], None]) -> None:
    with target.open(name, "w") as part:
        for chunk in chunks:
            check()
            part.write(chunk)


def _sheet(skeleton: bytes, page: SheetStream) -> Iterator[bytes]:
    head, tail = _EMPTY_ROWS.split(skeleton, maxsplit=1)
    yield _DIMENSION.sub(f'<dimension ref="A1:{page.letters[-1]}{page.row}"/>'.encode(), head, count=1)
    yield b"<sheetData>"
    yield from _chunks(page.rows, page.late_at, page.late_row.encode())
    yield b"</sheetData>"
    before, margins, after = tail.partition(b"<pageMargins")
    yield before
    if page.merged:
        cells = "".join(f'<mergeCell ref="{each}"/>' for each in page.merged)
        yield f'<mergeCells count="{len(page.merged)}">{cells}</mergeCells>'.encode()
    if page.links.cells:
        yield f'<hyperlinks xmlns:r="{NAMESPACE}">'.encode()
        yield from _chunks(page.links.elements)
        yield b"</hyperlinks>"
    yield margins + after.replace(b"</worksheet>", _ignored_errors(page) + b"</worksheet>")


def _ignored_errors(page: SheetStream) -> bytes:
    """The ``ignoredErrors`` element of the table: no green corners on ИНН and КПП, digits kept as text."""
    table = f"A{page.header_row}:{page.letters[-1]}{page.table_end}"
    return f'<ignoredErrors><ignoredError sqref="{table}" numberStoredAsText="1"/></ignoredErrors>'.encode()


def _chunks(path: Path, at: int = 0, late: bytes = b"") -> Iterator[bytes]:
    """The file, with ``late`` put in at ``at`` bytes."""
    with path.open("rb") as file:
        yield file.read(at) + late
        yield from iter(lambda: file.read(_CHUNK), b"")


_A4 = 9
_A3, _MOST_ON_A4 = 8, 18
"""More columns cannot be read on one width of A4."""
_PROPERTY_LIMIT = 255
_TAB_COLORS = {"Проблемы": "FFC000"}
_MARGINS = {"left": 0.25, "right": 0.25, "top": 0.4, "bottom": 0.55, "header": 0.25, "footer": 0.25}
"""Page margins in inches: 6 mm at the sides, 14 mm at the foot above the page number."""
_FOOTER_LIMIT = 120
_PAPER_WIDTH, _PAPER_HEIGHT = 842 - 72 * 0.5, 595 - 72 * 0.95
"""Of an A4 sheet, what the margins leave, in points."""
_DIGIT_POINTS = 5.25
"""Width of a digit of the first font on a screen of 96 dpi, which Excel measures columns by."""
_SPARE = 0.92
"""Printers differ: so much of a page may be counted on."""


def fits_one_page(page: SheetStream, lines: int) -> bool:
    """Whether the sheet with so many rows more is printed on one page, scaled to its width."""
    scale = min(1.0, _PAPER_WIDTH / (sum(page.widths) * _DIGIT_POINTS))
    return (page.height + lines * LINE_HEIGHT) * scale <= _PAPER_HEIGHT * _SPARE


def lay_out(workbook: Workbook, pages: list[SheetStream], title: str) -> None:
    """One worksheet for each stream, in this order; the workbook's first, still unnamed sheet becomes the first.
    ``title`` stands at the foot of each printed page."""
    for index, page in enumerate(pages):
        sheet = workbook.worksheets[0] if index == 0 else workbook.create_sheet()
        sheet.title = page.name
        _lay_out_table(sheet, page)
        _set_up_print(sheet, page, title)


def describe(workbook: Workbook, header: RegisterHeader) -> None:
    """The document's properties: what the file says of itself before it is opened."""
    properties = workbook.properties
    properties.title = cut(header.title, _PROPERTY_LIMIT)
    properties.creator = properties.lastModifiedBy = cut(header.built_by, _PROPERTY_LIMIT)
    properties.created = header.built_at.astimezone(UTC).replace(tzinfo=None)  # openpyxl adds the Z itself
    properties.language = "en-US" if language() == ENGLISH else "ru-RU"


def _lay_out_table(sheet: Worksheet, page: SheetStream) -> None:
    for letter, width in zip(page.letters, page.widths, strict=True):
        sheet.column_dimensions[letter].width = width
    if page.levels:
        sheet.sheet_format.outlineLevelRow = page.levels
    below = f"{page.letters[page.frozen]}{page.header_row + 1}"
    sheet.freeze_panes = below
    for selection in sheet.sheet_view.selection:
        selection.activeCell = selection.sqref = below
    sheet.auto_filter.ref = f"A{page.header_row}:{page.letters[-1]}{page.table_end}"
    color = {tr(name): color for name, color in _TAB_COLORS.items()}.get(page.name)
    if color is not None:
        sheet.sheet_properties.tabColor = color


def _set_up_print(sheet: Worksheet, page: SheetStream, title: str) -> None:
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4 if len(page.letters) <= _MOST_ON_A4 else _A3
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0  # as many pages down as it takes
    sheet.page_margins = PageMargins(**_MARGINS)
    if page.break_before:
        sheet.row_breaks.append(Break(id=page.break_before - 1))
    sheet.print_title_rows = f"{page.header_row}:{page.header_row}"
    footer = sheet.oddFooter
    if footer is not None:  # openpyxl's stubs allow None; a new sheet always has one
        footer.left.text = f"{cut(title, _FOOTER_LIMIT).replace('&', '&&')} · &A"
        footer.right.text = tr("Стр. &P из &N")
        for part in (footer.left, footer.right):
            part.font, part.size = f"{FONT},Regular", 8

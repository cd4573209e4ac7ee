"""Joins what openpyxl made (an .xlsx whose sheets are empty) with the streamed rows, into the finished .xlsx.

Each part is copied as it is but the sheets: their XML is cut at the empty ``<sheetData>`` and the rows go between.
The order of elements around it is fixed by ECMA-376 (CT_Worksheet).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

from bitrix_app.workbook.links import NAMESPACE
from bitrix_app.workbook.stream import SheetStream

_CHUNK = 1 << 20
_COMPRESSION = 3
"""Of 1…9. Measured on such sheets: 6 takes three times as long and saves a seventh, 1 is no quicker."""

_EMPTY_ROWS = re.compile(rb"<sheetData\s*/>|<sheetData>\s*</sheetData>")
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"\s*/>')


def write_package(workbook: Workbook, pages: list[SheetStream], path: Path, check: Callable[[], None]) -> None:
    """Writes ``path``. ``pages`` are closed and stand in the order of the workbook's sheets; each one's files are
    removed when it is through. ``check`` is called every megabyte and may raise to stop."""
    skeleton = BytesIO()
    workbook.save(skeleton)
    sheets = {f"xl/worksheets/sheet{number}.xml": page for number, page in enumerate(pages, 1)}
    with ZipFile(skeleton) as source, ZipFile(path, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION) as target:
        for name in source.namelist():
            content = source.read(name)
            page = sheets.get(name)
            if page is None:
                target.writestr(name, content)
            else:
                _write_part(target, name, _sheet(content, page), check)
                _write_relations(target, name, page, check)
                page.discard()


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
    yield from _chunks(page.rows)
    yield b"</sheetData>"
    before, margins, after = tail.partition(b"<pageMargins")
    yield before
    if page.links.cells:
        yield f'<hyperlinks xmlns:r="{NAMESPACE}">'.encode()
        yield from _chunks(page.links.elements)
        yield b"</hyperlinks>"
    yield margins + after.replace(b"</worksheet>", _calm(page) + b"</worksheet>")


def _calm(page: SheetStream) -> bytes:
    """Excel is not to mark each ИНН with a green corner for being a number kept as text."""
    table = f"A{page.header_row}:{page.letters[-1]}{page.table_end}"
    return f'<ignoredErrors><ignoredError sqref="{table}" numberStoredAsText="1"/></ignoredErrors>'.encode()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK), b"")

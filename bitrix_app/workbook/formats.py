"""The formats of a finished report: a table. A new format is a writer and a line here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bitrix_app.workbook.csv import write_csv
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.progress import RegisterRows, every_invoice, nothing
from bitrix_app.workbook.rows import write_rows
from bitrix_app.workbook.sheets import Sheet
from bitrix_app.workbook.writer import ProblemLines, write_workbook


class Writer(Protocol):
    """Writes a report of these sheets to ``path``, which appears when the file is whole.

    ``progress`` gets the number of invoices written, ``check`` may raise to stop. Returns the lines of ``Проблемы``
    where the format has that sheet.
    """

    def __call__(
        self,
        path: Path,
        rows: RegisterRows,
        header: RegisterHeader,
        sheets: Sequence[Sheet[Any]],
        *,
        progress: Callable[[int], None] = every_invoice,
        check: Callable[[], None] = nothing,
    ) -> ProblemLines | None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """``name`` stands in the JSON and is the files' suffix; ``media_type`` is the ``Content-Type`` of a download;
    ``label`` names the format to a person, alike in every language."""

    name: str
    media_type: str
    label: str
    write: Writer


WORKBOOK = Format(
    "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel", write=write_workbook
)
FORMATS = (WORKBOOK, Format("csv", "text/csv; charset=utf-8", "CSV", write=write_csv))
"""In the order of the buttons on the page."""
ROWS = Format("rows", "application/vnd.sqlite3", "SQLite", write=write_rows)
"""What the page shows of a report; nobody downloads it."""

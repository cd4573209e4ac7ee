"""The rows of ``Краткий`` as CSV for 1С: UTF-8 with BOM, ``;``, CRLF, decimal comma, ``dd.mm.yyyy``.

A text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV Injection); numbers and dates
stay as they are. Line breaks inside a text become spaces: simple readers take the file line by line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

from bitrix_app.workbook.cells import Cell, clean, date_text, fit
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.progress import ProgressHook, RegisterRows, every_invoice, nothing
from bitrix_app.workbook.sheets import brief_columns, brief_values

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LINE_BREAKS = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")


def write_csv(
    path: Path,
    rows: RegisterRows,
    header: RegisterHeader,
    *,
    progress: Callable[[int], None] = every_invoice,
    check: Callable[[], None] = nothing,
) -> None:
    """Writes the header and a line an invoice to ``path``; ``progress`` and ``check`` as in ``write_register``.

    Nothing is left behind when it fails. Raises OSError when the disk is full, and what ``check`` raises.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        _write(unfinished, rows, header, ProgressHook(progress, check))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _write(path: Path, rows: RegisterRows, header: RegisterHeader, hook: ProgressHook) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, delimiter=";", lineterminator="\r\n")
        table.writerow(column.title for column in brief_columns(header.detailed))
        for invoice in hook.through(rows.invoices(with_rows=False)):
            table.writerow(map(csv_text, brief_values(invoice, header.detailed)))


def csv_text(value: Cell) -> str:
    """One value as the CSV writes it (before quoting)."""
    if isinstance(value, Decimal):
        value, _ = fit(value)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    if isinstance(value, date):
        return date_text(value)
    return _harmless(value) if isinstance(value, str) else str(value)


def _harmless(text: str) -> str:
    text = clean(text)
    guard = "'" if text.startswith(_RUNS) else ""
    return guard + _LINE_BREAKS.sub(" ", text)

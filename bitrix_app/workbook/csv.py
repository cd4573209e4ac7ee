"""The rows of a report's first sheet as CSV for 1С: UTF-8 with BOM, ``;``, CRLF, decimal comma, ``dd.mm.yyyy``. In
English as its readers have it: ``,``, decimal point, ISO 8601.

A text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV Injection), and so does what
follows a comma or tab inside a text: where these separate columns (Excel goes by the country), a cell begins there.
Numbers and dates stay as they are. Line breaks inside a text become spaces: simple readers take the file line by line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from bitrix_app.processing.columns import Value
from bitrix_app.processing.parsing import date_in_words
from bitrix_app.texts import ENGLISH, decimal_mark, language
from bitrix_app.workbook.cells import clean, fit
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.progress import ProgressHook, RegisterRows, every_invoice, nothing
from bitrix_app.workbook.sheets import Sheet

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CELL_THAT_RUNS = re.compile('([,\t])(?="*[=+\\-@＝＋－＠])')
_LINE_BREAKS = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")


def write_csv(
    path: Path,
    rows: RegisterRows,
    header: RegisterHeader,
    sheets: Sequence[Sheet[Any]],
    *,
    progress: Callable[[int], None] = every_invoice,
    check: Callable[[], None] = nothing,
) -> None:
    """Writes the table of the first sheet to ``path``; ``progress`` and ``check`` as in ``write_workbook``.

    Nothing is left behind when it fails. Raises OSError when the disk is full, and what ``check`` raises.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        _write(unfinished, rows, sheets[0], ProgressHook(progress, check), with_rows=header.detailed)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _write(path: Path, rows: RegisterRows, sheet: Sheet[Any], hook: ProgressHook, *, with_rows: bool) -> None:
    columns = sheet.columns_with(rows=with_rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, delimiter="," if language() == ENGLISH else ";", lineterminator="\r\n")
        table.writerow(column.title for column in columns)
        for invoice in hook.through(rows.invoices(with_rows=False)):
            for row in sheet.of_invoice(invoice) if sheet.of_invoice else ():
                table.writerow([csv_text(column.value(row)) for column in columns])


def csv_text(value: Value) -> str:
    """One value as the CSV writes it (before quoting)."""
    if isinstance(value, Decimal):
        value, _ = fit(value)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", decimal_mark())
    if isinstance(value, date):
        return value.isoformat() if language() == ENGLISH else date_in_words(value)
    return _harmless(value) if isinstance(value, str) else str(value)


def _harmless(text: str) -> str:
    text = clean(text)
    guard = "'" if text.startswith(_RUNS) else ""
    return guard + _CELL_THAT_RUNS.sub(r"\1'", _LINE_BREAKS.sub(" ", text))

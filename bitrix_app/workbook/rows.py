"""The rows of a report's first sheet as an SQLite file, which the page shows, searches and sorts.

Table ``columns``: code, title and type (``text``, ``number``, ``date``) in the order of the sheet. Table ``rows``, in
the report's order: ``invoice_id``, the address of its card, ``unpaid``, the number of its ``problems``, what pictures
need (``currency``, ``amount``, ``paid``, ``day``, ``counterparty`` and ``party``, which tells those of one name apart),
then ``c0``, ``c1`` … as the sheet's cells: sums and numbers as the Decimal's own digits, dates as ISO 8601, unknown as
NULL.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from bitrix_app.processing.columns import Column, Kind, Value
from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.processing.payments import paid_amount
from bitrix_app.workbook.cells import clean
from bitrix_app.workbook.header import RegisterHeader
from bitrix_app.workbook.progress import ProgressHook, RegisterRows, every_invoice, nothing
from bitrix_app.workbook.sheets import Sheet

_TEXTS, _DATES = {Kind.TEXT, Kind.LABEL}, {Kind.DATE}
_FIXED = ("invoice_id", "url", "unpaid", "problems", "currency", "amount", "paid", "day", "counterparty", "party")


def write_rows(
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
    columns = sheets[0].columns_with(rows=header.detailed, totals=rows.totals)
    lines = _lines(rows, header, sheets[0], columns, ProgressHook(progress, check))
    try:
        with closing(sqlite3.connect(unfinished)) as file:
            file.execute("PRAGMA journal_mode = OFF")
            file.execute("PRAGMA synchronous = OFF")
            file.execute("CREATE TABLE columns (place INTEGER PRIMARY KEY, code, title, type)")
            shown = [(place, each.code, each.title, _type(each.kind)) for place, each in enumerate(columns)]
            file.executemany("INSERT INTO columns VALUES (?, ?, ?, ?)", shown)
            names = [*_FIXED, *(f"c{place}" for place in range(len(columns)))]
            file.execute(f"CREATE TABLE rows (place INTEGER PRIMARY KEY, {', '.join(names)})")
            file.executemany(f"INSERT INTO rows VALUES (NULL{', ?' * len(names)})", lines)  # noqa: S608
            file.commit()
        unfinished.replace(path)
    except sqlite3.OperationalError as error:
        is_full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        raise OSError(errno.ENOSPC if is_full else errno.EIO, str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _lines(
    rows: RegisterRows, header: RegisterHeader, sheet: Sheet[Any], columns: Sequence[Column[Any]], hook: ProgressHook
) -> Iterator[tuple[Any, ...]]:
    for invoice in hook.through(rows.invoices(with_rows=False)):
        for row in sheet.of_invoice(invoice) if sheet.of_invoice else ():
            yield (*_fixed(invoice, header), *(_stored(column.value(row)) for column in columns))


def _fixed(invoice: ProcessedInvoice, header: RegisterHeader) -> tuple[Any, ...]:
    make, number = header.invoice_url, invoice.id
    return (
        number,
        make(number) if make is not None and number is not None else None,
        int(not invoice.paid),
        len(invoice.problems),
        _stored(invoice.currency),
        _stored(invoice.amount),
        _stored(paid_amount(invoice)),
        _stored(invoice.invoice_date),
        _stored(invoice.counterparty),
        invoice.counterparty_key,
    )


def _type(kind: Kind) -> str:
    return "text" if kind in _TEXTS else "date" if kind in _DATES else "number"


def _stored(value: Value) -> str | int | None:
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else None
    if isinstance(value, date):
        return value.isoformat()
    return clean(value) if isinstance(value, str) else value

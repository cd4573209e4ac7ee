"""Our writer of the workbook beside openpyxl's write-only mode, in one run, as ratios.

    python benchmarks/workbook.py --invoices 20000 --rows 5 [--repeat 2] [--ways ours,template]

Each way runs in a child process of its own and writes the same rows of ``Краткий`` and ``Полный``; memory is what its
peak is above a child that only imports the same modules. Rows a second count rows of both sheets.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # runs from a checkout, nothing is installed

from bitrix_app.processing.columns import INVOICE_COLUMNS, ROW_COLUMNS, Column
from bitrix_app.processing.model import Problem, ProcessedInvoice, ProductRow
from bitrix_app.processing.money import kopecks, row_vat
from bitrix_app.processing.totals import RegisterTotals
from bitrix_app.workbook import REGISTER_SHEETS, RegisterHeader, write_workbook
from bitrix_app.workbook.styles import KIND_FORMATS, PLAIN, SHADED, UNPAID, WITHOUT_VAT, RowFormat

DIFFERENT = 997
"""Distinct invoices; the register repeats them, so that making them costs nothing while writing is timed."""

HEADER = RegisterHeader(
    title="Реестр счетов",
    company=None,
    date_from=date(2026, 1, 1),
    date_to=date(2026, 12, 31),
    date_field_title="Дата счёта",
    built_by="Иванова Анна",
    built_at=datetime(2026, 4, 1, 9, 30, tzinfo=UTC),
    detailed=True,
    invoice_url="https://portal.example/crm/type/31/details/{}/".format,
)


@dataclass
class Repeated:
    """A register of ``count`` invoices: the same few over and over."""

    some: list[ProcessedInvoice]
    count: int
    totals: RegisterTotals

    def invoices(self, *, with_rows: bool = True) -> Iterator[ProcessedInvoice]:
        del with_rows  # the rows are at hand either way
        return islice(cycle(self.some), self.count)


def make_register(invoices: int, rows: int) -> Repeated:
    """Invoices with names, sums and dates of usual length; one in fifty has a problem."""
    totals = RegisterTotals()
    some = [make_invoice(number, rows) for number in range(min(DIFFERENT, invoices))]
    for invoice in some:
        totals.add(invoice)
    return Repeated(some, invoices, totals)


def make_invoice(number: int, rows: int) -> ProcessedInvoice:
    rate = (Decimal(22), Decimal(10), Decimal(0), None)[number % 4]
    product_rows = tuple(make_row(number * 31 + each, rate) for each in range(rows))
    day = date(2026, 1, 1) + timedelta(days=number % 365)
    vat = sum((row.vat or Decimal(0) for row in product_rows), Decimal("0.00"))
    paid = number % 3 != 0
    return ProcessedInvoice(
        id=number + 1,
        number=f"С-{number:06}",
        inn=f"77{number:08}",
        kpp="770701001",
        counterparty=f"ООО «Торговый дом «Северный ветер {number % 300}»",
        amount=sum((row.amount or Decimal(0) for row in product_rows), Decimal("0.00")),
        vat=vat or None,
        without_vat=not vat,
        currency="RUB",
        date=day,
        invoice_date=day,
        shipped_date=day + timedelta(days=2),
        paid_date=day + timedelta(days=9) if paid else None,
        due_date=day + timedelta(days=10),
        paid=paid,
        stage="Оплачен" if paid else "Отправлен клиенту",
        responsible="Иванова Анна",
        tax_rates=(rate,),
        product_rows=product_rows,
        problems=(Problem("ИНН", "ИНН не проходит проверку контрольных цифр."),) if number % 50 == 0 else (),
    )


def make_row(number: int, rate: Decimal | None) -> ProductRow:
    price, quantity = Decimal(number * 7919 % 9_999_999) / 100, Decimal(number % 40 + 1)
    amount = kopecks(price * quantity)
    name = f"Бумага офисная А4, 80 г/м², артикул {number % 5000}"
    vat = None if rate is None else row_vat(amount, rate)
    return ProductRow(number, name, quantity, "пач.", price, amount, rate, vat)


# --- the ways -----------------------------------------------------------------------------------------------------

Value = str | Decimal | date | int | None
Values = Sequence[Value]
Append = Callable[[Values, str], None]
LOOKS = {"plain": PLAIN, "shaded": SHADED, "unpaid": UNPAID, "without_vat": WITHOUT_VAT}


def ours(path: Path, register: Repeated) -> None:
    """bitrix_app.workbook: openpyxl for everything but the rows."""
    write_workbook(path, register, HEADER, REGISTER_SHEETS)


def template(path: Path, register: Repeated) -> None:
    """openpyxl write-only, its quickest fair use: one styled cell per column and look, reused."""
    _write_only(path, register, _template_appender)


def styled(path: Path, register: Repeated) -> None:
    """openpyxl write-only, a new cell each with a shared style."""
    _write_only(path, register, _styled_appender)


def plain(path: Path, register: Repeated) -> None:
    """openpyxl write-only without any style: bare values."""
    _write_only(path, register, _plain_appender)


def nothing(_path: Path, register: Repeated) -> None:
    """Reads the register and writes nothing: what memory is counted from."""
    for invoice in register.invoices():
        values_of(INVOICE_COLUMNS, invoice)
        for row in invoice.product_rows:
            values_of(ROW_COLUMNS, (invoice, row))


def values_of(columns: Sequence[Column[Any]], row: Any) -> list[Value]:
    """One row of a sheet."""
    return [column.value(row) for column in columns]


def _write_only(path: Path, register: Repeated, appender: Callable[..., Append]) -> None:
    workbook = Workbook(write_only=True)
    brief, full = workbook.create_sheet("Краткий"), workbook.create_sheet("Полный")
    add_brief, add_full = appender(brief, INVOICE_COLUMNS), appender(full, ROW_COLUMNS)
    for number, invoice in enumerate(register.invoices()):
        look = ("without_vat" if invoice.without_vat else "plain") if invoice.paid else "unpaid"
        add_brief(values_of(INVOICE_COLUMNS, invoice), look)
        for row in invoice.product_rows:
            add_full(values_of(ROW_COLUMNS, (invoice, row)), "shaded" if number % 2 else "plain")
    workbook.save(path)


def _template_appender(sheet: WriteOnlyWorksheet, columns: Sequence[Column[Any]]) -> Append:
    cells = {name: [_cell(sheet, column, look) for column in columns] for name, look in LOOKS.items()}

    def append(values: Values, look: str) -> None:
        row = cells[look]
        for cell, value in zip(row, values, strict=True):
            _set(cell, value)
        sheet.append(row)

    return append


def _styled_appender(sheet: WriteOnlyWorksheet, columns: Sequence[Column[Any]]) -> Append:
    models = {name: [_cell(sheet, column, look) for column in columns] for name, look in LOOKS.items()}

    def append(values: Values, look: str) -> None:
        row = []
        for model, value in zip(models[look], values, strict=True):
            cell = WriteOnlyCell(sheet)
            cell._style = model._style  # type: ignore[attr-defined]  # noqa: SLF001 - setting fonts and fills anew costs five times as much
            _set(cell, value)
            row.append(cell)
        sheet.append(row)

    return append


def _plain_appender(sheet: WriteOnlyWorksheet, _columns: Sequence[Column[Any]]) -> Append:
    def append(values: Values, _look: str) -> None:
        sheet.append(values)

    return append


def _set(cell: Cell, value: Value) -> None:
    if isinstance(value, Decimal):
        cell.value = format(value, "f")  # the digits, not a float
        cell.data_type = "n"
        return
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # else "=…" becomes a formula


_LINE = Side(style="hair", color="FF9CA3AF")


def _cell(sheet: WriteOnlyWorksheet, column: Column[Any], look: RowFormat) -> Cell:
    cell: Cell = WriteOnlyCell(sheet)
    kind = KIND_FORMATS[column.kind]
    cell.font = Font(name="Arial", size=10, bold=look.bold)
    cell.alignment = Alignment(horizontal=kind.horizontal, vertical="top", wrap_text=kind.wrapped)
    cell.border = Border(bottom=_LINE)
    cell.number_format = kind.number_format
    if look.fill is not None:
        cell.fill = PatternFill("solid", start_color=look.fill)
    return cell


WAYS = {way.__name__: way for way in (nothing, ours, template, styled, plain)}


# --- measuring ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """``seconds`` of wall time and ``cpu`` seconds, ``peak`` memory in MB, ``size`` of the file in MB."""

    seconds: float
    cpu: float
    peak: float
    size: float


def run_here(way: str, invoices: int, rows: int) -> Measured:
    """One way in this process."""
    register = make_register(invoices, rows)
    with TemporaryDirectory() as folder:
        path = Path(folder, "register.xlsx")
        start, cpu = time.perf_counter(), time.process_time()
        WAYS[way](path, register)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        size = path.stat().st_size if path.exists() else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(seconds, cpu, peak, size / 1e6)


def run_in_child(way: str, invoices: int, rows: int) -> Measured:
    """One way in a child process, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--child", way, "--invoices", str(invoices), "--rows", str(rows)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(**json.loads(answer.stdout))


def best(way: str, invoices: int, rows: int, repeat: int) -> Measured:
    """The quickest of ``repeat`` runs."""
    return min((run_in_child(way, invoices, rows) for _ in range(repeat)), key=lambda each: each.seconds)


def table(invoices: int, rows: int, results: dict[str, Measured]) -> str:
    """The results as a Markdown table; ratios to ``template`` where it was run, else to the first way."""
    first = next(name for name in results if name != "nothing")
    base, idle = results.get("template", results[first]), results["nothing"]
    lines = [
        f"{invoices:,} invoices with {rows} product rows each ({invoices * (1 + rows):,} rows of the two sheets)",
        "",
        "| way | seconds | CPU | rows a second | times as fast | by CPU | peak MB over idle | file MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    ways = (name for name in results if name != "nothing")
    return "\n".join([*lines, *(_line(name, results[name], base, idle, invoices * (1 + rows)) for name in ways)])


def _line(name: str, each: Measured, base: Measured, idle: Measured, rows: int) -> str:
    return (
        f"| {WAYS[name].__doc__} | {each.seconds:.2f} | {each.cpu:.2f} | {rows / each.seconds:,.0f} "
        f"| {base.seconds / each.seconds:.1f} | {base.cpu / each.cpu:.1f} | {each.peak - idle.peak:.0f} "
        f"| {each.size:.1f} |"
    )


def main() -> None:
    """Runs all ways and prints the table; ``--child`` runs one and prints its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=5, help="product rows an invoice")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each way; the quickest counts")
    parser.add_argument("--ways", default="ours,template,styled,plain")
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(run_here(args.child, args.invoices, args.rows).__dict__))
        return
    ways = ["nothing", *args.ways.split(",")]
    print(table(args.invoices, args.rows, {way: best(way, args.invoices, args.rows, args.repeat) for way in ways}))


if __name__ == "__main__":
    main()

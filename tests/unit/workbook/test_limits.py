"""Excel's limits, stopping half-way, and a file that is whole or not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bitrix_app.errors import ReportCancelledError, SheetsTooHeavyError, WorkbookLimitError
from bitrix_app.processing.model import Problem
from bitrix_app.workbook import REGISTER_SHEETS, Limits, write_csv, write_workbook
from bitrix_app.workbook.stream import CELLS_LIMIT, Links
from tests.unit.workbook.builders import a_header, a_register, a_row, an_invoice
from tests.unit.workbook.reading import opened, table, title_block

INVOICES = [an_invoice(id=each, number=f"С-{each}", problems=(Problem("ИНН", f"{each}"),)) for each in range(1, 41)]
"""With ten rows above the table, and seven kept for totals and signatures, a sheet of 33 rows holds 16 of them."""


def numbers(path: Path, sheet: str) -> list[str]:
    """The invoices of one sheet."""
    return [row["Номер"] for row in table(opened(path), sheet).values()]


def test_a_table_longer_than_a_sheet_goes_on_on_the_next_one(path: Path) -> None:
    """``Краткий (2)``, ``Полный (2)``…: with title and header of their own, nothing lost, totals under the last."""
    invoices = [an_invoice(id=each, number=f"С-{each}", product_rows=(a_row(),) * 2) for each in range(1, 41)]
    write_workbook(path, a_register(invoices), a_header(), REGISTER_SHEETS, limits=Limits(rows=45))
    book = opened(path)
    assert [name for name in book.sheetnames if not name.startswith("По ")] == [
        *("Краткий", "Краткий (2)"),
        *("Полный", "Полный (2)", "Полный (3)"),
    ]
    all_numbers = [f"С-{each}" for each in range(1, 41)]
    assert numbers(path, "Краткий") + numbers(path, "Краткий (2)") == all_numbers
    full = [number for sheet in book.sheetnames if sheet.startswith("Полный") for number in numbers(path, sheet)]
    assert full == [number for number in all_numbers for _ in range(2)]
    assert title_block(book, "Краткий (2)")[0] == "Реестр счетов (продолжение, лист 2)"
    assert [row["Контрагент"].value for row in table(book, "Краткий").below] == []
    assert table(book, "Краткий (2)").below[1]["Контрагент"].value == "Всего счетов на сумму"
    assert max(book[sheet].max_row for sheet in book.sheetnames) <= 45


@pytest.mark.parametrize("invoices", [15, 16, 17, 23, 24])
def test_totals_never_push_a_full_sheet_over_the_limit(path: Path, invoices: int) -> None:
    """The rows for them are kept free: they stand under the last table, inside the sheet."""
    write_workbook(path, a_register(INVOICES[:invoices]), a_header(), REGISTER_SHEETS, limits=Limits(rows=33))
    book = opened(path)
    last = [sheet for sheet in book.sheetnames if sheet.startswith("Краткий")][-1]
    assert max(book[sheet].max_row for sheet in book.sheetnames) <= 33
    assert len(table(book, last).rows) in range(1, 21)
    assert len([row for row in table(book, last).below if row["Сумма"].value is not None]) == 4


def test_sheets_that_weigh_too_much_together_end_the_report(path: Path) -> None:
    """One invoice may have as many rows as it takes: the sheets are weighed while its rows are written."""
    invoices = [an_invoice(id=1, product_rows=(a_row(name="Болт" * 200),) * 3000)]
    limits = Limits(all_bytes=1 << 20)
    with pytest.raises(SheetsTooHeavyError):
        write_workbook(path, a_register(invoices), a_header(), REGISTER_SHEETS, limits=limits)
    assert list(path.parent.iterdir()) == []
    write_workbook(path, a_register(invoices[:1]), a_header(detailed=False), REGISTER_SHEETS, limits=limits)
    assert path.exists()


def test_temporary_rows_are_removed_as_soon_as_they_are_in_the_file(path: Path) -> None:
    """The disk need not hold all of them beside the finished file."""
    left: list[set[str]] = []

    def look() -> None:
        left.append({each.stem for each in path.parent.rglob("*.rows")})

    write_workbook(path, a_register(), a_header(), REGISTER_SHEETS, check=look)
    assert {"Краткий", "Полный"} <= left[0]
    assert {"По ставкам НДС"} in left
    assert left[-1] == set()


def test_each_sheet_that_goes_on_is_frozen_filtered_and_linked(path: Path) -> None:
    """The second sheet of problems has links and a filter of its own."""
    write_workbook(path, a_register(INVOICES), a_header(detailed=False), REGISTER_SHEETS, limits=Limits(rows=33))
    second = table(opened(path), "Проблемы (2)")
    assert second.sheet.freeze_panes == f"B{second.header_row + 1}"
    first = len(table(opened(path), "Проблемы").rows) + 1
    assert second.rows[0]["Номер"].hyperlink.target.endswith(f"/{first}/")
    assert second.rows[0]["Номер"].value == f"С-{first}"


def test_a_sheet_too_long_in_bytes_goes_on_too(path: Path) -> None:
    """Forty columns of a million rows would be a sheet that no program opens."""
    write_workbook(
        path,
        a_register([an_invoice()] * 600),
        a_header(detailed=False),
        REGISTER_SHEETS,
        limits=Limits(sheet_bytes=200_000),
    )
    assert opened(path).sheetnames[:2] == ["Краткий", "Краткий (2)"]


def test_a_report_that_no_workbook_holds_is_refused_in_words(path: Path) -> None:
    """WorkbookLimitError, and no file."""
    with pytest.raises(WorkbookLimitError, match="Краткий"):
        write_workbook(path, a_register(INVOICES), a_header(), REGISTER_SHEETS, limits=Limits(rows=33, sheets=1))
    assert list(path.parent.iterdir()) == []


def test_a_table_may_fill_as_many_sheets_as_are_allowed(path: Path) -> None:
    """The last of them too; only one more is refused."""
    rows = a_register([an_invoice(id=each, number=f"С-{each}") for each in range(1, 41)])
    write_workbook(path, rows, a_header(detailed=False), REGISTER_SHEETS, limits=Limits(rows=45, sheets=2))
    assert len(numbers(path, "Краткий") + numbers(path, "Краткий (2)")) == 40


@pytest.mark.parametrize("write", [write_workbook, write_csv])
@pytest.mark.parametrize("checks", [1, 2, 4])
def test_cancelling_leaves_nothing_behind(path: Path, write: type, checks: int) -> None:
    """Whenever the check raises: no half of a file, no temporary folder."""
    left = checks

    def check() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise ReportCancelledError

    with pytest.raises(ReportCancelledError):
        write(path, a_register(INVOICES * 5), a_header(), REGISTER_SHEETS, check=check)
    assert list(path.parent.iterdir()) == []


def test_an_old_file_stays_until_the_new_one_is_whole(path: Path) -> None:
    """The finished file takes its place at once."""
    path.write_text("old")
    with pytest.raises(WorkbookLimitError):
        write_workbook(path, a_register(INVOICES), a_header(), REGISTER_SHEETS, limits=Limits(rows=33, sheets=1))
    assert path.read_text() == "old"
    write_workbook(path, a_register(INVOICES), a_header(), REGISTER_SHEETS)
    assert opened(path).sheetnames[0] == "Краткий"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("write", [write_workbook, write_csv])
def test_progress_counts_invoices_up_to_the_last(path: Path, write: type) -> None:
    """It never falls back, and ends with the number of invoices."""
    told: list[int] = []
    write(path, a_register([*INVOICES * 5, *INVOICES[:7]]), a_header(), REGISTER_SHEETS, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 207
    assert len(told) > 3


def test_links_end_where_excel_takes_no_more(tmp_path: Path) -> None:
    """65,530 a sheet: later lines stay as text."""
    links = Links(tmp_path, "Проблемы")
    for row in range(CELLS_LIMIT):
        assert links.takes("https://portal.example/1")
        links.add("A", row + 1, "https://portal.example/1")
    assert not links.takes("https://portal.example/1")
    links.close()
    assert links.elements.read_text() == f'<hyperlink ref="A1:A{CELLS_LIMIT}" r:id="rId1"/>'


def test_only_neighbouring_rows_share_a_link(tmp_path: Path) -> None:
    """A row between them, or another address, begins a new one."""
    links = Links(tmp_path, "Проблемы")
    for letter, row, address in [("A", 1, "a"), ("A", 2, "a"), ("A", 4, "a"), ("A", 5, "b"), ("B", 6, "b")]:
        links.add(letter, row, f"https://portal.example/{address}")
    links.close()
    cells = re.findall(r'ref="([^"]+)"', links.elements.read_text())
    assert cells == ["A1:A2", "A4", "A5", "B6"]


@pytest.mark.parametrize("write", [write_workbook, write_csv])
def test_writing_looks_around_after_each_invoice(path: Path, write: type) -> None:
    """Whoever shares the interpreter with it is not kept waiting for fifty of them."""
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1

    write(path, a_register(INVOICES), a_header(), REGISTER_SHEETS, check=look)
    assert looks > len(INVOICES)

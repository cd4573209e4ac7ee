"""The rows of a finished report, as the page asks for them: parts, order, search, and the figures of the pictures."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from bitrix_app.jobs import ReportRows, RowsMissingError, RowsQuery, RowsSum, UnknownSortError
from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.storage import Files, ReportFile
from bitrix_app.workbook import REGISTER_SHEETS
from bitrix_app.workbook.rows import write_rows
from tests.unit.workbook.builders import a_header, a_register, an_invoice

NAME = "00000000-0000-4000-8000-000000000001.1.rows"
PATIENCE = 20.0
"""Seconds after which a thread hangs."""
INVOICES = (
    an_invoice(
        id=1,
        number="С-10",
        counterparty="ООО «Ёлка»",
        counterparty_key="1",
        amount=Decimal("9.50"),
        vat=None,
        without_vat=True,
    ),
    an_invoice(
        id=2,
        number="С-9",
        counterparty="АО «Берёза»",
        counterparty_key="2",
        amount=Decimal("1234.50"),
        paid=False,
        paid_date=None,
    ),
    an_invoice(id=3, number="С-1", counterparty=None, amount=None, currency=None, invoice_date=None),
    an_invoice(
        id=4,
        number="С-2",
        counterparty="ООО «Ёлка»",
        counterparty_key="1",
        amount=Decimal("-5.00"),
        problems=(Problem("ИНН", "Проверьте."),),
        invoice_date=date(2026, 4, 1),
    ),
)

Ask = Callable[..., Any]


@pytest.fixture
def store(tmp_path: Path) -> Files:
    return Files(str(tmp_path / "store"))


@pytest.fixture
def report() -> Any:
    return SimpleNamespace(files=(ReportFile("xlsx", NAME.replace("rows", "xlsx"), 1), ReportFile("rows", NAME, 1)))


def kept(store: Files, path: Path, invoices: tuple[ProcessedInvoice, ...] = INVOICES) -> ReportRows:
    """The store with the rows of a report."""
    write_rows(path, a_register(invoices), a_header(detailed=False), REGISTER_SHEETS)
    store.put(path, NAME)
    return ReportRows(store)


@pytest.fixture
def ask(store: Files, report: Any, tmp_path: Path) -> Ask:
    """Numbers of the invoices that a query finds, in their order."""
    rows = kept(store, tmp_path / "rows")
    return lambda **query: [each[4] for each in rows.page(report, RowsQuery(**query)).rows]


def test_rows_have_the_cells_of_the_sheet(store: Files, report: Any, tmp_path: Path) -> None:
    """Sums digit for digit, days as ISO 8601, nothing where nothing is known."""
    page = kept(store, tmp_path / "rows").page(report, RowsQuery())
    by_code = [dict(zip([each.code for each in page.columns], row[4:], strict=True)) for row in page.rows]
    assert page.total == 4
    assert {each.code: (each.title, each.type) for each in page.columns}["amount"] == ("Сумма", "number")
    assert {each.code: each.type for each in page.columns}["date"] == "date"
    assert (by_code[0]["amount"], by_code[0]["vat"], by_code[0]["date"]) == ("9.50", "нет", "2026-03-30")
    assert (by_code[2]["amount"], by_code[2]["counterparty"], by_code[2]["date"]) == (None, None, None)
    assert [row[:4] for row in page.rows][1:] == [
        (2, "https://portal.example/crm/type/31/details/2/", 1, 0),
        (3, "https://portal.example/crm/type/31/details/3/", 0, 0),
        (4, "https://portal.example/crm/type/31/details/4/", 0, 1),
    ]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, ["С-10", "С-9", "С-1", "С-2"]),
        ({"offset": 1, "limit": 2}, ["С-9", "С-1"]),
        ({"offset": 9}, []),
        ({"sort": "number"}, ["С-1", "С-2", "С-9", "С-10"]),
        ({"sort": "number", "descending": True}, ["С-10", "С-9", "С-2", "С-1"]),
        ({"sort": "amount"}, ["С-2", "С-10", "С-9", "С-1"]),
        ({"sort": "amount", "descending": True}, ["С-9", "С-10", "С-2", "С-1"]),
        ({"sort": "counterparty"}, ["С-9", "С-10", "С-2", "С-1"]),
        ({"problems": True}, ["С-2"]),
        ({"text": "ЕЛКА"}, ["С-10", "С-2"]),
        ({"text": "1 234,50"}, ["С-9"]),
        ({"text": "1,234.50"}, ["С-9"]),
        ({"text": "01.04.2026"}, ["С-2"]),
        ({"text": "ёлка", "problems": True}, ["С-2"]),
        ({"text": "100%"}, []),
        ({"text": "ёлка", "limit": 1}, ["С-10"]),
    ],
)
def test_rows_are_found_and_put_in_order(ask: Ask, query: dict[str, Any], numbers: list[str]) -> None:
    """Numbers by their value, also within a text; what is unknown comes last; alike ones stay in the report's order."""
    assert ask(**query) == numbers


def test_the_total_counts_what_the_query_finds(store: Files, report: Any, tmp_path: Path) -> None:
    """Whatever part of it is asked for."""
    assert kept(store, tmp_path / "rows").page(report, RowsQuery(text="ёлка", limit=1)).total == 2


def test_what_is_found_is_added_up_by_currency(store: Files, report: Any, tmp_path: Path) -> None:
    """To the last digit, the currency of most rows first; told with the first part alone."""
    rows = kept(store, tmp_path / "rows")
    assert rows.page(report, RowsQuery(limit=1)).sums == (
        RowsSum("RUB", Decimal("1239.00"), Decimal("4.50")),
        RowsSum(None, Decimal(0), Decimal(0)),
    )
    assert rows.page(report, RowsQuery(text="ёлка")).sums == (RowsSum("RUB", Decimal("4.50"), Decimal("4.50")),)
    assert rows.page(report, RowsQuery(offset=1)).sums is None


def test_a_column_that_is_not_there_is_no_order(ask: Ask) -> None:
    with pytest.raises(UnknownSortError):
        ask(sort="c0; DROP TABLE rows")


def test_figures_add_up_by_month_and_counterparty(store: Files, report: Any, tmp_path: Path) -> None:
    """Each currency by itself; a month that is not known comes last."""
    rubles, unknown = kept(store, tmp_path / "rows").figures(report)
    assert rubles.months == (
        ("2026-03", Decimal("1244.00"), Decimal("9.50")),
        ("2026-04", Decimal("-5.00"), Decimal("-5.00")),
    )
    assert rubles.counterparties == (("АО «Берёза»", Decimal("1234.50")), ("ООО «Ёлка»", Decimal("4.50")))
    assert (unknown.currency, unknown.months) == (None, ((None, Decimal(0), Decimal(0)),))


def test_only_the_ten_largest_counterparties_are_told(store: Files, report: Any, tmp_path: Path) -> None:
    some = tuple(
        an_invoice(id=each, counterparty=f"№ {each}", counterparty_key=f"{each}", amount=Decimal(each))
        for each in range(1, 13)
    )
    [found] = kept(store, tmp_path / "rows", some).figures(report)
    assert [name for name, _ in found.counterparties] == [f"№ {each}" for each in range(12, 2, -1)]


def test_counterparties_of_one_name_stand_apart(store: Files, report: Any, tmp_path: Path) -> None:
    """As on «По контрагентам»: by ИНН and КПП, or by the card."""
    some = tuple(an_invoice(id=each, counterparty_key=f"card {each}", amount=Decimal(each)) for each in (1, 2))
    [found] = kept(store, tmp_path / "rows", some).figures(report)
    assert found.counterparties == (("ООО «Ромашка»", Decimal(2)), ("ООО «Ромашка»", Decimal(1)))


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has error codes of its own; nothing is left behind."""
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    monkeypatch.setattr("bitrix_app.workbook.rows._stored", lambda _value: (_ for _ in ()).throw(full))
    with pytest.raises(OSError, match="disk is full") as caught:
        write_rows(tmp_path / "rows", a_register(INVOICES), a_header(), REGISTER_SHEETS)
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("files", [(), (ReportFile("rows", NAME, 1),)], ids=["never kept", "gone"])
def test_a_report_without_rows_says_so(store: Files, files: tuple[ReportFile, ...]) -> None:
    with pytest.raises(RowsMissingError):
        ReportRows(store).page(SimpleNamespace(files=files), RowsQuery())  # type: ignore[arg-type]


def test_rows_in_an_object_store_are_copied_once(report: Any, tmp_path: Path) -> None:
    """To this machine's disk, and removed at the end."""
    store = Files("memory://rows-of-reports")
    opened: list[str] = []
    rows = kept(store, tmp_path / "rows")
    rows._files = SimpleNamespace(local=store.local, open=lambda name: opened.append(name) or store.open(name))  # type: ignore[assignment,func-returns-value]
    assert [rows.page(report, RowsQuery()).total for _ in range(3)] == [4, 4, 4]
    assert opened == [NAME]
    copies = Path(rows._folder.name) if rows._folder else tmp_path
    rows.close()
    assert not copies.exists()


def test_a_slow_copy_holds_up_its_own_report_alone(report: Any, tmp_path: Path) -> None:
    """Whoever asks for the same one meanwhile waits for that copy; whoever asks for another does not."""
    other = SimpleNamespace(files=(ReportFile("rows", NAME.replace(".1.", ".2."), 1),))
    store, begun, held, opened = Files("memory://slow-rows"), threading.Event(), threading.Event(), list[str]()
    rows = kept(store, tmp_path / "rows")
    store.put(tmp_path / "rows", other.files[0].name)

    def slow(name: str) -> IO[bytes]:
        opened.append(name)
        if name == NAME:
            begun.set()
            assert held.wait(PATIENCE)
        return store.open(name)

    rows._files = SimpleNamespace(local=store.local, open=slow)  # type: ignore[assignment]
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(rows.page, report, RowsQuery()) for _ in range(2)]
        try:
            assert begun.wait(PATIENCE)
            assert pool.submit(rows.page, other, RowsQuery()).result(PATIENCE).total == 4  # type: ignore[arg-type]
            assert not any(each.done() for each in waiting)
        finally:
            held.set()
        assert [each.result(PATIENCE).total for each in waiting] == [4, 4]
    rows.close()
    assert sorted(opened) == [NAME, other.files[0].name]


def test_numbers_beyond_what_is_sorted_exactly_stay_what_they_are(store: Files, report: Any, tmp_path: Path) -> None:
    huge = tuple(replace(INVOICES[0], id=each, amount=Decimal(f"{each}E+30")) for each in (1, 2))
    page = kept(store, tmp_path / "rows", huge).page(report, RowsQuery(sort="amount"))
    assert [row[7] for row in page.rows] == ["1" + "0" * 30, "2" + "0" * 30]

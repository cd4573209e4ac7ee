"""Part 7: the writer with forty columns, the rows that the page shows, and two reports compared. As a child: one of
these works.

Order of the child: ``{"work": "usual" | "forty" | "rows" | "compare", "invoices": int, "every": int}``; ``compare``
changes the sum of each invoice whose number divides by ``every``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from benchmarks.measuring import answer, in_child, measured, told
from benchmarks.memory import GOAL_MB
from benchmarks.options import Options
from benchmarks.tables import Section, number, table

FORTY = 40
FEW, ALL = 100, 1
"""Of so many invoices one differs."""
NAME = "00000000-0000-4000-8000-000000000001.1.rows"


def section(options: Options) -> Section:
    """The part's results."""
    usual, forty = (in_child("benchmarks.columns", _order(work, options.writer)) for work in ("usual", "forty"))
    rows = in_child("benchmarks.columns", _order("rows", options.large))
    compared = [in_child("benchmarks.columns", _order("compare", options.large, every)) for every in (FEW, ALL)]
    written = [
        [
            f"{each['columns']}",
            number(each["cpu"], 2),
            number(options.writer / each["cpu"]),
            number(options.writer * each["columns"] / each["cpu"]),
            number(each["megabytes"], 1),
        ]
        for each in (usual, forty)
    ]
    shown = [[name, number(seconds, 3), number(cpu, 3)] for name, (seconds, cpu) in rows["steps"].items()]
    intro = (
        f"`Краткий` of {options.writer:,} invoices with its usual columns and with forty of all types: rows fall no "
        f"more than cells grow. Below, the file of rows of {options.large:,} invoices: written beside the workbook, "
        f"read for the page; {rows['megabytes']:.0f} MB, {rows['peak'] - rows['idle']:.0f} MB of memory for all of it."
    )
    differ = [
        [
            f"{each['changed']:,} of {options.large:,}",
            number(each["seconds"], 2),
            number(each["cpu"], 2),
            number(each["peak"]),
            number(each["peak"] - each["idle"]),
            number(each["megabytes"], 1),
        ]
        for each in compared
    ]
    return Section(
        "7. Forty columns, the rows on the page, and a comparison",
        [
            intro,
            table("", ["columns", "CPU", "rows a second", "cells a second", "file MB"], written),
            table("", ["the rows on the page", "seconds", "CPU s"], shown),
            f"Two reports of {options.large:,} invoices compared, from their files of rows to the written sheet "
            f"`Изменения`. The goal is less than {GOAL_MB} MB.",
            table("", ["invoices that differ", "seconds", "CPU s", "peak MB", "over idle", "file MB"], differ),
        ],
    )


def _order(work: str, invoices: int, every: int = 0) -> dict[str, Any]:
    return {"work": work, "invoices": invoices, "every": every}


def main() -> None:
    """The child. What it needs of the app is imported here: the parent stays small."""
    from benchmarks.workbook import HEADER, make_register  # noqa: PLC0415
    from bitrix_app.processing.columns import INVOICE_COLUMNS, MORE_COLUMNS, Column, Kind  # noqa: PLC0415
    from bitrix_app.workbook import REGISTER_SHEETS, with_columns, write_workbook  # noqa: PLC0415

    order = told()
    register = make_register(order["invoices"], 0)
    header = replace(HEADER, detailed=False)
    if order["work"] == "rows":
        _rows(register, header)
        return
    if order["work"] == "compare":
        _compare(register, header, order["every"])
        return
    columns = [each for each in INVOICE_COLUMNS if not each.needs_rows]
    if order["work"] == "forty":
        columns += MORE_COLUMNS
        own: list[tuple[Kind, Callable[[Any], Any]]] = [
            (Kind.TEXT, lambda invoice: f"Договор № {invoice.id}"),
            (Kind.MONEY, lambda invoice: invoice.amount),
            (Kind.DATE, lambda invoice: invoice.date),
        ]
        columns += [
            Column(f"UF_{place}", f"Поле {place}", *own[place % len(own)]) for place in range(FORTY - len(columns))
        ]
    with TemporaryDirectory() as folder:
        path = Path(folder, "register.xlsx")
        sheets = with_columns(REGISTER_SHEETS, columns)[:1]
        _, cost = measured(lambda: write_workbook(path, register, header, sheets))
        answer(cost, columns=len(columns), megabytes=path.stat().st_size / 1e6)


def _rows(register: Any, header: Any) -> None:
    from bitrix_app.jobs import ReportRows, RowsQuery  # noqa: PLC0415
    from bitrix_app.storage import Files, ReportFile  # noqa: PLC0415
    from bitrix_app.workbook import REGISTER_SHEETS  # noqa: PLC0415
    from bitrix_app.workbook.rows import write_rows  # noqa: PLC0415

    steps: dict[str, tuple[float, float]] = {}

    def step(name: str, work: Callable[[], Any]) -> None:
        began, cpu = time.perf_counter(), time.process_time()
        work()
        steps[name] = time.perf_counter() - began, time.process_time() - cpu

    with TemporaryDirectory() as folder:
        store, path = Files(f"{folder}/store"), Path(folder, "rows")
        rows, report = ReportRows(store), SimpleNamespace(files=(ReportFile("rows", NAME, 0),))
        found = _asking(rows, report)

        def work() -> None:
            step("written", lambda: write_rows(path, register, header, REGISTER_SHEETS))
            store.put(path, NAME)
            step("the first 200", lambda: found(RowsQuery()))
            step("sorted by sum", lambda: found(RowsQuery(sort="amount", descending=True)))
            step("sorted by counterparty", lambda: found(RowsQuery(sort="counterparty")))
            step("searched", lambda: found(RowsQuery(text="ветер 17")))
            step("searched and sorted", lambda: found(RowsQuery(text="ветер", sort="number")))
            step("the figures of the pictures", lambda: rows.figures(report))  # type: ignore[arg-type]

        _, cost = measured(work)
        answer(cost, steps=steps, megabytes=path.stat().st_size / 1e6)


def _compare(register: Any, header: Any, every: int) -> None:
    from bitrix_app.processing.columns import INVOICE_COLUMNS  # noqa: PLC0415
    from bitrix_app.workbook import REGISTER_SHEETS, write_workbook  # noqa: PLC0415
    from bitrix_app.workbook.changes import Comparison, changes_sheet  # noqa: PLC0415
    from bitrix_app.workbook.rows import write_rows  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        was, now, path = (Path(folder, name) for name in ("was", "now", "register.xlsx"))
        write_rows(was, _Numbered(register), header, REGISTER_SHEETS)
        write_rows(now, _Numbered(register, every), header, REGISTER_SHEETS)

        def work() -> int:
            comparison = Comparison(was, now, INVOICE_COLUMNS)
            found = comparison.found()
            write_workbook(path, register, header, [changes_sheet(comparison, found, "of before")])
            return found.counts["changed"]

        changed, cost = measured(work)
        answer(cost, changed=changed, megabytes=path.stat().st_size / 1e6)


class _Numbered:
    """The register with an id of its own for each invoice, and another sum for one of ``every``."""

    def __init__(self, register: Any, every: int = 0) -> None:
        self._register = register
        self._every = every
        self.totals = register.totals

    def invoices(self, *, with_rows: bool = True) -> Iterator[Any]:
        for place, invoice in enumerate(self._register.invoices(with_rows=with_rows), 1):
            differs = self._every and place % self._every == 0
            yield replace(invoice, id=place, amount=invoice.amount + 1 if differs else invoice.amount)


def _asking(rows: Any, report: Any) -> Callable[[Any], Any]:
    return lambda query: rows.page(report, query)


if __name__ == "__main__":
    main()

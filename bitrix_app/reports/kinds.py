"""The kinds of report, as values that name their parts: a new kind is such a value and its line in ``KINDS``.

Fetching, counterparties, checks, formats, job and page are shared by all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from bitrix_app.processing import Column, ProblemLine, ProcessedInvoice, invoice_columns
from bitrix_app.processing.receivables.columns import DEBT_COLUMNS
from bitrix_app.reports.receivables import (
    Debts,
    ReceivablesRegister,
    open_filter,
    paid_later_filter,
    paid_nobody_knows_when,
    terms_of,
    undated_open_filter,
)
from bitrix_app.reports.register import Register
from bitrix_app.reports.request import (
    DEFAULT_KIND,
    RECEIVABLES,
    Aside,
    ReportCatalog,
    ReportParams,
    invoice_filter,
    selection,
    undated_filter,
)
from bitrix_app.workbook import REGISTER_SHEETS, Sheet, receivables_sheets

Filter = Callable[[ReportParams, ReportCatalog], dict[str, Any]]


class Cut(Protocol):
    """Which processed invoices belong to a report, as exactly as the portal cannot filter; one is made for each report.

    ``notes`` are for ``Проблемы``, of invoices that ``of`` has seen.
    """

    def of(self, invoices: list[ProcessedInvoice]) -> list[ProcessedInvoice]: ...

    @property
    def notes(self) -> tuple[ProblemLine, ...]: ...


class Columns(Protocol):
    """The columns of the table of invoices."""

    def __call__(self, *, with_rows: bool) -> Sequence[Column[ProcessedInvoice]]: ...


@dataclass(frozen=True, slots=True)
class ReportKind:
    """What differs between kinds of report.

    - ``name``: the ``kind`` of the body of ``POST /reports`` and of the row's params; ``title``: over the tables.
    - ``scope``: the portal's filter for its invoices; ``undated``: for those that lack the date it goes by, which are
      counted and named; ``select``: the exact cut.
    - ``later``: the filter of a second list, read after the first; an invoice that stands in both is read twice.
      ``asides``: other invoices that are named, given the report's day.
    - ``columns``: of the table of invoices, with or without product rows; what they need is asked of the portal.
      ``chooses_columns``: an order may choose others for the first sheet.
    - ``register``: spools the invoices in a folder and adds up what is reckoned, given the report's day.
    - ``sheets``: of the workbook, in order.
    """

    name: str
    title: str
    scope: Filter
    undated: Filter
    select: Callable[[ReportParams, ReportCatalog], Cut]
    columns: Columns
    register: Callable[[Path, ReportParams, date], Register]
    sheets: Callable[[ReportParams], Sequence[Sheet[Any]]]
    chooses_columns: bool = False
    later: Callable[[ReportParams, ReportCatalog], dict[str, Any] | None] = lambda _params, _catalog: None
    asides: Callable[[ReportParams, ReportCatalog, date], Sequence[Aside]] = lambda _params, _catalog, _today: ()


REGISTER = ReportKind(
    name=DEFAULT_KIND,
    title="Реестр счетов",
    scope=invoice_filter,
    undated=undated_filter,
    select=selection,
    columns=invoice_columns,
    register=lambda folder, _params, today: Register(folder, today),
    sheets=lambda _params: REGISTER_SHEETS,
    chooses_columns=True,
)

OWED = ReportKind(
    name=RECEIVABLES,
    title="Задолженность",
    scope=open_filter,
    undated=undated_open_filter,
    select=Debts,
    columns=lambda *, with_rows: DEBT_COLUMNS,  # noqa: ARG005 - receivables have no product rows
    register=lambda folder, params, _today: ReceivablesRegister(folder, params),
    sheets=lambda params: receivables_sheets(terms_of(params)),
    later=paid_later_filter,
    asides=paid_nobody_knows_when,
)

KINDS: Mapping[str, ReportKind] = {each.name: each for each in (REGISTER, OWED)}

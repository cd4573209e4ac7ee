"""The kinds of report, as values that name their parts: a new kind is such a value and its line in ``KINDS``.

Fetching, counterparties, checks, formats, job and page are shared by all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bitrix_app.processing import Column, ProcessedInvoice, invoice_columns
from bitrix_app.reports.register import Register
from bitrix_app.reports.request import (
    DEFAULT_KIND,
    ReportCatalog,
    ReportParams,
    Selection,
    invoice_filter,
    selection,
    undated_filter,
)
from bitrix_app.workbook import REGISTER_SHEETS, Sheet

Filter = Callable[[ReportParams, ReportCatalog], dict[str, Any]]


class Columns(Protocol):
    """The columns of the table of invoices."""

    def __call__(self, *, with_rows: bool) -> Sequence[Column[ProcessedInvoice]]: ...


@dataclass(frozen=True, slots=True)
class ReportKind:
    """What differs between kinds of report.

    - ``name``: the ``kind`` of the body of ``POST /reports`` and of the row's params; ``title``: over the tables.
    - ``scope``: the portal's filter for its invoices; ``undated``: for those that lack the date it goes by, which are
      counted and named; ``select``: which of the processed invoices belong, as exactly as the portal cannot filter.
    - ``columns``: of the table of invoices, with or without product rows; what they need is asked of the portal.
    - ``register``: spools the invoices in a folder and adds up what is reckoned.
    - ``sheets``: of the workbook, in order.
    """

    name: str
    title: str
    scope: Filter
    undated: Filter
    select: Callable[[ReportParams], Selection]
    columns: Columns
    register: Callable[[Path], Register]
    sheets: Sequence[Sheet[Any]]


REGISTER = ReportKind(
    name=DEFAULT_KIND,
    title="Реестр счетов",
    scope=invoice_filter,
    undated=undated_filter,
    select=selection,
    columns=invoice_columns,
    register=Register,
    sheets=REGISTER_SHEETS,
)

KINDS: Mapping[str, ReportKind] = {each.name: each for each in (REGISTER,)}

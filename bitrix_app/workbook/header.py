"""What stands above the tables of a register, and what the writer must know of the whole report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.processing.totals import RegisterTotals


class RegisterRows(Protocol):
    """A finished register: ordered, read as a stream as often as needed, with its totals at hand."""

    @property
    def totals(self) -> RegisterTotals: ...

    def invoices(self, *, with_rows: bool = True) -> Iterator[ProcessedInvoice]:
        """The invoices in the report's order; without ``with_rows`` their product rows may be left out."""


class OwnCompany(NamedTuple):
    """The portal's own company that the report was narrowed to."""

    name: str
    inn: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterHeader:
    """The report in words, for the title block, and what shapes the workbook.

    - ``title``: «Реестр счетов»; ``company``: one's own company when one was chosen.
    - ``date_from``, ``date_to``: the period, both ends included; ``date_field_title``: the portal's title of the
      field that the period goes by («Дата отгрузки»), ``date_field`` its name.
    - ``filters``: how the report was narrowed, one sentence each, in Russian.
    - ``built_by``: the user's name; ``built_at``: aware, in the portal's time zone.
    - ``invoice_url``: invoice id → address of its card in the portal; ``None`` leaves the links out.
    - ``detailed``: product rows were read: ``Полный`` and ``По ставкам НДС`` are written.
    - ``notes``: lines for ``Проблемы`` that belong to the whole report, not to one invoice.
    """

    title: str
    company: OwnCompany | None
    date_from: date
    date_to: date
    date_field_title: str
    built_by: str
    built_at: datetime
    detailed: bool
    filters: tuple[str, ...] = ()
    invoice_url: Callable[[int], str] | None = None
    notes: tuple[Problem, ...] = ()
    date_field: str = ""

"""Invoices that no period of a report can hold: those without the date that it goes by, and those whose year is a
typing error. They are named: nothing is left out silently.

Where the portal takes conditions on the date, each of the two kinds is a question of its own; else they are met among
the invoices of all times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bitrix_app.dates import is_thinkable
from bitrix_app.processing import ProblemLine, Raw, UnreadableError, date_in_words, date_reader, id_of, text_in
from bitrix_app.reports.kinds import ReportKind
from bitrix_app.reports.protocols import Page, PortalReader
from bitrix_app.reports.request import Aside, NamedLines, ReportCatalog, ReportParams, misdated_filters
from bitrix_app.texts import tr, tr_many

NUMBER = "accountNumber"
UNDATED_NAMED = 200
MISDATED_NAMED = 20


@dataclass(slots=True)
class _Found:
    """The first of the invoices, at most ``most``, and how many there are."""

    most: int
    first: list[Raw] = field(default_factory=list)
    count: int = 0

    def add(self, invoices: Sequence[Raw], count: int | None = None) -> None:
        """``count``: of all that the portal has, where it tells it."""
        self.first += invoices[: self.most - len(self.first)]
        self.count += len(invoices) if count is None else count

    @property
    def more(self) -> int:
        """How many are not among the first."""
        return self.count - len(self.first)


class LeftOut:
    """The undated and the misdated invoices of one report. ``ask_…`` may be called in other threads."""

    def __init__(
        self, portal: PortalReader, kind: ReportKind, params: ReportParams, catalog: ReportCatalog, today: date | None
    ) -> None:
        """``today``: the report's day, dates far from which are typing errors; ``None``: dates are believed."""
        self._portal = portal
        self._kind = kind
        self._params = params
        self._catalog = catalog
        self._today = today
        self._read_date = date_reader(catalog.fields, params.date_field)
        self._title = catalog.fields.titles.get(params.date_field) or params.date_field
        self._undated = _Found(UNDATED_NAMED)
        self._misdated = _Found(MISDATED_NAMED)
        self._asides: list[NamedLines] = []

    @property
    def undated(self) -> int:
        """How many invoices have no date."""
        return self._undated.count

    @property
    def lines(self) -> tuple[ProblemLine, ...]:
        """What ``Проблемы`` says of them."""
        asides = (line for each in self._asides for line in each.lines)
        return (*self._misdated_lines(), *self._undated_lines(), *asides)

    def ask_undated(self) -> None:
        """Asks for those without a date, page by page until enough can be named. Raises PortalErrors."""
        found, conditions = self._undated, self._kind.undated(self._params, self._catalog)
        counted = 0
        for page in self._portal.invoices(filter=conditions, select=["id", NUMBER]):
            found.add(page.items)
            counted = page.total or counted
            if len(found.first) >= found.most:
                break
        found.count = max(found.count, counted)

    def misdated_filters(self) -> Sequence[dict[str, Any]]:
        """What to ask for by ``ask_misdated``: the years before and after all thinkable ones."""
        return () if self._today is None else misdated_filters(self._params, self._catalog, self._today)

    def ask_misdated(self, conditions: dict[str, Any]) -> Page:
        """The first page of those with a wrong year, counted; to be told to ``add_misdated``. Raises PortalErrors."""
        select = ["id", NUMBER, self._params.date_field]
        return self._portal.invoice_page(filter=conditions, select=select, counted=True)

    def add_misdated(self, page: Page) -> None:
        """Notes them."""
        self._misdated.add(page.items, page.total)

    def ask_aside(self, aside: Aside) -> NamedLines:
        """Other invoices that are to be named, page by page until enough are. Raises PortalErrors."""
        named, counted = NamedLines(aside.field, aside.message), 0
        for page in self._portal.invoices(filter=aside.conditions, select=["id", NUMBER]):
            for each in page.items:
                named.add(id_of(each.get("id")), text_in(each, NUMBER))
            counted = page.total or counted
            if named.is_full:
                break
        named.count = max(named.count, counted)
        return named

    def add_aside(self, named: NamedLines) -> None:
        """Notes them."""
        self._asides.append(named)

    def within_period(self, invoices: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What the portal's filter would have left of invoices of all times; those left out are noted. An unreadable
        date stays: it is a problem of its row."""
        params, kept = self._params, []
        for invoice in invoices:
            try:
                found = self._read_date(invoice.get(params.date_field))
            except UnreadableError:
                kept.append(invoice)
                continue
            if found is None:
                self._undated.add([invoice])
            elif params.date_from <= found <= params.date_to:
                kept.append(invoice)
            elif not is_thinkable(found, self._today):
                self._misdated.add([invoice])
        return kept

    def _undated_lines(self) -> tuple[ProblemLine, ...]:
        found, title, asks_paid = self._undated, self._title, self._params.paid is not None
        message = one_undated(title, paid_asked=asks_paid)
        lines = [ProblemLine(id_of(each.get("id")), text_in(each, NUMBER), title, message) for each in found.first]
        if found.more > 0:
            lines.append(ProblemLine.of_report(title, more_undated(found.more, title, paid_asked=asks_paid)))
        return tuple(lines)

    def _misdated_lines(self) -> tuple[ProblemLine, ...]:
        found = self._misdated
        if not found.count:
            return ()
        named = ", ".join(self._in_words(each) for each in found.first)
        more = tr(" и ещё {count}", count=found.more) if found.more > 0 else ""
        message = tr(
            "Не попали в отчёт, год похож на опечатку: {named}{more}. Исправьте дату в карточке счёта и "
            "сформируйте отчёт снова.",
            named=named,
            more=more,
        )
        return (ProblemLine.of_report(self._title, message),)

    def _in_words(self, invoice: Raw) -> str:
        """``счёт № 17 (31.03.2062)``; the id where there is no number."""
        number = text_in(invoice, NUMBER)
        which = tr("№ {number}", number=number) if number else tr("с ID {id}", id=invoice.get("id"))
        try:
            day = self._read_date(invoice.get(self._params.date_field))
        except UnreadableError as error:
            return tr("счёт {which} ({error})", which=which, error=error)
        return (
            tr("счёт {which} ({day})", which=which, day=date_in_words(day)) if day else tr("счёт {which}", which=which)
        )


def one_undated(title: str, *, paid_asked: bool) -> str:
    """Why an invoice is not in the report. ``paid_asked``: the report was narrowed to paid or to unpaid invoices; the
    portal tells of both."""
    both = tr(" (оплачен он или нет, здесь не различается)") if paid_asked else ""
    return tr(
        "Счёт без даты в поле «{title}»{both} не попал в отчёт: такой счёт нельзя отнести к периоду. "
        "Заполните поле «{title}» в карточке этого счёта и сформируйте отчёт снова.",
        title=title,
        both=both,
    )


def more_undated(count: int, title: str, *, paid_asked: bool) -> str:
    """As ``one_undated``, of those that are not named: «И ещё 37 счетов без даты …»."""
    both = tr(" (оплачены они или нет, здесь не различается)") if paid_asked else ""
    return tr(
        "И ещё {count} {invoices} без даты в поле «{title}»{both} не {came} в отчёт. "
        "Заполните поле в названных счетах и сформируйте отчёт снова: он назовёт следующие.",
        count=count,
        invoices=tr_many(count, "счёт", "счёта", "счетов"),
        title=title,
        both=both,
        came=tr_many(count, "попал", "попали", "попали"),
    )

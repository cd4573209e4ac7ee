"""Fetch: the invoices of a report page by page, each page with what belongs to it.

Invoices are read by id without counting (only the first page tells the total). While they come in, the links and
product rows of earlier pages are fetched. Look-ups are gathered over a window of pages, so that calls carry as many
keys as they can; two windows at most are held, whatever the size of the report.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any

from bitrix_app.errors import AccessDeniedError
from bitrix_app.processing import (
    PRODUCT,
    Entity,
    ProblemLine,
    ProcessingContext,
    Raw,
)
from bitrix_app.reports.columns import report_columns
from bitrix_app.reports.kinds import ReportKind
from bitrix_app.reports.left_out import LeftOut
from bitrix_app.reports.lookups import KeptRecords, LookUps, id_in, user_name
from bitrix_app.reports.payments import PaymentReader
from bitrix_app.reports.payments.reading import Payments
from bitrix_app.reports.product_rows import OwnedRows, ProductRowReader
from bitrix_app.reports.protocols import Page, PortalReader
from bitrix_app.reports.request import Aside, ReportCatalog, ReportParams, accepted, invoice_select
from bitrix_app.reports.running import Calls, ProgressTracker, StopSignal
from bitrix_app.texts import tr

WINDOW_PAGES = 20
WINDOWS_HELD = 2
NO_ROWS = ProblemLine.of_report(
    PRODUCT.title,
    "Портал не показал товары ни одного счёта: нет права их читать. Попросите администратора CRM дать доступ.",
)
NO_CLIENTS = ProblemLine.of_report(
    "Контрагент",
    "Портал не показал реквизиты или карточки клиентов: нет права их читать. Где в отчёте нет ИНН, КПП или названия, "
    "они могут быть заполнены. Попросите администратора CRM дать доступ к компаниям и контактам.",
)
NO_COMPANIES = ProblemLine.of_report(
    "Контрагент",
    "Портал не показал карточки компаний: нет права их читать. Где в отчёте нет ИНН, КПП или названия компании, они "
    "могут быть заполнены. Попросите администратора CRM дать доступ к компаниям.",
)
NO_CONTACTS = ProblemLine.of_report(
    "Контрагент",
    "Портал не показал карточки контактов: нет права их читать. Где в отчёте нет ИНН или имени контакта, они могут "
    "быть заполнены. Попросите администратора CRM дать доступ к контактам.",
)
NO_PEOPLE = ProblemLine.of_report(
    "Ответственный", "Портал не показал имена сотрудников: нет права их читать. Вместо имён стоят номера."
)
NO_DEALS = ProblemLine.of_report(
    "Сделка", "Портал не показал сделки: нет права их читать. Попросите администратора CRM дать доступ к сделкам."
)
NO_STAGES = ProblemLine.of_report(
    "Стадия",
    "Портал не показал воронки счетов: нет права их читать. Названия стадий неизвестны, счета на неуспешных стадиях "
    "не исключены из отчёта, а где поле даты оплаты не выбрано, все счета считаются неоплаченными. "
    "Попросите администратора CRM дать доступ к воронкам.",
)


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """Up to 50 invoices as the portal gave them, and the context in which they are processed."""

    raw_invoices: list[dict[str, Any]]
    context: ProcessingContext


@dataclass(slots=True)
class _Window:
    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    links: list[Future[Sequence[Raw]]] = field(default_factory=list)
    rows: list[Future[OwnedRows]] = field(default_factory=list)
    beforehand: tuple[Future[None], ...] = ()
    owners_waiting: list[int] = field(default_factory=list)


class InvoiceSource:
    """All invoices of one report, read with one user's rights."""

    def __init__(
        self,
        *,
        kind: ReportKind,
        portal: PortalReader,
        params: ReportParams,
        catalog: ReportCatalog,
        progress: ProgressTracker,
        stop: StopSignal,
        today: date | None = None,
        outline: Any = None,
    ) -> None:
        """``today``: the report's day; dates far from it are named. ``outline``: of the report's invoices, as the
        portal's client has made it."""
        self._kind = kind
        self._portal = portal
        self._params = params
        self._catalog = catalog
        self._progress = progress
        self._stop = stop
        self._today = today
        self._outline = outline
        kept = KeptRecords()
        self._look_ups = LookUps(portal, knows_users=catalog.knows_users, kept=kept)
        self._row_reader = ProductRowReader(portal, lambda done: progress.advance("products", done), kept)
        self._payment_reader = PaymentReader(
            portal, params, catalog, lambda done: progress.advance("requisites", done), kept
        )
        columns = report_columns(kind, params, catalog)
        self._extra_fields = columns.fields
        self._needs_sellers = params.reads_rows or Entity.SELLER in columns.entities
        self._column_notes = columns.notes
        self._cuts = False
        self._links_refused = False
        self._left_out = LeftOut(portal, kind, params, catalog, today)

    @property
    def undated(self) -> int:
        """How many invoices have no date in the chosen field, so that no period holds them; known after ``pages``."""
        return self._left_out.undated

    @property
    def notes(self) -> tuple[ProblemLine, ...]:
        """What is to be said besides the problems of the report's invoices; known after ``pages``."""
        said = (
            (self._row_reader.denied, NO_ROWS),
            (self._companies_refused and self._contacts_refused, NO_CLIENTS),
            (self._companies_refused and not self._contacts_refused, NO_COMPANIES),
            (self._contacts_refused and not self._companies_refused, NO_CONTACTS),
            (self._look_ups.users.refused, NO_PEOPLE),
            (self._look_ups.deals.refused, NO_DEALS),
            (self._catalog.stages_refused, NO_STAGES),
            (self._cuts, self._cut_here()),
        )
        notes = (note for holds, note in said if holds)
        return (*self._column_notes, *notes, *self._payment_reader.notes, *self._left_out.lines)

    @property
    def _companies_refused(self) -> bool:
        return self._look_ups.companies_refused or self._links_refused

    @property
    def _contacts_refused(self) -> bool:
        return self._look_ups.contacts_refused or self._links_refused

    def _cut_here(self) -> ProblemLine:
        name = self._params.date_field
        return ProblemLine.of_report(
            self._catalog.fields.titles.get(name) or name,
            tr(
                "Портал не принимает отбор по этому полю: прочитаны счета за всё время, период выбран уже из "
                "них. Отчёт полон, но строится дольше."
            ),
        )

    def pages(self) -> Generator[FetchedPage, None, None]:
        """The report's invoices in the order of their ids, once; to be closed by whoever does not read them to the
        end. Raises PortalErrors and what the stop raises."""
        self._cuts = not self._portal.can_filter_by(self._params.date_field)
        with self._portal.together() as crew, Calls(self._stop, crew) as calls:
            undated = None if self._cuts else calls.start(self._left_out.ask_undated)
            held: deque[_Window] = deque()
            for window in self._windows(calls):
                held.append(window)
                if len(held) == WINDOWS_HELD:
                    yield from self._resolve(calls, held.popleft())
            self._progress.all_read()
            asked = () if self._cuts else self._left_out.misdated_filters()
            misdated = [calls.start(self._left_out.ask_misdated, each) for each in asked]
            asides = [calls.start(self._left_out.ask_aside, each) for each in self._asides()]
            for window in held:
                yield from self._resolve(calls, window)
            if undated is not None:
                calls.result(undated)
            for each in misdated:
                self._left_out.add_misdated(calls.result(each))
            for aside in asides:
                self._left_out.add_aside(calls.result(aside))

    def _windows(self, calls: Calls) -> Iterator[_Window]:
        window = _Window()
        for page in self._invoice_pages(calls):
            window.pages.append(page)
            self._start_look_ups(calls, window, page)
            if len(window.pages) == WINDOW_PAGES:
                yield self._close(calls, window)
                window = _Window()
        if window.pages:
            yield self._close(calls, window)

    def _invoice_pages(self, calls: Calls) -> Iterator[list[dict[str, Any]]]:
        """Pages until the list ends, the next being read while this one is used."""
        select, counted = invoice_select(self._catalog.fields, self._extra_fields), 0
        first, *later = self._lists()
        pages = chain(
            self._portal.invoices(filter=first, select=select, outline=self._outline),
            chain.from_iterable(self._portal.invoices(filter=each, select=select) for each in later),
        )

        def read() -> Page | None:
            return next(pages, None)

        reading = calls.start(read)
        while (page := calls.result(reading)) is not None:
            reading = calls.start(read)
            if page.total is not None:
                counted += page.total
                self._progress.expect(counted)
            self._progress.advance("invoices", len(page.items))
            items = self._left_out.within_period(page.items) if self._cuts else list(page.items)
            for stage in ("requisites", "products"):
                self._progress.advance(stage, len(page.items) - len(items))
            if items:
                yield items

    def _lists(self) -> Sequence[dict[str, Any]]:
        """The filters of the lists that the report's invoices stand in, one after the other."""
        wanted = (self._kind.scope(self._params, self._catalog), self._kind.later(self._params, self._catalog))
        first, *more = (accepted(each, self._portal.can_filter_by) for each in wanted if each is not None)
        return [first, *(each for each in more if each != first)]

    def _asides(self) -> Sequence[Aside]:
        return () if self._today is None else self._kind.asides(self._params, self._catalog, self._today)

    def _start_look_ups(self, calls: Calls, window: _Window, page: Sequence[Raw]) -> None:
        ids = [id_in(invoice, "id") for invoice in page]
        window.links.append(calls.start(self._portal.requisite_links, ids))
        window.owners_waiting.extend(ids)
        self._start_rows(calls, window)

    def _start_rows(self, calls: Calls, window: _Window, least: int | None = None) -> None:
        """Starts reading the rows of whole lists of invoices; at the window's end ``least`` is 1."""
        if not self._params.reads_rows:
            return
        together = self._row_reader.owners_together
        while len(window.owners_waiting) >= (least or together):
            some, window.owners_waiting = window.owners_waiting[:together], window.owners_waiting[together:]
            window.rows.append(calls.start_chain(self._row_reader.read, some))

    def _close(self, calls: Calls, window: _Window) -> _Window:
        """The window with everything started that is known by now."""
        self._start_rows(calls, window, least=1)
        invoices = [invoice for page in window.pages for invoice in page]
        look_ups = self._look_ups.learn_responsible, self._look_ups.learn_own_companies
        window.beforehand = tuple(calls.start(each, invoices) for each in look_ups)
        return window

    def _resolve(self, calls: Calls, window: _Window) -> Iterator[FetchedPage]:
        answers = self._all_links(calls, window)
        links, own_links = _links(answers, "REQUISITE_ID"), _links(answers, "MC_REQUISITE_ID")
        invoices = [invoice for page in window.pages for invoice in page]
        self._look_ups.learn(calls, invoices, links, own_links if self._needs_sellers else None)
        for look_up in window.beforehand:
            calls.result(look_up)
        self._look_ups.learn_references(calls.run, invoices, self._extra_fields)
        payments = self._payment_reader.read(calls.run, invoices)
        owned = [calls.result(each) for each in window.rows]
        context = self._context(links, own_links, [] if self._row_reader.denied else owned, payments)
        for page in window.pages:
            self._stop.check()
            yield FetchedPage(page, context)
        for each in owned:
            self._row_reader.release(each)
        self._payment_reader.release(payments)

    def _all_links(self, calls: Calls, window: _Window) -> list[Raw]:
        links: list[Raw] = []
        for answer in window.links:
            try:
                found = calls.result(answer)
            except AccessDeniedError:
                self._links_refused = True
            else:
                links.extend(found)
        return links

    def _context(
        self, links: dict[int, int], own_links: dict[int, int], owned: Sequence[OwnedRows], payments: Payments
    ) -> ProcessingContext:
        known = self._look_ups
        return ProcessingContext(
            fields=self._catalog.fields,
            extra_fields=self._extra_fields,
            today=self._today,
            requisite_links=links,
            own_requisite_links=own_links,
            requisites=known.requisites.first(),
            company_requisites=known.company_requisites.all(),
            contact_requisites=known.contact_requisites.all(),
            company_titles=known.company_titles(),
            contacts=known.contacts.first(),
            preset_xml_ids=self._catalog.preset_xml_ids,
            preset_names=self._catalog.preset_names,
            preset_countries=self._catalog.preset_countries,
            product_rows={owner: rows for each in owned for owner, rows in each.rows.items()}
            if self._params.reads_rows and not self._row_reader.denied
            else None,
            companies_refused=self._companies_refused,
            contacts_refused=self._contacts_refused,
            hidden_companies=known.companies.not_shown - known.own_companies.first().keys(),
            hidden_contacts=known.contacts.not_shown,
            unreadable_rows=frozenset(owner for each in owned for owner in each.refused),
            stages=self._catalog.stages,
            users={each: user_name(user) for each, user in known.users.first().items()},
            deal_titles=known.deal_titles(),
            payments=payments,
            as_of=None if self._params.terms is None else self._params.terms.as_of,
        )


def _links(answers: Sequence[Raw], side: str) -> dict[int, int]:
    """Invoice id → requisite id of one side of the links, those without left out."""
    pairs = ((id_in(link, "ENTITY_ID"), id_in(link, side)) for link in answers)
    return {invoice_id: requisite_id for invoice_id, requisite_id in pairs if requisite_id}

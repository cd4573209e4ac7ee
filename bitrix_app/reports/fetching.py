"""Fetch: the invoices of a report page by page, each page with what belongs to it.

Invoices are read by id without counting (only the first page tells the total). While they come in, the links and
product rows of earlier pages are fetched. Look-ups are gathered over a window of pages, so that calls carry as many
keys as they can; two windows at most are held, whatever the size of the report.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bitrix_app.dates import is_thinkable
from bitrix_app.errors import AccessDeniedError
from bitrix_app.processing import (
    PRODUCT,
    Problem,
    ProcessingContext,
    Raw,
    UnreadableError,
    date_in_words,
    date_reader,
    extra_fields,
    text_in,
)
from bitrix_app.reports.kinds import ReportKind
from bitrix_app.reports.lookups import LookUps, id_in
from bitrix_app.reports.product_rows import OWNERS_A_CALL, OwnedRows, ProductRowReader
from bitrix_app.reports.protocols import Page, PortalReader
from bitrix_app.reports.request import ReportCatalog, ReportParams, invoice_select, misdated_filters, without_field
from bitrix_app.reports.running import Calls, ProgressTracker, StopSignal

WINDOW_PAGES = 20
WINDOWS_HELD = 2
NUMBER = "accountNumber"
MISDATED_NAMED = 20
NO_ROWS = Problem(
    PRODUCT.title,
    "Портал не показал товары ни одного счёта: нет права их читать. Попросите администратора CRM дать доступ.",
)
NO_CLIENTS = Problem(
    "Контрагент",
    "Портал не показал реквизиты или карточки клиентов: нет права их читать. Где в отчёте нет ИНН, КПП или названия, "
    "они могут быть заполнены. Попросите администратора CRM дать доступ к компаниям и контактам.",
)
NO_PEOPLE = Problem(
    "Ответственный", "Портал не показал имена сотрудников: нет права их читать. Вместо имён стоят номера."
)
NO_STAGES = Problem(
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
    owners_waiting: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Misdated:
    """The first invoices that a typing error keeps out of the period, and how many there are."""

    first: list[Raw] = field(default_factory=list)
    count: int = 0

    def add(self, invoices: Sequence[Raw], count: int | None) -> None:
        self.first += invoices[: MISDATED_NAMED - len(self.first)]
        self.count += len(invoices) if count is None else count


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
    ) -> None:
        """``today``: the report's day; dates far from it are named."""
        self._kind = kind
        self._portal = portal
        self._params = params
        self._catalog = catalog
        self._progress = progress
        self._stop = stop
        self._today = today
        self._look_ups = LookUps(portal, knows_users=catalog.knows_users)
        self._row_reader = ProductRowReader(portal, lambda done: progress.advance("products", done))
        self._extra_fields = extra_fields(kind.columns(with_rows=params.detailed))
        self._cuts = False
        self._links_refused = False
        self._read_date = date_reader(catalog.fields, params.date_field)
        self._misdated = _Misdated()
        self.undated = 0
        """How many invoices have no date in the chosen field, so that no period holds them; known after ``pages``."""

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What is to be said once of the whole report; known after ``pages``."""
        said = (
            (self._row_reader.denied, NO_ROWS),
            (self._look_ups.clients_refused or self._links_refused, NO_CLIENTS),
            (self._look_ups.users.refused, NO_PEOPLE),
            (self._catalog.stages_refused, NO_STAGES),
            (self._cuts, self._cut_here()),
        )
        return (*(note for holds, note in said if holds), *self._misdated_note())

    def _misdated_note(self) -> tuple[Problem, ...]:
        """Invoices that are in no period people ask for: the year of their date is a typing error."""
        name, found = self._params.date_field, self._misdated
        if not found.count:
            return ()
        named = ", ".join(_misdated_in_words(each, each.get(name), self._read_date) for each in found.first)
        more = f" и ещё {found.count - len(found.first)}" if found.count > len(found.first) else ""
        message = (
            f"Не попали в отчёт, год похож на опечатку: {named}{more}. "
            "Исправьте дату в карточке счёта и сформируйте отчёт снова."
        )
        return (Problem(self._catalog.fields.titles.get(name) or name, message),)

    def _cut_here(self) -> Problem:
        name = self._params.date_field
        return Problem(
            self._catalog.fields.titles.get(name) or name,
            "Портал не принимает отбор по этому полю: прочитаны счета за всё время, период выбран уже из них. "
            "Отчёт полон, но строится дольше.",
        )

    def pages(self) -> Generator[FetchedPage, None, None]:
        """The report's invoices in the order of their ids, once; to be closed by whoever does not read them to the
        end. Raises PortalErrors and what the stop raises."""
        self._cuts = not self._portal.can_filter_by(self._params.date_field)
        with Calls(self._stop) as calls:
            undated = None if self._cuts else calls.start(self._count_undated)
            held: deque[_Window] = deque()
            for window in self._windows(calls):
                held.append(window)
                if len(held) == WINDOWS_HELD:
                    yield from self._resolve(calls, held.popleft())
            self._progress.all_read()
            misdated = [calls.start(self._misdated_page, each) for each in self._misdated_filters()]
            for window in held:
                yield from self._resolve(calls, window)
            if undated is not None:
                self.undated = calls.result(undated)
            for each in misdated:
                if (page := calls.result(each)) is not None:
                    self._misdated.add(page.items, page.total)

    def _misdated_filters(self) -> Sequence[dict[str, Any]]:
        if self._today is None or self._cuts:
            return ()
        return misdated_filters(self._params, self._catalog, self._today)

    def _misdated_page(self, conditions: dict[str, Any]) -> Page | None:
        select = ["id", NUMBER, self._params.date_field]
        return next(self._portal.invoices(filter=conditions, select=select), None)

    def _count_undated(self) -> int:
        return self._portal.count_invoices(self._kind.undated(self._params, self._catalog))

    def _windows(self, calls: Calls) -> Iterator[_Window]:
        window = _Window()
        for page in self._invoice_pages(calls):
            window.pages.append(page)
            self._start_look_ups(calls, window, page)
            if len(window.pages) == WINDOW_PAGES:
                self._start_rows(calls, window)
                yield window
                window = _Window()
        self._start_rows(calls, window)
        yield window

    def _invoice_pages(self, calls: Calls) -> Iterator[list[dict[str, Any]]]:
        """Pages until the list ends, the next being read while this one is used."""
        scope = self._kind.scope(self._params, self._catalog)
        pages = self._portal.invoices(
            filter=without_field(scope, self._params.date_field) if self._cuts else scope,
            select=invoice_select(self._catalog.fields, self._extra_fields),
        )

        def read() -> Page | None:
            return next(pages, None)

        reading = calls.start(read)
        while (page := calls.result(reading)) is not None:
            reading = calls.start(read)
            if page.total is not None:
                self._progress.expect(page.total)
            self._progress.advance("invoices", len(page.items))
            items = self._of_period(page.items) if self._cuts else list(page.items)
            for stage in ("requisites", "products"):
                self._progress.advance(stage, len(page.items) - len(items))
            if items:
                yield items

    def _of_period(self, invoices: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What the portal's filter would have left: undated ones are counted, misdated ones kept to be named."""
        params, kept = self._params, []
        for invoice in invoices:
            try:
                found = self._read_date(invoice.get(params.date_field))
            except UnreadableError:
                kept.append(invoice)
                continue
            if found is None:
                self.undated += 1
            elif params.date_from <= found <= params.date_to:
                kept.append(invoice)
            elif not is_thinkable(found, self._today):
                self._misdated.add([invoice], 1)
        return kept

    def _start_look_ups(self, calls: Calls, window: _Window, page: Sequence[Raw]) -> None:
        ids = [id_in(invoice, "id") for invoice in page]
        window.links.append(calls.start(self._portal.requisite_links, ids))
        window.owners_waiting.extend(ids)
        if len(window.owners_waiting) >= OWNERS_A_CALL:
            self._start_rows(calls, window)

    def _start_rows(self, calls: Calls, window: _Window) -> None:
        if self._params.detailed:
            owners = window.owners_waiting
            for start in range(0, len(owners), OWNERS_A_CALL):
                some = owners[start : start + OWNERS_A_CALL]
                window.rows.append(calls.start_chain(self._row_reader.read, some))
        window.owners_waiting = []

    def _resolve(self, calls: Calls, window: _Window) -> Iterator[FetchedPage]:
        answers = self._all_links(calls, window)
        links, own_links = _links(answers, "REQUISITE_ID"), _links(answers, "MC_REQUISITE_ID")
        invoices = [invoice for page in window.pages for invoice in page]
        self._look_ups.learn(calls.run, invoices, links, own_links if self._params.detailed else None)
        self._progress.advance("requisites", len(invoices))
        owned = [calls.result(each) for each in window.rows]
        context = self._context(links, own_links, [] if self._row_reader.denied else owned)
        for page in window.pages:
            self._stop.check()
            yield FetchedPage(page, context)

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
        self, links: dict[int, int], own_links: dict[int, int], owned: Sequence[OwnedRows]
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
            company_titles={each: str(company.get("title") or "") for each, company in known.companies.first().items()},
            contacts=known.contacts.first(),
            preset_xml_ids=self._catalog.preset_xml_ids,
            preset_names=self._catalog.preset_names,
            preset_countries=self._catalog.preset_countries,
            product_rows={owner: rows for each in owned for owner, rows in each.rows.items()}
            if self._params.detailed and not self._row_reader.denied
            else None,
            clients_refused=known.clients_refused or self._links_refused,
            unreadable_rows=frozenset(owner for each in owned for owner in each.refused),
            stages=self._catalog.stages,
            users={each: user_name(user) for each, user in known.users.first().items()},
        )


def _links(answers: Sequence[Raw], side: str) -> dict[int, int]:
    """Invoice id → requisite id of one side of the links, those without left out."""
    pairs = ((id_in(link, "ENTITY_ID"), id_in(link, side)) for link in answers)
    return {invoice_id: requisite_id for invoice_id, requisite_id in pairs if requisite_id}


def _misdated_in_words(invoice: Raw, value: Any, read: Callable[[Any], date | None]) -> str:
    """``счёт № 17 (31.03.2062)``; the id where there is no number."""
    number = text_in(invoice, NUMBER)
    which = f"№ {number}" if number else f"с ID {invoice.get('id')}"
    try:
        day = read(value)
    except UnreadableError as error:
        return f"счёт {which} ({error})"
    return f"счёт {which} ({date_in_words(day)})" if day else f"счёт {which}"


def user_name(user: Raw) -> str:
    """Surname and name of a ``user.get`` record, else its id."""
    parts = (str(user.get(name) or "").strip() for name in ("LAST_NAME", "NAME"))
    return " ".join(part for part in parts if part) or f"ID {user.get('ID')}"

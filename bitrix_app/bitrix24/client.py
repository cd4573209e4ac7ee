"""The portal client: questions about the CRM and the portal, sent through one session."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from bitrix_app.bitrix24 import crm, portal_methods
from bitrix_app.bitrix24.batch import BatchSession
from bitrix_app.bitrix24.habits import FieldNames, Habits, Spelling, needs_spelling
from bitrix_app.bitrix24.questions import PagedList, Question
from bitrix_app.bitrix24.session import PortalSession
from bitrix_app.bitrix24.transport import Transport
from bitrix_app.bitrix24.types import (
    Answer,
    Bucket,
    CallObserver,
    Crew,
    Outline,
    Page,
    Profile,
    Run,
    StopSignal,
    TokenSource,
)
from bitrix_app.errors import GiveUpError, InvalidArgumentError

T = TypeVar("T")
Records = list[dict[str, Any]]


class Bitrix24Client:
    """Speaks to one portal with one user's rights, for one piece of work (a report, a web request).

    Several threads may use it at once. ``clock`` gives Unix seconds, ``jitter`` a number from 0 to 1. The transport
    belongs to whoever made it. ``habits`` are kept beyond this client where they are given. ``batches``: what is asked
    together goes by the portal's ``batch``.

    Every method raises PortalError where waiting, a new token and repeating do not help (contract §5), and
    UnexpectedAnswerError for an answer of another shape than the method's page says; AuthorizationServerError when the
    token cannot be renewed, and what the stop signal raises. ``run`` says how several questions are asked: one after
    another, or several at once.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        tokens: TokenSource,
        bucket: Bucket,
        stop: StopSignal,
        observer: CallObserver,
        habits: Habits | None = None,
        batches: bool = False,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.habits = Habits() if habits is None else habits
        self._names = FieldNames(self.habits.spellings, self.invoice_fields, self._is_taken)
        session = BatchSession if batches else PortalSession
        self._session = session(
            habits=self.habits,
            transport=transport,
            tokens=tokens,
            bucket=bucket,
            stop=stop,
            observer=observer,
            clock=clock,
            jitter=jitter,
        )

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """The good answer to one method, as it came."""
        return self.ask(Question(method, params or {}, lambda answer: answer))

    def ask(self, question: Question[T]) -> T:
        """What the portal answers to one question."""
        return self._session.ask(question)

    def whole(self, asked: PagedList) -> Records:
        """The records of one whole list."""
        return self._session.whole([asked], map)

    def together(self) -> AbstractContextManager[Crew]:
        """A crew for a piece of work of several threads: what they ask at the same time may go together."""
        return self._session.together()

    def at_once(self, *tasks: Callable[[], Any]) -> list[Any]:
        """What several tasks return, whose questions may go together."""
        return self._session.at_once(*tasks)

    # --- invoices and what belongs to them ---------------------------------------------------------------------------

    def invoices(
        self, *, filter: Mapping[str, Any], select: Sequence[str], outline: Outline | None = None
    ) -> Iterator[Page]:
        """All invoices that match, page by page in the order of their ids; only the first page tells the total.
        ``outline``: of invoices by a filter that is hardly wider."""
        return self._session.pages(crm.invoices(self._names.written(filter, select)), outline=outline)

    def invoices_outline(self, filter: Mapping[str, Any]) -> Outline | None:
        """Where the invoices lie that match, asked ahead of ``invoices``; None where that gains nothing."""
        return self._session.outline(crm.invoices(self._names.written(filter, ["id"])))

    def invoice_page(
        self, *, filter: Mapping[str, Any], select: Sequence[str], after_id: int | None = None, counted: bool = False
    ) -> Page:
        """One page of invoices with ids above ``after_id``; ``counted`` tells the total."""
        return self.ask(crm.invoices(self._names.written(filter, select)).page(after_id, counted=counted))

    def latest_invoices(self, *, filter: Mapping[str, Any], select: Sequence[str]) -> Records:
        """The ten invoices that match with the highest ids, newest first."""
        return self.ask(crm.latest_invoices(self._names.written(filter, select)))

    def count_invoices(self, filter: Mapping[str, Any]) -> int:
        """How many invoices match."""
        return self.ask(crm.count_invoices(self._names.written(filter, ["id"])))

    def can_filter_by(self, field: str) -> bool:
        """Whether the portal takes conditions on this date field of invoices, however its name is written."""
        return not needs_spelling(field) or self._names.spelling(field) is not Spelling.NONE

    def visible_invoices(self, ids: Collection[int], run: Run = map) -> Records:
        """Those of these invoices that the user can see: ``id``."""
        return self._together(crm.invoices_by_id(ids), run)

    def product_rows(self, invoice_ids: Sequence[int]) -> Iterator[Page]:
        """All product rows of these invoices, page by page in the order of the rows' ids; the first page tells the
        total. Raises AccessDeniedError when the user may not read one of the invoices (by version: invoice 1,
        whatever the list), and InvalidArgumentError where no list is taken."""
        return self._session.pages(crm.product_rows(list(invoice_ids))) if invoice_ids else iter(())

    def product_rows_of(self, invoice_id: int) -> Iterator[Page]:
        """All product rows of one invoice, as ``product_rows``: judged by the right to read this invoice."""
        return self._session.pages(crm.product_rows(invoice_id))

    def owners_together(self, rows: float, spread: float) -> int:
        """How many invoices a list of product rows is best asked for, where one has so many rows on the average,
        ``spread`` being the standard deviation."""
        return self._session.owners_together(rows, spread)

    @property
    def owner_lists(self) -> bool | None:
        """Whether lists of owners of product rows are answered to this user; None as long as nobody knows."""
        return self.habits.owner_lists

    def learn_owner_lists(self, *, answered: bool) -> None:
        """Remembers it."""
        self.habits.learn_owner_lists(answered=answered)

    def payments(self, invoice_id: int) -> Records:
        """Payments of an invoice: ``paid``, ``datePaid``, ``sum``, ``currency``."""
        return self._session.whole([crm.payments(invoice_id)], map)

    def requisite_links(self, invoice_ids: Collection[int], run: Run = map) -> Records:
        """Links of these invoices; ``REQUISITE_ID`` is the buyer's, ``"0"`` for none."""
        return self._session.whole(crm.requisite_links(invoice_ids), run)

    def requisites(self, ids: Collection[int], run: Run = map) -> Records:
        """Requisites by their ids."""
        return self._together(crm.requisites(ids), run)

    def company_requisites(self, company_ids: Collection[int], run: Run = map) -> Records:
        """All requisites of these companies."""
        return self._session.whole(crm.requisites_of(crm.COMPANY, company_ids), run)

    def contact_requisites(self, contact_ids: Collection[int], run: Run = map) -> Records:
        """All requisites of these contacts."""
        return self._session.whole(crm.requisites_of(crm.CONTACT, contact_ids), run)

    def companies(self, ids: Collection[int], run: Run = map) -> Records:
        """Companies by their ids: ``id``, ``title``."""
        return self._together(crm.companies(ids), run)

    def companies_titled(self, part: str) -> Records:
        """The first fifty customers' companies whose title holds ``part``: ``id``, ``title``."""
        return list(self.ask(crm.companies_titled(part)).items)

    def company_requisites_numbered(self, part: str) -> Records:
        """The first fifty requisites of companies whose ИНН begins with ``part``."""
        return list(self.ask(crm.company_requisites_numbered(part)).items)

    def contacts(self, ids: Collection[int], run: Run = map) -> Records:
        """Contacts by their ids: ``id``, ``lastName``, ``name``, ``secondName``."""
        return self._together(crm.contacts(ids), run)

    def deals(self, ids: Collection[int], run: Run = map) -> Records:
        """Deals by their ids: ``id``, ``title``."""
        return self._together(crm.deals(ids), run)

    def deal_clients(self, deal_id: int) -> Records:
        """The deal, where the user can see it: ``id``, ``companyId``, ``contactId``."""
        return list(self.ask(crm.deal_clients(deal_id)).items)

    def my_companies(self) -> Records:
        """The portal owner's own companies: ``id``, ``title``."""
        return self._session.whole([crm.my_companies()], map)

    # --- the portal itself -------------------------------------------------------------------------------------------

    def app_info(self) -> dict[str, Any]:
        """The application as the portal sees it: ``LICENSE_FAMILY``, ``INSTALLED``, …"""
        return self.ask(portal_methods.app_info())

    def profile(self) -> Profile:
        """The user behind the token. Raises UserAccessError for one who has been dismissed."""
        return self.ask(portal_methods.profile())

    def server_offset(self) -> timedelta | None:
        """How far from UTC the portal's server dates its answers; None where it does not."""
        return self.call("profile").offset

    def invoice_fields(self) -> dict[str, dict[str, Any]]:
        """Fields of invoices by name: ``type``, ``title``, …"""
        found = self.ask(portal_methods.invoice_fields())
        self.habits.spellings.learn(found)
        return found

    def categories(self) -> Records:
        """Funnels of invoices that the user may read: ``id``, ``name``, …"""
        return self.ask(portal_methods.categories())

    def stages(self, category_ids: Collection[int]) -> Records:
        """Stages of these funnels, in their order: ``STATUS_ID``, ``NAME``, ``SEMANTICS``, …"""

        def together(read: Callable[[Any], Any], lists: Iterable[Any]) -> list[Any]:
            return self.at_once(*(partial(read, each) for each in lists))

        return self._session.whole(portal_methods.stages(category_ids), together)

    def requisite_presets(self) -> Records:
        """Templates of requisites: ``ID``, ``NAME``, ``XML_ID``."""
        return self._session.whole([portal_methods.requisite_presets()], map)

    def currencies(self) -> Records:
        """The portal's currencies: ``CURRENCY`` (``RUB``), ``BASE``, …"""
        return self._session.whole([portal_methods.currencies()], map)

    def users(self, ids: Collection[int], run: Run = map) -> Records:
        """Users by their ids: ``ID``, ``NAME``, ``LAST_NAME``; needs a scope of users."""
        return self._session.whole(portal_methods.users(ids), run)

    def placements(self) -> Records:
        """Where the app is bound: ``placement``, ``handler``, …"""
        return self.ask(portal_methods.placements())

    def known_placements(self) -> frozenset[str]:
        """Codes of the placements that this portal has for the app; empty where it tells them in another shape."""
        codes = self.ask(portal_methods.known_placements())
        return frozenset(map(str, codes)) if isinstance(codes, list) else frozenset()

    def bind_placement(
        self, placement: str, handler: str, *, title: str, lang_all: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Binds a handler, unless it is bound already; ``lang_all`` is language → ``{"TITLE": …}``."""
        self._bind(
            portal_methods.placement_bind(placement, handler, title=title, lang_all=lang_all),
            lambda: _is_bound(self.placements(), placement=placement, handler=handler),
        )

    def unbind_placement(self, placement: str, handler: str) -> None:
        """Takes a handler away; harmless when there is none."""
        self.ask(portal_methods.placement_unbind(placement, handler))

    def events(self) -> Records:
        """Event handlers of the app: ``event``, ``handler``, …"""
        return self.ask(portal_methods.events())

    def bind_event(self, event: str, handler: str) -> None:
        """Binds a handler of an event, unless it is bound already."""
        self._bind(
            portal_methods.event_bind(event, handler), lambda: _is_bound(self.events(), event=event, handler=handler)
        )

    def unbind_event(self, event: str, handler: str) -> None:
        """Takes a handler of an event away; harmless when there is none."""
        self.ask(portal_methods.event_unbind(event, handler))

    # --- sending -----------------------------------------------------------------------------------------------------

    def _together(self, questions: Iterable[Question[Page]], run: Run) -> Records:
        """The records of several answers, in the order of the questions."""
        return [record for page in self._session.ask_all(questions, run) for record in page.items]

    def _is_taken(self, name: str, spelling: Spelling, upper_names: Mapping[str, str]) -> bool:
        try:
            self.ask(crm.tries_spelling(name, spelling, upper_names))
        except InvalidArgumentError:
            return False
        return True

    def _bind(self, question: Question[None], is_bound: Callable[[], bool]) -> None:
        """Binding twice is an error without a code of its own, and a repeated call may be the second time: its first
        answer got lost."""
        try:
            self.ask(question)
        except GiveUpError as error:
            if type(error) is not GiveUpError or not is_bound():
                raise


def _is_bound(rows: Records, **wanted: str) -> bool:
    return any(all(str(row.get(name)).lower() == value.lower() for name, value in wanted.items()) for row in rows)

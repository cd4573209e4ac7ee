"""The portal client: questions about the CRM and the portal, sent through one session."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from bitrix_app.bitrix24 import crm, portal_methods
from bitrix_app.bitrix24.habits import Habits
from bitrix_app.bitrix24.questions import Question
from bitrix_app.bitrix24.session import PortalSession
from bitrix_app.bitrix24.spelling import TRIED, Spelling, Written, name_in, needs_spelling, written
from bitrix_app.bitrix24.transport import Transport
from bitrix_app.bitrix24.types import Answer, Bucket, CallObserver, Page, Profile, Run, StopSignal, TokenSource
from bitrix_app.errors import GiveUpError, InvalidArgumentError

T = TypeVar("T")
Records = list[dict[str, Any]]


class Bitrix24Client:
    """Speaks to one portal with one user's rights, for one piece of work (a report, a web request).

    Several threads may use it at once. ``clock`` gives Unix seconds, ``jitter`` a number from 0 to 1. The transport
    belongs to whoever made it. ``habits`` are kept beyond this client where they are given.

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
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.habits = Habits() if habits is None else habits
        self._session = PortalSession(
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

    # --- invoices and what belongs to them ---------------------------------------------------------------------------

    def invoices(self, *, filter: Mapping[str, Any], select: Sequence[str]) -> Iterator[Page]:
        """All invoices that match, page by page in the order of their ids; only the first page tells the total."""
        return self._session.pages(crm.invoices(self._written(filter, select)))

    def invoice_page(
        self, *, filter: Mapping[str, Any], select: Sequence[str], after_id: int | None = None, counted: bool = False
    ) -> Page:
        """One page of invoices with ids above ``after_id``; ``counted`` tells the total."""
        return self.ask(crm.invoices(self._written(filter, select)).page(after_id, counted=counted))

    def count_invoices(self, filter: Mapping[str, Any]) -> int:
        """How many invoices match."""
        return self.ask(crm.count_invoices(self._written(filter, ["id"])))

    def can_filter_by(self, field: str) -> bool:
        """Whether the portal takes conditions on this date field of invoices, however its name is written."""
        return not needs_spelling(field) or self._spelling(field) is not Spelling.NONE

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

    @property
    def owner_lists(self) -> bool | None:
        """Whether lists of owners of product rows are answered to this user; None as long as nobody knows."""
        return self.habits.owner_lists

    def learn_owner_lists(self, *, answered: bool) -> None:
        """Remembers it."""
        self.habits.owner_lists = answered

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

    def contacts(self, ids: Collection[int], run: Run = map) -> Records:
        """Contacts by their ids: ``id``, ``lastName``, ``name``, ``secondName``."""
        return self._together(crm.contacts(ids), run)

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
        return self._session.whole(portal_methods.stages(category_ids), map)

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

    # --- names of custom fields --------------------------------------------------------------------------------------

    def _written(self, conditions: Mapping[str, Any], select: Sequence[str]) -> Written:
        names = {name_in(key) for key in conditions}
        spelled = {name: self._spelling(name) for name in names if needs_spelling(name)}
        return written(conditions, select, spelled, self.habits.spellings.upper_names)

    def _spelling(self, name: str) -> Spelling:
        """How the portal takes the name of this date field; asked once, then remembered for the portal."""
        spellings = self.habits.spellings
        known = spellings.found.get(name)
        if known is None:
            known = spellings.found[name] = self._find_spelling(name)
        return known

    def _find_spelling(self, name: str) -> Spelling:
        """A field that the portal does not have is left as it is, for the portal to refuse."""
        upper_names = self.habits.spellings.upper_names
        if name not in upper_names:
            self.invoice_fields()
            upper_names = self.habits.spellings.upper_names
        if name not in upper_names:
            return Spelling.AS_GIVEN
        for each in TRIED:
            try:
                self.ask(crm.tries_spelling(name, each, upper_names))
            except InvalidArgumentError:
                continue
            return each
        return Spelling.NONE

    # --- sending -----------------------------------------------------------------------------------------------------

    def _together(self, questions: Iterable[Question[Page]], run: Run) -> Records:
        """The records of several answers, in the order of the questions."""
        return [record for page in self._session.ask_all(questions, run) for record in page.items]

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

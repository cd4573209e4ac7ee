"""What belongs to invoices and is looked up by key: requisites, companies, contacts, people.

Each key is asked for once a report. What was learnt is kept, so memory follows the number of counterparties, not of
invoices.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from sys import getsizeof
from typing import Any

from bitrix_app.errors import (
    AccessDeniedError,
    AnswersTooHeavyError,
    InsufficientScopeError,
    PortalError,
    UnknownMethodError,
)
from bitrix_app.processing import (
    COMPANY_FIELDS,
    CONTACT_FIELDS,
    REQUISITE_FIELDS,
    Entity,
    Field,
    Raw,
    Reference,
    UnreadableError,
    buyer_of,
    id_of,
)
from bitrix_app.reports.protocols import PortalReader, Run
from bitrix_app.reports.running import Calls

REFUSALS = (AccessDeniedError, InsufficientScopeError, UnknownMethodError)
"""The user, or the application, may not ask for names of people."""
USER_FIELDS = ("ID", "NAME", "LAST_NAME")
DEAL_FIELDS = ("id", "title")
REQUISITE_NAMES = ("RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_NAME", "RQ_LAST_NAME", "RQ_FIRST_NAME")


KEPT_BYTES = 256 * 2**20
"""What look-ups and product rows of one report may take in memory: a quarter of a million counterparties."""
KEPT_TEXT = 2000
"""Characters of a text that are kept: twice what is shown, for entities of HTML may be decoded."""


class KeptRecords:
    """The memory that one report's records take, by estimate; several threads charge it."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._left = most
        self._lock = threading.Lock()

    def slim(self, records: Iterable[Raw], names: Sequence[str]) -> list[dict[str, Any]]:
        """The records with these fields alone, lists and objects left out, texts cut; they are charged.

        Raises AnswersTooHeavyError when all that is kept takes too much.
        """
        slimmed = [_slim(each, names) for each in records]
        self._charge(weight_of(slimmed))
        return slimmed

    def release(self, weight: int) -> None:
        """Records of this weight are no longer kept."""
        self._charge(-weight)

    def _charge(self, weight: int) -> None:
        with self._lock:
            self._left -= weight
            is_spent = self._left < 0
        if is_spent:
            raise AnswersTooHeavyError


def weight_of(records: Iterable[Raw]) -> int:
    """Bytes in memory, names of fields not counted: they are the same in all records."""
    return sum(getsizeof(each) + sum(map(getsizeof, each.values())) for each in records)


def _slim(record: Raw, names: Sequence[str]) -> dict[str, Any]:
    values = ((name, record.get(name)) for name in names)
    return {
        name: value[:KEPT_TEXT] if isinstance(value, str) else value
        for name, value in values
        if value is not None and not isinstance(value, list | dict)
    }


def id_in(record: Raw, field: str) -> int:
    """The id in a field of a record; 0 for none."""
    return id_of(record.get(field)) or 0


class Known:
    """A cache of records by key for one report; a key without a record is remembered too."""

    def __init__(
        self,
        fetch: Callable[[list[int], Run], Sequence[Raw]],
        key_field: str,
        names: Sequence[str],
        *,
        kept: KeptRecords | None = None,
        refusals: tuple[type[PortalError], ...] = (AccessDeniedError,),
    ) -> None:
        """``names``: the fields that are kept, the key among them; ``refusals``: errors after which a report does
        without these records."""
        self._names = names
        self._kept = kept or KeptRecords()
        self._refusals = refusals
        self._fetch = fetch
        self._key_field = key_field
        self._records: dict[int, tuple[Raw, ...]] = {}
        self.refused = False
        """Whether the portal refused to show them: a report does without, and says so."""

    def learn(self, run: Run, keys: Iterable[int]) -> None:
        """Asks the portal for those of ``keys`` that are not known. After a refusal nothing more is asked.

        Raises AnswersTooHeavyError and PortalErrors."""
        missing = sorted({each for each in keys if each and each not in self._records})
        found: dict[int, list[Raw]] = defaultdict(list)
        asked = self._asked(missing, run) if missing and not self.refused else ()
        for record in self._kept.slim(asked, self._names):
            found[id_in(record, self._key_field)].append(record)
        self._records.update({each: tuple(found[each]) for each in missing})

    def _asked(self, missing: list[int], run: Run) -> Sequence[Raw]:
        try:
            return self._fetch(missing, run)
        except self._refusals:
            self.refused = True
            return ()

    def has(self, wanted: int) -> bool:
        """Whether there is a record under this key."""
        return bool(self._records.get(wanted))

    @property
    def not_shown(self) -> frozenset[int]:
        """The keys asked for without a record: it is gone, or this user may not see it."""
        return frozenset(each for each, records in self._records.copy().items() if not records)

    def all(self) -> Mapping[int, tuple[Raw, ...]]:
        """Key → its records; an empty tuple where there are none."""
        return self._records

    def first(self) -> dict[int, Raw]:
        """Key → its first record, absent ones left out."""
        known = self._records.copy()  # in one step: another thread learns meanwhile
        return {each: records[0] for each, records in known.items() if records}


def people(portal: PortalReader, ids: Sequence[int], run: Run = map) -> Sequence[Raw]:
    """Users by their ids; none where the user may not ask for them: a report does without their names."""
    try:
        return portal.users(ids, run)
    except REFUSALS:
        return ()


def user_name(user: Raw) -> str:
    """Surname and name of a ``user.get`` record, else its id."""
    parts = (str(user.get(name) or "").strip() for name in ("LAST_NAME", "NAME"))
    return " ".join(part for part in parts if part) or f"ID {user.get('ID')}"


class LookUps:
    """Counterparties and people of a report.

    The order of the questions follows the rule for the counterparty (contract §4): the linked requisite, else the
    company's, else the contact's, else a bare name; nothing is asked that the step before has already answered.
    """

    def __init__(self, portal: PortalReader, *, knows_users: bool, kept: KeptRecords | None = None) -> None:
        kept = kept or KeptRecords()
        self.requisites = Known(portal.requisites, "ID", REQUISITE_FIELDS, kept=kept)
        self.company_requisites = Known(portal.company_requisites, "ENTITY_ID", REQUISITE_FIELDS, kept=kept)
        self.contact_requisites = Known(portal.contact_requisites, "ENTITY_ID", REQUISITE_FIELDS, kept=kept)
        self.companies = Known(portal.companies, "id", COMPANY_FIELDS, kept=kept)
        self.own_companies = Known(portal.companies, "id", COMPANY_FIELDS, kept=kept)
        self.contacts = Known(portal.contacts, "id", CONTACT_FIELDS, kept=kept)
        self.deals = Known(portal.deals, "id", DEAL_FIELDS, kept=kept, refusals=REFUSALS)
        self.users = Known(portal.users, "ID", USER_FIELDS, kept=kept, refusals=REFUSALS)
        self._knows_users = knows_users

    @property
    def companies_refused(self) -> bool:
        """Whether the portal refused to show companies or their requisites."""
        return self.companies.refused or self._requisites_refused

    @property
    def contacts_refused(self) -> bool:
        """Whether the portal refused to show contacts or their requisites."""
        return self.contacts.refused or self._requisites_refused

    @property
    def _requisites_refused(self) -> bool:
        """The portal refuses them to who may read neither companies nor contacts, whoever's they are."""
        return any(each.refused for each in (self.requisites, self.company_requisites, self.contact_requisites))

    def company_titles(self) -> dict[int, str]:
        """Company id → title, own companies among them."""
        known = {**self.own_companies.first(), **self.companies.first()}
        return {each: str(company.get("title") or "") for each, company in known.items()}

    def deal_titles(self) -> dict[int, str]:
        """Deal id → title."""
        return {each: str(deal.get("title") or "") for each, deal in self.deals.first().items()}

    def learn_references(self, run: Run, invoices: Sequence[Raw], fields: Sequence[Field]) -> None:
        """Looks up what these fields of ``invoices`` refer to, for its names."""
        found: dict[Entity, set[int]] = defaultdict(set)
        for field in fields:
            if field.entities:
                for each in _references(field, invoices):
                    found[each.entity].add(each.id)
        if self._knows_users:
            self.users.learn(run, found[Entity.USER])
        self.companies.learn(run, found[Entity.COMPANY])
        self.contacts.learn(run, found[Entity.CONTACT])
        self.deals.learn(run, found[Entity.DEAL])

    def learn_responsible(self, invoices: Sequence[Raw]) -> None:
        """Looks up who is responsible for ``invoices``, which no link decides."""
        if self._knows_users:
            self.users.learn(map, (id_in(each, "assignedById") for each in invoices))

    def learn_own_companies(self, invoices: Sequence[Raw]) -> None:
        """Looks up one's own companies in ``invoices``, which no link decides either."""
        self.own_companies.learn(map, (id_in(each, "mycompanyId") for each in invoices))

    def learn(
        self,
        calls: Calls,
        invoices: Sequence[Raw],
        links: Mapping[int, int],
        own_links: Mapping[int, int] | None = None,
    ) -> None:
        """Looks up the counterparties of ``invoices``; ``links`` is invoice id → linked requisite id, ``own_links`` the
        same of the seller's side, ``None`` where no rule asks for the seller."""
        run, sellers, sold = calls.run, [] if own_links is None else invoices, own_links or {}

        def companies(is_linked: Callable[[int], object]) -> list[int]:
            unlinked = (each for each in invoices if not is_linked(links.get(id_in(each, "id"), 0)))
            own = (each for each in sellers if not is_linked(sold.get(id_in(each, "id"), 0)))
            return [*map(_company, unlinked), *(id_in(each, "mycompanyId") for each in own)]

        calls.at_once(
            lambda: self.requisites.learn(run, [*links.values(), *sold.values()]),
            lambda: self.company_requisites.learn(run, companies(bool)),
        )
        self.company_requisites.learn(run, companies(self.requisites.has))
        unlinked = [each for each in invoices if not self.requisites.has(links.get(id_in(each, "id"), 0))]
        bare = [each for each in unlinked if not self.company_requisites.has(_company(each))]
        self.companies.learn(run, map(_company, bare))
        self.contact_requisites.learn(run, (_contact(each) for each in bare))
        nobody = [each for each in bare if not self.contact_requisites.has(_contact(each))]
        self._learn_names(run, [*nobody, *self._nameless(invoices, links)])

    def _learn_names(self, run: Run, invoices: Sequence[Raw]) -> None:
        self.companies.learn(run, (_company(each) for each in invoices))
        without = [each for each in invoices if not self.companies.has(_company(each))]
        self.contacts.learn(run, (_contact(each) for each in without))

    def _nameless(self, invoices: Sequence[Raw], links: Mapping[int, int]) -> list[Raw]:
        """Invoices whose requisite has no name in any of its fields: their owner's title stands in."""
        return [each for each in invoices if any(map(_is_nameless, self._candidates(each, links)))]

    def _candidates(self, invoice: Raw, links: Mapping[int, int]) -> Sequence[Raw]:
        linked = self.requisites.all().get(links.get(id_in(invoice, "id"), 0))
        if linked:
            return linked
        return self.company_requisites.all().get(_company(invoice)) or self.contact_requisites.all().get(
            _contact(invoice), ()
        )


def _references(field: Field, invoices: Sequence[Raw]) -> Iterable[Reference]:
    for invoice in invoices:
        try:
            parts = field.read(invoice.get(field.name))
        except UnreadableError:
            continue  # the processor makes a problem of it
        if isinstance(parts, tuple):
            yield from (each for each in parts if isinstance(each, Reference))


def _company(invoice: Raw) -> int:
    return buyer_of(invoice)[0] or 0


def _contact(invoice: Raw) -> int:
    return buyer_of(invoice)[1] or 0


def _is_nameless(requisite: Raw) -> bool:
    return not any(str(requisite.get(name) or "").strip() for name in REQUISITE_NAMES)

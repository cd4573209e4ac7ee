"""What belongs to invoices and is looked up by key: requisites, companies, contacts, people.

Each key is asked for once a report. What was learnt is kept, so memory follows the number of counterparties, not of
invoices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from bitrix_app.errors import AccessDeniedError, InsufficientScopeError, PortalError, UnknownMethodError
from bitrix_app.processing import Raw, buyer_of, id_of
from bitrix_app.reports.protocols import PortalReader, Run

REFUSALS = (AccessDeniedError, InsufficientScopeError, UnknownMethodError)
"""The user, or the application, may not ask for names of people."""
REQUISITE_NAMES = ("RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_NAME", "RQ_LAST_NAME", "RQ_FIRST_NAME")


def id_in(record: Raw, field: str) -> int:
    """The id in a field of a record; 0 for none."""
    return id_of(record.get(field)) or 0


class Known:
    """A cache of records by key for one report; a key without a record is remembered too."""

    def __init__(
        self,
        fetch: Callable[[list[int], Run], Sequence[Raw]],
        key_field: str,
        refusals: tuple[type[PortalError], ...] = (AccessDeniedError,),
    ) -> None:
        """``refusals``: errors after which a report does without these records."""
        self._refusals = refusals
        self._fetch = fetch
        self._key_field = key_field
        self._records: dict[int, tuple[Raw, ...]] = {}
        self.refused = False
        """Whether the portal refused to show them: a report does without, and says so."""

    def learn(self, run: Run, keys: Iterable[int]) -> None:
        """Asks the portal for those of ``keys`` that are not known. After a refusal nothing more is asked."""
        missing = sorted({each for each in keys if each and each not in self._records})
        found: dict[int, list[Raw]] = defaultdict(list)
        for record in self._asked(missing, run) if missing and not self.refused else ():
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

    def all(self) -> Mapping[int, tuple[Raw, ...]]:
        """Key → its records; an empty tuple where there are none."""
        return self._records

    def first(self) -> dict[int, Raw]:
        """Key → its first record, absent ones left out."""
        return {each: records[0] for each, records in self._records.items() if records}


def people(portal: PortalReader, ids: Sequence[int], run: Run = map) -> Sequence[Raw]:
    """Users by their ids; none where the user may not ask for them: a report does without their names."""
    try:
        return portal.users(ids, run)
    except REFUSALS:
        return ()


class LookUps:
    """Counterparties and people of a report.

    The order of the questions follows the rule for the counterparty (contract §4): the linked requisite, else the
    company's, else the contact's, else a bare name; nothing is asked that the step before has already answered.
    """

    def __init__(self, portal: PortalReader, *, knows_users: bool) -> None:
        self.requisites = Known(portal.requisites, "ID")
        self.company_requisites = Known(portal.company_requisites, "ENTITY_ID")
        self.contact_requisites = Known(portal.contact_requisites, "ENTITY_ID")
        self.companies = Known(portal.companies, "id")
        self.contacts = Known(portal.contacts, "id")
        self.users = Known(portal.users, "ID", REFUSALS)
        self._knows_users = knows_users

    @property
    def clients_refused(self) -> bool:
        """Whether the portal refused to show requisites, companies or contacts."""
        parts = (self.requisites, self.company_requisites, self.contact_requisites, self.companies, self.contacts)
        return any(each.refused for each in parts)

    def learn(
        self, run: Run, invoices: Sequence[Raw], links: Mapping[int, int], own_links: Mapping[int, int] | None = None
    ) -> None:
        """Looks up all that ``invoices`` need; ``links`` is invoice id → linked requisite id, ``own_links`` the same of
        the seller's side, ``None`` where no rule asks for the seller."""
        if self._knows_users:
            self.users.learn(run, (id_in(each, "assignedById") for each in invoices))
        sellers = [] if own_links is None else invoices
        self.requisites.learn(run, [*links.values(), *(own_links or {}).values()])
        unlinked = [each for each in invoices if not self.requisites.has(links.get(id_in(each, "id"), 0))]
        own = [each for each in sellers if not self.requisites.has((own_links or {}).get(id_in(each, "id"), 0))]
        own_companies = [id_in(each, "mycompanyId") for each in own]
        self.company_requisites.learn(run, [*map(_company, unlinked), *own_companies])
        bare = [each for each in unlinked if not self.company_requisites.has(_company(each))]
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


def _company(invoice: Raw) -> int:
    return buyer_of(invoice)[0] or 0


def _contact(invoice: Raw) -> int:
    return buyer_of(invoice)[1] or 0


def _is_nameless(requisite: Raw) -> bool:
    return not any(str(requisite.get(name) or "").strip() for name in REQUISITE_NAMES)

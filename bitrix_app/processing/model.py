"""What came from the portal, and what we made of it: frozen values, nothing of HTTP, SQL or a clock.

Money is ``Decimal`` in the currency named beside it, dates are calendar dates. Unknown is ``None``, never 0,
an empty text or a word.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import Enum, auto
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

Raw = Mapping[str, Any]
"""A record as the portal's JSON gives it (numbers parsed as Decimal)."""


class Spooled:
    """A frozen value that is pickled as its class and arguments: a report's spool holds hundreds of thousands, and the
    fields one by one, as ``dataclasses`` pickles them, take three times as long."""

    __slots__ = ()

    def arguments(self) -> tuple[Any, ...]:
        """The values of the fields, in their order: the class makes an equal value of them."""
        kind: Any = type(self)
        return _getter(kind)(self)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), self.arguments()


@cache
def _getter(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*(each.name for each in fields(kind)))


@dataclass(frozen=True, slots=True)
class Problem(Spooled):
    """Something wrong or missing in one invoice: ``field`` in the workbook's words, ``message`` says what is wrong
    and what to do in the portal (in the report's language)."""

    field: str
    message: str


class ProblemLine(NamedTuple):
    """A problem as a line of ``Проблемы``; one that belongs to the whole report names no invoice. The client's card is
    told where the problem is mended there: ``company_id``, else ``contact_id``."""

    invoice_id: int | None
    number: str | None
    field: str
    message: str
    company_id: int | None = None
    contact_id: int | None = None

    @classmethod
    def of_report(cls, field: str, message: str) -> ProblemLine:
        """What is said once of the whole report."""
        return cls(None, None, field, message)


class Entity(Enum):
    """What is looked up by key for a column's sake. ``SELLER`` is the requisite of one's own company."""

    USER = auto()
    COMPANY = auto()
    CONTACT = auto()
    DEAL = auto()
    SELLER = auto()


class Reference(NamedTuple):
    """An id that a field holds, and what it is the id of."""

    entity: Entity
    id: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the portal's record that is read by itself.

    ``code`` names the value in our records: an attribute of ProcessedInvoice, or a key of its ``extra``. ``name`` is
    the portal's name of the field, ``title`` what problems and columns call it (in the report's language).
    ``read`` returns ``None`` for an empty value and raises UnreadableError. ``resolve`` makes the value in our records
    of what was read, the raw invoice and the context; without it that is the value. ``entities`` are looked up for it.
    """

    code: str
    name: str
    title: str
    read: Callable[[Any], Any]
    resolve: Callable[[Any, Raw, ProcessingContext], Any] | None = None
    entities: frozenset[Entity] = frozenset()


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a funnel. ``semantics``: ``S`` success, ``F`` failure, ``P`` in process."""

    id: str
    title: str
    semantics: str
    category_id: int


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Which field of the invoice means what in this portal: names as ``crm.item.fields`` gives them.

    ``None`` where none is chosen. ``titles`` are the portal's own titles of these fields, for sentences.
    ``payment_source`` (contract §6): ``date`` (or stage), ``field`` (with ``paid_amount_field``), ``payments``.
    ``datetime_fields`` hold a moment, whose day is told in the portal's ``zone``; other date fields hold a date.
    """

    date_field: str = "begindate"
    shipped_field: str | None = None
    paid_field: str | None = None
    payment_source: str = "date"
    paid_amount_field: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    datetime_fields: frozenset[str] = frozenset()
    zone: datetime.tzinfo = datetime.UTC


@dataclass(frozen=True, slots=True)
class ProcessingContext:
    """What belongs to the invoices of one list, looked up beforehand. Empty by default.

    - ``requisite_links``: invoice id → the buyer's requisite id (``REQUISITE_ID`` > 0 only).
    - ``own_requisite_links``: invoice id → the seller's (``MC_REQUISITE_ID``).
    - ``requisites``: requisite id → requisite (``crm.requisite.list``, UPPER_CASE keys, texts).
    - ``company_requisites`` / ``contact_requisites``: owner id → its requisites in any order.
    - ``company_titles``: company id → title, own companies among them. ``contacts``: contact id →
      ``crm.item.list`` item (entityTypeId 3: ``lastName``, ``name``, ``secondName``).
    - ``preset_xml_ids``: preset id → its ``XML_ID`` (``#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#``,
      ``…_RU_INDIVIDUAL#`` sole trader, ``…_RU_PERSON#`` natural person); ``preset_names``: preset id → its name;
      ``preset_countries``: preset id → its ``COUNTRY_ID``.
    - ``product_rows``: invoice id → product rows; ``None`` when product rows were not asked for. An invoice id
      that is absent from the mapping had its rows read and has none.
    - ``unreadable_rows``: ids of invoices whose product rows the portal refused to show.
    - ``companies_refused``, ``contacts_refused``: the portal refused to show their cards or requisites: a missing one
      is no problem of its invoice.
    - ``hidden_companies``, ``hidden_contacts``: ids whose cards were asked for and not shown: the portal answers so
      where there is no right to them, and where they were deleted.
    - ``stages``: stage id → Stage. ``users``: user id → name. ``deal_titles``: deal id → title.
    - ``extra_fields``: fields that no rule looks at; a chosen column shows them.
    - ``today``: the report's day; without it no date is held against being far away.
    - ``payments``: invoice id → its payments (``crm.item.payment.list``); an id that is absent was not asked for, and
      the payment date or stage decides. ``as_of``: the day by whose end payment counts; ``None``: whenever it was.
    """

    fields: FieldMapping = FieldMapping()
    requisite_links: Mapping[int, int] = field(default_factory=dict)
    own_requisite_links: Mapping[int, int] = field(default_factory=dict)
    requisites: Mapping[int, Raw] = field(default_factory=dict)
    company_requisites: Mapping[int, Sequence[Raw]] = field(default_factory=dict)
    contact_requisites: Mapping[int, Sequence[Raw]] = field(default_factory=dict)
    company_titles: Mapping[int, str] = field(default_factory=dict)
    contacts: Mapping[int, Raw] = field(default_factory=dict)
    preset_xml_ids: Mapping[int, str] = field(default_factory=dict)
    preset_names: Mapping[int, str] = field(default_factory=dict)
    preset_countries: Mapping[int, int] = field(default_factory=dict)
    product_rows: Mapping[int, Sequence[Raw]] | None = None
    unreadable_rows: frozenset[int] = frozenset()
    companies_refused: bool = False
    contacts_refused: bool = False
    hidden_companies: Set[int] = frozenset()
    hidden_contacts: Set[int] = frozenset()
    stages: Mapping[str, Stage] = field(default_factory=dict)
    users: Mapping[int, str] = field(default_factory=dict)
    deal_titles: Mapping[int, str] = field(default_factory=dict)
    extra_fields: Sequence[Field] = ()
    today: datetime.date | None = None
    payments: Mapping[int, Sequence[Raw]] = field(default_factory=dict)
    as_of: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class ProductRow(Spooled):
    """One product row. ``price`` is the portal's figure with discounts and taxes, not rounded; ``amount`` is
    price × quantity rounded half up to kopecks; ``tax_rate`` in per cent, ``None`` is «без НДС»;
    ``vat`` is amount × rate / (100 + rate) rounded, ``None`` for «без НДС».

    ``tax_rate_unknown``: the portal's rate could not be read; then ``tax_rate`` and ``vat`` are ``None``, and that
    does *not* mean «без НДС».
    """

    id: int | None
    name: str | None
    quantity: Decimal | None
    unit: str | None
    price: Decimal | None
    amount: Decimal | None
    tax_rate: Decimal | None
    vat: Decimal | None
    tax_rate_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Debt(Spooled):
    """What an invoice owes on a day: ``outstanding`` of its sum after ``paid``, never below 0. ``due`` is the last day
    for paying; ``days_overdue`` 0 until and on it, ``None`` without one; ``range`` the key of its range of days."""

    paid: Decimal
    outstanding: Decimal
    due: datetime.date | None
    days_overdue: int | None
    range: str


@dataclass(frozen=True, slots=True)
class ProcessedInvoice(Spooled):
    """One invoice as a row of the register, with what is wrong with it.

    ``amount`` and ``vat`` in ``currency``, rounded half up to kopecks. ``vat is None`` with ``without_vat`` is an
    invoice without VAT («нет»); ``vat is None`` otherwise is unknown. ``counterparty_key`` tells counterparties apart
    («По контрагентам»); ``None`` is nobody to bill.
    ``company_id`` and ``contact_id`` are the invoice's own. ``date`` is the calendar date of the chosen
    field; ``invoice_date`` of ``begindate``. ``tax_rates`` in falling order, ``None`` in it is «без НДС»; the
    attribute itself is ``None`` when product rows were not read. ``client_hidden``: the client's card was not shown, so
    that nothing can be said of its requisites. ``paid``: all of it; ``paid_amount`` is what a source of amounts tells,
    in ``currency``, ``None`` where the payment date or stage decides (``processing.payments`` reckons with both).
    ``extra`` holds the values of the context's ``extra_fields``, by code. ``debt`` is reckoned for receivables alone.
    """

    id: int | None
    number: str | None = None
    inn: str | None = None
    kpp: str | None = None
    counterparty: str | None = None
    counterparty_key: str | None = None
    client_hidden: bool = False
    amount: Decimal | None = None
    vat: Decimal | None = None
    without_vat: bool = False
    currency: str | None = None
    date: datetime.date | None = None
    invoice_date: datetime.date | None = None
    shipped_date: datetime.date | None = None
    paid_date: datetime.date | None = None
    due_date: datetime.date | None = None
    paid: bool = False
    paid_amount: Decimal | None = None
    stage_id: str | None = None
    stage: str | None = None
    responsible_id: int | None = None
    responsible: str | None = None
    company_id: int | None = None
    contact_id: int | None = None
    mycompany_id: int | None = None
    my_company: str | None = None
    tax_rates: tuple[Decimal | None, ...] | None = None
    product_rows: tuple[ProductRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    debt: Debt | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row as values (Decimal, date, text, tuples), keyed by attribute; nothing is formatted."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

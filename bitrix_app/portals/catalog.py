"""The portal's catalog: which date fields, funnels, stages and own companies its invoices have.

Read with a user's own token, so each user sees what the portal shows them. Sources of the shapes: the portal's pages
``crm-item-fields``, ``crm-category-list``, ``crm-status-list``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any, TypeVar

from bitrix_app.bitrix24 import PAGE, Bitrix24Client, whole
from bitrix_app.entities import decoded
from bitrix_app.errors import (
    AccessDeniedError,
    InsufficientScopeError,
    UnexpectedAnswerError,
    UnknownMethodError,
    UserAccessError,
)
from bitrix_app.portals.cache import PortalCache
from bitrix_app.portals.clients import PortalClients
from bitrix_app.storage import PortalRecord

T = TypeVar("T")

FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
CURRENCY_CODE = re.compile(r"[A-Z]{3}")
USUAL_CURRENCY = "RUB"
RECURRING = "isRecurring"
CUSTOM = "ufCrm"
AMOUNT_TYPES = frozenset({"money", "double", "integer"})
USER_SCOPES = frozenset({"user", "user_basic", "user_brief"})
SEMANTICS = {"S": "S", "F": "F", "success": "S", "failure": "F", "apology": "F"}
ASSIGNEE_PAGES = 4
TITLE_LENGTH = 255
ID_LENGTH = 100
MOST_FIELDS = 1000
MOST_WORDS = 20_000
MOST_FUNNELS = 200
MOST_STAGES = 2000
MOST_COMPANIES = 2000
MOST_PRESETS = 1000
MOST_CURRENCIES = 200
"""Several times what any portal has. All are kept in memory, so a portal that tells more is not believed."""


@dataclass(frozen=True, slots=True)
class DateField:
    """A field that a period can go by. ``type``: ``date`` or ``datetime``."""

    name: str
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class CustomInvoiceField:
    """A field of invoices that the portal has made itself. ``words``: the choices of a list by their ids; ``links``:
    the types of records that it may refer to, as the portal names them (``COMPANY``)."""

    name: str
    title: str
    type: str
    words: tuple[tuple[str, str], ...] = ()
    links: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a number and a name: a funnel, one's own company, an employee."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class PortalStage:
    """A stage of a funnel. ``semantics``: ``S`` success, ``F`` failure, ``P`` in process."""

    id: str
    title: str
    semantics: str
    category_id: int


@dataclass(frozen=True, slots=True)
class Preset:
    """A requisite preset: ``xml_id`` tells a company's from a sole trader's and a natural person's,
    ``country_id`` whose law it follows (0: the portal does not say)."""

    id: int
    name: str
    xml_id: str
    country_id: int = 0


@dataclass(frozen=True, slots=True)
class InvoiceFields:
    """The fields of invoices: single date and datetime ones in the portal's order, the ``names`` of all, and the
    portal's own ones."""

    dates: tuple[DateField, ...] = ()
    names: frozenset[str] = frozenset()
    custom: tuple[CustomInvoiceField, ...] = ()

    @property
    def amounts(self) -> tuple[CustomInvoiceField, ...]:
        """The portal's own fields that may hold a paid amount: of money or a number."""
        return tuple(each for each in self.custom if each.type in AMOUNT_TYPES)

    @property
    def has_templates(self) -> bool:
        """Whether templates of recurring invoices are answered among invoices, and may be told apart."""
        return RECURRING in self.names


@dataclass(frozen=True, slots=True)
class PortalCatalog:
    """What a report must know of the portal."""

    fields: InvoiceFields
    stages: tuple[PortalStage, ...]
    presets: tuple[Preset, ...]


def read_fields(client: Bitrix24Client) -> InvoiceFields:
    """The fields of invoices that the portal tells. Raises UnexpectedAnswerError, as all readers here, for more than
    any portal has."""
    found = client.invoice_fields()
    _require_few("crm.item.fields", found, MOST_FIELDS)
    dates = tuple(
        DateField(name, _title(field, name), str(field["type"]))
        for name, field in found.items()
        if str(field.get("type")) in {"date", "datetime"} and field.get("isMultiple") is not True
        if FIELD_NAME.fullmatch(name)
    )
    custom = tuple(
        CustomInvoiceField(name, _title(field, name), str(field.get("type")), _words(field), _links(field))
        for name, field in found.items()
        if name.startswith(CUSTOM) and FIELD_NAME.fullmatch(name)
    )
    _require_few("crm.item.fields", [word for each in custom for word in each.words], MOST_WORDS)
    return InvoiceFields(dates, frozenset(name for name in found if FIELD_NAME.fullmatch(name)), custom)


def read_categories(client: Bitrix24Client) -> tuple[Named, ...]:
    """The funnels of invoices; empty for a user who may not read them."""
    try:
        rows = client.categories()
    except AccessDeniedError:
        return ()
    _require_few("crm.category.list", rows, MOST_FUNNELS)
    return tuple(_named(rows, "id", "name"))


def read_stages(client: Bitrix24Client, categories: Sequence[Named]) -> tuple[PortalStage, ...]:
    """All stages of these funnels, funnel by funnel in the portal's order; empty for a user who may not read them."""
    try:
        rows = client.stages([category.id for category in categories])
    except AccessDeniedError:
        return ()
    _require_few("crm.status.list", rows, MOST_STAGES)
    if any(len(str(row.get("STATUS_ID"))) > ID_LENGTH for row in rows):
        raise UnexpectedAnswerError("an id is too long", method="crm.status.list")
    return tuple(_stage(row) for row in rows if row.get("STATUS_ID"))


def read_my_companies(client: Bitrix24Client) -> tuple[Named, ...]:
    """One's own companies; empty for a user who may not read companies."""
    try:
        rows = client.my_companies()
    except (AccessDeniedError, UserAccessError):
        return ()
    _require_few("crm.item.list", rows, MOST_COMPANIES)
    return tuple(_named(rows, "id", "title"))


def read_presets(client: Bitrix24Client) -> tuple[Preset, ...]:
    """The presets of requisites; empty for a user who may not read them, and where the portal is older than them."""
    try:
        rows = client.requisite_presets()
    except (AccessDeniedError, UnknownMethodError, UserAccessError):
        return ()
    _require_few("crm.requisite.preset.list", rows, MOST_PRESETS)
    known = ((whole(row.get("ID")), row) for row in rows)
    return tuple(
        Preset(
            number,
            str(row.get("NAME") or "")[:TITLE_LENGTH],
            str(row.get("XML_ID") or "")[:TITLE_LENGTH],
            whole(row.get("COUNTRY_ID")) or 0,
        )
        for number, row in known
        if number is not None
    )


def read_currencies(client: Bitrix24Client) -> tuple[str, ...]:
    """The portal's currencies: the base one, then the others in the portal's order; roubles where it tells none."""
    found = client.currencies()
    _require_few("crm.currency.list", found, MOST_CURRENCIES)
    rows = sorted(found, key=lambda row: row.get("BASE") != "Y")
    codes = (str(row.get("CURRENCY")) for row in rows)
    return tuple(dict.fromkeys(code for code in codes if CURRENCY_CODE.fullmatch(code))) or (USUAL_CURRENCY,)


def currencies_of_invoices(client: Bitrix24Client) -> tuple[str, ...]:
    """Those of the first invoices, the usual one first; roubles where there is none."""
    invoices = client.invoice_page(filter={}, select=["id", "currencyId"]).items
    found = Counter(str(invoice.get("currencyId")) for invoice in invoices)
    codes = (code for code, _count in found.most_common())
    return tuple(code for code in codes if CURRENCY_CODE.fullmatch(code)) or (USUAL_CURRENCY,)


def read_assignees(client: Bitrix24Client, scopes: frozenset[str]) -> tuple[Named, ...]:
    """Active employees (at most 200), where the application was given a scope that lets it ask."""
    if not scopes & USER_SCOPES:
        return ()
    rows: list[Mapping[str, Any]] = []
    try:
        for page in range(ASSIGNEE_PAGES):
            query = {"FILTER": {"ACTIVE": True}, "sort": "LAST_NAME", "order": "ASC", "start": page * PAGE}
            answer = client.call("user.get", query)
            rows += [row for row in answer.result if isinstance(row, dict)] if isinstance(answer.result, list) else []
            if answer.next is None:
                break
    except (AccessDeniedError, InsufficientScopeError, UnknownMethodError):
        return ()
    known = ((whole(row.get("ID")), row) for row in rows)
    return tuple(Named(number, _person(row)) for number, row in known if number is not None)


class Catalogs:
    """Catalogs of many portals, kept for a few minutes. One instance an app.

    Funnels, own companies and employees are asked with each user's own rights. What the portal says alike to everybody
    who sees the same funnels (fields, stages, currencies) is asked once for all of them: a page needs half the calls.
    """

    def __init__(self, clients: PortalClients, cache: PortalCache) -> None:
        self._clients = clients
        self._cache = cache

    def fields(self, portal: PortalRecord, user_id: int) -> InvoiceFields:
        """As read_fields. Raises PortalError and what an interactive client raises."""
        return self._shared("fields", portal, user_id, read_fields)

    def date_fields(self, portal: PortalRecord, user_id: int) -> tuple[DateField, ...]:
        """The date fields among ``fields``."""
        return self.fields(portal, user_id).dates

    def categories(self, portal: PortalRecord, user_id: int) -> tuple[Named, ...]:
        """As read_categories."""
        return self._own("categories", portal, user_id, read_categories)

    def stages(self, portal: PortalRecord, user_id: int) -> tuple[PortalStage, ...]:
        """As read_stages, of all funnels."""
        categories = self.categories(portal, user_id)
        return self._shared("stages", portal, user_id, lambda client: read_stages(client, categories))

    def my_companies(self, portal: PortalRecord, user_id: int) -> tuple[Named, ...]:
        """As read_my_companies."""
        return self._own("my_companies", portal, user_id, read_my_companies)

    def currencies(self, portal: PortalRecord, user_id: int) -> tuple[str, ...]:
        """As read_currencies; as currencies_of_invoices for a user who may not read them."""
        try:
            return self._shared("currencies", portal, user_id, read_currencies)
        except (AccessDeniedError, UnknownMethodError, UserAccessError):
            return self._own("currencies", portal, user_id, currencies_of_invoices)

    def assignees(self, portal: PortalRecord, user_id: int) -> tuple[Named, ...]:
        """As read_assignees."""
        return self._own("assignees", portal, user_id, lambda client: read_assignees(client, portal.scopes))

    def whole(
        self, portal: PortalRecord, user_id: int, client: Bitrix24Client, *, fresh_fields: bool = False
    ) -> PortalCatalog:
        """All that a report must know, what is not at hand being read with ``client``, in its time limits.

        ``fresh_fields``: the fields are read anew, for one deleted meanwhile would read like an empty one.
        """

        def kept(key: Hashable, read: Callable[[Bitrix24Client], T]) -> T:
            return self._cache.get(portal, key, lambda: read(client))

        categories, fresh, presets = client.at_once(
            lambda: kept(_own_key("categories", user_id), read_categories),
            lambda: read_fields(client) if fresh_fields else None,
            lambda: kept(_own_key("presets", user_id), read_presets),
        )
        key = _shared_key("fields", user_id, categories)
        fields = self._cache.renew(portal, key, lambda: fresh) if fresh_fields else kept(key, read_fields)
        stages = kept(_shared_key("stages", user_id, categories), lambda client: read_stages(client, categories))
        return PortalCatalog(fields=fields, stages=stages, presets=presets)

    def known_titles(self, portal: PortalRecord, user_id: int) -> dict[str, str]:
        """Titles of date fields and stages by name or id, as far as they are at hand; never calls the portal."""
        categories = self._cache.peek(portal, _own_key("categories", user_id)) or ()
        fields = self._cache.peek(portal, _shared_key("fields", user_id, categories)) or InvoiceFields()
        stages = self._cache.peek(portal, _shared_key("stages", user_id, categories)) or ()
        return {each.name: each.title for each in fields.dates} | {each.id: each.title for each in stages}

    def _own(self, part: str, portal: PortalRecord, user_id: int, read: Callable[[Bitrix24Client], T]) -> T:
        return self._kept(_own_key(part, user_id), portal, user_id, read)

    def _shared(self, part: str, portal: PortalRecord, user_id: int, read: Callable[[Bitrix24Client], T]) -> T:
        key = _shared_key(part, user_id, self.categories(portal, user_id))
        return self._kept(key, portal, user_id, read)

    def _kept(self, key: Hashable, portal: PortalRecord, user_id: int, read: Callable[[Bitrix24Client], T]) -> T:
        def ask() -> T:
            with self._clients.interactive(portal, user_id) as client:
                return read(client)

        return self._cache.get(portal, key, ask)


def _own_key(part: str, user_id: int) -> Hashable:
    return (part, user_id)


def _shared_key(part: str, user_id: int, categories: Sequence[Named]) -> Hashable:
    """Whoever sees no funnel shares with nobody: nothing shows that they may see invoices at all."""
    return (part, tuple(category.id for category in categories) or user_id)


def _require_few(method: str, found: Sized, most: int) -> None:
    if len(found) > most:
        raise UnexpectedAnswerError(f"{method}: more than {most}", method=method)


def _title(field: Mapping[str, Any], fallback: str) -> str:
    titles = (field.get(key) for key in ("title", "formLabel", "listLabel"))
    return next((_text(text) for text in titles if isinstance(text, str) and text.strip()), fallback)


def _words(field: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The choices of a list: ``items`` of its description, ``ID`` and ``VALUE`` each."""
    items = field.get("items")
    rows = [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
    return tuple((str(row["ID"]), _text(row.get("VALUE"))) for row in rows if row.get("ID"))


def _links(field: Mapping[str, Any]) -> frozenset[str]:
    """What a field of type ``crm`` may refer to: ``settings`` say Y or N of each type."""
    settings = field.get("settings")
    said = settings.items() if isinstance(settings, dict) else ()
    return frozenset(str(name) for name, value in said if value == "Y")


def _named(rows: Sequence[Mapping[str, Any]], id_key: str, title_key: str) -> list[Named]:
    known = ((whole(row.get(id_key)), row.get(title_key)) for row in rows)
    return [Named(number, _text(title) or f"ID {number}") for number, title in known if number is not None]


def _text(value: Any) -> str:
    return decoded(value.strip()[:TITLE_LENGTH]) if isinstance(value, str) else ""


def _stage(row: Mapping[str, Any]) -> PortalStage:
    stage_id = str(row["STATUS_ID"])
    category = whole(str(row.get("ENTITY_ID", "")).rpartition("_")[2])
    extra = row.get("EXTRA")
    meaning = row.get("SEMANTICS") or (extra.get("SEMANTICS") if isinstance(extra, dict) else None)
    return PortalStage(
        id=stage_id,
        title=_text(row.get("NAME")) or stage_id[:TITLE_LENGTH],
        semantics=SEMANTICS.get(str(meaning), "P"),
        category_id=category or 0,
    )


def _person(row: Mapping[str, Any]) -> str:
    name = " ".join(str(row[key]) for key in ("LAST_NAME", "NAME") if row.get(key))
    return _text(name) or f"ID {row['ID']}"

"""The portal's catalog: which date fields, funnels, stages and own companies its invoices have.

Read with a user's own token, so each user sees what the portal shows them. Sources of the shapes: the portal's pages
``crm-item-fields``, ``crm-category-list``, ``crm-status-list``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bitrix_app.bitrix24 import PAGE, Bitrix24Client, whole
from bitrix_app.errors import AccessDeniedError, InsufficientScopeError, UnknownMethodError, UserAccessError
from bitrix_app.portals.cache import TtlCache
from bitrix_app.portals.clients import PortalClients
from bitrix_app.storage import PortalRecord

T = TypeVar("T")

FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
CURRENCY_CODE = re.compile(r"[A-Z]{3}")
USUAL_CURRENCY = "RUB"
RECURRING = "isRecurring"
USER_SCOPES = frozenset({"user", "user_basic", "user_brief"})
SEMANTICS = {"S": "S", "F": "F", "success": "S", "failure": "F", "apology": "F"}
ASSIGNEE_PAGES = 4
TITLE_LENGTH = 255


@dataclass(frozen=True, slots=True)
class DateField:
    """A field that a period can go by. ``type``: ``date`` or ``datetime``."""

    name: str
    title: str
    type: str


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
    """The fields of invoices: single date and datetime ones in the portal's order, and the ``names`` of all."""

    dates: tuple[DateField, ...] = ()
    names: frozenset[str] = frozenset()

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
    """The fields of invoices that the portal tells."""
    found = client.invoice_fields()
    dates = tuple(
        DateField(name, _title(field, name), str(field["type"]))
        for name, field in found.items()
        if str(field.get("type")) in {"date", "datetime"} and field.get("isMultiple") is not True
        if FIELD_NAME.fullmatch(name)
    )
    return InvoiceFields(dates, frozenset(found))


def read_categories(client: Bitrix24Client) -> tuple[Named, ...]:
    """The funnels of invoices; empty for a user who may not read them."""
    try:
        return tuple(_named(client.categories(), "id", "name"))
    except AccessDeniedError:
        return ()


def read_stages(client: Bitrix24Client, categories: Sequence[Named]) -> tuple[PortalStage, ...]:
    """All stages of these funnels, funnel by funnel in the portal's order."""
    rows = client.stages([category.id for category in categories])
    return tuple(_stage(row) for row in rows if row.get("STATUS_ID"))


def read_my_companies(client: Bitrix24Client) -> tuple[Named, ...]:
    """One's own companies; empty for a user who may not read companies."""
    try:
        return tuple(_named(client.my_companies(), "id", "title"))
    except (AccessDeniedError, UserAccessError):
        return ()


def read_presets(client: Bitrix24Client) -> tuple[Preset, ...]:
    """The presets of requisites; empty for a user who may not read them, and where the portal is older than them."""
    try:
        rows = client.requisite_presets()
    except (AccessDeniedError, UnknownMethodError, UserAccessError):
        return ()
    return tuple(
        Preset(
            int(row["ID"]),
            str(row.get("NAME") or ""),
            str(row.get("XML_ID") or ""),
            whole(row.get("COUNTRY_ID")) or 0,
        )
        for row in rows
        if str(row.get("ID", "")).isdecimal()
    )


def read_currencies(client: Bitrix24Client) -> tuple[str, ...]:
    """The portal's currencies: the base one, then the others in the portal's order; roubles where it tells none."""
    rows = sorted(client.currencies(), key=lambda row: row.get("BASE") != "Y")
    codes = (str(row.get("CURRENCY")) for row in rows)
    return tuple(dict.fromkeys(code for code in codes if CURRENCY_CODE.fullmatch(code))) or (USUAL_CURRENCY,)


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

    def __init__(self, clients: PortalClients, cache: TtlCache) -> None:
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
        """As read_currencies; roubles alone for a user who may not read them."""
        try:
            return self._shared("currencies", portal, user_id, read_currencies)
        except (AccessDeniedError, UnknownMethodError, UserAccessError):
            return (USUAL_CURRENCY,)

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
            return self._cache.get(key, lambda: read(client))

        categories = kept(_own_key("categories", portal, user_id), read_categories)
        fields = self._cache.renew if fresh_fields else self._cache.get
        return PortalCatalog(
            fields=fields(_shared_key("fields", portal, user_id, categories), lambda: read_fields(client)),
            stages=kept(
                _shared_key("stages", portal, user_id, categories), lambda client: read_stages(client, categories)
            ),
            presets=kept(_own_key("presets", portal, user_id), read_presets),
        )

    def known_titles(self, portal: PortalRecord, user_id: int) -> dict[str, str]:
        """Titles of date fields and stages by name or id, as far as they are at hand; never calls the portal."""
        categories = self._cache.peek(_own_key("categories", portal, user_id)) or ()
        fields = self._cache.peek(_shared_key("fields", portal, user_id, categories)) or InvoiceFields()
        stages = self._cache.peek(_shared_key("stages", portal, user_id, categories)) or ()
        return {each.name: each.title for each in fields.dates} | {each.id: each.title for each in stages}

    def _own(self, part: str, portal: PortalRecord, user_id: int, read: Callable[[Bitrix24Client], T]) -> T:
        return self._kept(_own_key(part, portal, user_id), portal, user_id, read)

    def _shared(self, part: str, portal: PortalRecord, user_id: int, read: Callable[[Bitrix24Client], T]) -> T:
        key = _shared_key(part, portal, user_id, self.categories(portal, user_id))
        return self._kept(key, portal, user_id, read)

    def _kept(self, key: Hashable, portal: PortalRecord, user_id: int, read: Callable[[Bitrix24Client], T]) -> T:
        def ask() -> T:
            with self._clients.interactive(portal, user_id) as client:
                return read(client)

        return self._cache.get(key, ask)


def _own_key(part: str, portal: PortalRecord, user_id: int) -> Hashable:
    return (part, portal.id, portal.epoch, user_id)


def _shared_key(part: str, portal: PortalRecord, user_id: int, categories: Sequence[Named]) -> Hashable:
    """Whoever sees no funnel shares with nobody: nothing shows that they may see invoices at all."""
    return (part, portal.id, portal.epoch, tuple(category.id for category in categories) or user_id)


def _title(field: Mapping[str, Any], fallback: str) -> str:
    titles = (field.get(key) for key in ("title", "formLabel", "listLabel"))
    return next((text.strip()[:TITLE_LENGTH] for text in titles if isinstance(text, str) and text.strip()), fallback)


def _named(rows: Sequence[Mapping[str, Any]], id_key: str, title_key: str) -> list[Named]:
    known = ((whole(row.get(id_key)), row.get(title_key)) for row in rows)
    return [Named(number, _text(title) or f"ID {number}") for number, title in known if number is not None]


def _text(value: Any) -> str:
    return value.strip()[:TITLE_LENGTH] if isinstance(value, str) else ""


def _stage(row: Mapping[str, Any]) -> PortalStage:
    stage_id = str(row["STATUS_ID"])
    category = whole(str(row.get("ENTITY_ID", "")).rpartition("_")[2])
    extra = row.get("EXTRA")
    meaning = row.get("SEMANTICS") or (extra.get("SEMANTICS") if isinstance(extra, dict) else None)
    return PortalStage(
        id=stage_id,
        title=str(row.get("NAME") or stage_id)[:TITLE_LENGTH],
        semantics=SEMANTICS.get(str(meaning), "P"),
        category_id=category or 0,
    )


def _person(row: Mapping[str, Any]) -> str:
    name = " ".join(str(row[key]) for key in ("LAST_NAME", "NAME") if row.get(key))
    return name[:TITLE_LENGTH] or f"ID {row['ID']}"

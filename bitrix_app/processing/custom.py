"""Columns of a portal's own fields of invoices: which types can be shown, and how each is read.

Source of the types: the portal's pages ``crm-userfield-types`` and ``crm-item-fields``; a field of type ``crm`` says in
its settings what it may refer to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from bitrix_app.processing.columns import Column, Kind, field_column
from bitrix_app.processing.model import Entity, Field, ProcessedInvoice
from bitrix_app.processing.money import number_of
from bitrix_app.processing.parsing import UnreadableError, date_of, moment_reader, name_of
from bitrix_app.processing.words import (
    Part,
    in_words,
    money_part,
    parts_reader,
    reference_reader,
    yes_or_no,
)

Reader = Callable[[Any], Part | None]


@dataclass(frozen=True, slots=True)
class CustomField:
    """A portal's own field of invoices. ``words``: of a list, the id of each choice → its word; ``links``: of a field
    that refers to records, the types that it may hold (``COMPANY``, ``CONTACT`` …)."""

    name: str
    title: str
    type: str
    words: Mapping[str, str] = field(default_factory=dict)
    links: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Type:
    """A type of fields that can be shown: ``name`` in the API, how its column looks, how one value is read."""

    name: str
    kind: Kind
    reader: Callable[[CustomField, tzinfo], Reader]
    entities: frozenset[Entity] = frozenset()


def _as_it_is(read: Reader) -> Callable[[CustomField, tzinfo], Reader]:
    return lambda _field, _zone: read


def _word_reader(custom: CustomField, _zone: tzinfo) -> Reader:
    def read(value: Any) -> str | None:
        if isinstance(value, bool | list | dict | float):
            raise UnreadableError(value)
        text = str(value).strip()
        return custom.words.get(text, f"ID {text}") if text not in {"", "0"} else None

    return read


def _client_reader(custom: CustomField, _zone: tzinfo) -> Reader:
    is_contact = custom.type == "crm_contact" or (custom.type == "crm" and "COMPANY" not in custom.links)
    return reference_reader(Entity.CONTACT if is_contact else Entity.COMPANY)


_TEXT = _Type("text", Kind.TEXT, _as_it_is(name_of))
_USER = _Type("user", Kind.TEXT, _as_it_is(reference_reader(Entity.USER)), frozenset({Entity.USER}))
_CLIENT = _Type("client", Kind.TEXT, _client_reader, frozenset({Entity.COMPANY, Entity.CONTACT, Entity.DEAL}))
_TYPES: Mapping[str, _Type] = {
    "string": _TEXT,
    "text": _TEXT,
    "url": _Type("link", Kind.TEXT, _as_it_is(name_of)),
    "integer": _Type("number", Kind.WHOLE, _as_it_is(number_of)),
    "double": _Type("number", Kind.QUANTITY, _as_it_is(number_of)),
    "money": _Type("money", Kind.MONEY, _as_it_is(money_part)),
    "boolean": _Type("boolean", Kind.LABEL, _as_it_is(yes_or_no)),
    "date": _Type("date", Kind.DATE, _as_it_is(date_of)),
    "datetime": _Type("date", Kind.DATE, lambda _field, zone: moment_reader(zone)),
    "enumeration": _Type("list", Kind.TEXT, _word_reader),
    "employee": _USER,
    "user": _USER,
    "crm": _CLIENT,
    "crm_company": _CLIENT,
    "crm_contact": _CLIENT,
}
"""The portal's type → how it is shown; a type that is not here cannot be (files, addresses, catalogue sections …)."""


def type_of(custom: CustomField) -> str | None:
    """The type of the column of a field, as the API names it; ``None`` where a table can't show it."""
    shown = _type(custom)
    return None if shown is None else shown.name


def custom_column(custom: CustomField, zone: tzinfo) -> Column[ProcessedInvoice] | None:
    """The column of a field, moments as days in ``zone``; ``None`` where a table can't show it."""
    shown = _type(custom)
    if shown is None:
        return None
    read = parts_reader(shown.reader(custom, zone))
    made = Field(custom.name, custom.name, custom.title, read, resolve=in_words, entities=shown.entities)
    return field_column(made, shown.kind)


def _type(custom: CustomField) -> _Type | None:
    if custom.type == "crm" and not custom.links & {"COMPANY", "CONTACT"}:
        return None
    return _TYPES.get(custom.type)

"""What stands in a cell for what a field of the portal refers to or joins: names of people, titles, money, lists.

Reading a field gives a tuple of parts; ``in_words`` makes one value of them: a single part keeps its type, several
become a text. Source of the spellings: contract §4; of the ids with a prefix (``CO_12``): the portal's page
``api-reference/crm/data-types`` (short symbolic codes of types).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from bitrix_app.entities import decoded
from bitrix_app.processing.counterparty import owners_name, sellers_inn
from bitrix_app.processing.model import Entity, ProcessingContext, Raw, Reference
from bitrix_app.processing.money import money_of
from bitrix_app.processing.parsing import UnreadableError, date_in_words, id_of, is_blank, name_of, text_in
from bitrix_app.texts import tr

BETWEEN = "; "
_YES, _NO = frozenset({"Y", "1", "TRUE"}), frozenset({"N", "0", "FALSE"})
PREFIXES = {"CO": Entity.COMPANY, "C": Entity.CONTACT, "D": Entity.DEAL}


class Money(NamedTuple):
    """A sum in the currency that its field names, ``None`` where it names none."""

    amount: Decimal
    currency: str | None


Part = str | Decimal | date | Money | Reference
Value = str | Decimal | date | None


def parts_reader(read: Callable[[Any], Part | None]) -> Callable[[Any], tuple[Part, ...] | None]:
    """Reads one value or a list of them; ``None`` where nothing is filled in. Raises UnreadableError."""

    def read_parts(value: Any) -> tuple[Part, ...] | None:
        if value is None or value == "":
            return None
        if value is False and read is not yes_or_no:  # an empty list may come so
            return None
        # PHP sends a list with gaps as an object
        listed = list(value.values()) if isinstance(value, Mapping) else value
        values = listed if isinstance(listed, list | tuple) else (listed,)
        parts = (read(each) for each in values)
        return tuple(each for each in parts if each is not None) or None

    return read_parts


def yes_or_no(value: Any) -> str | None:
    """``да`` or ``нет``, in any of the portal's spellings: ``Y``, ``1``, ``true``."""
    if value is None or value == "":
        return None
    if isinstance(value, list | tuple | dict):
        raise UnreadableError(value)
    written = str(value).strip().upper()
    if written not in _YES | _NO:
        raise UnreadableError(value)
    return tr("да") if written in _YES else tr("нет")


def money_part(value: Any) -> Money | None:
    """``100.50|USD``, or a bare number. Raises UnreadableError."""
    amount, _, currency = value.partition("|") if isinstance(value, str) else (value, "", "")
    try:
        number = money_of(amount)
    except UnreadableError as error:
        raise UnreadableError(value) from error
    return None if number is None else Money(number, currency.strip() or None)


def reference_reader(bare: Entity) -> Callable[[Any], Part | None]:
    """Reads an id with the prefix of its type (``CO_12``) or without one: then it is one of ``bare``.

    An id of a type that we don't look up stays as it stands. Raises UnreadableError."""

    def read(value: Any) -> Part | None:
        if isinstance(value, str) and "_" in value:
            prefix, _, number = value.strip().partition("_")
            entity, found = PREFIXES.get(prefix), id_of(number)
            return Reference(entity, found) if entity is not None and found else name_of(value)
        found = id_of(value)
        if found is None and value not in (None, "", 0, "0"):
            raise UnreadableError(value)
        return Reference(bare, found) if found else None

    return read


def in_words(parts: tuple[Part, ...] | None, raw: Raw, context: ProcessingContext) -> Value:
    """The value of a cell: a single part as it is, several joined. What a missing record would say is left out."""
    currency = text_in(raw, "currencyId")
    if parts is not None and len(parts) == 1:
        part = parts[0]
        if isinstance(part, Money):
            return part.amount if part.currency in {None, currency} else _text(part, currency, context)
        return _text(part, currency, context) if isinstance(part, Reference) else part
    words = (_text(each, currency, context) for each in parts or ())
    return BETWEEN.join(each for each in words if each) or None


def sellers_inn_of(_: Any, raw: Raw, context: ProcessingContext) -> str | None:
    """As ``sellers_inn``, for a Field to resolve."""
    return sellers_inn(raw, context)


def _text(part: Part, currency: str | None, context: ProcessingContext) -> str | None:
    if isinstance(part, Money):
        return f"{part.amount:f} {part.currency or currency or ''}".strip()
    if isinstance(part, Reference):
        return _name(part, context)
    if isinstance(part, date):
        return date_in_words(part)
    return f"{part:f}" if isinstance(part, Decimal) else part


def _name(reference: Reference, context: ProcessingContext) -> str | None:
    if reference.entity is Entity.USER:
        return context.users.get(reference.id) or f"ID {reference.id}"
    if reference.entity is Entity.DEAL:
        title = context.deal_titles.get(reference.id)
        return None if title is None or is_blank(title) else decoded(title)
    if reference.entity is Entity.COMPANY:
        return owners_name(reference.id, None, context)
    return owners_name(None, reference.id, context)

"""The columns that an order may choose in one portal, and which of the chosen ones there are not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bitrix_app.portals import InvoiceFields
from bitrix_app.reports import (
    CHOICE,
    DEFAULT_KIND,
    GROUPS,
    KINDS,
    CustomField,
    Kind,
    ReportCatalog,
    offered_columns,
    type_of,
)
from bitrix_app.texts import tr

MOST_COLUMNS = 40
TYPES = {Kind.MONEY: "money", Kind.WHOLE: "number", Kind.QUANTITY: "number", Kind.ID: "number", Kind.DATE: "date"}
"""What the API calls a kind of built-in column; all others are text."""


@dataclass(frozen=True, slots=True)
class OfferedColumn:
    """A column of invoices. ``group`` arranges them; ``default``: it stands in a report that chooses none; ``reason``:
    a code that tells why it can't be chosen, None where it can."""

    code: str
    title: str
    type: str
    group: str
    default: bool = False
    reason: str | None = None


def columns_of(fields: InvoiceFields) -> tuple[OfferedColumn, ...]:
    """The built-in columns in their order, then the portal's own fields; titles in the language of the work."""
    known = offered_columns(ReportCatalog(custom_fields=custom_fields(fields), field_names=fields.names))
    usual = {each.code for each in KINDS[DEFAULT_KIND].columns(with_rows=True)}
    built_in = (
        OfferedColumn(
            code,
            tr(column.title),
            TYPES.get(column.kind, "text"),
            next((group for group, codes in GROUPS.items() if code in codes), "invoice"),
            default=code in usual,
            reason=None if code in known else "no_such_field",
        )
        for code, column in CHOICE.items()
    )
    own = (
        OfferedColumn(
            each.name,
            each.title,
            type_of(each) or each.type,
            "custom",
            reason=None if each.name in known else "not_in_a_table",
        )
        for each in custom_fields(fields)
    )
    return (*built_in, *own)


def custom_fields(fields: InvoiceFields) -> tuple[CustomField, ...]:
    """The portal's own fields, as reports know them."""
    return tuple(CustomField(each.name, each.title, each.type, dict(each.words), each.links) for each in fields.custom)


def needs_portal(codes: Iterable[str]) -> bool:
    """Whether only the portal can tell that all these columns exist."""
    return any(code not in CHOICE or CHOICE[code].fields for code in codes)


def unknown_column(codes: Iterable[str], fields: InvoiceFields) -> str | None:
    """The first of these codes that is no column, or none that can be chosen."""
    known = {each.code for each in columns_of(fields) if each.reason is None}
    return next((code for code in codes if code not in known), None)

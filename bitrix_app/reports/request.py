"""What a report asks: the user's parameters, what it knows of the portal, filter and fields of ``crm.item.list``,
and which of the answers belong to it.

Source of the filter's grammar: the portal's page ``api-reference/crm/universal/crm-item-list``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from bitrix_app.dates import FIRST_THINKABLE, last_thinkable
from bitrix_app.processing import (
    BUYER_FIELDS,
    INVOICE_FIELDS,
    Field,
    FieldMapping,
    ProcessedInvoice,
    Stage,
    mapped_dates,
)

DEFAULT_KIND = "register"
DEFAULT_DATE_FIELD = "begindate"
DAY, WEST, EAST = timedelta(days=1), timedelta(hours=-12), timedelta(hours=14)
"""A day, and the offsets of the world's ends."""
NARROWING = ("company_id", "invoice_id", "mycompany_id", "assigned_by_id", "currency", "paid")


@dataclass(frozen=True, slots=True)
class ReportParams:
    """The body of ``POST /api/v1/reports`` as a frozen value. Both dates are included; ``None`` narrows nothing.

    ``stages`` of ``None`` means all but failed and excluded ones. ``paid`` asks for paid (True) or unpaid (False)
    invoices only.
    """

    date_from: date
    date_to: date
    kind: str = DEFAULT_KIND
    date_field: str = DEFAULT_DATE_FIELD
    detailed: bool = False
    stages: tuple[str, ...] | None = None
    company_id: int | None = None
    invoice_id: int | None = None
    mycompany_id: int | None = None
    assigned_by_id: int | None = None
    currency: str | None = None
    paid: bool | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ReportParams:
        """From the JSON object that was checked at the door and stored in the report's row."""
        stages = values.get("stages")
        return cls(
            date_from=date.fromisoformat(values["date_from"]),
            date_to=date.fromisoformat(values["date_to"]),
            kind=values.get("kind") or DEFAULT_KIND,
            date_field=values.get("date_field") or DEFAULT_DATE_FIELD,
            detailed=bool(values.get("detailed")),
            stages=None if stages is None else tuple(stages),
            **{name: values.get(name) for name in NARROWING},
        )


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Who asked for which report and when (``built_at`` is aware, in the portal's time zone); ``invoice_url`` makes
    the address of an invoice's card of its id."""

    params: ReportParams
    built_by: str
    built_at: datetime
    invoice_url: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class ReportCatalog:
    """The portal's fields, stages and presets as far as a report uses them.

    ``excluded_stages``: chosen in the settings. ``gone_fields``: setting (``date_field``, ``shipped_field``,
    ``paid_field``) → the name of its field, which the portal no longer has. ``knows_users``: whether the application
    may ask for users' names.
    ``has_templates``: templates of recurring invoices are answered among invoices, and are none.
    ``stages_refused``: the user may not read funnels, so no stage is known.
    """

    fields: FieldMapping = field(default_factory=FieldMapping)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    excluded_stages: frozenset[str] = frozenset()
    gone_fields: Mapping[str, str] = field(default_factory=dict)
    preset_xml_ids: Mapping[int, str] = field(default_factory=dict)
    preset_names: Mapping[int, str] = field(default_factory=dict)
    preset_countries: Mapping[int, int] = field(default_factory=dict)
    knows_users: bool = False
    has_templates: bool = False
    stages_refused: bool = False

    @property
    def left_out_stages(self) -> frozenset[str]:
        """Stages that a report leaves out unless it names its stages: failed ones and those excluded."""
        failed = {stage.id for stage in self.stages.values() if stage.semantics == "F"}
        return self.excluded_stages | failed


def invoice_select(fields: FieldMapping, extra: Sequence[Field] = ()) -> list[str]:
    """The fields that are asked of the portal, each once: those of the rules, the mapped dates, and the ``extra`` ones
    that columns show."""
    read = (*INVOICE_FIELDS, *mapped_dates(fields).values(), *extra)
    return list(dict.fromkeys([*(each.name for each in read), *BUYER_FIELDS]))


def invoice_filter(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    """The portal's filter for the report's invoices.

    The end is ``<`` the next day, for ``<=`` with a bare date stops at midnight. A datetime field is compared in
    the zone of the portal's server, which nobody tells, while the report goes by the portal's own: there the filter is
    wider at both ends and ``Selection`` cuts exactly.
    """
    margin = _margin(params, catalog.fields)
    return {
        f">={params.date_field}": _day(params.date_from, -margin),
        f"<{params.date_field}": _day(params.date_to, timedelta(days=1) + margin),
        **_narrowing(params, catalog),
    }


def _margin(params: ReportParams, fields: FieldMapping) -> timedelta:
    """How far the server's midnight may be from the portal's: a day, and two where the portal is so far east or west
    that a server at the other end is more than 24 hours away."""
    if params.date_field not in fields.datetime_fields:
        return timedelta()
    offset = datetime.combine(params.date_from, time(), fields.zone).utcoffset() or timedelta()
    return timedelta(days=1 if EAST - DAY < offset < WEST + DAY else 2)


def undated_filter(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    """The filter for invoices that no period can hold: their chosen date is empty."""
    return {f"={params.date_field}": None, **_narrowing(params, catalog)}


def misdated_filters(params: ReportParams, catalog: ReportCatalog, today: date) -> tuple[dict[str, Any], ...]:
    """Filters for invoices outside of the period because the year of their chosen date is a typing error (0206, 2062):
    long before any invoice, and far after the report's day."""
    narrowing = _narrowing(params, catalog)
    first = min(FIRST_THINKABLE, params.date_from)
    after = max(last_thinkable(today), params.date_to)
    return (
        {f"<{params.date_field}": first.isoformat(), **narrowing},
        {f">={params.date_field}": _day(after, timedelta(days=1)), **narrowing},
    )


def without_field(conditions: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A filter without its conditions on a field that the portal takes none on."""
    return {key: value for key, value in conditions.items() if key.lstrip("<>=!@%") != name}


def _day(day: date, shift: timedelta) -> str:
    try:
        return (day + shift).isoformat()
    except OverflowError:
        return day.isoformat()


def _narrowing(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    exact = {
        "id": params.invoice_id,
        "companyId": params.company_id,
        "mycompanyId": params.mycompany_id,
        "assignedById": params.assigned_by_id,
        "currencyId": params.currency,
    }
    narrowing: dict[str, Any] = {f"={name}": value for name, value in exact.items() if value is not None}
    if params.stages is not None:
        narrowing["@stageId"] = list(params.stages)
    elif catalog.left_out_stages:
        narrowing["!@stageId"] = sorted(catalog.left_out_stages)
    if catalog.has_templates:
        narrowing["!=isRecurring"] = "Y"
    return narrowing


@dataclass(frozen=True, slots=True)
class Selection:
    """Which processed invoices belong to a report: the exact cut after the portal's coarser filter.

    Both ends of the period are included, ``None`` leaves an end open; ``paid`` asks for paid (``True``) or unpaid
    (``False``) invoices, ``None`` for both. An invoice whose date is empty or unreadable stays: the portal counted it
    in, and its problem says what is wrong.
    """

    date_from: date | None = None
    date_to: date | None = None
    paid: bool | None = None

    def keeps(self, invoice: ProcessedInvoice) -> bool:
        """Whether ``invoice`` belongs to the report."""
        return self._in_period(invoice.date) and (self.paid is None or invoice.paid is self.paid)

    def of(self, invoices: list[ProcessedInvoice]) -> list[ProcessedInvoice]:
        """Those of ``invoices`` that belong to the report, in their order."""
        return [invoice for invoice in invoices if self.keeps(invoice)]

    def _in_period(self, day: date | None) -> bool:
        if day is None:
            return True
        return (self.date_from is None or self.date_from <= day) and (self.date_to is None or day <= self.date_to)


def selection(params: ReportParams) -> Selection:
    """The exact cut of a register."""
    return Selection(params.date_from, params.date_to, params.paid)

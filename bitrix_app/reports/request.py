"""What a report asks: the user's parameters, what it knows of the portal, filter and fields of ``crm.item.list``,
and which of the answers belong to it.

Source of the filter's grammar: the portal's page ``api-reference/crm/universal/crm-item-list``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from bitrix_app.dates import FIRST_THINKABLE, last_thinkable
from bitrix_app.processing import (
    BUYER_FIELDS,
    INVOICE_FIELDS,
    NEED_ROWS,
    CustomField,
    Field,
    FieldMapping,
    ProblemLine,
    ProcessedInvoice,
    Stage,
    mapped_dates,
)
from bitrix_app.processing.payments import BY_FIELD, BY_PAYMENTS, is_partly_paid, outstanding
from bitrix_app.processing.receivables import Terms
from bitrix_app.reports.changes import Earlier
from bitrix_app.texts import RUSSIAN, tr

DEFAULT_KIND = "register"
RECEIVABLES = "receivables"
DEFAULT_DATE_FIELD = "begindate"
DAY, WEST, EAST = timedelta(days=1), timedelta(hours=-12), timedelta(hours=14)
"""A day, and the offsets of the world's ends."""
PARTLY, REMAINDER = "partly", "remainder"
PaidFilter = bool | str | None
NARROWING = ("company_id", "invoice_id", "mycompany_id", "assigned_by_id", "currency", "paid")


@dataclass(frozen=True, slots=True)
class ReportParams:
    """The body of ``POST /api/v1/reports`` as a frozen value. Both dates are included; ``None`` narrows nothing.

    ``stages`` of ``None`` means all but failed and excluded ones. ``paid`` asks for paid invoices (True), those of
    which nothing is paid (False), those paid PARTLY, or those with a REMAINDER. ``columns`` are codes for the table of
    invoices, in order; ``None``: those of the report's kind; ``set_name`` names the saved set that they come from.
    ``terms`` are those of receivables, which go to their day from any day before it. ``lang``: of the report's texts.
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
    paid: PaidFilter = None
    columns: tuple[str, ...] | None = None
    set_name: str | None = None
    terms: Terms | None = None
    lang: str = RUSSIAN

    @property
    def reads_rows(self) -> bool:
        """Whether product rows are read: for the sheets of a detailed report, or for a chosen column."""
        return self.detailed or not NEED_ROWS.isdisjoint(self.columns or ())

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ReportParams:
        """From the JSON object that was checked at the door and stored in the report's row."""
        stages, columns = values.get("stages"), values.get("columns")
        terms = _terms(values) if values.get("as_of") else None
        return cls(
            date_from=date.min if terms else date.fromisoformat(values["date_from"]),
            date_to=terms.as_of if terms else date.fromisoformat(values["date_to"]),
            terms=terms,
            lang=values.get("lang") or RUSSIAN,
            kind=values.get("kind") or DEFAULT_KIND,
            date_field=values.get("date_field") or DEFAULT_DATE_FIELD,
            detailed=bool(values.get("detailed")),
            stages=None if stages is None else tuple(stages),
            columns=None if columns is None else tuple(columns),
            set_name=values.get("set_name"),
            **{name: values.get(name) for name in NARROWING},
        )


def _terms(values: Mapping[str, Any]) -> Terms:
    due = values["due"]
    return Terms(date.fromisoformat(values["as_of"]), due["from"], due["days"], tuple(values["borders"]))


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Who asked for which report and when (``built_at`` is aware, in the portal's time zone); ``invoice_url`` makes
    the address of an invoice's card of its id. ``partial``: the portal may not show them all invoices. ``earlier``: the
    report that this one is compared with. ``sample``: of invented invoices, which have no card."""

    params: ReportParams
    built_by: str
    built_at: datetime
    invoice_url: Callable[[int], str] | None
    partial: bool = False
    earlier: Earlier | None = None
    sample: bool = False


@dataclass(frozen=True, slots=True)
class ReportCatalog:
    """The portal's fields, stages and presets as far as a report uses them.

    ``excluded_stages``: chosen in the settings. ``gone_fields``: setting (``date_field``, ``shipped_field``,
    ``paid_field``) → the name of its field, which the portal no longer has. ``knows_users``: whether the application
    may ask for users' names.
    ``has_templates``: templates of recurring invoices are answered among invoices, and are none.
    ``stages_refused``: the user may not read funnels, so no stage is known.
    ``custom_fields``: the portal's own fields of invoices. ``field_names``: the names of all fields, ``None`` where
    nobody has asked. ``usual_columns``: codes of the columns that the settings choose.
    """

    fields: FieldMapping = dataclasses.field(default_factory=FieldMapping)
    stages: Mapping[str, Stage] = dataclasses.field(default_factory=dict)
    excluded_stages: frozenset[str] = frozenset()
    gone_fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    preset_xml_ids: Mapping[int, str] = dataclasses.field(default_factory=dict)
    preset_names: Mapping[int, str] = dataclasses.field(default_factory=dict)
    preset_countries: Mapping[int, int] = dataclasses.field(default_factory=dict)
    knows_users: bool = False
    has_templates: bool = False
    stages_refused: bool = False
    custom_fields: tuple[CustomField, ...] = ()
    field_names: frozenset[str] | None = None
    usual_columns: tuple[str, ...] | None = None

    @property
    def left_out_stages(self) -> frozenset[str]:
        """Stages that a report leaves out unless it names its stages: failed ones and those excluded."""
        failed = {stage.id for stage in self.stages.values() if stage.semantics == "F"}
        return self.excluded_stages | failed


def invoice_select(fields: FieldMapping, extra: Sequence[Field] = ()) -> list[str]:
    """The fields that are asked of the portal, each once: those of the rules, the mapped dates, and the ``extra`` ones
    that columns show."""
    read = (*INVOICE_FIELDS, *mapped_dates(fields).values(), *extra)
    amount = [fields.paid_amount_field] if fields.payment_source == BY_FIELD and fields.paid_amount_field else []
    return list(dict.fromkeys([*(each.name for each in read), *BUYER_FIELDS, *amount]))


def invoice_filter(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    """The portal's filter for the report's invoices.

    The end is ``<`` the next day, for ``<=`` with a bare date stops at midnight. A datetime field is compared in
    the zone of the portal's server, which nobody tells, while the report goes by the portal's own: there the filter is
    wider at both ends and ``Selection`` cuts exactly.
    """
    margin = server_margin(params.date_field, params.date_from, catalog.fields)
    return {
        f">={params.date_field}": day_after(params.date_from, -margin),
        f"<{params.date_field}": day_after(params.date_to, DAY + margin),
        **narrowing(params, catalog),
        **(payment_filter(params, catalog) or {}),
    }


def outline_filter(params: ReportParams) -> dict[str, Any] | None:
    """What is known of the invoices of a register before anything is read: hardly wider than their filter, unless many
    stages are left out. None where that says nothing of which invoices they are."""
    if params.terms is not None or params.date_field != DEFAULT_DATE_FIELD or params.invoice_id is not None:
        return None
    return invoice_filter(replace(params, paid=None), ReportCatalog())


def payment_filter(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any] | None:
    """What paid or unpaid means to the portal: the mapped payment date is set, else the stage is a successful one
    (contract §4). Empty where both are wanted; ``None`` where there is nothing to ask by: neither a field nor a known
    stage, or the paid amount comes from elsewhere (contract §6). What payments close is open to the portal's filter.
    """
    if params.paid is None:
        return {}
    source, wants_paid = catalog.fields.payment_source, params.paid is True
    if source == BY_FIELD or (source == BY_PAYMENTS and wants_paid):
        return None
    if catalog.fields.paid_field:
        return {f"{'!=' if wants_paid else '='}{catalog.fields.paid_field}": None}
    if not catalog.stages:
        return None
    successful = {stage.id for stage in catalog.stages.values() if stage.semantics == "S"}
    if params.stages is None and not wants_paid:
        return {"!@stageId": sorted(catalog.left_out_stages | successful)}
    possible = sorted(successful - catalog.left_out_stages) if params.stages is None else params.stages
    asked = [stage for stage in possible if (stage in successful) is wants_paid]
    return {"@stageId": asked} if asked else {"=id": 0}


def payment_is_cut(params: ReportParams, catalog: ReportCatalog) -> bool:
    """Whether the portal's filter lets invoices through whose payment is not as asked, so that processing leaves them
    out: a report then has at most as many as were counted. Receivables ask for a remainder."""
    asked = params if params.terms is None else replace(params, paid=REMAINDER)
    if asked.paid is None:
        return False
    is_wider = asked.paid in {PARTLY, REMAINDER} and params.terms is None
    return payment_filter(asked, catalog) is None or is_wider or catalog.fields.payment_source == BY_PAYMENTS


def server_margin(name: str, day: date, fields: FieldMapping) -> timedelta:
    """How far the server's midnight may be from the portal's: a day, and two where the portal is so far east or west
    that a server at the other end is more than 24 hours away; none for a field that holds a date."""
    if name not in fields.datetime_fields:
        return timedelta()
    offset = datetime.combine(day, time(), fields.zone).utcoffset() or timedelta()
    return timedelta(days=1 if EAST - DAY < offset < WEST + DAY else 2)


def undated_filter(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    """The filter for invoices that no period can hold: their chosen date is empty."""
    return {f"={params.date_field}": None, **narrowing(params, catalog)}


def misdated_filters(params: ReportParams, catalog: ReportCatalog, today: date) -> tuple[dict[str, Any], ...]:
    """Filters for invoices outside of the period because the year of their chosen date is a typing error (0206, 2062):
    long before any invoice, and far after the report's day. Receivables have no first day to be outside of."""
    others = narrowing(params, catalog)
    after = max(last_thinkable(today), params.date_to)
    far_after = {f">={params.date_field}": day_after(after), **others}
    if params.terms is not None:
        return (far_after,)
    first = min(FIRST_THINKABLE, params.date_from)
    return ({f"<{params.date_field}": first.isoformat(), **others}, far_after)


def accepted(conditions: Mapping[str, Any], can_filter_by: Callable[[str], bool]) -> dict[str, Any]:
    """A filter without its conditions on fields that the portal takes none on: ``Selection`` cuts by them."""
    return {key: value for key, value in conditions.items() if can_filter_by(key.lstrip("<>=!@%"))}


def day_after(day: date, shift: timedelta = DAY) -> str:
    """The next day, or the day so far away, as the portal's filter takes it; ``day`` itself where there is none."""
    try:
        return (day + shift).isoformat()
    except OverflowError:
        return day.isoformat()


def narrowing(params: ReportParams, catalog: ReportCatalog) -> dict[str, Any]:
    """The filter's conditions besides date and payment."""
    exact = {
        "id": params.invoice_id,
        "companyId": params.company_id,
        "mycompanyId": params.mycompany_id,
        "assignedById": params.assigned_by_id,
        "currencyId": params.currency,
    }
    found: dict[str, Any] = {f"={name}": value for name, value in exact.items() if value is not None}
    if params.stages is not None:
        found["@stageId"] = list(params.stages)
    elif catalog.left_out_stages:
        found["!@stageId"] = sorted(catalog.left_out_stages)
    if catalog.has_templates:
        found["!=isRecurring"] = "Y"
    return found


NAMED = 200


@dataclass(frozen=True, slots=True)
class Aside:
    """Invoices outside of a report that are to be named: the portal's filter for them, and what a line of ``Проблемы``
    says of each."""

    conditions: Mapping[str, Any]
    field: str
    message: str


@dataclass(slots=True)
class NamedLines:
    """Lines of ``Проблемы`` that say the same of many invoices: of the first 200, then how many more."""

    field: str
    message: str
    count: int = 0
    first: list[ProblemLine] = dataclasses.field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether as many are named as may be."""
        return len(self.first) >= NAMED

    def add(self, invoice_id: int | None, number: str | None, message: str | None = None) -> None:
        """One more invoice; ``message``: what is said of it, where that tells more than what is said of all."""
        self.count += 1
        if not self.is_full:
            self.first.append(ProblemLine(invoice_id, number, self.field, message or self.message))

    @property
    def lines(self) -> tuple[ProblemLine, ...]:
        """What is to be said so far."""
        more = self.count - len(self.first)
        last = (
            (
                ProblemLine.of_report(
                    self.field, tr("И ещё {more} таких счетов. {message}", more=more, message=tr(self.message))
                ),
            )
            if more > 0
            else ()
        )
        return (*self.first, *last)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which processed invoices belong to a report: the exact cut after the portal's coarser filter.

    Both ends of the period are included, ``None`` leaves an end open; ``paid`` asks for invoices that are paid
    (``True``), of which nothing is (``False``), PARTLY, or with a REMAINDER, ``None`` for all; an unknown one is left
    to pay. An invoice whose date is empty or unreadable stays: the portal counted it
    in, and its problem says what is wrong.
    """

    date_from: date | None = None
    date_to: date | None = None
    paid: PaidFilter = None

    def keeps(self, invoice: ProcessedInvoice) -> bool:
        """Whether ``invoice`` belongs to the report."""
        return self._in_period(invoice.date) and self._is_as_asked(invoice)

    @property
    def notes(self) -> tuple[ProblemLine, ...]:
        """What is to be said of those that don't: nothing."""
        return ()

    def of(self, invoices: list[ProcessedInvoice]) -> list[ProcessedInvoice]:
        """Those of ``invoices`` that belong to the report, in their order."""
        return [invoice for invoice in invoices if self.keeps(invoice)]

    def _is_as_asked(self, invoice: ProcessedInvoice) -> bool:
        if self.paid is None or self.paid is True:
            return self.paid is None or invoice.paid
        if self.paid is False:
            return not invoice.paid and not is_partly_paid(invoice)
        if self.paid == PARTLY:
            return is_partly_paid(invoice)
        left = outstanding(invoice)
        return not invoice.paid and (left is None or left > 0)

    def _in_period(self, day: date | None) -> bool:
        if day is None:
            return True
        return (self.date_from is None or self.date_from <= day) and (self.date_to is None or day <= self.date_to)


def selection(params: ReportParams, _catalog: ReportCatalog) -> Selection:
    """The exact cut of a register."""
    return Selection(params.date_from, params.date_to, params.paid)

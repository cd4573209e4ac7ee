"""One report from its row to its files: the user's client, the portal's catalog, the pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bitrix_app.errors import AccessDeniedError, AnswersTooHeavyError, AppUninstalledError, InvalidArgumentError
from bitrix_app.jobs.columns import custom_fields
from bitrix_app.jobs.comparing import COMPARE_WITH, earlier_report
from bitrix_app.portals import (
    Bitrix24Client,
    CallRecord,
    Catalogs,
    Observers,
    PortalClients,
    Wait,
    complete_settings,
    gone_fields,
    settings_in_force,
)
from bitrix_app.portals.catalog import USER_SCOPES, PortalCatalog
from bitrix_app.reports import (
    DEFAULT_DATE_FIELD,
    KINDS,
    FieldMapping,
    Outcome,
    ProgressSink,
    ProgressTracker,
    ReportAssembly,
    ReportCatalog,
    ReportParams,
    ReportRequest,
    SampleSource,
    Stage,
    StopSignal,
    Waiting,
    outline_filter,
    sample_catalog,
)
from bitrix_app.storage import Files, Lease, PortalRecord, Portals, PortalUsers, ReportRecord, Reports
from bitrix_app.texts import speaking

SAMPLE = "sample"
"""The parameter of a report of invented invoices, which asks nothing of the portal."""
QUIET_SECONDS = 5.0
"""Shorter waits are the usual rhythm of the bucket and need no explanation."""
QUIET_OPERATING_SECONDS = 1.0
"""A wait until the portal lets a method work again is not usual; shorter ones only spread its calls."""
ANSWER_BYTES = 2**30
"""What the portal may send for one report (contract §9)."""


class WaitsInProgress:
    """Shows long waits for the portal in the report's progress. A CallObserver."""

    def __init__(self, progress: ProgressTracker, now: Callable[[], datetime]) -> None:
        self._progress = progress
        self._now = now
        self._method = ""

    def waited(self, wait: Wait) -> None:
        """A wait begins."""
        quiet = QUIET_OPERATING_SECONDS if wait.reason == "operating_time" else QUIET_SECONDS
        if wait.seconds >= quiet:
            self._method = wait.method
            self._progress.wait(Waiting(wait.reason, self._now() + timedelta(seconds=wait.seconds)))

    def answered(self, call: CallRecord) -> None:
        """The method that made us wait answers again."""
        if self._method and self._method in {call.method, *call.commands}:
            self._method = ""
            self._progress.wait(None)


class AnswerBudget:
    """The limit of all answers to one report, in bytes after decompression. A CallObserver; several threads tell it."""

    def __init__(self, stop: StopSignal, most: int = ANSWER_BYTES) -> None:
        self._stop = stop
        self._left = most
        self._lock = threading.Lock()

    def waited(self, wait: Wait) -> None:
        """Costs nothing."""

    def answered(self, call: CallRecord) -> None:
        """Stops the report with AnswersTooHeavyError when the limit is passed."""
        with self._lock:
            self._left -= call.received_bytes
        if self._left < 0:
            self._stop.fail(AnswersTooHeavyError)


@dataclass(frozen=True, slots=True)
class ReportRun:
    """Builds reports with the rights of the users who ordered them. A RunReport."""

    portals: Portals
    reports: Reports
    users: PortalUsers
    clients: PortalClients
    catalogs: Catalogs
    files: Files
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    answer_bytes: int = ANSWER_BYTES

    def __call__(self, lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        """The report of this lease. Raises AppUninstalledError, PortalQuotaError (orders are taken before files come),
        PortalErrors, AuthorizationServerErrors, ReportErrors, and what ``stop`` raises."""
        params = ReportParams.from_json(lease.report.params)
        with speaking(params.lang):
            return self._built(lease.report, params, stop, progress, folder)

    def _built(
        self, record: ReportRecord, params: ReportParams, stop: StopSignal, progress: ProgressSink, folder: Path
    ) -> Outcome:
        portal = self._portal(record)
        self.reports.require_room(portal.id, record.user_id)
        tracker = ProgressTracker(progress, detailed=params.reads_rows)
        watcher = Observers(WaitsInProgress(tracker, self.now), AnswerBudget(stop, self.answer_bytes))
        client = self.clients.background(portal, record.user_id, stop=stop, observer=watcher)
        kind, source, outline = KINDS[params.kind], None, None
        if record.params.get(SAMPLE):
            request = replace(
                self._request(record, portal, params, folder), invoice_url=None, partial=False, sample=True
            )
            catalog = sample_catalog(request.built_at.tzinfo or UTC)
            source = SampleSource(catalog, params.date_to, tracker)
        else:
            known, outline = client.at_once(
                lambda: self.catalogs.whole(portal, record.user_id, client, fresh_fields=True),
                lambda: invoices_outline(client, params),
            )
            params, catalog = present_date(params, report_catalog(portal, known))
            request = self._request(record, portal, params, folder)
        assembly = ReportAssembly(
            kind=kind,
            portal=client,
            request=request,
            catalog=catalog,
            progress=tracker,
            stop=stop,
            source=source,
            outline=outline,
        )
        with kind.register(folder, params, request.built_at.date()) as register:
            return assembly.orchestrator(register, folder).run()

    def _portal(self, record: ReportRecord) -> PortalRecord:
        portal = self.portals.by_id(record.portal_id)
        if portal is None or not portal.installed:
            raise AppUninstalledError("the app was removed from the portal")
        return portal

    def _request(self, record: ReportRecord, portal: PortalRecord, params: ReportParams, folder: Path) -> ReportRequest:
        zone = ZoneInfo(complete_settings(portal.settings)["time_zone"])
        user = self.users.get(portal.id, record.user_id)
        mine, compare_with = self.reports.of(portal.id, record.user_id), record.params.get(COMPARE_WITH)
        return ReportRequest(
            params=params,
            built_by=record.user_name,
            built_at=self.now().astimezone(zone),
            invoice_url=invoice_address(portal.client_endpoint),
            partial=user is None or not user.is_admin,
            earlier=earlier_report(mine, self.files, compare_with, folder, zone) if compare_with else None,
        )


def invoices_outline(client: Bitrix24Client, params: ReportParams) -> Any:
    """Where the report's invoices lie, as far as that can be asked beside the catalog; meanwhile two of them show
    whether lists of owners of product rows are answered."""
    conditions = outline_filter(params)
    outline = None if conditions is None else client.invoices_outline(conditions)
    if outline is not None and params.reads_rows and client.owner_lists is None:
        with suppress(AccessDeniedError, InvalidArgumentError):  # for whatever reason: the report finds out
            next(client.product_rows(outline.first_ids[:2]), None)
            client.learn_owner_lists(answered=True)
    return outline


def report_catalog(portal: PortalRecord, known: PortalCatalog) -> ReportCatalog:
    """The portal's catalog and settings, as far as a report uses them."""
    chosen = complete_settings(portal.settings)
    names, amounts = {field.name for field in known.fields.dates}, {each.name for each in known.fields.amounts}
    settings = settings_in_force(chosen, names, amounts)
    return ReportCatalog(
        fields=FieldMapping(
            date_field=settings["date_field"],
            shipped_field=settings["shipped_field"],
            paid_field=settings["paid_field"],
            payment_source=settings["payment_source"],
            paid_amount_field=settings["paid_amount_field"],
            titles={field.name: field.title for field in known.fields.dates}
            | {each.name: each.title for each in known.fields.amounts if each.name == settings["paid_amount_field"]},
            datetime_fields=frozenset(field.name for field in known.fields.dates if field.type == "datetime"),
            zone=ZoneInfo(settings["time_zone"]),
        ),
        stages={each.id: Stage(each.id, each.title, each.semantics, each.category_id) for each in known.stages},
        excluded_stages=frozenset(settings["excluded_stages"]),
        gone_fields={each: name for each, name in gone_fields(chosen, names, amounts).items() if each != "date_field"},
        preset_xml_ids={preset.id: preset.xml_id for preset in known.presets},
        preset_names={preset.id: preset.name for preset in known.presets},
        preset_countries={preset.id: preset.country_id for preset in known.presets if preset.country_id},
        stages_refused=not known.stages,
        has_templates=known.fields.has_templates,
        knows_users=bool(portal.scopes & USER_SCOPES),
        custom_fields=custom_fields(known.fields),
        field_names=known.fields.names,
        usual_columns=None if settings["columns"] is None else tuple(settings["columns"]),
    )


def present_date(params: ReportParams, catalog: ReportCatalog) -> tuple[ReportParams, ReportCatalog]:
    """Both as they are; by the invoice's own date where the portal no longer has the field that was asked for."""
    asked = params.date_field
    if asked == DEFAULT_DATE_FIELD or asked in catalog.fields.titles:
        return params, catalog
    gone = {**catalog.gone_fields, "date_field": asked}
    return replace(params, date_field=DEFAULT_DATE_FIELD), replace(catalog, gone_fields=gone)


def invoice_address(client_endpoint: str) -> Callable[[int], str]:
    """Makes the address of an invoice's card in the portal of the invoice's id."""
    place = urlsplit(client_endpoint)
    return lambda invoice_id: f"{place.scheme}://{place.netloc}/crm/type/31/details/{invoice_id}/"

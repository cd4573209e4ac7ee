"""One report from its row to its files: the user's client, the portal's catalog, the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bitrix_app.errors import AppUninstalledError
from bitrix_app.portals import (
    CallRecord,
    Catalogs,
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
    Stage,
    StopSignal,
    Waiting,
)
from bitrix_app.storage import Lease, PortalRecord, Portals, ReportRecord

QUIET_SECONDS = 5.0
"""Shorter waits are the usual rhythm of the bucket and need no explanation."""
QUIET_OPERATING_SECONDS = 1.0
"""A wait until the portal lets a method work again is not usual; shorter ones only spread its calls."""


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
        if call.method == self._method:
            self._method = ""
            self._progress.wait(None)


@dataclass(frozen=True, slots=True)
class ReportRun:
    """Builds reports with the rights of the users who ordered them. A RunReport."""

    portals: Portals
    clients: PortalClients
    catalogs: Catalogs
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __call__(self, lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Outcome:
        """The report of this lease. Raises AppUninstalledError, PortalErrors, AuthorizationServerErrors,
        ReportErrors, and what ``stop`` raises."""
        record = lease.report
        portal = self._portal(record)
        params = ReportParams.from_json(record.params)
        tracker = ProgressTracker(progress, detailed=params.detailed)
        watcher = WaitsInProgress(tracker, self.now)
        client = self.clients.background(portal, record.user_id, stop=stop, observer=watcher)
        known = self.catalogs.whole(portal, record.user_id, client, fresh_fields=True)
        kind = KINDS[params.kind]
        params, catalog = present_date(params, report_catalog(portal, known))
        assembly = ReportAssembly(
            kind=kind,
            portal=client,
            request=self._request(record, portal, params),
            catalog=catalog,
            progress=tracker,
            stop=stop,
        )
        with kind.register(folder) as register:
            return assembly.orchestrator(register, folder).run()

    def _portal(self, record: ReportRecord) -> PortalRecord:
        portal = self.portals.by_id(record.portal_id)
        if portal is None or not portal.installed:
            raise AppUninstalledError("the app was removed from the portal")
        return portal

    def _request(self, record: ReportRecord, portal: PortalRecord, params: ReportParams) -> ReportRequest:
        zone = ZoneInfo(complete_settings(portal.settings)["time_zone"])
        return ReportRequest(
            params=params,
            built_by=record.user_name,
            built_at=self.now().astimezone(zone),
            invoice_url=invoice_address(portal.client_endpoint),
        )


def report_catalog(portal: PortalRecord, known: PortalCatalog) -> ReportCatalog:
    """The portal's catalog and settings, as far as a report uses them."""
    chosen = complete_settings(portal.settings)
    names = {field.name for field in known.fields.dates}
    settings = settings_in_force(chosen, names)
    return ReportCatalog(
        fields=FieldMapping(
            date_field=settings["date_field"],
            shipped_field=settings["shipped_field"],
            paid_field=settings["paid_field"],
            titles={field.name: field.title for field in known.fields.dates},
            datetime_fields=frozenset(field.name for field in known.fields.dates if field.type == "datetime"),
            zone=ZoneInfo(settings["time_zone"]),
        ),
        stages={each.id: Stage(each.id, each.title, each.semantics, each.category_id) for each in known.stages},
        excluded_stages=frozenset(settings["excluded_stages"]),
        gone_fields={each: name for each, name in gone_fields(chosen, names).items() if each != "date_field"},
        preset_xml_ids={preset.id: preset.xml_id for preset in known.presets},
        preset_names={preset.id: preset.name for preset in known.presets},
        preset_countries={preset.id: preset.country_id for preset in known.presets if preset.country_id},
        stages_refused=not known.stages,
        has_templates=known.fields.has_templates,
        knows_users=bool(portal.scopes & USER_SCOPES),
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

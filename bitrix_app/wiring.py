"""Builds the objects of the house from the settings, once a process. ``app.py`` and ``__main__.py`` import it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from flask import Flask

from bitrix_app.bitrix24 import AuthorizationServer, CallObserver, Transport
from bitrix_app.jobs import (
    Cleanup,
    JobService,
    Maintenance,
    Ordering,
    PeriodicTask,
    ReportRun,
    WakeQueue,
    Worker,
    WorkFolders,
)
from bitrix_app.logs import RestLog
from bitrix_app.metrics import CallMeter, Metrics
from bitrix_app.portals import (
    Access,
    Bulkhead,
    CallerCheck,
    Catalogs,
    Embedding,
    Installer,
    Launcher,
    Observers,
    Places,
    PortalClients,
    PortalEvents,
    PortalMaintenance,
    Probe,
    Transports,
    TtlCache,
)
from bitrix_app.settings import Settings
from bitrix_app.storage import (
    AuditLog,
    Cipher,
    Database,
    Files,
    PeriodicTasks,
    PortalBuckets,
    Portals,
    PortalUsers,
    ReportLeases,
    Reports,
    Retention,
    SavedSets,
    UserTokens,
)
from bitrix_app.web import Services as WebServices
from bitrix_app.web import create_app

log = structlog.get_logger("app")

CATALOG_SECONDS = 300
DEPARTMENT_SECONDS = 60
INTERACTIVE_READ_SECONDS = 8.0
PORTAL_MAINTENANCE_EVERY = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that is kept, over DATABASE_URL and REPORTS_DIR."""

    database: Database
    portals: Portals
    tokens: UserTokens
    users: PortalUsers
    reports: Reports
    audit_log: AuditLog
    files: Files


@dataclass(frozen=True, slots=True)
class PortalSide:
    """What asks portals and the authorization servers."""

    server: AuthorizationServer
    clients: PortalClients
    catalogs: Catalogs
    access: Access


@dataclass(frozen=True, slots=True)
class Services:
    """What a process runs: the web application, the job service, and their common ground."""

    settings: Settings
    database: Database
    web: WebServices
    jobs: JobService
    ordering: Ordering
    metrics: Metrics
    closers: tuple[Any, ...]

    def flask_app(self) -> Flask:
        """The web application over these services."""
        return create_app(self.web)

    def close(self) -> None:
        """Lets go of connections and threads."""
        for each in self.closers:
            each.close()


def build_services(settings: Settings) -> Services:
    """All objects for these settings. Contacts no server. Raises SettingsError."""
    if settings.weak_secret_key:
        log.warning("weak_secret_key", advice="SECRET_KEY can be guessed: take 32 characters or more, see .env.example")
    stores = build_stores(settings)
    queue = WakeQueue(settings.queue_url)
    metrics, rest_log = Metrics(), RestLog(Path(settings.rest_log))
    transports = build_transports(settings)
    portals = build_portal_side(settings, stores, transports, Observers(rest_log, CallMeter(metrics)))
    jobs = build_jobs(settings, stores, portals, queue, metrics)
    ordering = Ordering(
        reports=stores.reports,
        users=stores.users,
        audit_log=stores.audit_log,
        access=portals.access,
        catalogs=portals.catalogs,
        clients=portals.clients,
        wake=queue.wake,
    )
    web = build_web(
        settings=settings,
        stores=stores,
        portals=portals,
        ordering=ordering,
        queue=queue,
        worker_broken=lambda: jobs.broken,
        metrics=metrics,
    )
    closers = (queue, portals.server, rest_log, transports.background, transports.interactive, stores.database)
    return Services(settings, stores.database, web, jobs, ordering, metrics, closers)


def build_stores(settings: Settings) -> Stores:
    """Database and file store, and the rows in it by subject."""
    database = Database(settings.database_url)
    cipher = Cipher(settings.secret_keys)
    return Stores(
        database=database,
        portals=Portals(database, cipher),
        tokens=UserTokens(database, cipher),
        users=PortalUsers(database),
        reports=Reports(database),
        audit_log=AuditLog(database),
        files=Files(settings.reports_dir),
    )


def build_transports(settings: Settings) -> Transports:
    """Connections to portals: with a report's time-outs, and with those of a page."""
    return Transports(
        background=Transport(allow_http=settings.allow_http, ca_bundle=settings.ca_bundle),
        interactive=Transport(
            allow_http=settings.allow_http,
            connect_timeout=3.0,
            read_timeout=INTERACTIVE_READ_SECONDS,
            total_timeout=INTERACTIVE_READ_SECONDS,
            ca_bundle=settings.ca_bundle,
        ),
    )


def build_portal_side(settings: Settings, stores: Stores, transports: Transports, observer: CallObserver) -> PortalSide:
    """Clients of portals, and what they learn of a portal and its users."""
    server = AuthorizationServer(
        roots=settings.oauth_roots,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        allow_http=settings.allow_http,
        ca_bundle=settings.ca_bundle,
    )
    clients = PortalClients(
        transports=transports,
        tokens=stores.tokens,
        portals=stores.portals,
        buckets=PortalBuckets(stores.database),
        authorization_server=server,
        observer=observer,
        bulkhead=Bulkhead(total=Places.of(settings.web_threads).portals),
    )
    return PortalSide(
        server=server,
        clients=clients,
        catalogs=Catalogs(clients, TtlCache(CATALOG_SECONDS, 2000)),
        access=Access(clients, stores.users, TtlCache(DEPARTMENT_SECONDS, 5000)),
    )


def build_jobs(
    settings: Settings,
    stores: Stores,
    portals: PortalSide,
    queue: WakeQueue,
    metrics: Metrics,
) -> JobService:
    """Worker, queue and maintenance of this process."""
    work_folder = Path(settings.work_dir)
    leases = ReportLeases(stores.database)
    metrics.queue_length(leases.queued_count)
    worker = Worker(
        leases=leases,
        files=stores.files,
        run_report=ReportRun(stores.portals, portals.clients, portals.catalogs),
        work_folder=work_folder,
        observer=metrics,
        concurrency=settings.worker_concurrency,
    )
    cleanup = Cleanup(Retention(stores.database), stores.files)
    portal_maintenance = PortalMaintenance(portals.clients, stores.portals, stores.tokens)
    tasks = [*cleanup.tasks(), PeriodicTask("upkeep", PORTAL_MAINTENANCE_EVERY, portal_maintenance.run)]
    maintenance = Maintenance(PeriodicTasks(stores.database), tasks)
    return JobService(worker, queue, maintenance, WorkFolders(work_folder, leases))


def build_web(
    *,
    settings: Settings,
    stores: Stores,
    portals: PortalSide,
    ordering: Ordering,
    queue: WakeQueue,
    worker_broken: Callable[[], bool],
    metrics: Metrics,
) -> WebServices:
    """What the web application calls."""
    places = Places.of(settings.web_threads).callers
    check = CallerCheck(portals.server, places=places, remembered=stores.portals.oauth_root)
    embedding = Embedding(settings.app_url)
    installer = Installer(
        check=check,
        clients=portals.clients,
        portals=stores.portals,
        tokens=stores.tokens,
        access=portals.access,
        embedding=embedding,
    )
    return WebServices(
        settings=settings,
        db=stores.database,
        portals=stores.portals,
        users=stores.users,
        reports=stores.reports,
        saved_sets=SavedSets(stores.database),
        audit_log=stores.audit_log,
        files=stores.files,
        clients=portals.clients,
        access=portals.access,
        catalogs=portals.catalogs,
        embedding=embedding,
        probe=Probe(portals.clients),
        installer=installer,
        launcher=Launcher(check=check, portals=stores.portals, tokens=stores.tokens, access=portals.access),
        events=PortalEvents(installer=installer, portals=stores.portals),
        ordering=ordering,
        ping_queue=queue.ping,
        worker_broken=worker_broken,
        overviews=TtlCache(60, 500),
        render_metrics=metrics.render,
    )

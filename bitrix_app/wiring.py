"""Builds the objects of the house from the settings, once a process. ``app.py`` and ``__main__.py`` import it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from flask import Flask

from bitrix_app.bitrix24 import AuthorizationServer, CallObserver, Transport
from bitrix_app.jobs import (
    Cleanup,
    Delivering,
    DeliveryRun,
    DeliveryWorker,
    JobObserver,
    JobService,
    Maintenance,
    Ordering,
    OwnersRightFirst,
    PairRenewal,
    PeriodicTask,
    ReportRows,
    ReportRun,
    RobotRunner,
    RobotWork,
    ScheduleRunner,
    Scheduling,
    WakeQueue,
    Worker,
    WorkFolders,
)
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
    PortalCache,
    PortalClients,
    PortalEvents,
    PortalMaintenance,
    Probe,
    RobotCallers,
    RobotRegistration,
    Transports,
    UninstallCheck,
)
from bitrix_app.rest_log import RestLog
from bitrix_app.settings import WEAK, Settings
from bitrix_app.storage import (
    MEGABYTE,
    AuditLog,
    Cipher,
    Database,
    Deliveries,
    DueSchedules,
    Files,
    PeriodicTasks,
    PortalBuckets,
    Portals,
    PortalUsers,
    ReportLeases,
    Reports,
    Retention,
    RobotRuns,
    SavedSets,
    Schedules,
    Uninstalls,
    UserTokens,
)
from bitrix_app.web import Services as WebServices
from bitrix_app.web import create_app

log = structlog.get_logger("app")

CATALOG_SECONDS = 300
DEPARTMENT_SECONDS = 60
OVERVIEW_SECONDS = 60
DEBTS_SECONDS = 300
INTERACTIVE_READ_SECONDS = 8.0
PORTAL_MAINTENANCE_EVERY = timedelta(hours=23)
UNINSTALLS_EVERY = timedelta(seconds=50)
"""Each time that periodic tasks are looked at: once a minute."""


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
    uninstalls: Uninstalls
    schedules: Schedules
    due_schedules: DueSchedules
    deliveries: Deliveries
    saved_sets: SavedSets
    robot_runs: RobotRuns


@dataclass(frozen=True, slots=True)
class PortalSide:
    """What asks portals and the authorization servers."""

    server: AuthorizationServer
    clients: PortalClients
    catalogs: Catalogs
    access: Access
    uninstall_check: UninstallCheck
    maintenance: PortalMaintenance


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


class JobObservers:
    """Tells several observers. A JobObserver."""

    def __init__(self, *observers: JobObserver) -> None:
        self._observers = observers

    def report_finished(self, status: str, seconds: float) -> None:
        """Passes it on."""
        for each in self._observers:
            each.report_finished(status, seconds)


def build_services(settings: Settings) -> Services:
    """All objects for these settings. Contacts no server. Raises SettingsError."""
    for name in settings.weak_secrets:
        log.warning("weak_secret", advice=f"{name} {WEAK[name]}")
    stores = build_stores(settings)
    queue = WakeQueue(settings.queue_url)
    metrics, rest_log = Metrics(), RestLog(Path(settings.rest_log))
    rest_log.start()
    transports = build_transports(settings)
    portals = build_portal_side(settings, stores, transports, rest_log, CallMeter(metrics))
    ordering = Ordering(
        reports=stores.reports,
        users=stores.users,
        audit_log=stores.audit_log,
        access=portals.access,
        catalogs=portals.catalogs,
        clients=portals.clients,
        wake=queue.wake,
    )
    scheduling = Scheduling(
        schedules=stores.schedules,
        due=stores.due_schedules,
        ordering=ordering,
        access=portals.access,
        users=stores.users,
        audit_log=stores.audit_log,
    )
    jobs = build_jobs(
        settings=settings, stores=stores, portals=portals, queue=queue, scheduling=scheduling, metrics=metrics
    )
    web = build_web(
        settings=settings,
        stores=stores,
        portals=portals,
        ordering=ordering,
        scheduling=scheduling,
        queue=queue,
        worker_broken=lambda: jobs.broken,
        metrics=metrics,
    )
    closers = (
        web.installer,
        queue,
        portals.server,
        rest_log,
        transports.background,
        transports.interactive,
        stores.database,
    )
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
        reports=Reports(database, quota=settings.portal_quota_mb * MEGABYTE),
        audit_log=AuditLog(database),
        files=Files(settings.reports_dir),
        uninstalls=Uninstalls(database),
        schedules=Schedules(database),
        due_schedules=DueSchedules(database),
        deliveries=Deliveries(database),
        saved_sets=SavedSets(database),
        robot_runs=RobotRuns(database, cipher),
    )


def build_transports(settings: Settings) -> Transports:
    """Connections to portals: with a report's time-outs, and with those of a page."""
    usual = partial(
        Transport, allow_http=settings.allow_http, ca_bundle=settings.ca_bundle, networks=settings.portal_networks
    )
    return Transports(
        background=usual(),
        interactive=usual(
            connect_timeout=3.0,
            read_timeout=INTERACTIVE_READ_SECONDS,
            total_timeout=INTERACTIVE_READ_SECONDS,
        ),
    )


def build_portal_side(
    settings: Settings, stores: Stores, transports: Transports, rest_log: CallObserver, meter: CallObserver
) -> PortalSide:
    """Clients of portals, and what they learn of a portal and its users."""
    server = AuthorizationServer(
        roots=settings.oauth_roots,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        allow_http=settings.allow_http,
        ca_bundle=settings.ca_bundle,
        observer=rest_log,
    )
    clients = PortalClients(
        transports=transports,
        tokens=stores.tokens,
        portals=stores.portals,
        buckets=PortalBuckets(stores.database),
        authorization_server=server,
        observer=Observers(rest_log, meter),
        bulkhead=Bulkhead(total=Places.of(settings.web_threads).portals),
    )
    return PortalSide(
        server=server,
        clients=clients,
        catalogs=Catalogs(clients, PortalCache(CATALOG_SECONDS)),
        access=Access(clients, stores.users, PortalCache(DEPARTMENT_SECONDS)),
        uninstall_check=UninstallCheck(
            authorization_server=server,
            portals=stores.portals,
            tokens=stores.tokens,
            uninstalls=stores.uninstalls,
            audit_log=stores.audit_log,
            files=stores.files,
        ),
        maintenance=PortalMaintenance(clients, stores.portals, stores.tokens),
    )


def build_jobs(
    *,
    settings: Settings,
    stores: Stores,
    portals: PortalSide,
    queue: WakeQueue,
    scheduling: Scheduling,
    metrics: Metrics,
) -> JobService:
    """Worker, queue, maintenance and schedules of this process."""
    work_folder = Path(settings.work_dir)
    leases = ReportLeases(stores.database)
    metrics.queue_length(leases.queued_count)
    due = stores.due_schedules
    delivering = Delivering(stores.deliveries, queue.wake)
    runner = ScheduleRunner(
        due=due,
        scheduling=scheduling,
        portals=stores.portals,
        access=portals.access,
        delivery=delivering,
    )
    robots = RobotRunner(
        RobotWork(
            runs=stores.robot_runs,
            callers=RobotCallers(portals.server, stores.portals, stores.tokens),
            portals=stores.portals,
            access=portals.access,
            clients=portals.clients,
            sets=stores.saved_sets,
            ordering=scheduling.ordering,
            delivering=delivering,
            audit_log=stores.audit_log,
            links=PortalCache(CATALOG_SECONDS),
        )
    )
    run = ReportRun(stores.portals, stores.reports, stores.users, portals.clients, portals.catalogs, stores.files)
    worker = Worker(
        leases=leases,
        files=stores.files,
        run_report=OwnersRightFirst(run, due, stores.portals, portals.access),
        work_folder=work_folder,
        observer=JobObservers(metrics, runner, robots),
        concurrency=settings.worker_concurrency,
    )
    renewal = PairRenewal(due, scheduling, stores.portals, portals.clients)
    cleanup = Cleanup(Retention(stores.database), stores.files)
    tasks = [
        PeriodicTask("uninstalls", UNINSTALLS_EVERY, portals.uninstall_check.run),
        *cleanup.tasks(),
        PeriodicTask("pairs", PORTAL_MAINTENANCE_EVERY, renewal.run),
        PeriodicTask("upkeep", PORTAL_MAINTENANCE_EVERY, portals.maintenance.run),
    ]
    maintenance = Maintenance(PeriodicTasks(stores.database), tasks)
    send = DeliveryRun(stores.deliveries, stores.portals, stores.reports, portals.clients, stores.files)
    sender = DeliveryWorker(stores.deliveries, send)
    folders = WorkFolders(work_folder, leases)
    return JobService(worker, queue, maintenance, folders, schedules=runner, delivery=sender, robots=robots)


def build_web(
    *,
    settings: Settings,
    stores: Stores,
    portals: PortalSide,
    ordering: Ordering,
    scheduling: Scheduling,
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
        robot=RobotRegistration(settings.app_url, stores.portals, stores.saved_sets),
    )
    return WebServices(
        settings=settings,
        db=stores.database,
        portals=stores.portals,
        users=stores.users,
        reports=stores.reports,
        saved_sets=stores.saved_sets,
        robot_runs=stores.robot_runs,
        audit_log=stores.audit_log,
        files=stores.files,
        clients=portals.clients,
        access=portals.access,
        catalogs=portals.catalogs,
        embedding=embedding,
        probe=Probe(portals.clients),
        installer=installer,
        launcher=Launcher(check=check, portals=stores.portals, tokens=stores.tokens, access=portals.access),
        events=PortalEvents(
            installer=installer,
            portals=stores.portals,
            uninstalls=stores.uninstalls,
            uninstall_check=portals.uninstall_check,
            maintenance=portals.maintenance,
        ),
        ordering=ordering,
        scheduling=scheduling,
        delivering=Delivering(stores.deliveries, queue.wake),
        rows=ReportRows(stores.files),
        ping_queue=queue.ping,
        worker_broken=worker_broken,
        overviews=PortalCache(OVERVIEW_SECONDS),
        client_debts=PortalCache(DEBTS_SECONDS),
        render_metrics=metrics.render,
    )

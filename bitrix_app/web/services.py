"""What the web needs of the rest of the house; wiring builds it once, the application factory takes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from bitrix_app.jobs import Delivering, Ordering, ReportRows, Scheduling
from bitrix_app.portals import (
    Access,
    Catalogs,
    Embedding,
    Installer,
    Launcher,
    PortalCache,
    PortalClients,
    PortalEvents,
    Probe,
)
from bitrix_app.settings import Settings
from bitrix_app.storage import AuditLog, Database, Files, Portals, PortalUsers, Reports, RobotRuns, SavedSets

SERVICES = "invoice_register"


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the web calls.

    ``ping_queue`` raises AppError when the queue cannot be reached. ``worker_broken``: whether this process's own
    worker, if it has one, has died. ``overviews`` keeps companies' overviews for a
    minute, ``client_debts`` what clients owe for five.
    ``render_metrics``: Prometheus' text, shown with METRICS_TOKEN. ``clock``: seconds since 1970.
    """

    settings: Settings
    db: Database
    portals: Portals
    users: PortalUsers
    reports: Reports
    saved_sets: SavedSets
    robot_runs: RobotRuns
    audit_log: AuditLog
    files: Files
    clients: PortalClients
    access: Access
    catalogs: Catalogs
    embedding: Embedding
    probe: Probe
    installer: Installer
    launcher: Launcher
    events: PortalEvents
    ordering: Ordering
    scheduling: Scheduling
    delivering: Delivering
    rows: ReportRows
    ping_queue: Callable[[], None]
    worker_broken: Callable[[], bool]
    overviews: PortalCache
    client_debts: PortalCache
    render_metrics: Callable[[], bytes]
    clock: Callable[[], float] = time.time


def services() -> Services:
    """The services of the running application."""
    found: Services = current_app.extensions[SERVICES]
    return found

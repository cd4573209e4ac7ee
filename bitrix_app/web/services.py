"""What the web needs of the rest of the house; wiring builds it once, the application factory takes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flask import current_app

from bitrix_app.portals import (
    Access,
    Bitrix24Client,
    Catalogs,
    Embedding,
    Installer,
    Launcher,
    PortalClients,
    PortalEvents,
    TtlCache,
)
from bitrix_app.settings import Settings
from bitrix_app.storage import AuditLog, Database, Files, PortalRecord, Portals, PortalUsers, Reports, SavedSets

SERVICES = "invoice_register"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a report would be: so many ``invoices``, so many that have no date to be found by (``undated``), and
    what it would cost: ``calls`` to the portal, ``seconds``."""

    invoices: int
    undated: int
    calls: int
    seconds: int


class PreviewCall(Protocol):
    """Looks ahead: counts, and reckons what the report would cost. ``params`` as they would be stored with it.

    Raises PortalError and what the client raises.
    """

    def __call__(
        self, client: Bitrix24Client, portal: PortalRecord, user_id: int, params: Mapping[str, Any]
    ) -> Preview: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the web calls.

    ``wake``: a report waits in its row; never raises, for a row that nobody was woken for is found anyway.
    ``ping_queue`` raises AppError when the queue cannot be reached. ``overviews`` keeps companies' overviews for a
    minute. ``render_metrics``: Prometheus' text, shown with METRICS_TOKEN. ``clock``: seconds since 1970.
    """

    settings: Settings
    db: Database
    portals: Portals
    users: PortalUsers
    reports: Reports
    saved_sets: SavedSets
    audit_log: AuditLog
    files: Files
    clients: PortalClients
    access: Access
    catalogs: Catalogs
    embedding: Embedding
    installer: Installer
    launcher: Launcher
    events: PortalEvents
    preview: PreviewCall
    wake: Callable[[], None]
    ping_queue: Callable[[], None]
    overviews: TtlCache
    render_metrics: Callable[[], bytes]
    clock: Callable[[], float] = time.time


def services() -> Services:
    """The services of the running application."""
    found: Services = current_app.extensions[SERVICES]
    return found

"""Ours: the report of a real worker (queue, lease, heartbeat, bucket in the database, spool, workbook, CSV, storage).

Everything that ``app.py`` builds on the embedded queue, but for the web server. The child's order is an ``Order``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openpyxl.utils import column_index_from_string
from python_calamine import CalamineWorkbook

from benchmarks.measuring import answer, measured, told
from bitrix_app.bitrix24 import AuthorizationServer
from bitrix_app.bitrix24.types import TokenOwner
from bitrix_app.portals import clients
from bitrix_app.settings import Settings, load_settings
from bitrix_app.storage import Cipher, Plan, ReportRecord, TokenPair, UserReports, UserTokens
from bitrix_app.wiring import Services, build_services
from demo_portal.subprocess import PortalSubprocess

LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Order:
    """What the child shall do.

    ``unpaced`` takes our own bucket away, which would hold us to 2 calls a second where the portal's limits are off.
    ``fetch_mode`` is the portal's setting. ``counted`` reads the workbook afterwards to say what is in it.
    """

    portal: dict[str, Any]
    unpaced: bool = False
    counted: bool = False
    fetch_mode: str = "list"


def settings_for(portal: PortalSubprocess, folder: Path) -> Settings:
    """The app's settings for this portal's world, with all files in ``folder``."""
    return load_settings(
        {
            **portal.environment,
            "SECRET_KEY": "a key for benchmarks, long enough",
            "DATABASE_URL": f"sqlite:///{folder}/app.db",
            "QUEUE_URL": f"sqlite:///{folder}/queue.db",
            "REPORTS_DIR": str(folder / "reports"),
            "WORK_DIR": str(folder / "work"),
            "REST_LOG": str(folder / "rest.log"),
        }
    )


def unpace() -> None:
    """From now on our own bucket lets every call go at once; it still costs its transaction in the database."""
    clients.ORDINARY = Plan(burst=10**9, background=10**9, interval=1e-9)  # type: ignore[attr-defined]  # as clients.py imported it


def reports_of(services: Services, portal: PortalSubprocess, fetch_mode: str = "list") -> UserReports:
    """The door to the reports of the user whose token the benchmark has, in the portal as an install leaves it."""
    owner = _owner(services.settings, portal.access_token)
    record = services.web.portals.install(
        member_id=owner.member_id,
        client_endpoint=owner.client_endpoint,
        domain=owner.domain,
        scopes=owner.scopes,
        application_token="",
        installed_by=owner.user_id,
        access_token=portal.access_token,
        refresh_token=None,
        expires_at=owner.expires_at,
    )
    services.web.portals.save_settings(record.id, {**record.settings, "fetch_mode": fetch_mode})
    tokens = UserTokens(services.database, Cipher(services.settings.secret_keys))
    pair = TokenPair(portal.access_token, portal.refresh_token, owner.expires_at)
    tokens.save(record.id, owner.user_id, pair)
    return services.web.reports.of(record.id, owner.user_id)


def _owner(settings: Settings, access_token: str) -> TokenOwner:
    server = AuthorizationServer(
        roots=settings.oauth_roots,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        allow_http=settings.allow_http,
    )
    try:
        return server.confirm(access_token)
    finally:
        server.close()


def built(services: Services, reports: UserReports, portal: PortalSubprocess) -> ReportRecord:
    """The report of all invoices of the portal, built by this process's worker, which goes on running."""
    params = {"date_from": portal.first, "date_to": portal.last, "date_field": "begindate", "detailed": True}
    report, _ = reports.create(params, "Иванова Анна")
    services.jobs.start()
    while report.status in {"queued", "running"}:
        time.sleep(LOOK_SECONDS)
        report = _there(reports.get(report.id))
    if report.status != "done":
        raise RuntimeError(f"the report is {report.status}: {report.error_code}")
    return report


def _there(report: ReportRecord | None) -> ReportRecord:
    assert report is not None
    return report


def content(path: Path) -> dict[str, int]:
    """How many invoices, product rows and counterparties the workbook shows."""
    workbook = CalamineWorkbook.from_path(path)
    brief, full = (_table(workbook.get_sheet_by_name(name).to_python()) for name in ("Краткий", "Полный"))
    counterparty = column_index_from_string("C") - 1
    return {"invoices": len(brief), "rows": len(full), "requisites": len({row[counterparty] for row in brief})}


def _table(rows: list[list[Any]]) -> list[list[Any]]:
    """The rows under the header, up to the first without a number."""
    start = next(index for index, row in enumerate(rows) if row[0] == "Номер") + 1
    end = next((index for index in range(start, len(rows)) if not rows[index][0]), len(rows))
    return rows[start:end]


def main() -> None:
    """The child: one report, its cost and its content."""
    order = Order(**told())
    portal = PortalSubprocess(**order.portal)
    if order.unpaced:
        unpace()
    with TemporaryDirectory() as place:
        folder = Path(place)
        services = build_services(settings_for(portal, folder))
        services.database.migrate()
        reports = reports_of(services, portal, order.fetch_mode)
        report, cost = measured(lambda: built(services, reports, portal))
        services.jobs.stop()
        services.close()
        workbook = next(each.name for each in report.files if each.format == "xlsx")
        found = content(folder / "reports" / workbook) if order.counted else {}
        answer(cost, summary=report.summary, megabytes=(folder / "reports" / workbook).stat().st_size / 1e6, **found)


if __name__ == "__main__":
    main()

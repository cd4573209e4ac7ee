"""Seed data of the storage and job tests: portals with their administrators, users with their reports."""

from __future__ import annotations

from typing import Any

from bitrix_app.storage import Cipher, Database, PortalRecord, Portals, ReportRecord, Reports

ENDPOINT = "https://romashka.bitrix24.ru/rest/"
ADMINISTRATOR = 1
ALICE = 7
BOB = 8


def install_portal(db: Database, cipher: Cipher, member_id: str = "romashka", **changes: Any) -> PortalRecord:
    """A portal in which the administrator has just installed the app."""
    said: dict[str, Any] = {
        "member_id": member_id,
        "client_endpoint": ENDPOINT,
        "domain": "romashka.bitrix24.ru",
        "scopes": {"crm", "placement"},
        "application_token": f"application token of {member_id}",
        "installed_by": ADMINISTRATOR,
        "access_token": f"installer's access token of {member_id}",
        "refresh_token": f"installer's refresh token of {member_id}",
        "expires_at": 1_800_000_000,
    }
    return Portals(db, cipher).install(**(said | changes))


def queue_report(db: Database, portal: PortalRecord, user_id: int = ALICE, **params: Any) -> ReportRecord:
    """A report of this user, waiting for a worker."""
    record, _ = Reports(db).of(portal.id, user_id).create(params, "Алиса")
    return record

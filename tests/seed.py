"""Seed data of the storage and job tests: portals with their administrators, users with their reports."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bitrix_app.storage import (
    Cipher,
    Database,
    Planned,
    PortalRecord,
    Portals,
    ReportRecord,
    Reports,
    RobotRequest,
    RobotRun,
    RobotRuns,
    ScheduleContent,
    ScheduleRecord,
    Schedules,
)

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
        "expires_at": 4_000_000_000,
    }
    return Portals(db, cipher).install(**(said | changes))


def unbound(text: str, secret_key: str = "a key for tests") -> str:
    """A ciphertext as the first versions wrote it: it opens in any row."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"bitrix_app: tokens at rest, v1")
    return Fernet(base64.urlsafe_b64encode(kdf.derive(secret_key.encode()))).encrypt(text.encode()).decode()


def queue_report(db: Database, portal: PortalRecord, user_id: int = ALICE, **params: Any) -> ReportRecord:
    """A report of this user, waiting for a worker."""
    record, _ = Reports(db).of(portal.id, user_id).create(params, "Алиса")
    return record


def make_schedule(
    db: Database, portal: PortalRecord, user_id: int = ALICE, next_run_at: datetime | None = None, **params: Any
) -> ScheduleRecord:
    """A schedule of this user for each day at 09:00; active where it is known when it runs next."""
    content = ScheduleContent(
        name="Каждый день",
        params=params,
        names={},
        period="yesterday",
        when={"every": "day", "time": "09:00"},
        deliver=[{"to": "notification"}],
        active=next_run_at is not None,
    )
    planned = Planned(next_run_at, next_run_at) if next_run_at else None
    return Schedules(db).create(portal.id, user_id, content, planned)


def make_robot_run(db: Database, cipher: Cipher, portal: PortalRecord, user_id: int = ALICE) -> RobotRun:
    """A run of the robot on behalf of this user, which found no report to order."""
    runs = RobotRuns(db, cipher)
    runs.receive(portal.id, RobotRequest(f"s3cret event {user_id}", "s3cret access", "", {"set": "set1"}, waits=True))
    (run,) = runs.take(1, timedelta(minutes=1))
    runs.failing(run, user_id, "robot_settings", {})
    return run

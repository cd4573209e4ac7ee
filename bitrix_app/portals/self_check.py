"""Is everything in order in this portal? The questions an administrator would ask, each answered by a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.bitrix24 import Bitrix24Client
from bitrix_app.errors import PortalError
from bitrix_app.portals.embedding import Embedding
from bitrix_app.portals.preferences import complete_settings
from bitrix_app.storage import PortalRecord

NEEDED_SCOPES = ("crm", "placement")
MUCH_OPERATING_TIME = 400


@dataclass(frozen=True, slots=True)
class Check:
    """One answer. ``params`` fill the sentences that the web has for ``code``; ``error`` is the code of a refusal."""

    code: str
    ok: bool
    params: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def self_check(client: Bitrix24Client, portal: PortalRecord, embedding: Embedding, user_zone: str) -> list[Check]:
    """Asks the portal and compares; a refusal of the portal is an answer too."""
    checks: dict[str, Callable[[], Check]] = {
        "scopes": lambda: _scopes(portal),
        "invoices": lambda: _invoices(client),
        "embedding": lambda: _embedding(client, embedding),
        "fields": lambda: _fields(client, portal),
        "time_zone": lambda: _time_zone(portal, user_zone),
        "limits": lambda: _limits(client),
    }
    return [_answered(code, check) for code, check in checks.items()]


def _answered(code: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except PortalError as error:
        return Check(code, ok=False, params=error.params, error=error.code)


def _scopes(portal: PortalRecord) -> Check:
    missing = [scope for scope in NEEDED_SCOPES if scope not in portal.scopes]
    return Check("scopes", ok=not missing, params={"missing": ", ".join(missing)})


def _invoices(client: Bitrix24Client) -> Check:
    return Check("invoices", ok=True, params={"count": client.count_invoices({})})


def _embedding(client: Bitrix24Client, embedding: Embedding) -> Check:
    placements, events = embedding.missing(client)
    return Check("embedding", ok=not placements and not events, params={"missing": ", ".join(placements + events)})


def _fields(client: Bitrix24Client, portal: PortalRecord) -> Check:
    settings = complete_settings(portal.settings)
    chosen = {settings[name] for name in ("date_field", "shipped_field", "paid_field") if settings[name]}
    gone = sorted(chosen - set(client.invoice_fields()))
    return Check("fields", ok=not gone, params={"missing": ", ".join(gone)})


def _time_zone(portal: PortalRecord, user_zone: str) -> Check:
    zone = complete_settings(portal.settings)["time_zone"]
    return Check("time_zone", ok=user_zone in {"", zone}, params={"zone": zone, "user_zone": user_zone})


def _limits(client: Bitrix24Client) -> Check:
    operating = client.call("crm.category.list", {"entityTypeId": 31}).operating or 0
    return Check("limits", ok=operating < MUCH_OPERATING_TIME, params={"operating": round(operating)})

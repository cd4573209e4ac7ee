"""The self-check: what of a portal the application needs, and what stands in its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.bitrix24 import INVOICE, Bitrix24Client
from bitrix_app.bitrix24.automation import robots
from bitrix_app.bitrix24.crm import COMPANY
from bitrix_app.bitrix24.parsing import whole
from bitrix_app.errors import (
    AccessDeniedError,
    InsufficientScopeError,
    PortalError,
    UnknownMethodError,
)
from bitrix_app.portals.catalog import read_fields
from bitrix_app.portals.embedding.placements import Embedding
from bitrix_app.portals.embedding.robot import CODE as ROBOT
from bitrix_app.portals.embedding.robot import SCOPE as ROBOT_SCOPE
from bitrix_app.portals.maintenance import Payment
from bitrix_app.portals.preferences import BATCH, BY_PAYMENTS, SWITCHED_OFF, complete_settings, gone_fields
from bitrix_app.storage import PortalRecord

NEEDED_SCOPES = ("crm", "placement")
MUCH_OPERATING_TIME = 400
MOST_OWN = 50


@dataclass(frozen=True, slots=True)
class Check:
    """One answer. ``params`` fill the sentences that the web has for ``code``; ``error`` is the code of a refusal."""

    code: str
    ok: bool
    params: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def self_check(
    client: Bitrix24Client,
    portal: PortalRecord,
    embedding: Embedding,
    user_zone: str,
    note: Callable[[Mapping[str, Any]], Payment],
) -> list[Check]:
    """Asks the portal and compares; a refusal of the portal is an answer too. ``note`` keeps what ``app.info`` tells
    and says what it says of the payment."""
    checks: dict[str, Callable[[], Check]] = {
        "scopes": lambda: _scopes(portal),
        "invoices": lambda: _invoices(client),
        "own_company": lambda: _own_company(client),
        "clients": lambda: _clients(client),
        "embedding": lambda: _embedding(client, portal, embedding),
        "fields": lambda: _fields(client, portal),
        "time_zone": lambda: _time_zone(portal, user_zone),
        "payment": lambda: _payment(client, note),
        "limits": lambda: _limits(client),
        "robot": lambda: _robot(client, portal),
    }
    settings = complete_settings(portal.settings)
    if settings["fetch_mode"] == BATCH:
        checks["batch"] = lambda: _batch(client)
    if settings["payment_source"] == BY_PAYMENTS:
        checks["payments"] = lambda: _payments(client)
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
    count = client.count_invoices({})
    return Check("invoices", ok=count > 0, params={"count": count})


def _own_company(client: Bitrix24Client) -> Check:
    """Whether there is an own company, and a requisite of one: they are the seller of an invoice."""
    ids = [number for row in client.my_companies() if (number := whole(row.get("id")))][:MOST_OWN]
    has_requisites = bool(ids) and bool(client.company_requisites(ids))
    return Check("own_company", ok=has_requisites, params={"companies": len(ids)})


def _clients(client: Bitrix24Client) -> Check:
    asked = {"entityTypeId": COMPANY, "select": ["id"], "filter": {"=isMyCompany": "N"}}
    return Check("clients", ok=client.call("crm.item.list", asked).total != 0)


def _embedding(client: Bitrix24Client, portal: PortalRecord, embedding: Embedding) -> Check:
    missing, unknown = embedding.missing(client, complete_settings(portal.settings)[SWITCHED_OFF])
    return Check("embedding", ok=not missing, params={"missing": ", ".join(missing), "unknown": ", ".join(unknown)})


def _fields(client: Bitrix24Client, portal: PortalRecord) -> Check:
    fields = read_fields(client)
    dates, amounts = ({each.name for each in some} for some in (fields.dates, fields.amounts))
    gone = sorted(set(gone_fields(complete_settings(portal.settings), dates, amounts).values()))
    return Check("fields", ok=not gone, params={"missing": ", ".join(gone)})


def _time_zone(portal: PortalRecord, user_zone: str) -> Check:
    zone = complete_settings(portal.settings)["time_zone"]
    return Check("time_zone", ok=user_zone in {"", zone}, params={"zone": zone, "user_zone": user_zone})


def _batch(client: Bitrix24Client) -> Check:
    try:
        client.call("batch", {"halt": 0, "cmd": {"q0": "profile"}})
    except (AccessDeniedError, InsufficientScopeError, UnknownMethodError):
        return Check("batch", ok=False)
    return Check("batch", ok=True)


def _payments(client: Bitrix24Client) -> Check:
    """Payments of any invoice that the administrator sees; without an invoice there is nothing to be refused."""
    some = client.invoice_page(filter={}, select=["id"]).items[:1]
    try:
        for each in some:
            client.payments(int(each["id"]))
    except (AccessDeniedError, InsufficientScopeError, UnknownMethodError):
        return Check("payments", ok=False)
    return Check("payments", ok=True)


def _payment(client: Bitrix24Client, note: Callable[[Mapping[str, Any]], Payment]) -> Check:
    try:
        payment = note(client.app_info())
    except UnknownMethodError:
        return Check("payment", ok=True, params={"status": "", "days": None})
    return Check("payment", ok=not payment.expired, params={"status": payment.status, "days": payment.days})


def _robot(client: Bitrix24Client, portal: PortalRecord) -> Check:
    """The app works without its robot, so a scope that is not granted is no fault."""
    if ROBOT_SCOPE not in portal.scopes:
        return Check("robot", ok=True, params={"missing": ROBOT_SCOPE})
    return Check("robot", ok=ROBOT in client.ask(robots()), params={"missing": ""})


def _limits(client: Bitrix24Client) -> Check:
    operating = client.call("crm.category.list", {"entityTypeId": INVOICE}).operating or 0
    return Check("limits", ok=operating < MUCH_OPERATING_TIME, params={"operating": round(operating)})

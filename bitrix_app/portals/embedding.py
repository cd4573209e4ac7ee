"""Where the app stands in a portal: its placements and the uninstall event, bound once and kept at one address.

Binding the same handler twice is an error, so what is bound is asked first. Sources: ``placement-bind``,
``placement-get``, ``event-bind``, ``event-get``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.bitrix24 import INVOICE, Bitrix24Client
from bitrix_app.errors import PortalError, UnknownPlacementError
from bitrix_app.portals.catalog import read_fields
from bitrix_app.portals.preferences import complete_settings, gone_fields
from bitrix_app.storage import PortalRecord

TITLE_RU = "Реестр счетов"
TITLE_EN = "Invoice register"
PLACEMENTS: Mapping[str, tuple[str, str]] = {
    "CRM_SMART_INVOICE_LIST_TOOLBAR": (TITLE_RU, TITLE_EN),
    "CRM_SMART_INVOICE_DETAIL_TAB": (TITLE_RU, TITLE_EN),
    "CRM_COMPANY_DETAIL_TAB": (TITLE_RU, TITLE_EN),
    "CRM_ANALYTICS_MENU": (TITLE_RU, TITLE_EN),
}
EVENTS = ("ONAPPUNINSTALL",)
INSTALL_EVENT = "ONAPPINSTALL"


class Embedding:
    """Binds our handlers under ``app_url``; needs a client with an administrator's token."""

    def __init__(self, app_url: str) -> None:
        self._page = f"{app_url}/app"
        self._events = f"{app_url}/events"

    def bind_placements(self, client: Bitrix24Client) -> tuple[str, ...]:
        """Binds what is missing, then unbinds handlers of ours at other addresses. → placements that this portal's
        version does not have. Raises PortalError."""
        unknown: list[str] = []
        bound = [(str(row.get("placement")), str(row.get("handler") or "")) for row in client.placements()]
        for placement, titles in PLACEMENTS.items():
            if (placement, self._page) not in bound:
                try:
                    client.bind_placement(placement, self._page, **_titles(*titles))
                except UnknownPlacementError:
                    unknown.append(placement)
        for placement, handler in dict.fromkeys(bound):
            if handler and handler != self._page:
                client.unbind_placement(placement, handler)
        return tuple(unknown)

    def bind_events(self, client: Bitrix24Client, *, await_token: bool = False) -> None:
        """The same for events. ``await_token``: the form brought no application token, so that it must come with the
        event of the installation (``installation-finish``). Raises PortalError."""
        bound = [(str(row.get("event")).upper(), str(row.get("handler") or "")) for row in client.events()]
        for event in (*EVENTS, INSTALL_EVENT) if await_token else EVENTS:
            if (event, self._events) not in bound:
                client.bind_event(event, self._events)
        for event, handler in dict.fromkeys(bound):
            if handler and handler != self._events:
                client.unbind_event(event, handler)

    def missing(self, client: Bitrix24Client) -> tuple[list[str], list[str]]:
        """What is not bound to our present address though the portal has it, placements and events; and the
        placements that the portal's version does not have."""
        placements = {(str(row.get("placement")), str(row.get("handler"))) for row in client.placements()}
        events = {(str(row.get("event")).upper(), str(row.get("handler"))) for row in client.events()}
        unbound = [each for each in PLACEMENTS if (each, self._page) not in placements]
        known = client.known_placements() if unbound else frozenset()
        unknown = [each for each in unbound if known and each not in known]
        missing = [each for each in unbound if each not in unknown]
        return missing + [each for each in EVENTS if (each, self._events) not in events], unknown


def _titles(ru: str, en: str) -> dict[str, Any]:
    return {"title": ru, "lang_all": {"ru": {"TITLE": ru}, "en": {"TITLE": en}}}


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
    missing, unknown = embedding.missing(client)
    return Check("embedding", ok=not missing, params={"missing": ", ".join(missing), "unknown": ", ".join(unknown)})


def _fields(client: Bitrix24Client, portal: PortalRecord) -> Check:
    known = {each.name for each in read_fields(client).dates}
    gone = sorted(set(gone_fields(complete_settings(portal.settings), known).values()))
    return Check("fields", ok=not gone, params={"missing": ", ".join(gone)})


def _time_zone(portal: PortalRecord, user_zone: str) -> Check:
    zone = complete_settings(portal.settings)["time_zone"]
    return Check("time_zone", ok=user_zone in {"", zone}, params={"zone": zone, "user_zone": user_zone})


def _limits(client: Bitrix24Client) -> Check:
    operating = client.call("crm.category.list", {"entityTypeId": INVOICE}).operating or 0
    return Check("limits", ok=operating < MUCH_OPERATING_TIME, params={"operating": round(operating)})

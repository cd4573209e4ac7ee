"""Where the app stands in a portal: its placements and the uninstall event, bound once and kept at one address.

Binding the same handler twice is an error, so what is bound is asked first. Sources: ``placement-bind``,
``placement-get``, ``event-bind``, ``event-get``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bitrix_app.bitrix24 import Bitrix24Client

TITLE_RU = "Реестр счетов"
TITLE_EN = "Invoice register"
PLACEMENTS: Mapping[str, tuple[str, str]] = {
    "CRM_SMART_INVOICE_LIST_TOOLBAR": (TITLE_RU, TITLE_EN),
    "CRM_SMART_INVOICE_DETAIL_TAB": (TITLE_RU, TITLE_EN),
    "CRM_COMPANY_DETAIL_TAB": (TITLE_RU, TITLE_EN),
    "CRM_ANALYTICS_MENU": (TITLE_RU, TITLE_EN),
}
EVENTS = ("ONAPPUNINSTALL",)


class Embedding:
    """Binds our handlers under ``app_url``; needs a client with an administrator's token."""

    def __init__(self, app_url: str) -> None:
        self._page = f"{app_url}/app"
        self._events = f"{app_url}/events"

    def bind_placements(self, client: Bitrix24Client) -> None:
        """Binds what is missing, then unbinds handlers of ours at other addresses. Raises PortalError."""
        bound = [(str(row.get("placement")), str(row.get("handler") or "")) for row in client.placements()]
        for placement, titles in PLACEMENTS.items():
            if (placement, self._page) not in bound:
                client.bind_placement(placement, self._page, **_titles(*titles))
        for placement, handler in dict.fromkeys(bound):
            if handler and handler != self._page:
                client.unbind_placement(placement, handler)

    def bind_events(self, client: Bitrix24Client) -> None:
        """The same for events. Raises PortalError."""
        bound = [(str(row.get("event")).upper(), str(row.get("handler") or "")) for row in client.events()]
        for event in EVENTS:
            if (event, self._events) not in bound:
                client.bind_event(event, self._events)
        for event, handler in dict.fromkeys(bound):
            if handler and handler != self._events:
                client.unbind_event(event, handler)

    def missing(self, client: Bitrix24Client) -> tuple[list[str], list[str]]:
        """Placements and events that are not bound to our present address."""
        placements = {(str(row.get("placement")), str(row.get("handler"))) for row in client.placements()}
        events = {(str(row.get("event")).upper(), str(row.get("handler"))) for row in client.events()}
        return (
            [each for each in PLACEMENTS if (each, self._page) not in placements],
            [each for each in EVENTS if (each, self._events) not in events],
        )


def _titles(ru: str, en: str) -> dict[str, Any]:
    return {"title": ru, "lang_all": {"ru": {"TITLE": ru}, "en": {"TITLE": en}}}

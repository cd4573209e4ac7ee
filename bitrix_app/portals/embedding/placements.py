"""Where the app stands in a portal: its placements and the uninstall event, bound once and kept at one address.

Binding the same handler twice is an error, so what is bound is asked first. Sources: ``placement-bind``,
``placement-get``, ``event-bind``, ``event-get``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from bitrix_app.bitrix24 import Bitrix24Client
from bitrix_app.errors import (
    GiveUpError,
    UnknownPlacementError,
)
from bitrix_app.storage import PortalRecord

APP_LINK = "REST_APP_URI"
"""What a link into the application opens; an application may have one such handler (widgets/universal/app-url)."""
TITLE_RU = "Реестр счетов"
TITLE_EN = "Invoice register"
PLACEMENTS: Mapping[str, tuple[str, str]] = {
    "CRM_SMART_INVOICE_LIST_TOOLBAR": (TITLE_RU, TITLE_EN),
    "CRM_SMART_INVOICE_DETAIL_TAB": (TITLE_RU, TITLE_EN),
    "CRM_COMPANY_DETAIL_TAB": (TITLE_RU, TITLE_EN),
    "CRM_ANALYTICS_MENU": (TITLE_RU, TITLE_EN),
    "CRM_DEAL_DETAIL_TAB": (TITLE_RU, TITLE_EN),
    "CRM_CONTACT_DETAIL_TAB": (TITLE_RU, TITLE_EN),
    APP_LINK: (TITLE_RU, TITLE_EN),
}
EVENTS = ("ONAPPUNINSTALL",)
LIFE_EVENTS = ("ONAPPUPDATE", "ONAPPPAYMENT")
"""Bound at an administrator's launch, where the portal's version has them: an app works without."""
NO_SUCH_EVENT = "ERROR_EVENT_NOT_FOUND"
INSTALL_EVENT = "ONAPPINSTALL"


class Embedding:
    """Binds our handlers under ``app_url``; needs a client with an administrator's token."""

    def __init__(self, app_url: str) -> None:
        self._page = f"{app_url}/app"
        self._events = f"{app_url}/events"

    def bind_placements(self, client: Bitrix24Client, switched_off: Collection[str] = ()) -> tuple[str, ...]:
        """Binds what is missing, then unbinds what an administrator has ``switched_off`` and handlers of ours at other
        addresses. → placements that this portal's version does not have. Raises PortalError."""
        unknown: list[str] = []
        bound = [(str(row.get("placement")), str(row.get("handler") or "")) for row in client.placements()]
        for placement, titles in PLACEMENTS.items():
            if placement not in switched_off and (placement, self._page) not in bound:
                self._make_room(client, placement, bound)
                try:
                    client.bind_placement(placement, self._page, **_titles(*titles))
                except UnknownPlacementError:
                    unknown.append(placement)
        for placement, handler in dict.fromkeys(bound):
            if handler and placement != APP_LINK and (handler != self._page or placement in switched_off):
                client.unbind_placement(placement, handler)
        return tuple(unknown)

    def _make_room(self, client: Bitrix24Client, placement: str, bound: Collection[tuple[str, str]]) -> None:
        """Unbinds handlers at other addresses first, where a second one is refused."""
        for place, handler in dict.fromkeys(bound):
            if placement == place == APP_LINK and handler:
                client.unbind_placement(place, handler)

    def bind_events(self, client: Bitrix24Client, *, await_token: bool = False, life: bool = False) -> None:
        """The same for events. ``await_token``: the form brought no application token, so that it must come with the
        event of the installation (``installation-finish``); ``life``: LIFE_EVENTS too. Raises PortalError."""
        bound = [(str(row.get("event")).upper(), str(row.get("handler") or "")) for row in client.events()]
        for event in (*EVENTS, INSTALL_EVENT) if await_token else EVENTS:
            if (event, self._events) not in bound:
                client.bind_event(event, self._events)
        for event in LIFE_EVENTS if life else ():
            if (event, self._events) not in bound:
                self._bind_if_known(client, event)
        for event, handler in dict.fromkeys(bound):
            if handler and handler != self._events:
                client.unbind_event(event, handler)

    def _bind_if_known(self, client: Bitrix24Client, event: str) -> None:
        try:
            client.bind_event(event, self._events)
        except GiveUpError as error:
            if error.portal_code != NO_SUCH_EVENT:
                raise

    def missing(self, client: Bitrix24Client, switched_off: Collection[str] = ()) -> tuple[list[str], list[str]]:
        """What is not bound to our present address though the portal has it, placements and events; and the
        placements that the portal's version does not have."""
        placements = {(str(row.get("placement")), str(row.get("handler"))) for row in client.placements()}
        events = {(str(row.get("event")).upper(), str(row.get("handler"))) for row in client.events()}
        wanted = [each for each in PLACEMENTS if each not in switched_off]
        unbound = [each for each in wanted if (each, self._page) not in placements]
        known = client.known_placements() if unbound else frozenset()
        unknown = [each for each in unbound if known and each not in known]
        missing = [each for each in unbound if each not in unknown]
        return missing + [each for each in EVENTS if (each, self._events) not in events], unknown


def _titles(ru: str, en: str) -> dict[str, Any]:
    return {"title": ru, "lang_all": {"ru": {"TITLE": ru}, "en": {"TITLE": en}}}


def report_address(client: Bitrix24Client, portal: PortalRecord, report_id: str, *, leads: bool) -> str:
    """The address in the portal that opens the application at a report; where ``leads`` is off (the portal has no
    REST_APP_URI), the application's own page. Its brackets are encoded, since it stands in a BB code. Empty where the
    portal does not tell what it calls the application. Raises PortalErrors."""
    info, place = client.app_info(), urlsplit(portal.client_endpoint)
    origin = f"{place.scheme}://{place.netloc}"
    if leads and info.get("CODE"):
        return f"{origin}/marketplace/view/{quote(str(info['CODE']), safe='')}/?params%5Breport%5D={report_id}"
    return f"{origin}/marketplace/app/{quote(str(info['ID']), safe='')}/" if info.get("ID") else ""

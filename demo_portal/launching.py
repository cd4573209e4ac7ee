"""The forms a portal sends: a launch (form POST into the iframe) and an event (bracketed fields)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from demo_portal.server import forms

if TYPE_CHECKING:
    from demo_portal.people import App
    from demo_portal.portal import Portal
    from demo_portal.server.tokens import TokenPair


@dataclass(slots=True)
class LaunchForm:
    """A launch as Bitrix24 sends it: ``query`` goes into the handler's address, ``body`` is the form.

    Both are plain dicts: change what you like before posting it.
    """

    query: dict[str, str]
    body: dict[str, str] = field(repr=False)

    def url(self, handler: str) -> str:
        """The handler's address with the query."""
        return f"{handler}{'&' if '?' in handler else '?'}{urlencode(self.query)}"


def launch_form(portal: Portal, app: App, pair: TokenPair, opening: Opening) -> LaunchForm:
    """The form with which the portal opens ``app`` for the owner of ``pair``."""
    body = {
        "AUTH_ID": pair.access_token,
        "AUTH_EXPIRES": str(pair.expires_in),
        "REFRESH_ID": pair.refresh_token,
        **(_later_fields(portal, app, pair) if portal.ways.full_forms else {}),
        "member_id": portal.member_id,
        "status": app.status,
        "PLACEMENT": opening.placement,
        "PLACEMENT_OPTIONS": opening.options_text(),
    }
    query = {
        "DOMAIN": opening.host or portal.domain,
        "PROTOCOL": "0",
        "LANG": opening.lang,
        "APP_SID": secrets.token_hex(16),
    }
    return LaunchForm(query, body)


def _later_fields(portal: Portal, app: App, pair: TokenPair) -> dict[str, str]:
    """What portals of 2024 do not send yet."""
    return {
        "SERVER_ENDPOINT": f"{portal.oauth.url}/rest/",
        "APPLICATION_TOKEN": portal.installation(app).application_token,
        "APPLICATION_SCOPE": pair.scope,
    }


_PAGES = {
    "DEFAULT": "/marketplace/app/5/",
    "CRM_SMART_INVOICE_LIST_TOOLBAR": "/crm/type/31/list/category/0/",
    "CRM_ANALYTICS_MENU": "/report/analytics/?IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER",
    "CRM_SMART_INVOICE_DETAIL_TAB": "/crm/type/31/details/{ID}/?IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER",
    "CRM_COMPANY_DETAIL_TAB": "/crm/company/details/{ID}/?IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER",
    "CRM_CONTACT_DETAIL_TAB": "/crm/contact/details/{ID}/?IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER",
    "CRM_DEAL_DETAIL_TAB": "/crm/deal/details/{ID}/?IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """Where and how the app is opened: placement, its options, the language of the interface, the host in the
    browser's address (empty: the portal's own; a portal may be reached under several)."""

    placement: str = "DEFAULT"
    options: Mapping[str, Any] | None = None
    lang: str = "ru"
    host: str = ""

    def options_text(self) -> str:
        """PLACEMENT_OPTIONS: a JSON text with the placement's own keys (texts) and the universal ``URI``."""
        given = {
            key: value if isinstance(value, (dict, list)) else str(value) for key, value in (self.options or {}).items()
        }
        uri = _PAGES.get(self.placement, "/").replace("{ID}", str(given.get("ID", "")))
        return json.dumps({**given, "URI": uri}, ensure_ascii=True).replace("/", "\\/")


def pair_fields(pair: TokenPair) -> dict[str, Any]:
    """What events and robots are sent of a pair, in ``auth``."""
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": pair.expires_in,
        "expires": int(pair.expires_at),
        "scope": pair.scope,
        "user_id": pair.user_id,
    }


def event_fields(
    portal: Portal, app: App, event: str, data: Mapping[str, Any], pair: TokenPair | None
) -> list[tuple[str, str]]:
    """An event's form fields. ``pair`` None: the event carries no tokens (ONAPPUNINSTALL).

    ONAPPPAYMENT carries neither tokens nor the application's token (common/events/on-app-payment.md).
    """
    auth: dict[str, Any] = {
        "domain": portal.domain,
        "server_endpoint": f"{portal.oauth.url}/rest/",
        "client_endpoint": portal.client_endpoint,
        "member_id": portal.member_id,
    }
    if event != "ONAPPPAYMENT":
        auth.update(application_token=portal.installation(app).application_token, status=app.status)
    if pair is not None and event != "ONAPPPAYMENT":
        auth |= pair_fields(pair)
    return forms.encode({"event": event, "data": data, "ts": int(portal.world.clock()), "auth": auth})

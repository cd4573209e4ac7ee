"""The portal's own pages: a CRM look-alike that embeds the application as Bitrix24 does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo_portal.pages import app_pages, automation, clients, companies, invoices, messages
from demo_portal.pages.layout import (
    ANALYTICS_PATH,
    APP_PATH,
    AUTOMATION_PATH,
    CHATS_PATH,
    COMPANIES_PATH,
    CONTACTS_PATH,
    DEALS_PATH,
    DRIVE_PATH,
    INVOICES_PATH,
    MARKET_PATH,
    OWN_COMPANIES_PATH,
    WIDGETS_PATH,
    Viewer,
    page,
)
from demo_portal.pages.words import WORDS
from demo_portal.server.http import Reply, Request

if TYPE_CHECKING:
    from demo_portal.portal import Portal

_STATIC = Path(__file__).parent.parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "application/javascript; charset=utf-8"}
_INVOICE = re.compile(r"^/crm/type/31/details/(\d+)/?$")
_VIEW = re.compile(r"^/marketplace/view/([^/]+)/?$")
_CONTACT = re.compile(r"^/crm/contact/details/(\d+)/?$")
_DEAL = re.compile(r"^/crm/deal/details/(\d+)/?$")
_COMPANY = re.compile(r"^/crm/company/details/(\d+)/?$")


def serve(portal: Portal, request: Request) -> Reply:
    """Answer a request for a page, a static file, or the small API of the page around the frame."""
    if request.path.startswith("/static/"):
        return _static(request.path.removeprefix("/static/"))
    viewer = _viewer(portal, request)
    if request.path.startswith("/demo/"):
        return _api(viewer, request)
    if request.path == "/":
        return Reply(302, headers={"Location": viewer.link(APP_PATH).replace("&amp;", "&")})
    return _page(viewer, request)


def _viewer(portal: Portal, request: Request) -> Viewer:
    chosen = str(request.query.get("as", ""))
    user = portal.users.get(int(chosen)) if chosen.isdigit() else None
    lang = str(request.query.get("lang", ""))
    in_slider = request.query.get("IFRAME") == "Y"
    host = request.headers.get("host", "")
    return Viewer(portal, user or portal.admin, lang if lang in WORDS else "ru", request.path, in_slider, host)


def _static(name: str) -> Reply:
    path = _STATIC / name
    if path.name != name or not path.is_file():
        return Reply(404, b"", "text/plain")
    return Reply(200, path.read_bytes(), _TYPES.get(path.suffix, "application/octet-stream"))


def _page(viewer: Viewer, request: Request) -> Reply:
    if request.path in _PAGES:
        return _PAGES[request.path](viewer, request)
    if found := _VIEW.match(request.path):
        return messages.app_by_link(viewer, request, found.group(1))
    for pattern, card in _CARDS:
        if found := pattern.match(request.path):
            return card(viewer, request, int(found.group(1)))
    return page(viewer, viewer.word("not_found"), "", status=404)


def _api(viewer: Viewer, request: Request) -> Reply:
    if request.path in _READINGS:
        return _READINGS[request.path](viewer)
    answer = _ANSWERS.get(request.path)
    if answer is None:
        return Reply(404, b"", "text/plain")
    return answer(viewer, request.fields()) if request.method == "POST" else Reply(405, b"", "text/plain")


_PAGES: dict[str, Callable[[Viewer, Request], Reply]] = {
    INVOICES_PATH: invoices.invoice_list,
    COMPANIES_PATH: companies.company_list,
    CONTACTS_PATH: clients.contact_list,
    DEALS_PATH: clients.deal_list,
    ANALYTICS_PATH: companies.analytics,
    APP_PATH: app_pages.app_page,
    WIDGETS_PATH: app_pages.widgets,
    CHATS_PATH: messages.messenger,
    DRIVE_PATH: messages.drive,
    MARKET_PATH: lambda viewer, _request: page(viewer, viewer.word("market"), ""),
    OWN_COMPANIES_PATH: lambda viewer, _request: page(viewer, viewer.word("own_companies"), ""),
    AUTOMATION_PATH: automation.automation,
}
_CARDS: tuple[tuple[re.Pattern[str], Callable[[Viewer, Request, int], Reply]], ...] = (
    (_INVOICE, invoices.invoice_card),
    (_COMPANY, companies.company_card),
    (_CONTACT, clients.contact_card),
    (_DEAL, clients.deal_card),
)
_READINGS: dict[str, Callable[[Viewer], Reply]] = {
    "/demo/access": app_pages.access,
    "/demo/users": app_pages.users,
    "/demo/stats": app_pages.stats,
}
_ANSWERS: dict[str, Callable[[Viewer, dict[str, Any]], Reply]] = {
    "/demo/launch": app_pages.launch,
    "/demo/refresh": app_pages.refresh,
    "/demo/install-finish": app_pages.finish,
    "/demo/uninstall": app_pages.uninstall,
    "/demo/reset": app_pages.reset,
    "/demo/run-robot": automation.run_robot,
}

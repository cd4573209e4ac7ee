"""What every page is given: language, addresses, the scripts' configuration, and where the app was opened.

``PLACEMENT`` and ``PLACEMENT_OPTIONS`` are hostile: only known words and plain numbers are taken from them.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from bitrix_app.jobs import FORMATS
from bitrix_app.portals import APP_LINK, Payment, SeenUser, complete_settings, guessed_zone, is_paid_guessed
from bitrix_app.storage import PortalRecord
from bitrix_app.web.assets import ASSETS
from bitrix_app.web.headers import make_nonce, origin_of
from bitrix_app.web.i18n import current_language
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.i18n import translate_many as ngettext
from bitrix_app.web.messages import EXTEND, PERIOD_ENDED
from bitrix_app.web.schemas import LARGEST_ID
from bitrix_app.web.services import services

NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
REPORT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DEFAULT = "DEFAULT"
LONGEST_OPTIONS = 16 * 1024
CARDS = {
    "CRM_COMPANY_DETAIL_TAB": "company_id",
    "CRM_SMART_INVOICE_DETAIL_TAB": "invoice_id",
    "CRM_DEAL_DETAIL_TAB": "deal_id",
    "CRM_CONTACT_DETAIL_TAB": "contact_id",
}
"""Tabs of cards → what the number in their options is."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The placement, the company, invoice, deal or contact on whose card the app was opened, and the report to which a
    link led."""

    name: str = DEFAULT
    company_id: int | None = None
    invoice_id: int | None = None
    report_id: str | None = None
    deal_id: int | None = None
    contact_id: int | None = None


def read_placement(name: str, options: str) -> Placement:
    """Placement of a launch; a name or options that cannot be read count as absent."""
    if not NAME.fullmatch(name):
        return Placement()
    given = _options(options)
    number, report = _positive(given.get("ID")), str(given.get("report") or "")
    cards = {CARDS[name]: number} if name in CARDS else {}
    return Placement(name, report_id=report if name == APP_LINK and REPORT.fullmatch(report) else None, **cards)


def _options(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_OPTIONS:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _positive(value: Any) -> int | None:
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,10}", text):
        return None
    return int(text) if 0 < int(text) <= LARGEST_ID else None


def page_values() -> dict[str, Any]:
    """The values that every template gets: ``lang``, ``static_url`` (without a trailing slash), addresses of
    ``assets`` by name."""
    assets = current_app.extensions[ASSETS]
    return {"lang": current_language(), "static_url": f"{app_path()}/static", "assets": assets}


def script_values(portal: PortalRecord) -> dict[str, Any]:
    """Template values of a page with scripts; making its nonce is what lets the page's policy allow scripts."""
    labels = {f"format_{each.name}": each.label for each in FORMATS}
    bx24_js = services().settings.bx24_js_of(portal.oauth_root)
    return {"csp_nonce": make_nonce(), "bx24_js": bx24_js, "format_labels": labels}


def page_config(
    page: str, portal: PortalRecord, user: SeenUser | None, placement: Placement, *, user_id: int | None = None
) -> dict[str, Any]:
    """The block of JSON that the page's scripts start from. ``user`` is None when the portal was not to be asked."""
    return {
        "page": page,
        "lang": current_language(),
        "api": f"{app_path()}/api/v1",
        "placement": asdict(placement),
        "portal": {
            "member_id": portal.member_id,
            "domain": portal.domain,
            "origin": origin_of(portal.client_endpoint),
            "time_zone": complete_settings(portal.settings)["time_zone"],
        },
        "user": {
            "id": user.id if user else user_id,
            "name": user.name if user else "",
            "is_admin": user.is_admin if user else False,
        },
        "zone_guess": guessed_zone(portal.settings) if user and user.is_admin else None,
        "paid_guess": bool(user and user.is_admin and is_paid_guessed(portal.settings)),
    }


def payment_notice(portal: PortalRecord, *, is_admin: bool) -> list[str]:
    """Lines about a paid or trial period that has ended, or, for administrators, ends within a week; empty where there
    is nothing to say."""
    payment, now = Payment.of(portal), services().clock()
    if payment is None or not (payment.expired or (is_admin and payment.ends_soon(now))):
        return []
    trial = payment.status == "T"
    if not payment.expired:
        left = payment.days_left(now) or 0
        return [
            ngettext(
                "The trial period of the application ends in %(num)d day.",
                "The trial period of the application ends in %(num)d days.",
                left,
            )
            if trial
            else ngettext(
                "The paid period of the application ends in %(num)d day.",
                "The paid period of the application ends in %(num)d days.",
                left,
            ),
            _("Extend it in the Market, so that scheduled reports go on coming."),
        ]
    ended = _("The trial period of the application has ended.") if trial else _(PERIOD_ENDED)
    return [ended, _(EXTEND) if is_admin else _whom_to_ask(portal)]


def _whom_to_ask(portal: PortalRecord) -> str:
    installer = services().users.get(portal.id, portal.installed_by) if portal.installed_by else None
    if installer and installer.is_admin and installer.name:
        return _(
            "Ask %(name)s or another administrator of the portal to extend it in the Market: it may stop any day. "
            "Your reports are kept.",
            name=installer.name,
        )
    return _(
        "Ask the administrator of the portal to extend it in the Market: it may stop any day. Your reports are kept."
    )


def app_path() -> str:
    """The path of APP_URL: empty, or ``/prefix``. Links in pages begin with it."""
    return urlsplit(services().settings.app_url).path.rstrip("/")


def address(path: str) -> str:
    """The public address of one of our own paths. Made from APP_URL, never from what a request says."""
    return f"{services().settings.app_url}{path}"

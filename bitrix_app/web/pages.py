"""What every page is given: language, addresses, the scripts' configuration, and where the app was opened.

``PLACEMENT`` and ``PLACEMENT_OPTIONS`` are hostile: only known words and plain numbers are taken from them.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from bitrix_app.jobs import FORMATS
from bitrix_app.portals import SeenUser
from bitrix_app.storage import PortalRecord
from bitrix_app.web.headers import make_nonce, origin_of
from bitrix_app.web.i18n import current_language
from bitrix_app.web.schemas import LARGEST_ID
from bitrix_app.web.services import services

NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
DEFAULT = "DEFAULT"
LONGEST_OPTIONS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Placement:
    """The placement, and the company or invoice on whose card the app was opened."""

    name: str = DEFAULT
    company_id: int | None = None
    invoice_id: int | None = None


def read_placement(name: str, options: str) -> Placement:
    """Placement of a launch; a name or options that cannot be read count as absent."""
    if not NAME.fullmatch(name):
        return Placement()
    number = _positive(_options(options).get("ID"))
    return Placement(
        name,
        company_id=number if name == "CRM_COMPANY_DETAIL_TAB" else None,
        invoice_id=number if name == "CRM_SMART_INVOICE_DETAIL_TAB" else None,
    )


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
    """The values that every template gets: ``lang``, ``static_url`` (without a trailing slash)."""
    return {"lang": current_language(), "static_url": f"{app_path()}/static"}


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
        },
        "user": {
            "id": user.id if user else user_id,
            "name": user.name if user else "",
            "is_admin": user.is_admin if user else False,
        },
    }


def app_path() -> str:
    """The path of APP_URL: empty, or ``/prefix``. Links in pages begin with it."""
    return urlsplit(services().settings.app_url).path.rstrip("/")


def address(path: str) -> str:
    """The public address of one of our own paths. Made from APP_URL, never from what a request says."""
    return f"{services().settings.app_url}{path}"

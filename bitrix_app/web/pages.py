"""What every page needs: the language, where the static files are, what the scripts are told."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from bitrix_app.portals import SeenUser
from bitrix_app.storage import PortalRecord
from bitrix_app.web.headers import make_nonce
from bitrix_app.web.language import current_language
from bitrix_app.web.placement import Placement
from bitrix_app.web.services import services


def page_values() -> dict[str, Any]:
    """The values that every template gets: ``lang``, ``static_url`` (without a trailing slash)."""
    return {"lang": current_language(), "static_url": f"{app_path()}/static"}


def script_values() -> dict[str, Any]:
    """What a page with scripts gets besides. Asking for it opens the page's policy for this nonce."""
    return {"csp_nonce": make_nonce(), "bx24_js_url": services().settings.bx24_js_url}


def page_config(
    page: str, portal: PortalRecord, user: SeenUser | None, placement: Placement, *, user_id: int | None = None
) -> dict[str, Any]:
    """The block of JSON that the page's scripts start from. ``user`` is None when the portal was not to be asked."""
    return {
        "page": page,
        "lang": current_language(),
        "api": f"{app_path()}/api/v1",
        "placement": asdict(placement),
        "portal": {"member_id": portal.member_id, "domain": portal.domain},
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

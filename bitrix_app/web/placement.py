"""Where the app was opened. ``PLACEMENT`` and ``PLACEMENT_OPTIONS`` are hostile: only known words and plain numbers
are taken from them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from bitrix_app.web.fields import LARGEST_ID

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
    """The placement of a launch; what cannot be read counts as not said."""
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

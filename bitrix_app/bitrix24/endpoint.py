"""REST addresses: what a ``client_endpoint`` may look like before a token is sent to it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PART = r"[^\s\\@?#\x00-\x1f\x7f\ud800-\udfff"
_SHAPE = re.compile(rf"https?://{_PART}/]+(/{_PART}]*)?")
_LONGEST = 500


def checked_endpoint(address: str, *, allow_http: bool) -> str:
    """``address`` with a trailing slash.

    Raises ValueError unless it is an absolute https address (http too where ``allow_http``) with a host and without
    user, query or fragment.
    """
    if len(address) > _LONGEST or not _SHAPE.fullmatch(address):
        raise ValueError("not a REST address")
    parts = urlsplit(address)
    if not parts.hostname or (parts.port or 1) < 1:
        raise ValueError("a REST address without a host")
    if parts.scheme != "https" and not allow_http:
        raise ValueError("a REST address must be https")
    return address if address.endswith("/") else f"{address}/"

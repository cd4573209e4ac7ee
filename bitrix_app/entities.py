"""Entities of HTML in names, as old records of the portal hold them (``&quot;``, ``&amp;amp;``)."""

from __future__ import annotations

import html
import re
from html.entities import html5

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ENCODED_AT_MOST = 8
"""Times that a text was encoded: each costs a pass over it."""


def decoded(name: str) -> str:
    """``name`` with entities of HTML decoded (``&quot;``, ``&amp;amp;``), as old records of the portal hold them.

    Only whole ones that HTML knows, with their semicolon: «AT&T» and «R&copy» stay.
    """
    for _ in range(_ENCODED_AT_MOST):
        if "&" not in name or (once := _ENTITY.sub(_character, name)) == name:
            break
        name = once
    return name


def _character(entity: re.Match[str]) -> str:
    text = entity.group()
    known = text[1] == "#" or text[1:] in html5
    return html.unescape(text) if known else text

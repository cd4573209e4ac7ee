"""BX24.js as the demo serves it: our own small stand-in for the library that Bitrix24 gives to embedded pages."""

from __future__ import annotations

from pathlib import Path

from demo_portal.server.http import Reply

_STATIC = Path(__file__).parent.parent / "static"


def script_reply() -> Reply:
    """The script itself, whichever address under the folder is asked for."""
    return Reply(200, (_STATIC / "bx24.js").read_bytes(), "application/javascript; charset=utf-8")

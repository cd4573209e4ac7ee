"""The portal's own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_portal.http_server import Reply, Request

if TYPE_CHECKING:
    from demo_portal.portal import Portal


def serve(portal: Portal, request: Request) -> Reply:
    """Answer a request for a page."""
    return Reply(404, f"{portal.title}: {request.path}".encode(), "text/plain; charset=utf-8")

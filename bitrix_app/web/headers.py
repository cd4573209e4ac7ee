"""The headers of every answer: what a page may load and who may frame it, and that nothing personal is kept."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from bitrix_app.settings import Settings

HSTS = "max-age=31536000"
PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()"
ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
HOST = re.compile(r"[^\s/\\?#@*;,'\"]{1,253}")
DATA_ONLY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
ATTACHMENT = "default-src 'none'"


def origin_of(address: str) -> str:
    """Scheme, host and port of an address, fit for a policy; empty when there is none.

    Only what looks like an origin passes: an address never brings a second directive into the policy.
    """
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode("ascii") if parts.hostname else ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # a wrong port, a wrong host name
        return ""
    origin = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
    return origin if ORIGIN.fullmatch(origin) else ""


def make_nonce() -> str:
    """Nonce of this answer's Content-Security-Policy; one a request."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    nonce: str = g.csp_nonce
    return nonce


def opened_origin(domain: str, protocol: str, settings: Settings) -> str:
    """Where the page that frames ours says that it stands (``DOMAIN``, ``PROTOCOL`` of a form's query), as an origin;
    empty for anything else than a host and a port."""
    scheme = "http" if protocol == "0" and settings.allow_http else "https"
    return origin_of(f"{scheme}://{domain}") if HOST.fullmatch(domain) else ""


def let_portal_frame(client_endpoint: str, origins: Iterable[str] = ()) -> None:
    """``frame-ancestors`` of this page: the portal whose address was confirmed, under the ``origins`` too that its
    administrators have opened it at, and no other."""
    confirmed = origin_of(client_endpoint)
    g.frame_ancestors = " ".join(filter(None, dict.fromkeys((confirmed, *origins)))) or "'none'"


def let_any_portal_frame(settings: Settings) -> None:
    """``frame-ancestors`` of this page: any portal.

    Only for messages to a caller whom nobody has confirmed: there is nothing on them to click, and nothing of
    anybody's to read, while ``'none'`` would hide the message from the one person it is for.
    """
    g.frame_ancestors = "https: http:" if settings.allow_http else "https:"


def page_policy(settings: Settings) -> str:
    """The Content-Security-Policy of this request's page; scripts only where the page has asked for a nonce."""
    nonce = g.get("csp_nonce")
    bx24_js = " ".join(map(origin_of, settings.bx24_js_urls))
    scripts = f"'nonce-{nonce}' {bx24_js}" if nonce else "'none'"
    directives = {
        "default-src": "'none'",
        "script-src": scripts,
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "frame-ancestors": g.get("frame_ancestors", "'none'"),
        "base-uri": "'none'",
        "form-action": "'self'",
        "object-src": "'none'",
    }
    return "; ".join(f"{name} {value}".strip() for name, value in directives.items())


def install_headers(app: Flask, settings: Settings) -> None:
    """Puts the headers on every answer of ``app``."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        if "Content-Security-Policy" not in headers:
            is_page = response.mimetype == "text/html"
            headers["Content-Security-Policy"] = page_policy(settings) if is_page else DATA_ONLY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Permissions-Policy"] = PERMISSIONS
        if settings.app_url.startswith("https://"):
            headers["Strict-Transport-Security"] = HSTS
        if request.endpoint not in {"static", "asset"} or response.status_code >= 400:
            headers["Cache-Control"] = "no-store"
        return response

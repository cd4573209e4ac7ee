"""The settings: read once from the environment (and ``.env``), checked, frozen.

Raises SettingsError with one line that names the variable. The table is in README.md and in docs/operations.md.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from bitrix_app.errors import SettingsError

REQUIRED = ("BITRIX_CLIENT_ID", "BITRIX_CLIENT_SECRET", "APP_URL", "SECRET_KEY")
STRONG_KEY_LENGTH = 32
LEAST_WEB_THREADS = 40
"""Some threads are kept for pages that need neither portal nor authorization server (``portals.Places``)."""
UNWRITABLE = re.compile(r"[\s\"'<>\\^`{|};,]")
"""Characters that no server's address has: addresses end up in pages and their Content-Security-Policy."""
OAUTH_ROOTS = ("https://oauth.bitrix24.tech", "https://oauth.bitrix.info")
"""Bitrix24's authorization servers: of portals of Russia and its neighbours, and of all others."""
BX24_JS_URLS = ("https://api.bitrix24.tech/api/v1/", "https://api.bitrix24.com/api/v1/")
"""Where portals of the first of them, and of the second, load BX24.js from."""
QUEUES = ("sqlite:///", "redis://", "rediss://")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Addresses have no trailing slash (those of BX24.js keep their own). Secrets do not show in repr."""

    client_id: str
    client_secret: str = field(repr=False)
    app_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    oauth_roots: tuple[str, ...] = OAUTH_ROOTS
    allow_http: bool = False
    bx24_js_urls: tuple[str, ...] = BX24_JS_URLS
    database_url: str = field(default="sqlite:///var/app.db", repr=False)
    queue_url: str = field(default="sqlite:///var/queue.db", repr=False)
    reports_dir: str = "var/reports"
    log_level: str = "INFO"
    log_format: str = "text"
    metrics_token: str = field(default="", repr=False)
    worker_concurrency: int = 16
    web_threads: int = 96
    proxy_hops: int = 0
    rest_log: str = "var/log/rest.log"
    work_dir: str = "var/work"
    ca_bundle: str = ""

    @property
    def embedded_queue(self) -> bool:
        """Whether the queue is the embedded file: then the web process runs the worker itself."""
        return self.queue_url.startswith("sqlite:")

    @property
    def weak_secret_key(self) -> bool:
        """Whether a key of SECRET_KEY is short enough to be guessed: it signs sessions and encrypts tokens."""
        return any(len(key) < STRONG_KEY_LENGTH for key in self.secret_keys)

    def bx24_js_of(self, oauth_root: str | None) -> tuple[str, ...]:
        """Where the pages of a portal of this authorization server load BX24.js from: the first address, and the next
        one where it does not load."""
        of_others = oauth_root == self.oauth_roots[-1] != OAUTH_ROOTS[0]
        return self.bx24_js_urls[::-1] if of_others else self.bx24_js_urls


def load_settings(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Settings:
    """Settings from ``environ`` (default: the process environment, over ``dotenv`` when that file exists).

    Raises SettingsError.
    """
    given = _Given(environ if environ is not None else {**_of_file(dotenv), **os.environ})
    given.require(REQUIRED)
    return Settings(
        client_id=given.text("BITRIX_CLIENT_ID"),
        client_secret=given.text("BITRIX_CLIENT_SECRET"),
        app_url=given.address("APP_URL").rstrip("/"),
        secret_keys=given.keys("SECRET_KEY"),
        oauth_roots=given.roots("BITRIX_OAUTH_URL"),
        allow_http=given.choice("BITRIX_ALLOW_HTTP", "0", ("0", "1")) == "1",
        bx24_js_urls=given.scripts("BX24_JS_URL"),
        database_url=given.text("DATABASE_URL", "sqlite:///var/app.db"),
        queue_url=given.queue("QUEUE_URL", "sqlite:///var/queue.db"),
        reports_dir=given.text("REPORTS_DIR", "var/reports"),
        log_level=given.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format=given.choice("LOG_FORMAT", "text", ("text", "json")),
        metrics_token=given.text("METRICS_TOKEN"),
        worker_concurrency=given.number("WORKER_CONCURRENCY", 16, 1, 64),
        web_threads=given.number("WEB_THREADS", 96, LEAST_WEB_THREADS, 256),
        proxy_hops=given.number("PROXY_HOPS", 0, 0, 5),
        rest_log=given.text("REST_LOG", "var/log/rest.log"),
        work_dir=given.text("WORK_DIR", "var/work"),
        ca_bundle=given.certificates("CA_BUNDLE"),
    )


def _of_file(dotenv: Path | None) -> dict[str, str]:
    values = dotenv_values(dotenv, interpolate=False) if dotenv is not None and dotenv.is_file() else {}
    return {name: value for name, value in values.items() if value is not None}


class _Given:
    """The variables as they are given. Everything raises SettingsError that names the variable."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def require(self, names: tuple[str, ...]) -> None:
        missing = [name for name in names if not self.text(name)]
        if missing:
            raise SettingsError(f"{missing[0]} is not set: see .env.example for what it should hold")

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, "").strip() or default

    def address(self, name: str, default: str = "") -> str:
        value = self.text(name, default)
        if not _is_address(value):
            given = "one with a name and password" if "@" in value else repr(value)
            raise SettingsError(f"{name} must be an http(s) address such as https://example.ru, not {given}")
        return value

    def roots(self, name: str) -> tuple[str, ...]:
        return (self.address(name).rstrip("/"),) if self.text(name) else OAUTH_ROOTS

    def scripts(self, name: str) -> tuple[str, ...]:
        return (self.address(name),) if self.text(name) else BX24_JS_URLS

    def queue(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not value.startswith(QUEUES):
            raise SettingsError(f"{name} must begin with {', '.join(QUEUES)}")
        return value

    def keys(self, name: str) -> tuple[str, ...]:
        keys = tuple(key.strip() for key in self.text(name).split(",") if key.strip())
        if not keys:
            raise SettingsError(f"{name} holds no key: see .env.example for what it should hold")
        return keys

    def certificates(self, name: str) -> str:
        path = self.text(name)
        try:
            if path:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError as error:
            raise SettingsError(f"{name} must be a file of certificates (PEM), not {path!r}: {error}") from error
        return path

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise SettingsError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        return value


def _is_address(value: str) -> bool:
    """Whether this is a server's address: a host, a valid port, no credentials, no query or fragment."""
    try:
        parts = urlsplit(value)
        host, has_port = parts.hostname, parts.port != 0
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not host or not has_port or "@" in parts.netloc:
        return False
    return not parts.query and not parts.fragment and not UNWRITABLE.search(value)

"""The settings: read once from the environment (and ``.env``), checked, frozen.

Raises SettingsError with one line that names the variable. The table is in docs/operations.md.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dotenv import dotenv_values

from bitrix_app.errors import SettingsError

REQUIRED = ("BITRIX_CLIENT_ID", "BITRIX_CLIENT_SECRET", "APP_URL", "SECRET_KEY")
STRONG_KEY_LENGTH = 32
STRONG_KEY_VARIETY = 12
"""Characters of a SECRET_KEY, and different ones among them: it signs sessions and encrypts tokens."""
STRONG_TOKEN_LENGTH = 16
LEAST_WEB_THREADS = 40
"""Some threads are kept for pages that need neither portal nor authorization server (``portals.Places``)."""
UNWRITABLE = re.compile(r"[\s\"'<>\\^`{|};,]")
"""Characters that no server's address has: addresses end up in pages and their Content-Security-Policy."""
OAUTH_ROOTS = ("https://oauth.bitrix24.tech", "https://oauth.bitrix.info")
"""Bitrix24's authorization servers: of portals of Russia and its neighbours, and of all others."""
BX24_JS_URLS = ("https://api.bitrix24.tech/api/v1/", "https://api.bitrix24.com/api/v1/")
"""Where portals of the first of them, and of the second, load BX24.js from."""
QUEUES = ("sqlite:///", "redis://", "rediss://")
WEAK = {
    "SECRET_KEY": f"can be guessed: each key needs {STRONG_KEY_LENGTH} characters or more, {STRONG_KEY_VARIETY} "
    "different ones among them, see .env.example; how to change it: docs/operations.md",
    "METRICS_TOKEN": f"can be guessed: it needs {STRONG_TOKEN_LENGTH} characters or more",
}
"""What is said of a secret that may be guessed, after its name."""
REDIS_PATH = re.compile(r"(/\d{0,9})?")
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes the application in the Market: what its legal pages name. Empty texts: not published."""

    app_name: str = ""
    licensor: str = ""
    inn: str = ""
    address: str = ""
    email: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the settings that are not given."""
        return tuple(f"MARKET_{name.upper()}" for name, value in asdict(self).items() if not value)


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
    portal_networks: tuple[Network, ...] = ()
    database_url: str = field(default="sqlite:///var/app.db", repr=False)
    queue_url: str = field(default="sqlite:///var/queue.db", repr=False)
    reports_dir: str = "var/reports"
    portal_quota_mb: int = 5120
    log_level: str = "INFO"
    log_format: str = "text"
    metrics_token: str = field(default="", repr=False)
    worker_concurrency: int = 16
    web_threads: int = 96
    proxy_hops: int = 0
    rest_log: str = "var/log/rest.log"
    work_dir: str = "var/work"
    ca_bundle: str = ""
    publisher: Publisher = Publisher()

    @property
    def embedded_queue(self) -> bool:
        """Whether the queue is the embedded file: then the web process runs the worker itself."""
        return self.queue_url.startswith("sqlite:")

    @property
    def weak_secrets(self) -> tuple[str, ...]:
        """Names of the secrets that may be guessed."""
        guessed = {
            "SECRET_KEY": any(map(_weak_key, self.secret_keys)),
            "METRICS_TOKEN": 0 < len(self.metrics_token) < STRONG_TOKEN_LENGTH,
        }
        return tuple(name for name, weak in guessed.items() if weak)

    def bx24_js_of(self, oauth_root: str | None) -> tuple[str, ...]:
        """Where the pages of a portal of this authorization server load BX24.js from: the first address, and the next
        one where it does not load."""
        of_others = oauth_root == self.oauth_roots[-1] != OAUTH_ROOTS[0]
        return self.bx24_js_urls[::-1] if of_others else self.bx24_js_urls


def load_settings(
    environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env"), *, weak_secrets: bool = False
) -> Settings:
    """Settings from ``environ`` (default: the process environment, over the service manager's credential ``secrets``,
    over ``dotenv``, where these files exist).

    ``weak_secrets``: accept those that may be guessed, as BITRIX_ALLOW_HTTP=1 does. Raises SettingsError.
    """
    given = _Given(environ if environ is not None else {**_of_file(dotenv), **_of_file(_credential()), **os.environ})
    given.require(REQUIRED)
    settings = Settings(
        client_id=given.text("BITRIX_CLIENT_ID"),
        client_secret=given.text("BITRIX_CLIENT_SECRET"),
        app_url=given.address("APP_URL").rstrip("/"),
        secret_keys=given.keys("SECRET_KEY"),
        oauth_roots=given.roots("BITRIX_OAUTH_URL"),
        allow_http=given.allow_http(),
        bx24_js_urls=given.scripts("BX24_JS_URL"),
        portal_networks=given.networks("PORTAL_NETWORKS"),
        database_url=given.text("DATABASE_URL", "sqlite:///var/app.db"),
        queue_url=given.queue("QUEUE_URL", "sqlite:///var/queue.db"),
        reports_dir=given.text("REPORTS_DIR", "var/reports"),
        portal_quota_mb=given.number("PORTAL_QUOTA_MB", 5120, 0, 2**31),
        log_level=given.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format=given.choice("LOG_FORMAT", "text", ("text", "json")),
        metrics_token=given.text("METRICS_TOKEN"),
        worker_concurrency=given.number("WORKER_CONCURRENCY", 16, 1, 64),
        web_threads=given.number("WEB_THREADS", 96, LEAST_WEB_THREADS, 256),
        proxy_hops=given.number("PROXY_HOPS", 0, 0, 5),
        rest_log=given.text("REST_LOG", "var/log/rest.log"),
        work_dir=given.text("WORK_DIR", "var/work"),
        ca_bundle=given.certificates("CA_BUNDLE"),
        publisher=Publisher(
            app_name=given.text("MARKET_APP_NAME"),
            licensor=given.text("MARKET_LICENSOR"),
            inn=given.text("MARKET_INN"),
            address=given.text("MARKET_ADDRESS"),
            email=given.text("MARKET_EMAIL"),
        ),
    )
    for name in () if weak_secrets or settings.allow_http else settings.weak_secrets:
        raise SettingsError(f"{name} {WEAK[name]}")
    return settings


def _credential() -> Path | None:
    """The file of secrets that systemd hands over (``LoadCredential=secrets:…``): no process shows them in its
    environment."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) / "secrets" if folder else None


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
        if value.startswith("http:") and not self.allow_http():
            raise SettingsError(f"{name} must be https: plain http is for tests, with BITRIX_ALLOW_HTTP=1")
        return value

    def allow_http(self) -> bool:
        return self.choice("BITRIX_ALLOW_HTTP", "0", ("0", "1")) == "1"

    def roots(self, name: str) -> tuple[str, ...]:
        return (self.address(name).rstrip("/"),) if self.text(name) else OAUTH_ROOTS

    def scripts(self, name: str) -> tuple[str, ...]:
        return (self.address(name),) if self.text(name) else BX24_JS_URLS

    def queue(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not value.startswith(QUEUES):
            raise SettingsError(f"{name} must begin with {', '.join(QUEUES)}")
        if not value.startswith("sqlite:") and not _is_redis(value):
            raise SettingsError(
                f"{name} must be such as redis://user:password@host:6379/0, where a password's : / ? # @ % are written "
                "percent-encoded"
            )
        return value

    def networks(self, name: str) -> tuple[Network, ...]:
        try:
            return tuple(ip_network(each.strip()) for each in self.text(name).split(",") if each.strip())
        except ValueError as error:
            raise SettingsError(f"{name} must be networks such as 10.0.0.0/8, fd00::/8: {error}") from error

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


def _weak_key(key: str) -> bool:
    return len(key) < STRONG_KEY_LENGTH or len(set(key)) < STRONG_KEY_VARIETY


def _is_redis(value: str) -> bool:
    """Whether this can be read as a Redis server's address in one way only: then no client misreads the password as
    something that its errors tell."""
    try:
        parts = urlsplit(value)
        host, _, _ = parts.hostname, parts.port, parse_qsl(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        return False
    return (
        bool(host)
        and "@" not in (parts.username or "") + (parts.password or "")
        and "#" not in value
        and (REDIS_PATH.fullmatch(parts.path) is not None)
    )


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

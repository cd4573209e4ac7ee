"""The settings: read once from the environment (and ``.env``), checked, frozen.

Raises SettingsError with one line that names the variable. The table is in README.md and in docs/operations.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env

from bitrix_app.errors import SettingsError

REQUIRED = ("BITRIX_CLIENT_ID", "BITRIX_CLIENT_SECRET", "APP_URL", "SECRET_KEY")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Addresses have no trailing slash (BX24_JS_URL keeps its own). Secrets do not show in repr."""

    client_id: str
    client_secret: str = field(repr=False)
    app_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    oauth_url: str = "https://oauth.bitrix.info"
    allow_http: bool = False
    bx24_js_url: str = "https://api.bitrix24.com/api/v1/"
    database_url: str = field(default="sqlite:///var/app.db", repr=False)
    queue_url: str = field(default="sqlite:///var/queue.db", repr=False)
    reports_dir: str = "var/reports"
    log_level: str = "INFO"
    log_format: str = "text"
    metrics_token: str = field(default="", repr=False)
    worker_concurrency: int = 4
    web_threads: int = 48
    rest_log: str = "var/log/rest.log"
    work_dir: str = "var/work"

    @property
    def embedded_queue(self) -> bool:
        """Whether the queue is the embedded file: then the web process runs the worker itself."""
        return self.queue_url.startswith("sqlite:")


def load_settings(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Settings:
    """Settings from ``environ`` (default: the process environment, over ``dotenv`` when that file exists).

    Raises SettingsError.
    """
    if environ is None:
        if dotenv is not None and dotenv.is_file():
            Env().read_env(str(dotenv), recurse=False)
        environ = os.environ
    values = environ

    def text(name: str, default: str = "") -> str:
        return values.get(name, "").strip() or default

    missing = [name for name in REQUIRED if not text(name)]
    if missing:
        raise SettingsError(f"{missing[0]} is not set: see .env.example for what it should hold")

    def address(name: str, default: str = "") -> str:
        value = text(name, default)
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            raise SettingsError(f"{name} must be an http(s) address such as https://example.ru, not {value!r}")
        return value

    def number(name: str, default: int, low: int, high: int) -> int:
        value = text(name, str(default))
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = text(name, default)
        if value not in allowed:
            raise SettingsError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        return value

    secret_keys = tuple(key.strip() for key in text("SECRET_KEY").split(",") if key.strip())
    queue_url = text("QUEUE_URL", "sqlite:///var/queue.db")
    if not queue_url.startswith(("sqlite:///", "redis://", "rediss://")):
        raise SettingsError("QUEUE_URL must begin with sqlite:///, redis:// or rediss://")
    return Settings(
        client_id=text("BITRIX_CLIENT_ID"),
        client_secret=text("BITRIX_CLIENT_SECRET"),
        app_url=address("APP_URL").rstrip("/"),
        secret_keys=secret_keys,
        oauth_url=address("BITRIX_OAUTH_URL", "https://oauth.bitrix.info").rstrip("/"),
        allow_http=choice("BITRIX_ALLOW_HTTP", "0", ("0", "1")) == "1",
        bx24_js_url=address("BX24_JS_URL", "https://api.bitrix24.com/api/v1/"),
        database_url=text("DATABASE_URL", "sqlite:///var/app.db"),
        queue_url=queue_url,
        reports_dir=text("REPORTS_DIR", "var/reports"),
        log_level=choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format=choice("LOG_FORMAT", "text", ("text", "json")),
        metrics_token=text("METRICS_TOKEN"),
        worker_concurrency=number("WORKER_CONCURRENCY", 4, 1, 64),
        web_threads=number("WEB_THREADS", 48, 4, 256),
        rest_log=text("REST_LOG", "var/log/rest.log"),
        work_dir=text("WORK_DIR", "var/work"),
    )

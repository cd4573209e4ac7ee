"""Logs: structured lines on standard error, and the REST log that is kept for three days. No secret passes.

``set_up_logging`` is called once by the program's start. Everything that is written, our own lines, the libraries'
and tracebacks alike, goes through one formatter that masks what looks like a token.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, TextIO

import structlog
from structlog.types import Processor

from bitrix_app.bitrix24 import CallRecord, Wait

KEPT_DAYS = 3
MASK = "***"
LONGEST_VALUE = 2000

_NAMED = re.compile(
    r"""(?ix)
    (?P<name> \b (?: auth(?:_id|orization)? | refresh(?:_id|_token)? | access_token | application_token | token
        | client_secret | secret(?:_keys?)? | password | signature ) \]? )
    (?P<between> ["']? \s* [:=] \s* ["']? (?: bearer \s+ )? )
    (?P<value> [^\s"'&,;}\]]{4,} )
    """
)
_BEARER = re.compile(r"(?i)\b(bearer)\s+[^\s\"',;]{4,}")
_SIGNED = re.compile(r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{40,}")
_OPAQUE = re.compile(r"\b(?=[0-9a-z]*[0-9])(?=[0-9a-z]*[a-z])[0-9a-z]{30,}\b", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?P<scheme>[a-z][a-z0-9+]*://[^\s:/@]*):[^\s/@]+@")
_UNSEEN = r"\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_CONTROL = re.compile(rf"[\n{_UNSEEN}]")
_CONTROL_OF_TRACEBACK = re.compile(rf"[{_UNSEEN}]")


def mask(text: str) -> str:
    """The text with everything that looks like a token, a secret or a password replaced by ``***``."""
    text = _CREDENTIALS.sub(rf"\g<scheme>:{MASK}@", text)
    text = _NAMED.sub(rf"\g<name>\g<between>{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _OPAQUE.sub(MASK, _SIGNED.sub(MASK, text))


def set_up_logging(level: str, form: str, stream: TextIO | None = None) -> None:
    """From now on everything is logged as lines of ``form`` (``text`` or ``json``) to ``stream`` (standard error)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _keep_to_one_line,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        _MaskingFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(form)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("urllib3", "fsspec", "botocore", "huey", "alembic", "waitress.queue"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


class _MaskingFormatter(structlog.stdlib.ProcessorFormatter):
    """Masks secrets in the finished line, whichever value they came in by."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def _renderer(form: str) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _keep_to_one_line(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001 - structlog's signature
    """Escapes control and bidirectional characters in values against log injection: no value begins a line of its own.

    The lines of a traceback are indented for the same reason.
    """
    for key, value in event.items():
        if not isinstance(value, str):
            continue
        if key == "exception":
            event[key] = _CONTROL_OF_TRACEBACK.sub(_visible, value).replace("\n", "\n  ")
        else:
            event[key] = _CONTROL.sub(_visible, value)[:LONGEST_VALUE]
    return event


def _visible(found: re.Match[str]) -> str:
    return f"\\x{ord(found.group()):02x}"


class RestLog:
    """The log of REST calls that the Market asks for: a line of JSON a call, a file a day, three days kept.

    Method, status, duration, operating time, sizes, request id; no bodies, nobody's data. A ``bitrix24.CallObserver``;
    several threads and processes may write the same files. ``path``: each day's file is ``{path}.{YYYY-MM-DD}``.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._day = ""
        self._file: IO[str] | None = None

    def waited(self, wait: Wait) -> None:
        """Waits are no calls."""

    def answered(self, call: CallRecord) -> None:
        """Writes a line. A full disk costs the line, never the call."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        line = {
            "at": now.isoformat(timespec="milliseconds"),
            "method": call.method,
            "status": call.status,
            "code": call.portal_code,
            "seconds": round(call.duration, 3),
            "operating": None if call.operating is None else float(call.operating),
            "sent": call.sent_bytes,
            "received": call.received_bytes,
            "request_id": call.request_id,
        }
        try:
            with self._lock:
                file = self._todays(now)
                file.write(f"{json.dumps(line)}\n")
                file.flush()
        except OSError:
            structlog.get_logger("rest").warning("rest_log_not_written")

    def close(self) -> None:
        """Closes today's file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._day, self._file = "", None

    def _todays(self, now: datetime) -> IO[str]:
        day = f"{now:%Y-%m-%d}"
        if self._file is None or self._day != day:
            if self._file is not None:
                self._file.close()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = Path(f"{self._path}.{day}").open("a", encoding="utf-8")  # noqa: SIM115 - kept open all day
            self._day = day
            self._drop_before(f"{now - timedelta(days=KEPT_DAYS):%Y-%m-%d}")
        return self._file

    def _drop_before(self, day: str) -> None:
        for old in self._path.parent.glob(f"{self._path.name}.????-??-??"):
            if old.name[-10:] < day:
                old.unlink(missing_ok=True)

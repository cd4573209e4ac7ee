"""Logs: structured lines on standard error. No secret passes.

``set_up_logging`` is called once by the program's start. Everything that is written, our own lines, the libraries'
and tracebacks alike, goes through one formatter that masks what looks like a token.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.types import Processor

MASK = "***"
LONGEST_VALUE = 2000
LONGEST_TRACEBACK = 16_000
LONGEST_LINE = 64_000
"""Characters. What is longer is cut before anything looks at it: a portal may have chosen its length."""

_NAMED = re.compile(
    r"""(?ix)
    (?P<name> \b (?: auth(?:_id|orization)? | refresh(?:_id|_token)? | access_token | application_token | token
        | client_secret | secret(?:_keys?)? | password | signature ) \]? )
    (?P<between> ["']? \s* [:=] \s* ["']? (?: bearer \s+ )? )
    (?P<value> [^\s"'&,;}\]]{4,} )
    """
)
_BEARER = re.compile(r"(?i)\b(bearer)\s+[^\s\"',;]{4,}")
_SIGNED = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{40,}")
_OPAQUE = re.compile(r"\b(?=[0-9a-z]*[0-9])(?=[0-9a-z]*[a-z])[0-9a-z]{30,}\b", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?P<user>://[^\s:/@]*):[^\s/@]+@")
_LAST_WORD = re.compile(r"(?<![\w.%+/=-])[\w.%+/=-]+\Z")
_FIRST_WORD = re.compile(r"\A[\w.%+/=-]+")
_UNSEEN = r"\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_CONTROL = re.compile(rf"[\n{_UNSEEN}]")
_CONTROL_OF_TRACEBACK = re.compile(rf"[{_UNSEEN}]")


def mask(text: str) -> str:
    """The text with everything that looks like a token, a secret or a password replaced by ``***``.

    Takes time in proportion to the text: no expression starts anew within what another start has already passed.
    """
    text = _CREDENTIALS.sub(rf"\g<user>:{MASK}@", text)
    text = _NAMED.sub(rf"\g<name>\g<between>{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _OPAQUE.sub(MASK, _SIGNED.sub(MASK, text))


def cut(text: str, longest: int) -> str:
    """The beginning of a text that is longer, without the word that the cut goes through: half a token would not be
    known as one."""
    return text if len(text) <= longest else f"{_LAST_WORD.sub('', text[:longest])}…"


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
        return mask(cut(super().format(record), LONGEST_LINE))


def _renderer(form: str) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _keep_to_one_line(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001 - structlog's signature
    """Escapes control and bidirectional characters in values against log injection: no value begins a line of its own.

    The lines of a traceback are indented for the same reason.
    """
    for key, value in event.items():
        if key == "exception":
            shown = _CONTROL_OF_TRACEBACK.sub(_visible, _cut_in_the_middle(value))
            event[key] = _cut_in_the_middle(shown).replace("\n", "\n  ")
        elif isinstance(value, str):
            event[key] = cut(_CONTROL.sub(_visible, cut(value, LONGEST_VALUE)), LONGEST_VALUE)
        elif isinstance(value, dict | list | tuple | set) and len(shown := repr(value)) > LONGEST_VALUE:
            event[key] = cut(_CONTROL.sub(_visible, shown), LONGEST_VALUE)
    return event


def _cut_in_the_middle(traceback: str) -> str:
    """A traceback whose end, which says what happened, is kept before its beginning."""
    if len(traceback) <= LONGEST_TRACEBACK:
        return traceback
    half = LONGEST_TRACEBACK // 2
    return f"{cut(traceback, half)}\n{_FIRST_WORD.sub('', traceback[-half:])}"


def _visible(found: re.Match[str]) -> str:
    return f"\\x{ord(found.group()):02x}"

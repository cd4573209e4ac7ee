"""The REST log: each call with its parameters and what was answered, personal values masked, kept for three days.

Source: the Market's rules, ``market/common-requirements`` (requests and answers, three days at least) and
``market/publication-requirements`` (handed over with all parameters).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl

import structlog

from bitrix_app.bitrix24 import CallRecord, Told, Wait
from bitrix_app.logs import MASK, mask

KEPT_DAYS = 3
"""Whole days beside the one that goes on: the Market asks for three at least."""
DROP_SECONDS = 3600.0
LONGEST_LIST = 500
"""Entries: a list of owners of product rows has 250."""

log = structlog.get_logger("rest")

_KEY = re.compile(r"[A-Za-z0-9_.<>=!@%*\[\]-]{1,120}")
_INDICES = re.compile(r"(?:\[[0-9]{1,9}\])+\Z")
_CONDITION = "<>=!@%*"
_PERSONAL = re.compile(r"(?i)^(?:rq_|uf)|birth")
"""Requisites and the portal's own fields hold anything, by whatever name."""
_ID = re.compile(r"(?i:^ids?|_ids?)$|[a-z]I[dD]s?[0-9]{0,3}$")
_COUNTS = frozenset({"start", "limit", "offset", "halt"})
_CODES = frozenset({"order", "sort", "type", "ownertype", "placement", "event"})
_FIELDS = "select"
_FIELD = re.compile(r"[A-Za-z0-9_.*]{1,64}")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
"""An ИНН has ten digits or twelve."""
_CODE = re.compile(r"[A-Z][A-Z0-9_:]{0,47}|chat[0-9]{1,9}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]{5,15}(?:Z|[+-][0-9:]{4,6})?)?")
_KINDS = frozenset({"file", "folder"})
_ANYWHERE = frozenset({"", "Y", "N", "ASC", "DESC", "asc", "desc"})


def masked(value: Any, key: str = "") -> Any:
    """Parameters in their shape, with keys, ids, field names, codes, dates and yes or no as they are; of all other
    values ``***``. ``key``: the name that the value stands under; entries of a list stand under the list's."""
    if isinstance(value, Mapping):
        return {_shown_key(name): masked(each, _inner(str(name), key)) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        shown = [masked(each, key) for each in value[:LONGEST_LIST]]
        return shown if len(value) <= LONGEST_LIST else [*shown, f"{len(value) - LONGEST_LIST} more"]
    if value is None or isinstance(value, bool):
        return value
    if not _is_harmless(str(value), key):
        return MASK
    return value if isinstance(value, int) else str(value)


def masked_command(command: str) -> str:
    """A command of a batch, ``method?query``, decoded, its values masked as ``masked`` does; entries of a list stand
    together: ``crm.item.list?filter[@id]=1,2``."""
    method, _, query = command.partition("?")
    lists: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for indexed, value in parse_qsl(query, keep_blank_values=True):
        name = _INDICES.sub("", indexed)
        if name not in names:
            parts = name.replace("]", "").split("[")
            names[name] = next((each for each in parts if each.lower() == _FIELDS), parts[-1])
        lists.setdefault(_shown_key(name), []).append(str(masked(value, names[name])))
    return f"{method}?{'&'.join(f'{name}={_joined(values)}' for name, values in lists.items())}"


def _joined(values: list[str]) -> str:
    more = len(values) - LONGEST_LIST
    return ",".join(values if more <= 0 else [*values[:LONGEST_LIST], f"{more} more"])


def _shown_key(name: Any) -> str:
    return str(name) if _KEY.fullmatch(str(name)) else MASK


def _inner(name: str, outer: str) -> str:
    """What stands within ``select`` are names of fields, by whatever name; other values go by their own."""
    return outer if outer.lower() == _FIELDS else name


def _is_harmless(text: str, key: str) -> bool:
    name = key.lstrip(_CONDITION)
    if name.lower() == _FIELDS:
        return _FIELD.fullmatch(text) is not None
    if text in _ANYWHERE:
        return True
    return not _PERSONAL.search(name) and (_DATE.fullmatch(text) is not None or _is_ours(text, name))


def _is_ours(text: str, name: str) -> bool:
    """Whether it is an id, a number of paging, a code or our own address."""
    lower = name.lower()
    if lower == "handler":
        return mask(text) == text
    if _ID.search(name) or lower in _COUNTS:
        return (_NUMBER.fullmatch(text) or _CODE.fullmatch(text)) is not None
    return lower in _CODES and (text in _KINDS or _CODE.fullmatch(text) is not None)


class RestLog:
    """A line of JSON a call, a file a day (UTC); those of the last three whole days and today's are kept. A
    ``bitrix24.CallObserver``.

    Several threads and processes may write the same files. ``path``: each day's file is ``{path}.{YYYY-MM-DD}``.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._day = ""
        self._file: IO[str] | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._drop_regularly, name="rest-log", daemon=True)

    def start(self) -> None:
        """Begin to drop old files each hour, in the background: also where nobody calls, they go."""
        self._thread.start()

    def waited(self, wait: Wait) -> None:
        """Waits are no calls."""

    def answered(self, call: CallRecord) -> None:
        """Writes a line. A full disk costs the line, never the call."""
        now = self._now()
        line = f"{json.dumps(_line(call, now), ensure_ascii=False)}\n"
        try:
            with self._lock:
                file = self._todays(now)
                file.write(line)
                file.flush()
        except OSError:
            log.warning("rest_log_not_written")

    def drop_old(self) -> None:
        """Delete the files of days before the last three. Raises OSError."""
        first = f"{self._now() - timedelta(days=KEPT_DAYS):%Y-%m-%d}"
        for old in self._path.parent.glob(f"{self._path.name}.????-??-??"):
            if old.name[-10:] < first:
                old.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes today's file."""
        self._closed.set()
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._day, self._file = "", None

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _todays(self, now: datetime) -> IO[str]:
        day = f"{now:%Y-%m-%d}"
        if self._file is None or self._day != day:
            if self._file is not None:
                self._file.close()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            path = Path(f"{self._path}.{day}")
            self._file = path.open("a", encoding="utf-8", errors="backslashreplace")
            self._day = day
            self.drop_old()
        return self._file

    def _drop_regularly(self) -> None:
        while True:
            try:
                self.drop_old()
            except OSError as error:
                log.warning("rest_log_not_dropped", error=str(error))
            if self._closed.wait(DROP_SECONDS):
                return


def _line(call: CallRecord, now: datetime) -> dict[str, Any]:
    commands = call.params.get("cmd", {}) if call.commands else {}
    params = {name: value for name, value in call.params.items() if not commands or name != "cmd"}
    line: dict[str, Any] = {
        "at": now.isoformat(timespec="milliseconds"),
        "portal": call.member_id,
        "method": call.method,
        "params": masked(params),
        "status": call.status,
        "code": call.portal_code,
        **dict(_told(call.told)),
        "seconds": round(call.duration, 3),
        "operating": None if call.operating is None else float(call.operating),
        "sent": call.sent_bytes,
        "received": call.received_bytes,
        "request_id": call.request_id,
    }
    if call.failure:
        line["failure"] = call.failure
    if commands:
        line["commands"] = {
            key: {"command": masked_command(command), **dict(_told(call.parts.get(key, Told())))}
            for key, command in commands.items()
        }
    return line


def _told(told: Told) -> Iterator[tuple[str, Any]]:
    yield "rows", told.rows
    yield "total", told.total
    yield "next", told.next
    if told.error:
        yield "error", mask(told.error)

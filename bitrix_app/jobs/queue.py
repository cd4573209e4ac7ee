"""The queue: huey, only to wake workers and to start periodic maintenance. No task carries anything.

A task that runs when its process is killed is gone from any huey storage, so nothing depends on one: a worker that is
woken finds nothing, or a row that nobody was woken for is found by polling; both are normal.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
import structlog
from huey import Huey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from huey.registry import Message
from redis.backoff import NoBackoff
from redis.retry import Retry

from bitrix_app.errors import SettingsError

log = structlog.get_logger("jobs")

DOWN = (redis.RedisError, sqlite3.Error, OSError)
NAME = "bitrixapp"


class NamesOnly:
    """Tasks as JSON of id and name: whoever can write into the queue's store can wake a worker, and nothing more
    (huey's own serializer unpickles what it finds)."""

    def serialize(self, message: Message) -> bytes:
        """The message's id and name."""
        return json.dumps([message.id, message.name]).encode()

    def deserialize(self, data: bytes | memoryview) -> Message:
        """The message without arguments. Raises ValueError for anything else."""
        task_id, name = json.loads(bytes(data))
        return Message(id=str(task_id), name=str(name), retries=0, args=(), kwargs={})


class WakeQueue:
    """The queue of QUEUE_URL. Raises SettingsError when the embedded queue's file cannot be made."""

    def __init__(self, url: str, *, name: str = NAME) -> None:
        self._woken: Callable[[], None] = _nothing
        self._periodic: Callable[[], None] = _nothing
        self._embedded = url.startswith("sqlite:")
        self._file = file_of(url) if self._embedded else None
        try:
            self._huey = make_huey(url, name)
        except (*DOWN, ValueError) as error:
            raise SettingsError(f"QUEUE_URL: the queue cannot be used: {error}") from error
        self._wake = self._huey.task(name="wake")(self._on_wake)
        self._huey.periodic_task(crontab(), name="periodic")(self._on_periodic)

    def wake(self) -> None:
        """Wake a worker. A queue that is down is only logged: workers poll every few seconds anyway."""
        try:
            self._wake()
        except DOWN as error:
            log.warning("queue_down", error=str(error))

    def ping(self) -> None:
        """Raises SettingsError with one line when the queue cannot be reached."""
        if self._file is not None and not self._file.is_file():  # an open connection goes on with one taken away
            raise SettingsError(f"QUEUE_URL: the queue cannot be reached: {self._file} is gone")
        try:
            self._huey.pending_count()
        except DOWN as error:
            raise SettingsError(f"QUEUE_URL: the queue cannot be reached: {error}") from error

    def consumer(self, *, woken: Callable[[], None], periodic: Callable[[], None]) -> QuietConsumer:
        """What takes tasks from the queue: calls ``woken`` for each wake task, ``periodic`` about once a minute.

        One a process. Both run in the consumer's threads; what they raise is logged.
        """
        self._woken, self._periodic = woken, periodic
        longest = 0.25 if self._embedded else 5.0  # Redis blocks instead of polling: this is for when it is down
        return QuietConsumer(
            self._huey,
            workers=2,
            initial_delay=0.05,
            max_delay=longest,
            scheduler_interval=15,
            check_worker_health=False,
            shutdown_timeout=2,
        )

    def _on_wake(self) -> None:
        self._woken()

    def _on_periodic(self) -> None:
        self._periodic()

    def close(self) -> None:
        """Close the connections of the calling side."""
        storage = self._huey.storage
        if hasattr(storage, "pool"):
            storage.pool.disconnect()
        else:
            storage.close()


class QuietConsumer(Consumer):  # type: ignore[misc]  # huey ships no types
    """huey's consumer inside our process: the signals are ours."""

    def _set_signal_handlers(self) -> None:
        """Leave them alone: off the main thread they cannot be set, and the worker's command has its own."""


def file_of(url: str) -> Path:
    """The file of an embedded queue: ``sqlite:///path``."""
    return Path(url.removeprefix("sqlite:///"))


def make_huey(url: str, name: str) -> Huey:
    """huey for QUEUE_URL: ``sqlite:///path`` (the folder is made) or ``redis://…``, ``rediss://…``."""
    options: dict[str, Any] = {"results": False, "serializer": NamesOnly()}
    if url.startswith("sqlite:///"):
        path = file_of(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(name, filename=str(path), **options)
    once_more = Retry(NoBackoff(), 1)  # a connection that died while it lay idle; whoever wakes must not wait
    pool = redis.ConnectionPool.from_url(
        url, socket_connect_timeout=2, socket_timeout=5, socket_keepalive=True, retry=once_more
    )
    return RedisHuey(name, connection_pool=pool, read_timeout=1, **options)


def _nothing() -> None:
    """What a process does that only wakes others."""

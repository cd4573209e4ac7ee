"""Servers of a test's own, which it may kill and start again: a PostgreSQL cluster and a Redis, gone at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.live import free_port, until

POSTGRES_HOMES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
POSTGRES_USER = "postgres"  # PostgreSQL refuses to run as root


class OwnPostgres:
    """A throw-away cluster in ``folder`` that can be stopped and started again at the same port."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "log"
        self._folder = folder
        self.port = free_port()

    @property
    def address(self) -> str:
        """Its one database, for SQLAlchemy."""
        return f"postgresql+psycopg://{POSTGRES_USER}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Make the cluster; safety against power cuts would only cost time."""
        self._run("initdb", "--auth", "trust", "--username", POSTGRES_USER, "--no-sync", "--encoding", "UTF8")

    def start(self) -> None:
        """Start it; returns when it lets people in."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self._folder} -c fsync=off"
        self._run("pg_ctl", "start", "--wait", "--log", str(self._log), "--options", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``fast`` ends all connections, ``immediate`` is a crash."""
        self._run("pg_ctl", "stop", "--wait", "--mode", mode)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self._data), *arguments]
        done = subprocess.run(
            command, check=False, **_as_postgres(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()


class OwnRedis:
    """A Redis in ``folder`` that can be killed and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it; returns when it answers."""
        command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until(self._answers)

    def kill(self) -> None:
        """Kill it, with all that it held."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        with redis.Redis(port=self.port) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A running cluster of our own; the test is skipped where PostgreSQL's programs are not found."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("initdb was not found, or cannot be run here: the restart of PostgreSQL is left out")
    folder = Path(tempfile.mkdtemp(prefix="own-postgres-"))  # not below pytest's folders: those are closed to others
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, POSTGRES_USER)
        made = OwnPostgres(programs, folder)
        made.create()
        made.start()
        try:
            yield made
        finally:
            with suppress(AssertionError):  # a test that failed may have left it stopped
                made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    """A running Redis of our own; the test is skipped where its program is not found."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server was not found: what needs a Redis of its own is left out")
    server = OwnRedis(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _postgres_programs() -> Path | None:
    """The folder with ``initdb``; None where there is none, or nobody who may run it."""
    if os.geteuid() == 0 and not _user_exists(POSTGRES_USER):
        return None
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    homes = [home for pattern in POSTGRES_HOMES for home in sorted(Path("/").glob(pattern.lstrip("/")))]
    return next((home for home in reversed(homes) if (home / "initdb").is_file()), None)


def _user_exists(name: str) -> bool:
    import pwd  # noqa: PLC0415 # Unix alone has it

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _as_postgres() -> dict[str, Any]:
    """How a program of PostgreSQL is run: never as root."""
    return {"user": POSTGRES_USER, "group": POSTGRES_USER, "extra_groups": []} if os.geteuid() == 0 else {}

"""The application as an operator runs it for many portals: a web process and two workers over PostgreSQL and Redis of
their own, which can be killed and stopped; and what each process costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis

from benchmarks.measuring import ROOT
from benchmarks.page import Page, ready
from tests.own_servers import OwnPostgres, OwnRedis, own_postgres, own_redis

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Process:
    """A process. ``peak``: the most memory seen, in MB; ``cpu``: its processor's seconds."""

    name: str
    child: subprocess.Popen[Any]
    peak: float = 0.0
    cpu: float = 0.0

    def look(self) -> None:
        """Read what the system says of it; nothing once it is gone."""
        place = Path("/proc", str(self.child.pid))
        try:
            status = place.joinpath("status").read_text(encoding="ascii", errors="replace")
            fields = place.joinpath("stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            return
        line = next((each for each in status.splitlines() if each.startswith("VmHWM:")), None)
        if line is not None:
            self.peak = int(line.split()[1]) / 1024
            self.cpu = (int(fields[11]) + int(fields[12])) / TICKS


@dataclass
class Works:
    """Servers and processes. ``connections``: the most that PostgreSQL had of ours."""

    folder: Path
    port: int
    environment: Mapping[str, str]
    postgres: OwnPostgres
    redis: OwnRedis
    processes: list[Process] = field(default_factory=list)
    connections: int = 0
    redis_mb: float = 0.0

    def start(self, name: str, *arguments: str) -> Process:
        """One more process: ``python`` with these arguments."""
        with Path(self.folder, f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **self.environment}, stdout=log, stderr=log
            )
        self.processes.append(Process(name, child))
        return self.processes[-1]

    def start_worker(self, name: str) -> Process:
        """One more worker, as it is without options."""
        return self.start(name, "-m", "bitrix_app", "worker")

    def look(self) -> None:
        """Note what everything costs now."""
        for each in self.processes:
            each.look()
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bitrix_app'"
        self.connections = max(self.connections, self.rows(ours)[0][0])
        with redis.Redis(port=self.redis.port) as client:
            info: Any = client.info("memory")
            self.redis_mb = max(self.redis_mb, info["used_memory_peak"] / 2**20)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises psycopg.OperationalError while PostgreSQL is away."""
        address = self.postgres.address.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(address, connect_timeout=5) as connection:
            found = connection.execute(query, values)
            return found.fetchall() if found.description else []

    def stored_mb(self) -> float:
        """Megabytes of finished files."""
        return sum(each.stat().st_size for each in Path(self.folder, "reports").rglob("*") if each.is_file()) / 2**20


@contextmanager
def running_works(folder: Path, port: int, environment: Mapping[str, str]) -> Iterator[Works]:
    """The web process, answering, over new servers; nobody works yet."""
    with own_postgres() as postgres, own_redis(folder) as server:
        settings = {
            **environment,
            "SECRET_KEY": "a key for benchmarks, long enough",
            "DATABASE_URL": postgres.address,
            "QUEUE_URL": server.url,
            "REPORTS_DIR": f"{folder}/reports",
            "WORK_DIR": f"{folder}/work",
            "REST_LOG": f"{folder}/rest.log",
            "LOG_FORMAT": "json",
        }
        works = Works(folder, port, settings, postgres, server)
        try:
            works.start("web", "app.py", "--port", str(port))
            ready(Page(port))
            yield works
        finally:
            for each in works.processes:
                each.child.send_signal(signal.SIGTERM)
            for each in works.processes:
                each.child.wait(60)

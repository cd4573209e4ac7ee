"""Fixtures for all tests: a database of each kind that is found, emptied for each test, and a Redis.

A test that takes ``db`` or ``database_url`` runs once on SQLite and once on PostgreSQL; where no server is found the
second run is skipped, and the reason stands in pytest's summary.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
import redis
import structlog

from bitrix_app.portals import end_request
from bitrix_app.portals.waiting import request_deadline
from bitrix_app.storage import Cipher, Database
from tests.servers import empty, need_postgres, need_redis, throwaway_database

os.environ["OPENPYXL_LXML"] = "False"  # lxml is there for the validator of files; what we ship runs without it

# how long examples take, and making them up, is no test's business
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

# structlog's own choice, where rich happens to be installed, draws each variable of a traceback: seconds for one line
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(autouse=True)
def no_request_left_open() -> Iterator[None]:
    """A test ends the web request that it has begun: what the next one waits for would share its time."""
    yield
    left_open = request_deadline() is request_deadline()
    end_request()
    assert not left_open


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables and no rows, to be copied."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    made = Database(f"sqlite:///{path}")
    made.migrate()
    made.close()
    return path


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """Address of a database of our own on the PostgreSQL server, with the tables."""
    with throwaway_database(need_postgres()) as address:
        made = Database(address)
        made.migrate()
        made.close()
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database with the tables."""
    if request.param == "sqlite":
        path = tmp_path / "app.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    address: str = request.getfixturevalue("postgres_database")
    empty(address)
    return address


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """An empty database with the tables."""
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def cipher() -> Cipher:
    """A cipher with one key."""
    return Cipher(["a key for tests"])


@pytest.fixture(scope="session")
def redis_server() -> str:
    """Address of the Redis that tests may use."""
    return need_redis()


@pytest.fixture
def queue_name(redis_server: str) -> Iterator[str]:
    """A queue name of our own on the Redis; its keys are removed at the end."""
    name = f"test{uuid4().hex[:12]}"
    yield name
    with redis.Redis.from_url(redis_server) as client:
        keys = list(client.scan_iter(match=f"huey.*.{name}*"))
        if keys:
            client.delete(*keys)

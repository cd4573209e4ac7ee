"""The servers that tests may use: found or not, and thrown-away places on them.

``DATABASE_URL_TEST`` names a PostgreSQL server on which databases may be created, ``REDIS_URL_TEST`` a Redis database
of which only our own keys are touched; without them the usual local addresses are tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
import redis
from psycopg import sql
from sqlalchemy import make_url

from bitrix_app.storage import Database
from bitrix_app.storage.tables import Base

POSTGRES = ("postgresql://postgres@127.0.0.1:5432/postgres", "postgresql://root@127.0.0.1:5432/postgres")
REDIS = "redis://127.0.0.1:6379/9"


def need_postgres() -> str:
    """Address of a PostgreSQL server that lets us in. The test is skipped where none does."""
    given = os.environ.get("DATABASE_URL_TEST")
    for address in (given,) if given else POSTGRES:
        try:
            psycopg.connect(plain(address), connect_timeout=2).close()
        except psycopg.OperationalError:
            continue
        return address
    pytest.skip("PostgreSQL did not let us in (DATABASE_URL_TEST, else the usual local addresses): left out")


def need_redis() -> str:
    """Address of a Redis database. The test is skipped where none answers."""
    address = os.environ.get("REDIS_URL_TEST", REDIS)
    client = redis.Redis.from_url(address, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError:
        pytest.skip("Redis did not answer (REDIS_URL_TEST, else the usual local address): what needs it is left out")
    finally:
        client.close()
    return address


@contextmanager
def throwaway_database(server: str) -> Iterator[str]:
    """A new database on this server, dropped at the end. → its address."""
    name = f"bitrix_app_test_{uuid4().hex[:12]}"
    with psycopg.connect(plain(server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        # nothing here must survive a power cut, and waiting for the disk would cost half the tests' time
        admin.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
    try:
        yield make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(plain(server), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def empty(address: str) -> None:
    """Remove all rows (TRUNCATE would cost a second a test)."""
    made = Database(address)
    with made.transaction() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    made.close()


def plain(address: str) -> str:
    """An address as psycopg itself reads it."""
    return make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)

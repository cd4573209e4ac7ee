"""The database: one engine, two dialects (SQLite for one machine, PostgreSQL for many), short transactions; migrations.

SQLite is set up for several threads and processes: WAL, a busy timeout, foreign keys, secure deletion,
transactions that we begin.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, CursorResult, Engine, Executable, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from bitrix_app.errors import AppUninstalledError, SettingsError

DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "sqlite": "sqlite"}
ALLOWED = {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}
BUSY_TIMEOUT_SECONDS = 30.0
"""How long a connection to SQLite waits for another one's lock."""
WAL_SECONDS = 0.25
"""How long emptying the WAL waits for others: a web request may be waiting for it."""

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x4249_5458  # any number that no other program takes an advisory lock on in this database


def parse_address(url: str) -> URL:
    """DATABASE_URL as SQLAlchemy's address, with our driver. Raises SettingsError (never showing the password)."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "DATABASE_URL must be sqlite:///path or postgresql://user:password@host/name: it cannot be read"
        ) from None
    address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
    if address.drivername not in ALLOWED:
        raise SettingsError(f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {address.drivername}://")
    if address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}:
        raise SettingsError("DATABASE_URL must name a file (sqlite:///var/app.db): threads and processes share it")
    return address


@contextmanager
def explained(address: URL) -> Iterator[None]:
    """Translates the driver's errors into a SettingsError of one line."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = " ".join(str(cause).split())
        shown = address.render_as_string(hide_password=True)
        raise SettingsError(f"DATABASE_URL: the database {shown} cannot be used: {reason}") from error


def make_folder(url: URL) -> None:
    """Create the folder of the database's file. Raises SettingsError."""
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"DATABASE_URL: the folder {folder} cannot be created: {error.strerror}") from error


def look_at_file(url: URL) -> None:
    """Raises OSError unless the database's file is in its place.

    SQLite itself is asked: whoever else opens and closes that file in our process takes away all locks that SQLite
    holds on it, and then another process's last connection removes the WAL under us. Source: SQLite's documentation,
    "How To Corrupt An SQLite Database File", 2.2.
    """
    address = f"{Path(url.database or '').absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise OSError(str(error)) from error


def prepare_sqlite(engine: Engine) -> None:
    """Configure each connection of the engine, and begin transactions ourselves.

    Python's driver begins late and never for reading; see "Transactions with SQLite" in SQLAlchemy's documentation.
    The execution option ``sqlite_begin`` (``IMMEDIATE`` unless given) says how.
    """
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_SECONDS * 1000)}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten with zeros in the file
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Several processes that start on a new file at once meet here, and the busy timeout does not cover it."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _on_begin(connection: Connection) -> None:
    how = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {how}")


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest revision in one transaction.

    Others wait: on SQLite for the immediate transaction, on PostgreSQL for an advisory lock that ends with it.
    Raises SettingsError when the tables are newer than this code.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SettingsError(f"DATABASE_URL: the tables do not fit this version of the app: {error}") from error


def is_current(engine: Engine) -> bool:
    """Whether the tables stand at the newest revision."""
    return _standing(engine) == set(ScriptDirectory.from_config(_config()).get_heads())


def is_new(engine: Engine) -> bool:
    """Whether no migration has ever been here: there is nothing of ours that could be lost."""
    return not _standing(engine)


def _standing(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


Clock = Callable[[], datetime]


class Database:
    """Opens transactions and tells the time.

    ``url`` is a SQLAlchemy address: ``sqlite:///path`` or ``postgresql://…`` (``postgres://`` too; the driver is
    always psycopg). ``clock`` replaces both clocks in tests. No server is contacted here; ``ping`` and ``migrate`` do.
    Raises SettingsError with one line for an address that cannot be used.
    """

    def __init__(self, url: str, *, clock: Clock | None = None, pool_size: int = 10, max_overflow: int = 40) -> None:
        self.url = parse_address(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._clock = clock
        self.engine = self._make_engine(pool_size, max_overflow)
        self._readers = self.engine.execution_options(sqlite_begin="DEFERRED")

    def _make_engine(self, pool_size: int, max_overflow: int) -> Engine:
        pool: dict[str, Any] = {"pool_size": pool_size, "max_overflow": max_overflow, "pool_timeout": 30}
        if self.is_sqlite:
            make_folder(self.url)
            engine = create_engine(self.url, connect_args={"timeout": 30}, hide_parameters=True, **pool)
            prepare_sqlite(engine)
            return engine
        arguments = {"connect_timeout": 10, "application_name": "bitrix_app", "keepalives_idle": 30}
        return create_engine(
            self.url,
            pool_pre_ping=True,
            pool_recycle=1800,
            connect_args=arguments,
            hide_parameters=True,  # names and secrets do not belong into the texts of errors
            **pool,
        )

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session in a transaction that writes: committed at the end, rolled back on an exception.

        On SQLite it begins IMMEDIATE: it waits (up to 30 s) for its turn instead of failing halfway.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session in a transaction that only reads: never waits for a writer on SQLite."""
        with Session(self._readers, expire_on_commit=False) as session, session.begin():
            yield session

    def now(self, session: Session) -> datetime:
        """The moment, aware, in UTC: the server's clock on PostgreSQL (machines differ), else this machine's."""
        if self._clock is not None:
            return self._clock()
        if self.is_sqlite:
            return datetime.now(UTC)
        moment = session.scalar(text("SELECT clock_timestamp()"))
        assert isinstance(moment, datetime)  # noqa: S101 # tells mypy what PostgreSQL always answers
        return moment.astimezone(UTC)

    def insert_if_absent(self, session: Session, table: type[Any], values: Mapping[str, Any]) -> bool:
        """Insert a row unless one with its unique key stands there already (then nothing happens). → inserted."""
        insert = sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)
        counted = insert.values(**values).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        return rows_touched(session, counted) == 1

    @contextmanager
    def portal_exists(self) -> Iterator[None]:
        """Around an insert with a foreign key to a portal. Raises AppUninstalledError when that portal was erased."""
        try:
            yield
        except IntegrityError as error:
            raise AppUninstalledError("the portal is not stored any more") from error

    def truncate_wal(self) -> None:
        """After an erasing: move SQLite's WAL, in which the erased still stands, into the file and empty it.

        Outside of a transaction. Where somebody reads or writes for longer than WAL_SECONDS it is left for the next
        call. PostgreSQL: nothing, its vacuum reuses the room.
        """
        if not self.is_sqlite:
            return
        with closing(self.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {int(WAL_SECONDS * 1000)}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_SECONDS * 1000)}")

    def ping(self) -> None:
        """Raises SettingsError with one line when the database cannot be reached."""
        with explained(self.url):
            if self.is_sqlite:  # an open connection goes on with a file that has been taken away
                look_at_file(self.url)
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))

    def migrate(self) -> None:
        """Bring the tables up to date; safe when several processes start at once.

        Raises SettingsError when the database is unreachable or newer than this code.
        """
        with explained(self.url):
            upgrade(self.engine)

    def is_current(self) -> bool:
        """Whether the tables are those of this code. Raises SettingsError when unreachable."""
        with explained(self.url):
            return is_current(self.engine)

    def require_current(self) -> None:
        """Raises SettingsError where the tables are of another version, or the database is out of reach."""
        if not self.is_current():
            raise SettingsError("DATABASE_URL: the tables are of another version, run: python -m bitrix_app migrate")

    def is_new(self) -> bool:
        """Whether there are no tables of ours yet. Raises SettingsError when unreachable."""
        with explained(self.url):
            return is_new(self.engine)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def rows_touched(session: Session, statement: Executable) -> int:
    """Execute an INSERT, UPDATE or DELETE. → how many rows it touched."""
    result = session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 # tells mypy what these statements always give
    return result.rowcount

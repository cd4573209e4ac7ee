"""The database: one engine, two dialects (SQLite for one machine, PostgreSQL for many), short transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CursorResult, Engine, Executable, create_engine, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bitrix_app.errors import AppUninstalledError
from bitrix_app.storage.address import explained, parse_address
from bitrix_app.storage.migrating import is_current, is_new, upgrade
from bitrix_app.storage.sqlite import look_at_file, make_folder, prepare_sqlite

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
        """Around an insert that hangs on a portal's row. Raises AppUninstalledError when the portal was erased."""
        try:
            yield
        except IntegrityError as error:
            raise AppUninstalledError("the portal is not stored any more") from error

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

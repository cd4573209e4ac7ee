"""SQLite as several threads and processes need it: WAL, waiting for one's turn, foreign keys, real transactions."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, event

from bitrix_app.errors import SettingsError

PATIENCE_SECONDS = 30.0


def make_folder(url: URL) -> None:
    """Create the folder of the database's file. Raises SettingsError."""
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"DATABASE_URL: the folder {folder} cannot be created: {error.strerror}") from error


def look_at_file(url: URL) -> None:
    """The database's file lies in its place. Raises OSError.

    By SQLite itself: whoever else opens and closes that file in our process takes away all locks that SQLite holds on
    it, and then another process's last connection removes the WAL under us. Source: SQLite's documentation, "How To
    Corrupt An SQLite Database File", 2.2.
    """
    address = f"{Path(url.database or '').absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE_SECONDS)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise OSError(str(error)) from error


def prepare_sqlite(engine: Engine) -> None:
    """Make each connection of the engine ready, and begin transactions ourselves.

    Python's driver begins late and never for reading; see "Transactions with SQLite" in SQLAlchemy's documentation.
    The execution option ``sqlite_begin`` (``IMMEDIATE`` unless given) says how.
    """
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE_SECONDS * 1000)}")
    connection.execute("PRAGMA foreign_keys = ON")
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Several processes that start on a new file at once meet here, and the busy timeout does not cover it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
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

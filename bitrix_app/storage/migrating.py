"""Runs the migrations (Alembic) from code, from any working directory, one process at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, text

from bitrix_app.errors import SettingsError

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x4249_5458  # any number that no other program takes an advisory lock on in this database


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest revision in one transaction.

    Others wait: on SQLite for the immediate transaction, on PostgreSQL for an advisory lock that ends with it.
    Raises SettingsError when the tables are newer than this code.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
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
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config

"""The database: addresses, migrations, transactions."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from bitrix_app.errors import SettingsError
from bitrix_app.storage import (
    Cipher,
    Database,
    PairKey,
    Portals,
    PortalUsers,
    Reports,
    Retention,
    TokenPair,
    UserTokens,
)
from bitrix_app.storage.database import MIGRATIONS
from bitrix_app.storage.tables import Base, PeriodicTaskRow
from tests.seed import install_portal, unbound
from tests.servers import need_postgres, throwaway_database
from tests.unit.storage.processes import at_once, migrate


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database without any tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new/folder/app.db"
        return
    with throwaway_database(need_postgres()) as address:
        yield address


@pytest.mark.parametrize("url", ["", "no address", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_work_stops_the_start_with_one_line_that_names_the_variable(url: str) -> None:
    with pytest.raises(SettingsError, match=r"\ADATABASE_URL[^\n]+\Z"):
        Database(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_spelling_of_postgresql_means_our_driver(scheme: str) -> None:
    db = Database(f"{scheme}://user@host/name")
    assert db.engine.dialect.driver == "psycopg"
    db.close()


def test_an_unreachable_database_stops_the_start_with_one_line_without_the_password() -> None:
    db = Database("postgresql://user:s3cret@127.0.0.1:1/name")
    for step in (db.ping, db.migrate, db.is_current):
        with pytest.raises(SettingsError, match=r"\ADATABASE_URL[^\n]+\Z") as caught:
            step()
        assert "s3cret" not in str(caught.value)
    db.close()


@pytest.mark.parametrize("harm", ["removed", "a folder"])
def test_a_file_that_was_taken_away_is_no_database_that_answers(tmp_path: Path, harm: str) -> None:
    """Connections that are open do not notice; whoever asks whether all is well must."""
    file = tmp_path / "app.db"
    db = Database(f"sqlite:///{file}")
    db.migrate()
    db.ping()
    file.unlink()
    if harm == "a folder":
        file.mkdir()
    with pytest.raises(SettingsError, match=r"\ADATABASE_URL[^\n]+\Z"):
        db.ping()
    db.close()


def test_asking_whether_all_is_well_leaves_sqlites_locks_alone(tmp_path: Path) -> None:
    """A connection of another process that comes and goes must not take itself for the last and remove the WAL."""
    file = tmp_path / "app.db"
    db = Database(f"sqlite:///{file}")
    db.migrate()
    db.ping()
    visit = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM chore'); c.close()"
    subprocess.run([sys.executable, "-c", visit, str(file)], check=True, timeout=60)
    assert file.with_name("app.db-wal").exists()
    db.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SettingsError, match="DATABASE_URL: the folder"):
        Database(f"sqlite:///{tmp_path}/file/app.db")


def test_sqlite_works_in_wal_mode_and_minds_foreign_keys(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/app.db")
    with db.reading() as session:
        asked = [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "foreign_keys", "busy_timeout")]
    assert asked == ["wal", 1, 30_000]
    db.close()


def test_processes_that_start_at_once_on_an_empty_database_all_find_its_tables(blank_database_url: str) -> None:
    assert at_once(migrate, *[(blank_database_url,)] * 4) == [True] * 4


def test_migrations_make_exactly_the_tables_of_the_models(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_run_from_any_folder_and_may_be_repeated(
    blank_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(blank_database_url)
    assert not db.is_current()
    monkeypatch.chdir(tmp_path)
    db.migrate()
    db.migrate()
    assert db.is_current()
    db.close()


def test_a_database_of_the_previous_version_keeps_its_pairs_of_tokens(blank_database_url: str, cipher: Cipher) -> None:
    db = Database(blank_database_url)
    migrate_to(db, "0002")
    values = {"access": unbound("access"), "refresh": unbound("refresh"), "at": datetime.now(UTC)}
    with db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO portal (id, member_id, client_endpoint, domain, status, scopes, settings, epoch,"
                " installed_at) VALUES (1, 'm', 'https://m/rest/', 'm', 'installed', '[]', '{}', 1, :at)"
            ),
            values,
        )
        session.execute(
            text(
                "INSERT INTO user_token (portal_id, user_id, kind, access_token, refresh_token, client_endpoint,"
                " updated_at) VALUES (1, 7, 'user', :access, :refresh, 'https://m/rest/', :at)"
            ),
            values,
        )
    db.migrate()
    tokens = UserTokens(db, cipher)
    assert tokens.read(PairKey(1, 7)) == TokenPair("access", "refresh", None)
    tokens.save(1, 8, TokenPair("access", "refresh", None))
    Portals(db, cipher).erase("m")
    assert tokens.read(PairKey(1, 7)) is None
    db.close()


def test_a_database_of_the_previous_version_keeps_its_reports_and_their_files(
    blank_database_url: str, cipher: Cipher
) -> None:
    db = Database(blank_database_url)
    migrate_to(db, "0003")
    with db.transaction() as session:
        at = {"at": datetime.now(UTC)}
        for statement in (
            "INSERT INTO portal (id, member_id, client_endpoint, domain, status, scopes, settings, epoch, installed_at)"
            " VALUES (1, 'm', 'https://m/rest/', 'm', 'installed', '[]', '{}', 1, :at)",
            "INSERT INTO report (id, portal_id, user_id, user_name, lang, params, status, done, attempt, losses,"
            " created_at) VALUES ('r', 1, 7, 'Alice', 'ru', '{}', 'done', 0, 1, 0, :at)",
            "INSERT INTO report_file (report_id, format, name, size) VALUES ('r', 'xlsx', 'r.1.xlsx', 8)",
        ):
            session.execute(text(statement), at)
    db.migrate()
    mine = Reports(db).of(1, 7)
    kept = mine.get("r")
    assert kept is not None
    assert (kept.user_name, [each.name for each in kept.files]) == ("Alice", ["r.1.xlsx"])
    assert mine.create({}, "Alice")[1]
    db.close()


def migrate_to(db: Database, revision: str) -> None:
    """Bring the tables to this revision, as an earlier version of the app has left them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_tables_of_a_newer_version_stop_the_start(db: Database) -> None:
    with db.transaction() as session:
        version = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(SettingsError, match="DATABASE_URL: the tables do not fit this version"):
            db.migrate()
        assert not db.is_current()
    finally:
        with db.transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def test_what_a_broken_transaction_wrote_is_gone(db: Database) -> None:
    def break_halfway() -> None:
        with db.transaction() as session:
            session.add(PeriodicTaskRow(name="half", taken_at=db.now(session)))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()
    with db.reading() as session:
        assert session.get(PeriodicTaskRow, "half") is None


def test_a_second_writer_waits_for_the_first(db: Database) -> None:
    first_is_in, order = threading.Event(), []

    def second() -> None:
        first_is_in.wait(60)
        with db.transaction() as session:
            session.get(PeriodicTaskRow, "shared", with_for_update=True)
            order.append("second")

    with db.transaction() as session:
        session.add(PeriodicTaskRow(name="shared", taken_at=db.now(session)))
    thread = threading.Thread(target=second)
    thread.start()
    with db.transaction() as session:
        session.get(PeriodicTaskRow, "shared", with_for_update=True)
        first_is_in.set()
        thread.join(0.2)  # long enough for the second to run into the first
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_reading_does_not_wait_for_a_writer(db: Database) -> None:
    with db.transaction() as writer:
        writer.add(PeriodicTaskRow(name="being written", taken_at=db.now(writer)))
        writer.flush()
        with db.reading() as reader:
            assert reader.get(PeriodicTaskRow, "being written") is None


def test_a_sqlite_database_is_one_that_others_can_open(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/app.db")
    db.migrate()
    db.close()
    with sqlite3.connect(tmp_path / "app.db") as other:
        assert len(other.execute("SELECT version_num FROM alembic_version").fetchall()) == 1
    other.close()


def test_the_texts_of_errors_hold_no_values(db: Database) -> None:
    with pytest.raises(DBAPIError) as caught, db.transaction() as session:
        session.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "ООО Ромашка"})
    assert "Ромашка" not in str(caught.value)


# --- what is erased


@pytest.fixture
def sqlite_folder(tmp_path: Path) -> Path:
    """Where the database of these tests lies: the file itself, and SQLite's WAL beside it."""
    return tmp_path / "data"


@pytest.fixture
def on_disk(sqlite_folder: Path) -> Iterator[Database]:
    """As SQLite is built by itself: Debian's deletes securely without being told."""
    db = Database(f"sqlite:///{sqlite_folder}/app.db")
    event.listen(
        db.engine, "connect", lambda connection, _: connection.execute("PRAGMA secure_delete = OFF"), insert=True
    )
    db.migrate()
    yield db
    db.close()


def mentions(folder: Path, word: str) -> bool:
    """Whether the word stands in any file of the folder. Only while nobody holds a lock there: see look_at_file."""
    return any(word.encode() in path.read_bytes() for path in folder.iterdir())


def test_nothing_of_an_erased_portal_stays_in_the_files_of_sqlite(
    on_disk: Database, sqlite_folder: Path, cipher: Cipher
) -> None:
    """Neither in free pages of the file nor in the WAL."""
    portal = install_portal(on_disk, cipher)
    for number in range(50):
        PortalUsers(on_disk).remember(portal.id, number, f"Аполлинария {number}", False)
    on_disk.truncate_wal()
    assert mentions(sqlite_folder, "Аполлинария")
    Portals(on_disk, cipher).erase(portal.member_id)
    assert not mentions(sqlite_folder, "Аполлинария")


def test_a_wal_that_somebody_reads_is_emptied_by_the_next_cleanup(
    on_disk: Database, sqlite_folder: Path, cipher: Cipher
) -> None:
    portal = install_portal(on_disk, cipher)
    PortalUsers(on_disk).remember(portal.id, 7, "Аполлинария", False)
    with on_disk.reading() as session:
        session.execute(text("SELECT count(*) FROM portal")).one()
        Portals(on_disk, cipher).erase(portal.member_id)
        assert (sqlite_folder / "app.db-wal").stat().st_size
    Retention(on_disk).truncate_wal()
    assert not mentions(sqlite_folder, "Аполлинария")

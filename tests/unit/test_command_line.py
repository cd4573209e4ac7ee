"""The command line: worker, migrate, doctor."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from types import ModuleType

import pytest
import requests
import responses
from sqlalchemy import func, select, text, update

from bitrix_app.__main__ import main, prepare_tables
from bitrix_app.doctor import check_clock
from bitrix_app.errors import SettingsError, StorageFullError
from bitrix_app.jobs.job import Delivery
from bitrix_app.metrics import Metrics
from bitrix_app.settings import Settings, load_settings
from bitrix_app.storage import AuditLog, Cipher, Database, Files, Portals, PortalUsers, ReportLeases, Reports
from bitrix_app.storage.tables import Portal, Report
from tests.client.raw_server import RawServer, says
from tests.seed import install_portal, queue_report
from tests.unit.jobs.fakes import write_files

OAUTH = "https://oauth.example"
KEY = "a key of the command line: number 1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All required settings, and everything else in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bitrix_app.__main__.set_up_logging", lambda *_: None)  # pytest's own logging stays
    for name, value in {
        "BITRIX_CLIENT_ID": "local.1",
        "BITRIX_CLIENT_SECRET": "s3cret",
        "APP_URL": "https://app.example",
        "SECRET_KEY": KEY,
        "BITRIX_OAUTH_URL": OAUTH,
        "DATABASE_URL": f"sqlite:///{tmp_path}/app.db",
        "QUEUE_URL": f"sqlite:///{tmp_path}/queue.db",
        "REPORTS_DIR": str(tmp_path / "reports"),
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """The process's own signal handlers and umask come back after each test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    umask = os.umask(0o022)
    yield
    os.umask(umask)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def oauth() -> Iterator[responses.RequestsMock]:
    """An authorization server that answers as the real one does without a token."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{OAUTH}/rest/app.info", status=401, headers={"Date": formatdate(usegmt=True)})
        yield mock


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["worker"], ["migrate"]])
def test_a_missing_setting_stops_the_command_with_one_line_that_names_it(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "bitrix_app.wiring", wiring(FakeServices))
    monkeypatch.delenv("SECRET_KEY")
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "SECRET_KEY" in told
    assert told.count("\n") == 1


def test_without_a_command_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "usage" in capsys.readouterr().err


# --- migrate ------------------------------------------------------------------------------------------------------


def test_migrate_brings_the_tables_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 0
    db = Database(f"sqlite:///{tmp_path}/app.db")
    assert db.is_current()
    db.close()
    assert "Таблицы обновлены" in capsys.readouterr().out


def test_migrate_says_in_one_line_why_the_database_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:s3cret@127.0.0.1:1/name")
    assert main(["migrate"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("DATABASE_URL")
    assert "s3cret" not in told


def make_older(db: Database) -> None:
    """As if the tables had been made by an earlier version."""
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))


def test_a_new_database_gets_its_tables_whatever_the_queue(tmp_path: Path) -> None:
    """Nobody must know of ``migrate`` to start for the first time; later it decides when the old version ends."""
    settings = replace(load_settings(), queue_url="redis://queue")
    with closing(Database(f"sqlite:///{tmp_path}/app.db")) as db:
        prepare_tables(db, settings)
        assert db.is_current()
        make_older(db)
        with pytest.raises(SettingsError, match="migrate"):
            prepare_tables(db, settings)


# --- rotate-keys --------------------------------------------------------------------------------------------------


def test_rotating_keys_makes_older_keys_superfluous(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["migrate"])
    db = Database(f"sqlite:///{tmp_path}/app.db")
    install_portal(db, Cipher(["old"]))
    monkeypatch.setenv("SECRET_KEY", f"{KEY},old")
    assert main(["rotate-keys"]) == 0
    assert "Encrypted anew: 3." in capsys.readouterr().out
    monkeypatch.setenv("SECRET_KEY", KEY.replace("1", "2"))
    assert main(["rotate-keys"]) == 1
    assert "No key opens: 3." in capsys.readouterr().out
    db.close()


# --- order --------------------------------------------------------------------------------------------------------


def test_order_queues_the_report_that_the_page_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/app.db")) as db:
        db.migrate()
        portal = install_portal(db, Cipher((KEY,)))
        assert main(["order", portal.member_id, "7", "--period", "this_year", "--detailed"]) == 0
        (record,), _ = Reports(db).of(portal.id, 7).page()
        assert (record.status, record.params["kind"], record.params["detailed"]) == ("queued", "register", True)
        assert record.params["date_from"].endswith("-01-01")
        assert record.params["date_to"].endswith("-12-31")
        assert [each.action for each in AuditLog(db).page(portal.id)[0]] == ["report_created"]
    assert record.id in capsys.readouterr().out


def test_order_says_why_there_is_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/app.db")) as db:
        db.migrate()
        portals = Portals(db, Cipher((KEY,)))
        portal = install_portal(db, Cipher((KEY,)))
        portals.save_settings(portal.id, {"builders": {"mode": "administrators", "users": [], "departments": []}})
        PortalUsers(db).remember(portal.id, 7, "Алиса", is_admin=False)
        assert main(["order", portal.member_id, "7"]) == 1
        assert "not_allowed_to_build" in capsys.readouterr().err
        assert main(["order", "nobody", "7"]) == 1
        assert "нет" in capsys.readouterr().err
        assert Reports(db).of(portal.id, 7).page()[0] == []


# --- export-user, forget-user -------------------------------------------------------------------------------------


def test_a_persons_data_are_printed_and_erased_with_their_files(
    gone: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the one portal: the same number in another is another person. Nothing but JSON goes to standard output."""
    capsys.readouterr()
    assert main(["export-user", "gone", "7"]) == 0
    shown = json.loads(capsys.readouterr().out)
    names = {each["name"] for each in shown["report"][0]["files"]}
    stored = {path.name for path in (tmp_path / "reports").iterdir()}
    assert len(names) == 2
    assert main(["forget-user", "gone", "7"]) == 0
    assert "Erased: reports 1, files 2" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "reports").iterdir()} == stored - names
    assert main(["export-user", "gone", "7"]) == 0
    assert json.loads(capsys.readouterr().out)["report"] == []


@pytest.mark.parametrize("command", ["export-user", "forget-user"])
def test_there_is_nobody_in_a_portal_that_is_not_stored(
    gone: Database, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "nobody", "7"]) == 1
    assert "нет" in capsys.readouterr().err


def test_an_administrator_who_is_forgotten_may_leave_the_app_without_its_own_pair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["migrate"])
    with closing(Database(f"sqlite:///{tmp_path}/app.db")) as db:
        install_portal(db, Cipher(["k3y"]))
    assert main(["forget-user", "romashka", "1"]) == 0
    assert "install it once more" in capsys.readouterr().out


# --- forget-portal ------------------------------------------------------------------------------------------------


@pytest.fixture
def gone(tmp_path: Path) -> Iterator[Database]:
    """Two portals, uninstalled without CLEAN, each with a finished report of two files; one is to be erased."""
    main(["migrate"])
    db, cipher = Database(f"sqlite:///{tmp_path}/app.db"), Cipher(["k3y"])
    files = Files(str(tmp_path / "reports"))
    for member_id in ("gone", "other"):
        portal = install_portal(db, cipher, member_id)
        queue_report(db, portal)
        lease = ReportLeases(db).claim("w", 30)
        assert lease is not None
        made = Delivery(files).put(lease, write_files(tmp_path).files)
        ReportLeases(db).done(lease, {}, made)
        AuditLog(db).add(portal.id, 7, "Алиса", "report_built")
        Portals(db, cipher).uninstall(member_id)
    yield db
    db.close()


def rows_and_files(db: Database, folder: Path) -> tuple[int, int, int]:
    """How many portals, reports and files there are."""
    with db.reading() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (Portal, Report)]
    return counts[0], counts[1], len(list((folder / "reports").iterdir()))


@pytest.mark.parametrize("asked", ["да", "yes", None], ids=str)
def test_a_portal_that_is_gone_is_erased_with_all_its_rows_and_files(
    asked: str | None,
    gone: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: asked or pytest.fail("asked in spite of --yes"))
    assert main(["forget-portal", "gone", *([] if asked else ["--yes"])]) == 0
    assert rows_and_files(gone, tmp_path) == (1, 1, 2)
    told = capsys.readouterr().out
    assert "Стёрто: отчётов 1, файлов 2, пользователей 0, наборов условий 0, расписаний 0" in told
    assert "запусков робота 0, строк журнала 1" in told
    assert (
        "Erased: reports 1, files 2, users 0, saved sets 0, schedules 0, runs of the robot 0, journal lines 1" in told
    )
    assert "Не удалось" not in told


@pytest.mark.parametrize("answer", ["", "no", "нет", None], ids=str)
def test_without_a_yes_nothing_is_erased(
    answer: str | None, gone: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(_: str) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", asked)
    assert main(["forget-portal", "gone"]) == 1
    assert rows_and_files(gone, tmp_path) == (2, 2, 4)


def test_a_portal_that_was_never_here_is_not_erased(
    gone: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget-portal", "nobody", "--yes"]) == 1
    assert "нет" in capsys.readouterr().out
    assert rows_and_files(gone, tmp_path) == (2, 2, 4)


def test_files_that_cannot_be_deleted_are_told(
    gone: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(self: Files, name: str) -> None:
        raise StorageFullError

    monkeypatch.setattr(Files, "delete", refuse)
    assert main(["forget-portal", "gone", "--yes"]) == 1
    told = capsys.readouterr().out
    assert "файлов 0" in told
    assert "could not be deleted: 2" in told


# --- worker -------------------------------------------------------------------------------------------------------


class FakeServices:
    """What the wiring gives, without anything behind it; stops itself by the signal that an operator sends."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.jobs = self
        self.metrics = Metrics()
        self.broken = False
        self.did: list[str] = []

    def start(self) -> None:
        self.did.append(f"start {self.settings.worker_concurrency}")
        threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGTERM)).start()

    def stop(self) -> None:
        self.did.append("stop")

    def close(self) -> None:
        self.did.append("close")
        self.database.close()


class BrokenServices(FakeServices):
    """A worker whose thread has died."""

    def start(self) -> None:
        self.broken = True


def wiring(services: type[FakeServices]) -> ModuleType:
    """A wiring that builds these services and remembers them."""
    module = ModuleType("bitrix_app.wiring")
    built: list[FakeServices] = []

    def build_services(settings: Settings) -> FakeServices:
        built.append(services(settings))
        return built[-1]

    module.__dict__.update(build_services=build_services, built=built)
    return module


def test_the_worker_runs_until_a_signal_and_closes_what_it_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = wiring(FakeServices)
    monkeypatch.setitem(sys.modules, "bitrix_app.wiring", module)
    assert main(["worker", "--concurrency", "7"]) == 0
    assert module.built[0].did == ["start 7", "stop", "close"]
    db = Database(f"sqlite:///{tmp_path}/app.db")
    assert db.is_current()
    db.close()


@pytest.mark.parametrize(("token", "said"), [("", "METRICS_TOKEN is not set"), ("a token of metrics", "cannot listen")])
def test_metrics_that_cannot_be_served_stop_the_start(
    token: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a token nobody could read them, and a taken port must not go unnoticed."""
    monkeypatch.setitem(sys.modules, "bitrix_app.wiring", wiring(FakeServices))
    monkeypatch.setenv("METRICS_TOKEN", token)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["worker", "--metrics-port", str(taken.getsockname()[1])]) == 2
    assert said in capsys.readouterr().err


def test_a_worker_that_broke_ends_with_an_error_so_that_it_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitrix_app.wiring", wiring(BrokenServices))
    assert main(["worker"]) == 1


def test_a_scaled_worker_wants_migrated_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upgrade is one command on one machine, not a race of all that start."""
    main(["migrate"])
    with closing(Database(f"sqlite:///{tmp_path}/app.db")) as db:
        make_older(db)
    monkeypatch.setitem(sys.modules, "bitrix_app.wiring", wiring(FakeServices))
    monkeypatch.setenv("QUEUE_URL", "redis://127.0.0.1:1/0")
    assert main(["worker"]) == 2
    assert "python -m bitrix_app migrate" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "65", "-1"])
def test_a_concurrency_that_makes_no_sense_is_refused(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitrix_app.wiring", wiring(FakeServices))
    assert main(["worker", "--concurrency", number]) == 2


def test_what_is_written_is_for_its_own_user_alone() -> None:
    """Tokens and reports lie in these files: no other user of the machine reads them, whatever the umask."""
    assert main(["migrate"]) == 0
    assert stat.S_IMODE(Path("app.db").stat().st_mode) == 0o600


# --- doctor -------------------------------------------------------------------------------------------------------


def test_the_doctor_finds_nothing_where_all_is_well(
    oauth: responses.RequestsMock, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["migrate"])
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "[!!]" not in told
    assert told.count("[ok]") == 9
    assert "Всё в порядке" in told


WRONG: list[tuple[str, str, str]] = [
    ("DATABASE_URL", "postgresql://u:s3cret@127.0.0.1:1/n", "База данных недоступна"),
    ("DATABASE_URL", "sqlite:///empty.db", "python -m bitrix_app migrate"),
    ("QUEUE_URL", "redis://:s3cret@127.0.0.1:1/0", "Очередь недоступна"),
    ("REPORTS_DIR", "app.db/reports", "REPORTS_DIR"),
    ("REPORTS_DIR", "nosuchscheme://bucket", "REPORTS_DIR"),
    ("BITRIX_OAUTH_URL", "https://other.example", "не отвечает"),
    ("SECRET_KEY", "", "SECRET_KEY"),
    ("SECRET_KEY", "short", "SECRET_KEY can be guessed"),
]


@pytest.mark.parametrize(("name", "value", "told"), WRONG, ids=[f"{each[0]}={each[1]}" for each in WRONG])
def test_the_doctor_says_in_words_what_is_wrong(
    name: str, value: str, told: str, oauth: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["migrate"])
    monkeypatch.setenv(name, value)
    said: list[str] = []
    monkeypatch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
    assert main(["doctor"]) == 1
    wrong = [each for each in said if each.startswith("[!!]")]
    assert len(wrong) == 1
    assert told in wrong[0]
    assert "s3cret" not in " ".join(said)
    assert said[-1] == "Найдено проблем: 1. · Problems: 1." or name == "SECRET_KEY"


def test_the_doctor_names_portals_that_the_app_will_not_connect_to(
    tmp_path: Path,
    oauth: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Self-hosted ones in a network that PORTAL_NETWORKS does not name, with the addresses that it should."""
    main(["migrate"])
    with closing(Database(f"sqlite:///{tmp_path}/app.db")) as db:
        install_portal(db, Cipher([KEY]))
        with db.transaction() as session:
            session.execute(update(Portal).values(client_endpoint="https://192.168.7.5/rest/"))
    assert main(["doctor"]) == 1
    assert "[!!] К этим порталам приложение не подключится" in (told := capsys.readouterr().out)
    assert "192.168.7.5 (192.168.7.5)" in told
    monkeypatch.setenv("PORTAL_NETWORKS", "192.168.7.0/24")
    assert main(["doctor"]) == 0
    assert "и в сетях 192.168.7.0/24" in capsys.readouterr().out


def test_the_doctor_names_what_could_be_guessed_where_only_a_warning_is_given(
    oauth: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["migrate"])
    for name, value in {"BITRIX_ALLOW_HTTP": "1", "SECRET_KEY": "changeme", "METRICS_TOKEN": "open sesame"}.items():
        monkeypatch.setenv(name, value)
    assert main(["doctor"]) == 1
    assert "[!!] SECRET_KEY, METRICS_TOKEN: можно подобрать" in capsys.readouterr().out


def test_the_doctor_asks_both_authorization_servers_and_says_whose_portals_they_serve(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that cannot be reached is named with the portals that it is needed for; the clock is compared."""
    main(["migrate"])
    monkeypatch.setenv("BITRIX_OAUTH_URL", "")
    with responses.RequestsMock() as http:
        http.get("https://oauth.bitrix24.tech/rest/app.info", body=requests.ConnectionError())
        http.get(
            "https://oauth.bitrix.info/rest/app.info", status=401, json={}, headers={"Date": formatdate(usegmt=True)}
        )
        assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "[!!] Сервер авторизации https://oauth.bitrix24.tech не отвечает" in told
    assert "Россия и соседние страны" in told
    assert "[ok] Сервер авторизации https://oauth.bitrix.info ответил (401). Его порталы: остальные страны." in told
    assert "[ok] Часы верны." in told


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 0), (499, 0), (500, 1), (503, 1)])
def test_an_authorization_server_that_fails_is_a_problem_and_one_that_refuses_us_is_none(
    status: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """We ask without a token: whatever it says of that, it is there."""
    main(["migrate"])
    with responses.RequestsMock() as http:
        http.get(f"{OAUTH}/rest/app.info", status=status, json={}, headers={"Date": formatdate(usegmt=True)})
        assert main(["doctor"]) == code
    mark = "ok" if code == 0 else "!!"
    assert f"[{mark}] Сервер авторизации {OAUTH} ответил ({status})." in capsys.readouterr().out


def test_the_doctor_asks_as_the_app_asks_past_the_environments_proxies(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A proxy that the app does not use must neither hide that the server answers nor that it does not."""
    main(["migrate"])
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    date = formatdate(usegmt=True).encode()
    head = b"HTTP/1.1 401 Unauthorized\r\nDate: " + date + b"\r\nContent-Length: 2\r\n\r\n{}"
    with RawServer(says(head)) as server:
        monkeypatch.setenv("BITRIX_ALLOW_HTTP", "1")
        monkeypatch.setenv("BITRIX_OAUTH_URL", server.root.rstrip("/"))
        assert main(["doctor"]) == 0
    assert "[!!]" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("date", "now", "ok"),
    [
        ("Tue, 24 Nov 2026 12:00:00 GMT", 1_795_521_600, True),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 1_795_521_650, True),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 1_795_521_700, False),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 1_795_521_500, False),
        ("", 1_795_521_600, False),
        ("yesterday", 1_795_521_600, False),
    ],
)
def test_a_clock_that_is_wrong_by_more_than_a_minute_is_found(date: str, now: int, ok: bool) -> None:
    assert check_clock(date, now).ok is ok

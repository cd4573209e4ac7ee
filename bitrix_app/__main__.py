"""The command line: ``python -m bitrix_app``, then the name of a command; ``parser`` has them all."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from waitress.server import create_server

from bitrix_app.doctor import Finding, examine
from bitrix_app.errors import AppError, NotInstalledError, SettingsError
from bitrix_app.forgetting import run_export_user, run_forget_portal, run_forget_user
from bitrix_app.jobs import JobService
from bitrix_app.logs import set_up_logging
from bitrix_app.metrics import Metrics, metrics_page
from bitrix_app.portals import PERIODS
from bitrix_app.settings import Settings, load_settings
from bitrix_app.storage import Cipher, Database, PortalRecord, Rotation

if TYPE_CHECKING:
    from bitrix_app.wiring import Services as BuiltServices

WRONG_SETTING = 2
NO_SUCH_PORTAL = "Такого портала нет. · There is no such portal."
WORKER_BROKE = "Сборка отчётов остановилась из-за ошибки. · The worker broke: this process ends, to be started anew."


class Services(Protocol):
    """What ``bitrix_app.wiring.build_services`` gives, as far as the command line needs it."""

    @property
    def database(self) -> Database: ...

    @property
    def jobs(self) -> JobService: ...

    @property
    def metrics(self) -> Metrics: ...

    def close(self) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. → the exit code: 0; 1 something is wrong; 2 a setting is wrong."""
    given = parser().parse_args(arguments)
    keep_files_private()
    try:
        code: int = given.run(given)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_SETTING
    except NotInstalledError:
        print(NO_SUCH_PORTAL, file=sys.stderr)
        return 1
    return code


def keep_files_private() -> None:
    """What this process writes (database, reports, logs) is for its own user alone, whatever the shell's umask is."""
    os.umask(0o077)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m bitrix_app", description="Реестр счетов · the invoice register")
    commands = top.add_subparsers(required=True, metavar="command")
    worker = commands.add_parser("worker", help="собирать отчёты из очереди · build reports from the queue")
    worker.add_argument("--concurrency", type=int, metavar="N", help="сколько отчётов сразу · how many at once")
    worker.add_argument("--metrics-port", type=int, metavar="PORT", help="отдавать /metrics · serve /metrics here")
    worker.add_argument("--metrics-host", default="127.0.0.1", metavar="HOST", help="на этом адресе · on this address")
    worker.set_defaults(run=run_worker)
    order = commands.add_parser("order", help="заказать отчёт от имени сотрудника · order a report for an employee")
    order.add_argument("member_id", metavar="MEMBER_ID", help="member_id портала · the portal's member_id")
    order.add_argument("user_id", metavar="USER_ID", type=int, help="кто увидит отчёт · whose report it will be")
    order.add_argument("--period", choices=PERIODS, default="last_month", help="период · period")
    order.add_argument("--detailed", action="store_true", help="с товарами · with product rows")
    order.set_defaults(run=run_order)
    migrate = commands.add_parser("migrate", help="обновить таблицы базы данных · bring the database up to date")
    migrate.set_defaults(run=run_migrate)
    rotate = commands.add_parser("rotate-keys", help="перешифровать первым ключом · encrypt anew with the first key")
    rotate.set_defaults(run=run_rotate_keys)
    forget = commands.add_parser("forget-portal", help="стереть всё об удалённом портале · erase a portal that is gone")
    forget.add_argument("member_id", metavar="MEMBER_ID", help="его member_id · its member_id")
    forget.add_argument("--yes", action="store_true", help="не спрашивать · do not ask")
    forget.set_defaults(run=run_forget_portal)
    of_user = (
        ("export-user", "выдать всё о сотруднике в JSON · print all that is kept of an employee", run_export_user),
        ("forget-user", "стереть всё о сотруднике · erase all that is kept of an employee", run_forget_user),
    )
    for name, said, run in of_user:
        command = commands.add_parser(name, help=said)
        command.add_argument("member_id", metavar="MEMBER_ID", help="member_id портала · the portal's member_id")
        command.add_argument("user_id", metavar="USER_ID", type=int, help="номер сотрудника · the employee's number")
        command.set_defaults(run=run)
    doctor = commands.add_parser("doctor", help="проверить всё, что нужно приложению · check what the app needs")
    doctor.set_defaults(run=run_doctor)
    probe = commands.add_parser("probe", help="расспросить портал, ничего не меняя · question a portal, reading only")
    probe.add_argument("member_id", metavar="MEMBER_ID", help="member_id портала · the portal's member_id")
    probe.set_defaults(run=run_probe)
    return top


def run_worker(given: argparse.Namespace) -> int:
    """Build reports until SIGTERM or SIGINT; then finish or release them, within 20 seconds."""
    from bitrix_app.wiring import build_services  # noqa: PLC0415 # the other commands need next to nothing of it

    settings = load_settings()
    if given.concurrency is not None:
        if not 1 <= given.concurrency <= 64:
            raise SettingsError("--concurrency must be from 1 to 64")
        settings = replace(settings, worker_concurrency=given.concurrency)
    set_up_logging(settings.log_level, settings.log_format)
    services = build_services(settings)
    try:
        with metrics_served(services.metrics, settings.metrics_token, given.metrics_host, given.metrics_port):
            return serve(services, settings)
    finally:
        services.close()


@contextmanager
def metrics_served(metrics: Metrics, token: str, host: str, port: int | None) -> Iterator[None]:
    """``/metrics`` on this port for as long as the block runs; nothing without a port. Raises SettingsError."""
    if port is None:
        yield
        return
    if not token:
        raise SettingsError("METRICS_TOKEN is not set: --metrics-port serves only those who bring it")
    server = create_server(metrics_page(metrics, token), sockets=[listen(host, port)], threads=2, ident=None)
    threading.Thread(target=server.run, name="metrics", daemon=True).start()
    try:
        yield
    finally:
        server.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises SettingsError with one line where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise SettingsError(f"{host}, port {port}: cannot listen there: {error}") from error


def serve(services: Services, settings: Settings) -> int:
    """Run the job service until a signal. → 0, or 1 with a message when it broke (a supervisor starts us anew)."""
    prepare_tables(services.database, settings)
    stopped = stop_on_signals()
    services.jobs.start()
    while not services.jobs.broken and not stopped.wait(1.0):
        pass
    broken = services.jobs.broken
    services.jobs.stop()
    if broken:
        print(WORKER_BROKE, file=sys.stderr)
    return 1 if broken else 0


def prepare_tables(database: Database, settings: Settings) -> None:
    """A new database gets its tables, the embedded default also those of a new version; several machines want
    ``migrate`` run once for that: processes of the old version may be at work on them. Raises SettingsError."""
    if settings.embedded_queue or database.is_new():
        database.migrate()
    else:
        database.require_current()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; the second signal ends the process the usual way."""
    stopped = threading.Event()

    def handle(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stopped


@contextmanager
def portal_at_hand(member_id: str) -> Iterator[tuple[BuiltServices, PortalRecord]]:
    """The services of this process, and the installed portal of this ``member_id``. Raises NotInstalledError."""
    from bitrix_app.wiring import build_services  # noqa: PLC0415 # as above

    settings = load_settings()
    set_up_logging(settings.log_level, settings.log_format)
    with closing(build_services(settings)) as services:
        services.database.require_current()
        portal = services.web.portals.by_member_id(member_id)
        if portal is None or not portal.installed:
            raise NotInstalledError
        yield services, portal


def run_order(given: argparse.Namespace) -> int:
    """Order a report as the page does; a worker builds it. → 1 when it is refused."""
    asked = {"period": given.period, "detailed": given.detailed}
    with portal_at_hand(given.member_id) as (services, portal):
        try:
            record, _ = services.ordering.order(portal, given.user_id, asked)
        except AppError as error:
            print(f"Отчёт не заказан: {error}. · Not ordered: {error}.", file=sys.stderr)
            return 1
    print(f"Отчёт заказан: {record.id}. · Ordered: {record.id}.")
    return 0


def run_migrate(_given: argparse.Namespace) -> int:
    """Bring the tables up to date."""
    with closing(Database(load_settings().database_url)) as database:
        database.migrate()
    print("Таблицы обновлены. · The tables are current.")
    return 0


def run_rotate_keys(_given: argparse.Namespace) -> int:
    """Encrypt all stored secrets with the first key of SECRET_KEY. → 1 when some cannot be opened by any key.

    Older keys may be weak ones: this command is how to be rid of them.
    """
    settings = load_settings(weak_secrets=True)
    rotation = Rotation(Cipher(settings.secret_keys))
    with closing(Database(settings.database_url)) as database:
        rotation.run(database)
    print(f"Перешифровано: {rotation.moved}. · Encrypted anew: {rotation.moved}.")
    if rotation.unreadable:
        print(f"Не подходит ни один ключ: {rotation.unreadable}. · No key opens: {rotation.unreadable}.")
    return 1 if rotation.unreadable else 0


def run_doctor(_given: argparse.Namespace) -> int:
    """Print what is right and what is wrong. → 1 when anything is wrong."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(Finding(False, f"Настройки неверны. {error}", f"The settings are wrong. {error}"))
        return 1
    wrong = 0
    for finding in examine(settings):
        print(finding, flush=True)
        wrong += not finding.ok
    print("Всё в порядке. · All is well." if not wrong else f"Найдено проблем: {wrong}. · Problems: {wrong}.")
    return 1 if wrong else 0


def run_probe(given: argparse.Namespace) -> int:
    """Print how a portal takes the app's questions, in lines that name nobody. → 1 when no report can be built."""
    from bitrix_app.portals.probe import Outcome, heading  # noqa: PLC0415 # as above

    with portal_at_hand(given.member_id) as (services, portal):
        try:
            found = services.web.probe.whole(portal)
        except AppError as error:
            print(f"Портал не ответил: {error.code}. · The portal did not answer: {error.code}.", file=sys.stderr)
            return 1
    print(heading(portal), end="")
    for row in found.rows:
        print(f"{row.line}\n    {row.outcome.ru} · {row.outcome.en}")
    print(f"Запросов: {found.spent}. · Requests: {found.spent}.")
    return 1 if found.following is not None or any(row.outcome is Outcome.STOPPED for row in found.rows) else 0


if __name__ == "__main__":
    sys.exit(main())

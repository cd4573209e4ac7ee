"""``python -m bitrix_app doctor``: checks everything the app needs and says in words what is wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from bitrix_app.bitrix24 import AuthorizationServer, reachable, refused_addresses
from bitrix_app.errors import AuthorizationServerUnavailableError, SettingsError, StorageFullError
from bitrix_app.jobs import WakeQueue
from bitrix_app.settings import OAUTH_ROOTS, Settings
from bitrix_app.storage import Cipher, Database, Files, Portals

CLOUD = re.compile(r"\.bitrix24\.[a-z.]+$")
CLOCK_TOLERANCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, in Russian and in English."""

    ok: bool
    russian: str
    english: str

    def __str__(self) -> str:
        """Two lines for the terminal."""
        return f"[{'ok' if self.ok else '!!'}] {self.russian}\n     {self.english}"


def examine(settings: Settings, *, clock: Callable[[], float] = time.time) -> Iterator[Finding]:
    """All checks, one after the other; none is left out whatever those before it have found."""
    yield Finding(True, "Настройки прочитаны.", "The settings are read.")
    yield check_secrets(settings)
    yield check_database(settings.database_url)
    yield check_queue(settings.queue_url)
    yield check_portals(settings)
    yield check_files(settings.reports_dir)
    yield check_publisher(settings)
    yield from check_authorization_servers(settings, clock)


def check_secrets(settings: Settings) -> Finding:
    """Whether no secret can be guessed. Only with BITRIX_ALLOW_HTTP=1 does the app start with one that can."""
    weak = settings.weak_secrets
    if weak:
        return Finding(
            False,
            f"{', '.join(weak)}: можно подобрать, без BITRIX_ALLOW_HTTP=1 приложение не запустится. Как сменить: "
            "docs/operations.md",
            f"{', '.join(weak)} may be guessed; without BITRIX_ALLOW_HTTP=1 the app does not start. See "
            "docs/operations.md",
        )
    return Finding(True, "Секреты достаточно длинные.", "The secrets are long enough.")


def check_publisher(settings: Settings) -> Finding:
    """Whether the legal pages of the Market can be shown: all of their settings are there, or none."""
    missing = settings.publisher.missing
    named = ", ".join(missing)
    if not missing:
        return Finding(
            True,
            "Страницы для Маркета есть: /legal/license и /legal/privacy.",
            "The pages for the Market are there: /legal/license and /legal/privacy.",
        )
    return Finding(
        len(missing) == len(fields(settings.publisher)),
        f"Не заданы {named}: /legal/license и /legal/privacy отвечают 404. Они нужны только для Маркета.",
        f"{named} not set: /legal/license and /legal/privacy answer 404. Only the Market needs them.",
    )


def check_database(url: str) -> Finding:
    """Whether the database answers and has the tables of this version."""
    try:
        with closing(Database(url)) as database:
            current = database.is_current()
    except SettingsError as error:
        return Finding(False, f"База данных недоступна. {error}", f"The database cannot be used. {error}")
    if current:
        return Finding(True, "База данных отвечает, таблицы на месте.", "The database answers, its tables are current.")
    return Finding(
        False,
        "Таблицы базы данных не той версии. Выполните: python -m bitrix_app migrate",
        "The tables of the database are of another version. Run: python -m bitrix_app migrate",
    )


def check_portals(settings: Settings) -> Finding:
    """Whether each installed portal outside Bitrix24's cloud stands where the app connects to (PORTAL_NETWORKS)."""
    networks = reachable(settings.portal_networks, allow_http=settings.allow_http)
    try:
        with closing(Database(settings.database_url)) as database:
            endpoints = Portals(database, Cipher(settings.secret_keys)).endpoints()
    except (SettingsError, SQLAlchemyError):
        endpoints = []  # what is wrong with the database is said above
    hosts = {urlsplit(each).hostname or "" for each in endpoints}
    inside = {host: refused_addresses(host, networks) for host in sorted(hosts) if not CLOUD.search(host)}
    refused = "; ".join(f"{host} ({', '.join(found)})" for host, found in inside.items() if found)
    named = ", ".join(map(str, networks))
    if refused:
        return Finding(
            False,
            f"К этим порталам приложение не подключится, их сети нет в PORTAL_NETWORKS: {refused}",
            f"The app does not connect to these portals, their network is not in PORTAL_NETWORKS: {refused}",
        )
    return Finding(
        True,
        f"Порталы могут стоять в интернете{f' и в сетях {named}' if named else ''}.",
        f"Portals may stand at public addresses{f' and in {named}' if named else ''}.",
    )


def check_queue(url: str) -> Finding:
    """Whether the queue answers."""
    try:
        with closing(WakeQueue(url)) as queue:
            queue.ping()
    except SettingsError as error:
        return Finding(False, f"Очередь недоступна. {error}", f"The queue cannot be used. {error}")
    return Finding(True, "Очередь отвечает.", "The queue answers.")


def check_files(url: str) -> Finding:
    """Whether a file can be written to where reports lie."""
    try:
        Files(url).ping()
    except (SettingsError, StorageFullError) as error:
        return Finding(
            False,
            f"В место для отчётов (REPORTS_DIR) нельзя записать файл: проверьте место на диске и права. {error}",
            f"No file can be written to where reports lie (REPORTS_DIR): check free space and rights. {error}",
        )
    return Finding(True, "Место для отчётов доступно для записи.", "Files can be written to where reports lie.")


def check_authorization_servers(settings: Settings, clock: Callable[[], float]) -> Iterator[Finding]:
    """Whether each authorization server answers us, and whether our clock agrees with the ``Date`` of one that does.

    They are asked as the app asks them: by the same connection, past the environment's proxies.
    """
    server = AuthorizationServer(
        roots=settings.oauth_roots,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        ca_bundle=settings.ca_bundle,
    )
    dates: list[str] = []
    with closing(server):
        for root in settings.oauth_roots:
            try:
                answer = server.ping(root)
            except AuthorizationServerUnavailableError as error:
                yield _silent(root, error)
                continue
            dates.append(answer.date)
            yield Finding(
                answer.status < 500,
                f"Сервер авторизации {root} ответил ({answer.status}).{_whose(root)[0]}",
                f"The authorization server {root} has answered ({answer.status}).{_whose(root)[1]}",
            )
    if dates:
        yield check_clock(dates[0], clock())


def _silent(root: str, error: AuthorizationServerUnavailableError) -> Finding:
    russian, english = _whose(root)
    return Finding(
        False,
        f"Сервер авторизации {root} не отвечает ({error}): проверьте сеть, BITRIX_OAUTH_URL и CA_BUNDLE. Приложение "
        f"обращается к нему напрямую, без прокси.{russian}",
        f"The authorization server {root} does not answer ({error}): check network, BITRIX_OAUTH_URL and CA_BUNDLE. "
        f"The app calls it directly, without a proxy.{english}",
    )


def _whose(root: str) -> tuple[str, str]:
    """Which portals an authorization server of Bitrix24's own serves."""
    if root not in OAUTH_ROOTS:
        return "", ""
    if root == OAUTH_ROOTS[0]:
        return " Его порталы: Россия и соседние страны.", " Its portals: Russia and neighbouring countries."
    return " Его порталы: остальные страны.", " Its portals: all other countries."


def check_clock(date_header: str, now: float) -> Finding:
    """Whether our clock (seconds since 1970) agrees with a ``Date`` header."""
    try:
        theirs = parsedate_to_datetime(date_header).timestamp()
    except ValueError:
        return Finding(
            False,
            "Часы не с чем сверить: в ответе сервера авторизации нет даты.",
            "Nothing to compare the clock with: the authorization server's answer has no date.",
        )
    seconds = round(now - theirs)
    if abs(seconds) <= CLOCK_TOLERANCE_SECONDS:
        return Finding(True, "Часы верны.", "The clock is right.")
    return Finding(
        False,
        f"Часы этого компьютера расходятся с сервером авторизации на {seconds} с: включите синхронизацию времени.",
        f"This machine's clock differs from the authorization server's by {seconds} s: turn on time synchronisation.",
    )

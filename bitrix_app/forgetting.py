"""``python -m bitrix_app forget-portal``: erases a portal that is gone for good, as ``ONAPPUNINSTALL`` with ``CLEAN``
would have; ``forget-user`` erases one employee, ``export-user`` shows what is kept of one. Terms: docs/privacy.md."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import structlog

from bitrix_app.errors import NotInstalledError
from bitrix_app.logs import set_up_logging
from bitrix_app.settings import Settings, load_settings
from bitrix_app.storage import Cipher, Database, Files, PersonalData, PortalRecord, Portals

log = structlog.get_logger("portals")

WORDS = {
    "reports": ("отчётов", "reports"),
    "files": ("файлов", "files"),
    "users": ("пользователей", "users"),
    "saved_sets": ("наборов условий", "saved sets"),
    "schedules": ("расписаний", "schedules"),
    "robot_runs": ("запусков робота", "runs of the robot"),
    "journal": ("строк журнала", "journal lines"),
    "tokens": ("пар ключей доступа", "pairs of tokens"),
}
WORDS_OF_USER = {
    "report": ("отчётов", "reports"),
    "files": ("файлов", "files"),
    "saved_set": ("наборов условий", "saved sets"),
    "schedule": ("расписаний", "schedules"),
    "robot_run": ("запусков робота", "runs of the robot"),
    "portal_user": ("записей о сотруднике", "records of the employee"),
    "user_token": ("пар ключей доступа", "pairs of tokens"),
    "journal": ("строк журнала (имя убрано)", "journal lines (name removed)"),
}
YES = {"yes", "y", "да", "д"}


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Erases one portal, and tells what it does. ``ask`` shows a question and returns the answer, ``tell`` a line."""

    portals: Portals
    files: Files
    ask: Callable[[str], str]
    tell: Callable[[str], None]

    def run(self, member_id: str, *, sure: bool) -> bool:
        """Erase the portal, after a question unless ``sure``. → whether it is gone, with all its files."""
        portal = self.portals.by_member_id(member_id)
        if portal is None:
            self.tell(f"Портала с member_id {member_id} нет. · There is no portal with the member_id {member_id}.")
            return False
        holdings = self.portals.holdings(portal.id)
        self.tell(_who(portal))
        if not sure:
            self.tell(_what("Будет стёрто", "To be erased", holdings))
            if self.ask("Стереть безвозвратно? Erase for good? [да/yes] ").strip().lower() not in YES:
                self.tell("Ничего не стёрто. · Nothing was erased.")
                return False
        self.portals.uninstall(member_id)  # ends sessions and running reports first
        names = self.portals.erase(member_id)
        log.warning("uninstall", portal_id=portal.id, domain=portal.domain, by="operator", outcome="erased")
        left = self.files.delete_all(names)
        self.tell(_what("Стёрто", "Erased", {**holdings, "files": len(names) - len(left)}))
        return _tell_of(left, self.tell)


@dataclass(frozen=True, slots=True)
class UserForgetting:
    """Erases one employee of one portal. ``tell`` shows a line."""

    personal_data: PersonalData
    files: Files
    tell: Callable[[str], None]

    def run(self, portal: PortalRecord, user_id: int) -> bool:
        """Erase the employee. → whether all is gone, files included."""
        forgotten = self.personal_data.forget(portal.id, user_id)
        left = self.files.delete_all(forgotten.files)
        counts = {**forgotten.rows, "files": len(forgotten.files) - len(left)}
        self.tell(_what("Стёрто", "Erased", counts, WORDS_OF_USER))
        if forgotten.installer:
            self.tell(
                "Приложение установил этот сотрудник: пусть другой администратор установит его ещё раз. · "
                "This employee had installed the app: let another administrator install it once more."
            )
        return _tell_of(left, self.tell)


def _tell_of(left: Collection[str], tell: Callable[[str], None]) -> bool:
    """Say how many files could not be deleted. → whether there were none."""
    if left:
        tell(
            f"Не удалось удалить файлов: {len(left)}; их уберёт уборка. · "
            f"Files that could not be deleted: {len(left)}; the sweep will take them."
        )
    return not left


def _who(portal: PortalRecord) -> str:
    russian, english = ("приложение установлено", "installed") if portal.installed else ("удалено", "uninstalled")
    return f"Портал {portal.domain} ({portal.member_id}): {russian}. · Portal {portal.domain}: {english}."


def _what(russian: str, english: str, holdings: Mapping[str, int], said: Mapping[str, tuple[str, str]] = WORDS) -> str:
    counted = [(words, holdings.get(name, 0)) for name, words in said.items()]
    return (
        f"{russian}: {', '.join(f'{words[0]} {count}' for words, count in counted)}.\n"
        f"{english}: {', '.join(f'{words[1]} {count}' for words, count in counted)}."
    )


def run_forget_portal(given: argparse.Namespace) -> int:
    """Erase a portal with all its rows and files. → 1 when it is unknown, not erased, or a file was left."""
    settings = load_settings()
    set_up_logging(settings.log_level, settings.log_format)
    with closing(Database(settings.database_url)) as database:
        database.require_current()
        portals = Portals(database, Cipher(settings.secret_keys))
        forgetting = Forgetting(portals, Files(settings.reports_dir), ask=answer, tell=print)
        return 0 if forgetting.run(given.member_id, sure=given.yes) else 1


@contextmanager
def stored_portal(member_id: str) -> Iterator[tuple[PortalRecord, PersonalData, Settings]]:
    """A portal, installed or not, and what is kept of its people. Raises NotInstalledError where there is none."""
    settings = load_settings()
    set_up_logging(settings.log_level, settings.log_format)
    with closing(Database(settings.database_url)) as database:
        database.require_current()
        portal = Portals(database, Cipher(settings.secret_keys)).by_member_id(member_id)
        if portal is None:
            raise NotInstalledError
        yield portal, PersonalData(database), settings


def run_export_user(given: argparse.Namespace) -> int:
    """Print all that is kept of an employee, without tokens, as JSON."""
    with stored_portal(given.member_id) as (portal, personal_data, _settings):
        json.dump(personal_data.export(portal.id, given.user_id), sys.stdout, ensure_ascii=False, indent=2)
    return 0


def run_forget_user(given: argparse.Namespace) -> int:
    """Erase all that is kept of an employee. → 1 when a file was left."""
    with stored_portal(given.member_id) as (portal, personal_data, settings):
        return 0 if UserForgetting(personal_data, Files(settings.reports_dir), print).run(portal, given.user_id) else 1


def answer(question: str) -> str:
    """What the person at the terminal answers; nothing where there is none."""
    try:
        return input(question)
    except EOFError:
        return ""

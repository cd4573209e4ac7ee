"""``python -m bitrix_app forget-portal``: erases a portal that is gone for good, as ``ONAPPUNINSTALL`` with ``CLEAN``
would have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bitrix_app.portals.events import erase_portal
from bitrix_app.storage import Files, PortalRecord, Portals

WORDS = {
    "reports": ("отчётов", "reports"),
    "files": ("файлов", "files"),
    "users": ("пользователей", "users"),
    "saved_sets": ("наборов условий", "saved sets"),
    "journal": ("строк журнала", "journal lines"),
    "tokens": ("пар ключей доступа", "pairs of tokens"),
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
        names = erase_portal(self.portals, member_id)
        left = self.files.delete_all(names)
        self.tell(_what("Стёрто", "Erased", {**holdings, "files": len(names) - len(left)}))
        if left:
            self.tell(
                f"Не удалось удалить файлов: {len(left)}; их уберёт уборка. · "
                f"Files that could not be deleted: {len(left)}; the sweep will take them."
            )
        return not left


def _who(portal: PortalRecord) -> str:
    russian, english = ("приложение установлено", "installed") if portal.installed else ("удалено", "uninstalled")
    return f"Портал {portal.domain} ({portal.member_id}): {russian}. · Portal {portal.domain}: {english}."


def _what(russian: str, english: str, holdings: Mapping[str, int]) -> str:
    counted = [(WORDS[name], count) for name, count in holdings.items()]
    return (
        f"{russian}: {', '.join(f'{words[0]} {count}' for words, count in counted)}.\n"
        f"{english}: {', '.join(f'{words[1]} {count}' for words, count in counted)}."
    )

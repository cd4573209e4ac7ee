"""The robot of automation rules in a portal: registered where the scope ``bizproc`` is granted, and who runs it.

It is registered again after an update of the app, which removes it, as an uninstall does (``bizproc-robot-delete``).
Its parameter «Набор условий» offers the shared saved sets, so that it is registered anew when one of these changes.
A run brings the pair of the user whom an administrator has chosen in the rule's settings: the authorization server is
asked who that is, as for any caller. Source: ``bizproc/bizproc-robot/index``.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog

from bitrix_app.bitrix24 import Bitrix24Client
from bitrix_app.bitrix24 import automation as questions
from bitrix_app.errors import ForeignTokenError, GiveUpError, InvalidGrantError, PortalMismatchError
from bitrix_app.portals.collaboration import CHAT, DISK, NOTIFICATION, missing_scope
from bitrix_app.portals.identity import RenewsTokens
from bitrix_app.storage import PortalRecord, Portals, RobotRequest, SavedSets, TokenPair, UserTokens

log = structlog.get_logger("portals")

CODE = "build_register"
SCOPE = "bizproc"
REGISTERED = "robot"
"""Among a portal's habits: how the robot was registered last."""
SET_KEY = "set"
TOKEN_SECONDS = 3600
MOST_SETS = 200
ROUNDS = 3
"""A shared set may change while the portal is told of it."""


class RobotRegistration:
    """Registers the robot at ``{app_url}/robot``; needs a client with an administrator's token."""

    def __init__(self, app_url: str, portals: Portals, saved_sets: SavedSets) -> None:
        self._handler = f"{app_url}/robot"
        self._portals = portals
        self._saved_sets = saved_sets

    def is_current(self, portal: PortalRecord) -> bool:
        """Whether it was registered as it should be now, or cannot be; the portal is not asked."""
        if SCOPE not in portal.scopes:
            return True
        return self._portals.remembered(portal.id).get(REGISTERED, ("",))[0] == _digest(self._fields(portal))

    def register(self, client: Bitrix24Client, portal: PortalRecord) -> bool:
        """Registers the robot, or changes it where it is another one than it should be. → whether it is there.

        A portal that refuses it goes without: it says so in the self-check. Raises PortalErrors that pass.
        """
        if SCOPE not in portal.scopes:
            return False
        try:
            for _ in range(ROUNDS):
                fields = self._fields(portal)
                self._register(client, portal, fields)
                self._portals.remember(portal.id, REGISTERED, _digest(fields))
                if self.is_current(portal):
                    break
        except GiveUpError as error:
            log.warning("robot_not_registered", portal_id=portal.id, code=error.code, portal_code=error.portal_code)
            return False
        return True

    def _register(self, client: Bitrix24Client, portal: PortalRecord, fields: Mapping[str, Any]) -> None:
        if CODE in client.ask(questions.robots()):
            if not self.is_current(portal):
                client.ask(questions.robot_update(CODE, fields))
            return
        try:
            client.ask(questions.robot_add(CODE, {**fields, "AUTH_USER_ID": portal.installed_by}))
        except GiveUpError as error:
            if error.portal_code != questions.ALREADY_REGISTERED:
                raise
            client.ask(questions.robot_update(CODE, fields))

    def _fields(self, portal: PortalRecord) -> dict[str, Any]:
        sets = {f"{SET_KEY}{each.id}": each.name for each in self._saved_sets.shared(portal.id)[:MOST_SETS]}
        return robot_fields(self._handler, sets, [to for to in TARGETS if missing_scope(portal, to) is None])


TARGETS: Mapping[str, tuple[str, str]] = {
    NOTIFICATION: ("Уведомление", "Notification"),
    CHAT: ("Файл в чат", "File into a chat"),
    DISK: ("Файл в папку Диска", "File into a folder of the Drive"),
}
NO_SETS = {"": "Нет общих наборов: сохраните условия отчёта для всех"}


def robot_fields(handler: str, sets: Mapping[str, str], targets: Collection[str]) -> dict[str, Any]:
    """What the portal is told of the robot; ``sets``: key → name, ``targets``: where the portal lets us send."""
    properties = {
        "set": {
            **_named("Набор условий", "Saved set"),
            "Description": _texts(
                "Общие наборы приложения: условия и период отчёта", "Shared sets of the app: conditions and period"
            ),
            "Type": "select",
            "Options": dict(sets) or NO_SETS,
            "Required": "Y",
            "Multiple": "N",
        }
    }
    if targets:
        properties["deliver"] = {
            **_named("Куда отправить", "Where to send it"),
            "Description": _texts(
                "От имени сотрудника, от которого работает робот", "As the employee on whose behalf the robot works"
            ),
            "Type": "select",
            "Options": {each: TARGETS[each][0] for each in targets},
            "Required": "N",
            "Multiple": "Y",
        }
    if CHAT in targets:
        properties["chat_id"] = {
            **_named("Чат (chat42)", "Chat (chat42)"),
            "Description": _texts(
                "Номер чата, если файл идёт в чат: из адреса чата, вида chat42",
                "The chat's number for a file into a chat: from its address, like chat42",
            ),
            "Type": "string",
            "Required": "N",
            "Multiple": "N",
        }
    if DISK in targets:
        properties["folder_id"] = {
            **_named("Папка Диска (номер)", "Folder of the Drive (number)"),
            "Description": _texts("Номер папки, если файл идёт на Диск", "The folder's number for a file on the Drive"),
            "Type": "int",
            "Required": "N",
            "Multiple": "N",
        }
    return {
        "HANDLER": handler,
        "USE_SUBSCRIPTION": "Y",
        "NAME": _texts("Сформировать реестр", "Build the register"),
        "DESCRIPTION": _texts(
            "Строит реестр счетов по общему набору условий и возвращает число счетов, сумму и ссылку",
            "Builds the register of invoices by a shared set and returns number of invoices, sum and link",
        ),
        "PROPERTIES": properties,
        "RETURN_PROPERTIES": {
            "status": {**_named("Состояние (done, failed)", "State (done, failed)"), "Type": "string"},
            "invoices": {**_named("Число счетов", "Number of invoices"), "Type": "int"},
            "sum": {**_named("Сумма", "Sum"), "Type": "double"},
            "currency": {**_named("Валюта суммы", "Currency of the sum"), "Type": "string"},
            "sums": {**_named("Итог одной строкой", "Result in a line"), "Type": "string"},
            "link": {**_named("Ссылка на отчёт", "Link to the report"), "Type": "string"},
            "error": {**_named("Почему не построен", "Why it was not built"), "Type": "string"},
        },
    }


def _named(ru: str, en: str) -> dict[str, Any]:
    return {"Name": _texts(ru, en)}


def _texts(ru: str, en: str) -> dict[str, str]:
    return {"ru": ru, "en": en}


def _digest(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


def answer_run(client: Bitrix24Client, event_token: str, values: Mapping[str, Any], log_message: str) -> None:
    """Gives a run's results to the process that waits for them; once more is harmless. Raises PortalErrors:
    AccessDeniedError for a token that is not valid any more."""
    client.ask(questions.run_answer(event_token, values, log_message))


class RobotCallers:
    """Confirms on whose behalf runs of the robot are, and keeps their pairs as a launch does."""

    def __init__(
        self,
        authorization_server: RenewsTokens,
        portals: Portals,
        tokens: UserTokens,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._server = authorization_server
        self._portals = portals
        self._tokens = tokens
        self._clock = clock

    def confirm(self, portal: PortalRecord, request: RobotRequest) -> int:
        """The user behind the pair of a run. An access token that has expired while the run waited is renewed.

        Raises ForeignTokenError, InvalidGrantError where the pair is none of this portal's;
        AuthorizationServerUnavailableError; what says that the portal is closed to the user; AppUninstalledError.
        """
        user_id, pair = self._confirmed(portal, request)
        self._tokens.save(portal.id, user_id, pair)
        return user_id

    def _confirmed(self, portal: PortalRecord, request: RobotRequest) -> tuple[int, TokenPair]:
        try:
            owner = self._server.confirm(request.access_token, remembered=portal.oauth_root)
        except ForeignTokenError:
            if not request.refresh_token:
                raise
        else:
            _require_same(portal, owner.member_id)
            expires_at = owner.expires_at or int(self._clock()) + TOKEN_SECONDS
            return owner.user_id, TokenPair(request.access_token, request.refresh_token or None, expires_at)
        renewed = self._server.renew(request.refresh_token, portal.oauth_root)
        _require_same(portal, renewed.member_id)
        return renewed.user_id, TokenPair(renewed.access_token, renewed.refresh_token, renewed.expires_at)


def _require_same(portal: PortalRecord, member_id: str) -> None:
    if member_id != portal.member_id:
        raise PortalMismatchError


NOT_OURS = (ForeignTokenError, InvalidGrantError)
"""A run that brings such a pair is nobody's: nothing is done for it, and nothing is said to the portal."""

"""What a run of the robot asks for: the shared set, as the body of a report, and where the report goes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bitrix_app.errors import RobotSettingsError
from bitrix_app.jobs.ordering import days_of, today_in
from bitrix_app.portals import CHAT, DISK, NOTIFICATION, PERIODS, complete_settings
from bitrix_app.reports import RECEIVABLES
from bitrix_app.storage import PortalRecord, SavedSet

OWN_DAYS = ("date_from", "date_to")
CHAT_ID = re.compile(r"chat[1-9][0-9]{0,9}")
FOLDER_ID = re.compile(r"[1-9][0-9]{0,9}")
SET_KEY = re.compile(r"set([1-9][0-9]{0,9})")
SHOWN = 80


def chosen_set(sets: Sequence[SavedSet], asked: Mapping[str, Any]) -> SavedSet:
    """The shared set that the robot names: by its key, as the portal offers it, or by its name (a variable of the
    process may hold one). Raises RobotSettingsError."""
    named = _text(asked.get("set"))
    if not named:
        raise RobotSettingsError(reason="set_not_chosen")
    key = SET_KEY.fullmatch(named)
    for each in sets:
        if (key and each.id == int(key[1])) or each.name.casefold() == named.casefold():
            return each
    raise RobotSettingsError(reason="set_gone", name=named[:SHOWN])


def targets(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where the report goes, as ``deliver`` of contract §7. Raises RobotSettingsError."""
    given = asked.get("deliver") or []
    found: list[dict[str, Any]] = []
    for to in dict.fromkeys(map(_text, given if isinstance(given, list) else [given])):
        if to == NOTIFICATION:
            found.append({"to": NOTIFICATION})
        elif to == CHAT:
            chat = _text(asked.get("chat_id"))
            if not CHAT_ID.fullmatch(chat):
                raise RobotSettingsError(reason="chat_not_chosen")
            found.append({"to": CHAT, "chat_id": chat})
        elif to == DISK:
            folder = _text(asked.get("folder_id"))
            if not FOLDER_ID.fullmatch(folder):
                raise RobotSettingsError(reason="folder_not_chosen")
            found.append({"to": DISK, "folder_id": int(folder)})
        elif to:
            raise RobotSettingsError(reason="target_unknown", name=to[:SHOWN])
    return found


def body_of(portal: PortalRecord, params: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """A saved set as the body of a report of a run that came in at this moment: receivables of that day, a period that
    has a name as it is on that day, own days."""
    settings = complete_settings(portal.settings)
    today = today_in(settings["time_zone"], moment.timestamp())
    body = {name: value for name, value in params.items() if name not in {"period", *OWN_DAYS}}
    if body.get("kind") == RECEIVABLES:
        return {**body, "as_of": today}
    period = params.get("period") or settings["default_period"]
    if period in PERIODS:
        return {**body, **dict(zip(OWN_DAYS, days_of(period, today), strict=True))}
    return {**body, **{name: date.fromisoformat(params[name]) for name in OWN_DAYS if params.get(name)}}


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, (list, dict)) else str(value).strip()

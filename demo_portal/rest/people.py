"""profile, user.get, user.current, department.get."""

from __future__ import annotations

from typing import Any

from demo_portal.crm.query import Comparing, compile_filter
from demo_portal.people import Department, User
from demo_portal.rest.context import PAGE, Answer, Call

_TYPES = {
    "ID": "integer",
    "ACTIVE": "boolean",
    "NAME": "string",
    "LAST_NAME": "string",
    "SECOND_NAME": "string",
    "EMAIL": "string",
    "WORK_POSITION": "string",
    "UF_DEPARTMENT": "integer",
    "USER_TYPE": "string",
}
_CONTACT_DETAILS = ("EMAIL",)


def profile(call: Call) -> Answer:
    """profile: the current user, no scope needed."""
    user = call.user
    return Answer(
        {
            "ID": str(user.id),
            "ADMIN": user.admin,
            "NAME": user.name,
            "LAST_NAME": user.last_name,
            "PERSONAL_GENDER": "",
            "TIME_ZONE": user.time_zone,
        }
        if user.active
        else []
    )


def _shown(user: User, call: Call) -> dict[str, Any]:
    record: dict[str, Any] = {
        "ID": str(user.id),
        "XML_ID": "",
        "ACTIVE": user.active,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "SECOND_NAME": user.second_name,
        "EMAIL": user.email,
        "TIME_ZONE": user.time_zone,
        "IS_ONLINE": "Y",
        "DATE_REGISTER": "2024-11-01T03:00:00+03:00",
        "TIMESTAMP_X": [],
        "LAST_ACTIVITY_DATE": [],
        "PERSONAL_GENDER": "",
        "PERSONAL_BIRTHDAY": "",
        "WORK_POSITION": user.position,
        "UF_EMPLOYMENT_DATE": "",
        "UF_DEPARTMENT": list(user.departments),
        "USER_TYPE": "employee",
    }
    if not call.scopes & {"user", "user_basic"}:
        for name in _CONTACT_DETAILS:
            del record[name]
    return record


def user_current(call: Call) -> Answer:
    """user.current."""
    return Answer(_shown(call.user, call))


def user_get(call: Call) -> Answer:
    """user.get: filters may also be given as parameters of the call itself."""
    where = {
        key: value
        for key, value in {**call.params, **call.mapping("FILTER", "filter")}.items()
        if key.lstrip("<>=!@%").upper() in _TYPES
    }
    test = compile_filter({key.upper(): value for key, value in where.items()}, Comparing(_TYPES, call.portal.zone))
    hides = call.portal.ways.hidden_people and not call.user.admin
    shown = [user for user in call.portal.users.values() if user.departments or not hides]
    users = sorted(shown, key=lambda user: user.id)
    found = [user for user in users if test({**_shown(user, call), "ACTIVE": user.active, "EMAIL": user.email})]
    return _page(call, [_shown(user, call) for user in found])


def department_get(call: Call) -> Answer:
    """department.get."""
    wanted = call.names("ID")
    found = [_department(each) for each in call.portal.departments if not wanted or str(each.id) in wanted]
    return _page(call, found)


def _department(department: Department) -> dict[str, Any]:
    record: dict[str, Any] = {"ID": str(department.id), "NAME": department.name, "SORT": 500}
    if department.parent:
        record["PARENT"] = str(department.parent)
    if department.head:
        record["UF_HEAD"] = str(department.head)
    return record


def _page(call: Call, records: list[dict[str, Any]]) -> Answer:
    start = call.number("start", "START") or 0
    offset = max(start, 0) // PAGE * PAGE
    following = offset + PAGE
    page = records[offset:following]
    if start < 0:
        return Answer(page, 0)
    return Answer(page, len(records), following if following < len(records) else None)

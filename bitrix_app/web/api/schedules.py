"""Schedules: a user's own, and to administrators all of the portal's (contract §7)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import RejectedRequestError
from bitrix_app.storage import ScheduleRecord
from bitrix_app.web.api.schedule_body import ChangedScheduleSchema, ScheduleSchema, TakeOverSchema, content_of
from bitrix_app.web.i18n import current_language
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.messages import paused_reason
from bitrix_app.web.pages import address
from bitrix_app.web.present import ReportPresenter, moment
from bitrix_app.web.schemas import json_body, load
from bitrix_app.web.services import services
from bitrix_app.web.session import session

PAGE = 20
BEFORE = re.compile(r"[0-9]{1,9}")
SCHEDULE = "/schedules/<number:schedule_id>"


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/schedules", view_func=list_schedules)
    api.add_url_rule("/schedules", view_func=create_schedule, methods=["POST"])
    api.add_url_rule(SCHEDULE, view_func=read_schedule)
    api.add_url_rule(SCHEDULE, view_func=change_schedule, methods=["PUT"])
    api.add_url_rule(SCHEDULE, view_func=delete_schedule, methods=["DELETE"])
    api.add_url_rule(f"{SCHEDULE}/run", view_func=run_schedule, methods=["POST"])


def list_schedules() -> ResponseReturnValue:
    """The user's schedules, to an administrator all of the portal's, newest first."""
    before = request.args.get("before")
    if before is not None and not BEFORE.fullmatch(before):
        raise RejectedRequestError(422, "validation_failed", errors={"before": [_("There is no such page.")]})
    portal, user_id = session().portal, session().user_id
    owner = None if services().access.user(portal, user_id).is_admin else user_id
    records, following = services().scheduling.schedules.page(
        portal.id, owner, int(before) if before is not None else None, PAGE
    )
    return {
        "items": [schedule_object(each) for each in records],
        "next": address(f"/api/v1/schedules?before={following}") if following else None,
    }


def create_schedule() -> ResponseReturnValue:
    """Makes a schedule of this user's."""
    given = json_body(request)
    body = content_of(load(ScheduleSchema, given), given, current_language())
    made = services().scheduling.create(session().portal, session().user_id, body)
    return schedule_object(made), 201, {"Location": address(f"/api/v1/schedules/{made.id}")}


def read_schedule(schedule_id: int) -> ResponseReturnValue:
    """One schedule."""
    return schedule_object(_found(schedule_id))


def change_schedule(schedule_id: int) -> ResponseReturnValue:
    """Replaces a schedule, or, with ``{"owner": "me"}`` alone, makes this administrator its owner."""
    given = json_body(request)
    found = _found(schedule_id)
    portal, user_id = session().portal, session().user_id
    if isinstance(given, dict) and given.keys() == {"owner"}:
        load(TakeOverSchema, given)
        return _shown(services().scheduling.take_over(portal, user_id, found))
    body = content_of(load(ChangedScheduleSchema, given), given, found.content.params.get("lang"))
    return _shown(services().scheduling.replace(portal, user_id, found, body))


def delete_schedule(schedule_id: int) -> ResponseReturnValue:
    """Removes a schedule; its reports stay in the history."""
    if not services().scheduling.delete(session().portal, session().user_id, _found(schedule_id)):
        raise RejectedRequestError(404, "not_found")
    return "", 204


def run_schedule(schedule_id: int) -> ResponseReturnValue:
    """Orders the report of a schedule now, with its owner's rights; it is delivered as planned."""
    found = _found(schedule_id)
    portal, user_id = session().portal, session().user_id
    rate_limits().report(portal.id, user_id)
    record = services().scheduling.run_now(portal, user_id, found)
    if record is None:
        raise RejectedRequestError(404, "not_found")
    headers = {"Location": address(f"/api/v1/reports/{record.id}")}
    return ReportPresenter(portal, user_id).report(record), 202, headers


def schedule_object(record: ScheduleRecord) -> dict[str, Any]:
    """The schedule object."""
    content = record.content
    return {
        "id": record.id,
        "name": content.name,
        "owner": {"id": record.user_id, "name": record.user_name},
        "params": content.params,
        "period": content.period,
        "when": content.when,
        "deliver": content.deliver,
        "active": content.active,
        "next_run_at": moment(record.next_run_at),
        "last_report_id": record.last_report_id,
        "last_run": {"status": record.last_status, "finished_at": moment(record.last_finished_at)}
        if record.last_status
        else None,
        "paused_reason": paused_reason(record.paused) if record.paused else None,
    }


def _shown(record: ScheduleRecord | None) -> dict[str, Any]:
    if record is None:
        raise RejectedRequestError(404, "not_found")
    return schedule_object(record)


def _found(schedule_id: int) -> ScheduleRecord:
    """The schedule, where it is the user's own or the user an administrator now. 404 otherwise."""
    portal, user_id = session().portal, session().user_id
    schedules = services().scheduling.schedules
    found = schedules.get(portal.id, schedule_id, None)
    if found is None or (found.user_id != user_id and not services().access.user(portal, user_id).is_admin):
        raise RejectedRequestError(404, "not_found")
    return found

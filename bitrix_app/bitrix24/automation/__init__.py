"""Questions about robots of automation rules: which are registered, registering, answering the process that waits.

Robots are an administrator's to register; an answer is any user's to give, judged by the token of the run.
Sources: each method's page, named at its question, and ``bizproc/bizproc-robot/index``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bitrix_app.bitrix24.parsing import unexpected
from bitrix_app.bitrix24.questions import Question
from bitrix_app.bitrix24.types import Answer

ALREADY_REGISTERED = "ERROR_ACTIVITY_ALREADY_INSTALLED"


def robots() -> Question[list[str]]:
    """Codes of the application's robots. [bizproc/bizproc-robot/bizproc-robot-list]"""

    def read(answer: Answer) -> list[str]:
        if not isinstance(answer.result, list):
            raise unexpected("bizproc.robot.list", "no list")
        return [str(each) for each in answer.result]

    return Question("bizproc.robot.list", {}, read)


def robot_add(code: str, fields: Mapping[str, Any]) -> Question[None]:
    """Registers a robot; one that is there already is refused with ALREADY_REGISTERED.
    [bizproc/bizproc-robot/bizproc-robot-add]"""
    return Question("bizproc.robot.add", {"CODE": code, **fields}, _done)


def robot_update(code: str, fields: Mapping[str, Any]) -> Question[None]:
    """Changes these fields of a robot, the others stay. [bizproc/bizproc-robot/bizproc-robot-update]"""
    return Question("bizproc.robot.update", {"CODE": code, "FIELDS": fields}, _done)


def run_answer(event_token: str, values: Mapping[str, Any], log_message: str) -> Question[None]:
    """Gives results to the process that waits. Asking twice is harmless: one that waits no more does not change.
    A token that is not valid (any more) is refused with ACCESS_DENIED. [bizproc/bizproc-robot/bizproc-event-send]"""
    params = {"EVENT_TOKEN": event_token, "RETURN_VALUES": values, "LOG_MESSAGE": log_message}
    return Question("bizproc.event.send", params, _done)


def _done(_: Answer) -> None:
    """A good answer is all there is to know."""

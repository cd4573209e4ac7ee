"""Where the app stands in a portal: placements, events, the robot of automation rules; the self-check of all that."""

from bitrix_app.portals.embedding.placements import APP_LINK, PLACEMENTS, TITLE_EN, TITLE_RU, Embedding, report_address
from bitrix_app.portals.embedding.robot import NOT_OURS, RobotCallers, RobotRegistration, answer_run
from bitrix_app.portals.embedding.self_check import NEEDED_SCOPES, Check, self_check

__all__ = [
    "APP_LINK",
    "NEEDED_SCOPES",
    "NOT_OURS",
    "PLACEMENTS",
    "TITLE_EN",
    "TITLE_RU",
    "Check",
    "Embedding",
    "RobotCallers",
    "RobotRegistration",
    "answer_run",
    "report_address",
    "self_check",
]

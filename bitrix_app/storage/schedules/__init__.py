"""Schedules and the reports that they order: a user's own, all of a portal's, what is due now."""

from bitrix_app.storage.schedules.due import DueRun, DueSchedules, MomentTaken, WriteBeside
from bitrix_app.storage.schedules.rows import Planned, ScheduleContent, ScheduleRecord, Schedules

__all__ = [
    "DueRun",
    "DueSchedules",
    "MomentTaken",
    "Planned",
    "ScheduleContent",
    "ScheduleRecord",
    "Schedules",
    "WriteBeside",
]

"""Schedules: when they run (``planning``), what users do with them (``scheduling``), what is done when they are due
(``runner``)."""

from bitrix_app.jobs.schedules.planning import AS_OF_RUN, EVERY, LAST_DAY, RUN_PERIODS
from bitrix_app.jobs.schedules.runner import Delivers, OwnersRightFirst, PairRenewal, ScheduleRunner
from bitrix_app.jobs.schedules.scheduling import Scheduling

__all__ = [
    "AS_OF_RUN",
    "EVERY",
    "LAST_DAY",
    "RUN_PERIODS",
    "Delivers",
    "OwnersRightFirst",
    "PairRenewal",
    "ScheduleRunner",
    "Scheduling",
]

"""The robot of automation rules: what its runs ask for (``settings``), what is done with them (``runner``), what is
given back (``words``)."""

from bitrix_app.jobs.robots.runner import RobotRunner, RobotWork

__all__ = ["RobotRunner", "RobotWork"]

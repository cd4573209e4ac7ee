"""Delivering finished reports: ordering, what is said with them, the worker that sends."""

from bitrix_app.jobs.delivery.message import file_title, in_one_line
from bitrix_app.jobs.delivery.ordering import Delivering, require_granted
from bitrix_app.jobs.delivery.worker import DeliveryRun, DeliveryWorker

__all__ = ["Delivering", "DeliveryRun", "DeliveryWorker", "file_title", "in_one_line", "require_granted"]

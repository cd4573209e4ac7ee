"""Sending a report, the use case that the page and schedules share: where it may go, and that it goes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bitrix_app.errors import InvalidParametersError
from bitrix_app.portals import NOTIFICATION, missing_scope
from bitrix_app.storage import Deliveries, PortalRecord, ReportRecord


def require_granted(
    portal: PortalRecord, targets: Sequence[Mapping[str, Any]], known: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Raises InvalidParametersError where the portal does not grant the scope that a target needs. ``known``: targets
    that stood there already, granted or not."""
    missing = {place: missing_scope(portal, each["to"]) for place, each in enumerate(targets) if each not in known}
    refused = {f"deliver.{place}.to": f"scope_not_granted: {scope}" for place, scope in missing.items() if scope}
    if refused:
        raise InvalidParametersError(**refused)


@dataclass(frozen=True, slots=True)
class Delivering:
    """Orders deliveries. ``targets`` is the list ``deliver`` of contract §7: ``{"to": "notification"}``, ``{"to":
    "chat", "chat_id": "chat42"}``, ``{"to": "disk", "folder_id": 12}``. ``wake``: something waits in its row; never
    raises."""

    deliveries: Deliveries
    wake: Callable[[], None]

    def send(self, portal: PortalRecord, report: ReportRecord, targets: Sequence[Mapping[str, Any]]) -> None:
        """Sends a report to each target once, with its owner's rights and pair: at once where it is done, else as soon
        as it is. Asking again is harmless; a target that failed is tried anew. Raises InvalidParametersError as
        ``require_granted``."""
        require_granted(portal, targets)
        self.deliveries.order(report.id, targets)
        self.wake()

    def deliver(self, report: ReportRecord, targets: Sequence[Mapping[str, Any]], owner: int) -> None:  # noqa: ARG002 # the report's own user
        """Where a schedule's report goes, done or failed for good (a ``Delivers``). Of one that failed only a
        notification tells: there is no file."""
        self.deliveries.order(report.id, targets if report.status == "done" else [{"to": NOTIFICATION}])
        self.wake()

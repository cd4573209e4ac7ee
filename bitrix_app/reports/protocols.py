"""What a report needs from the outside, as Protocols: the portal, a way to stop, somebody who watches.

The portal's side is implemented by ``bitrix_app.bitrix24.Bitrix24Client``, the other two by ``bitrix_app.jobs``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Raw = Mapping[str, Any]


class Page(Protocol):
    """Up to 50 records in the order of their ids; ``total`` only where the portal was asked to count."""

    @property
    def items(self) -> Sequence[dict[str, Any]]: ...

    @property
    def total(self) -> int | None: ...


class PortalReader(Protocol):
    """The words of the portal that a report uses. Every method may raise children of PortalError."""

    def invoice_page(
        self,
        *,
        filter: Mapping[str, Any],
        select: Sequence[str],
        after_id: int | None,
        counted: bool,
    ) -> Page: ...

    def count_invoices(self, filter: Mapping[str, Any]) -> int: ...

    def product_row_page(self, invoice_ids: Sequence[int], *, after_id: int | None, counted: bool) -> Page: ...

    def requisite_links(self, invoice_ids: Sequence[int]) -> Sequence[Raw]: ...

    def requisites(self, ids: Sequence[int]) -> Sequence[Raw]: ...

    def requisites_of(self, entity_type_id: int, entity_ids: Sequence[int]) -> Sequence[Raw]: ...

    def companies(self, ids: Sequence[int]) -> Sequence[Raw]: ...

    def contacts(self, ids: Sequence[int]) -> Sequence[Raw]: ...

    def users(self, ids: Sequence[int]) -> Sequence[Raw]: ...


class StopSignal(Protocol):
    """Whether the report must stop: cancelled, taken over by another worker, or the process is going down."""

    def check(self) -> None:
        """Raises ReportCancelledError, LeaseLostError or another AppError when the report must stop."""

    def wait(self, seconds: float) -> None:
        """Sleeps; wakes early and raises as ``check`` does."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the report waits for: ``reason`` is ``bucket``, ``query_limit``, ``operating_time`` or ``retry``."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the report is: ``done`` of ``total`` invoices in ``stage``."""

    stage: str
    done: int
    total: int
    waiting: Waiting | None = None


class ProgressSink(Protocol):
    """Takes the newest progress; must be quick and may drop what is outdated."""

    def update(self, progress: Progress) -> None: ...

"""What the user asked for: the body of ``POST /api/v1/reports`` as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class ReportParams:
    """One report's question. Both dates are included; ``None`` narrows nothing.

    ``stages`` of ``None`` means all but failed and excluded ones. ``paid`` asks for paid (True) or unpaid (False)
    invoices only.
    """

    date_from: date
    date_to: date
    date_field: str = "begindate"
    detailed: bool = False
    stages: tuple[str, ...] | None = None
    company_id: int | None = None
    invoice_id: int | None = None
    mycompany_id: int | None = None
    assigned_by_id: int | None = None
    currency: str | None = None
    paid: bool | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ReportParams:
        """From the JSON object that was checked at the door and stored in the report's row."""
        stages = values.get("stages")
        return cls(
            date_from=date.fromisoformat(values["date_from"]),
            date_to=date.fromisoformat(values["date_to"]),
            date_field=values.get("date_field") or "begindate",
            detailed=bool(values.get("detailed")),
            stages=None if stages is None else tuple(stages),
            **{name: values.get(name) for name in _NARROWING},
        )


_NARROWING = ("company_id", "invoice_id", "mycompany_id", "assigned_by_id", "currency", "paid")

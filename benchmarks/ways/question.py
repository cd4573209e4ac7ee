"""What every way asks of the portal: the invoices of a period with the fields that the register shows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from demo_portal.subprocess import PortalSubprocess

INVOICE = 31
SELECT = [
    "id",
    "accountNumber",
    "begindate",
    "closedate",
    "opportunity",
    "isManualOpportunity",
    "taxValue",
    "currencyId",
    "stageId",
    "companyId",
    "contactId",
    "contactIds",
    "mycompanyId",
    "assignedById",
]


def period(portal: PortalSubprocess) -> dict[str, Any]:
    """The filter of ``crm.item.list``: all invoices of the portal, by their date."""
    return {">=begindate": portal.first, "<begindate": (date.fromisoformat(portal.last) + timedelta(1)).isoformat()}


def slices(ids: list[int], size: int) -> list[list[int]]:
    """``ids`` in lists of at most ``size``."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]

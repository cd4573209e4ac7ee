"""One call per invoice and look-up, 2 calls a second: the way of the earlier console tool.

Pages of ids, then for each invoice the invoice, its requisite link, the requisite, its product rows: four calls an
invoice (of the earlier tool 155 calls for 39 invoices were counted). Order of the child:
``{"portal": PortalSubprocess}``.
"""

from __future__ import annotations

import time
from typing import Any

import requests

from benchmarks.measuring import answer, measured, told
from benchmarks.ways.question import INVOICE, period
from demo_portal.subprocess import PortalSubprocess

SECONDS_A_CALL = 0.5


class SlowPortal:
    """Calls methods one after another, never two within half a second."""

    def __init__(self, webhook_url: str) -> None:
        self._url = webhook_url
        self._session = requests.Session()
        self._next = 0.0

    def call(self, method: str, params: dict[str, Any]) -> Any:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + SECONDS_A_CALL
        reply = self._session.post(f"{self._url}{method}", json=params, timeout=60)
        reply.raise_for_status()
        return reply.json()


def fetched(portal: PortalSubprocess) -> dict[str, int]:
    """Everything of the period, kept in lists. → how much of what there was."""
    slow = SlowPortal(portal.webhook_url)
    invoices, requisites, rows = [], {}, []
    for invoice_id in ids(slow, portal):
        invoices.append(slow.call("crm.item.get", {"entityTypeId": INVOICE, "id": invoice_id})["result"]["item"])
        where = {"ENTITY_TYPE_ID": INVOICE, "ENTITY_ID": invoice_id}
        links = slow.call("crm.requisite.link.list", {"filter": where})["result"]
        requisite = slow.call("crm.requisite.get", {"id": links[0]["REQUISITE_ID"]})["result"]
        requisites[requisite["ID"]] = requisite
        owner = {"=ownerType": "SI", "=ownerId": invoice_id}
        rows += slow.call("crm.item.productrow.list", {"filter": owner})["result"]["productRows"]
    return {"invoices": len(invoices), "rows": len(rows), "requisites": len(requisites)}


def ids(slow: SlowPortal, portal: PortalSubprocess) -> list[int]:
    """The ids of the period's invoices, 50 a call."""
    found: list[int] = []
    start: int | None = 0
    while start is not None:
        query = {"entityTypeId": INVOICE, "select": ["id"], "filter": period(portal), "start": start}
        page = slow.call("crm.item.list", query)
        found += [each["id"] for each in page["result"]["items"]]
        start = page.get("next")
    return found


if __name__ == "__main__":
    counts, cost = measured(lambda: fetched(PortalSubprocess(**told()["portal"])))
    answer(cost, **counts)

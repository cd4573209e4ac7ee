"""``fast-bitrix24`` as its documentation suggests: ``get_all`` for lists, ``get_by_ID`` and ``call`` for many keys.

It packs calls into the portal's ``batch``. Order of the child: ``{"portal": PortalSubprocess}``.
"""

from __future__ import annotations

import warnings
from typing import Any

from fast_bitrix24 import Bitrix  # type: ignore[import-untyped]
from fast_bitrix24.user_request import GetAllUserRequest  # type: ignore[import-untyped]

from benchmarks.measuring import answer, measured, told
from benchmarks.ways.question import INVOICE, SELECT, period, slices
from demo_portal.subprocess import PortalSubprocess

KEYS_A_LIST = 500
ORDERS = {"crm.item.list": "id", "crm.requisite.link.list": "ENTITY_ID"}


def order_by_key(request: Any) -> None:
    """In place of the library's own, which orders every list by ``ID``: the demo portal is strict about names."""
    request.params["order"] = {ORDERS[request.st_method]: "ASC"}


def fetched(portal: PortalSubprocess) -> dict[str, int]:
    """Everything of the period, kept in lists. → how much of what there was."""
    bitrix = Bitrix(portal.webhook_url, verbose=False)
    query = {"entityTypeId": INVOICE, "select": SELECT, "filter": period(portal)}
    invoices = bitrix.get_all("crm.item.list", query)
    ids = sorted(invoice["id"] for invoice in invoices)
    links: list[dict[str, Any]] = []
    for some in slices(ids, KEYS_A_LIST):
        where = {"ENTITY_TYPE_ID": INVOICE, "@ENTITY_ID": some}
        links += bitrix.get_all("crm.requisite.link.list", {"filter": where})
    wanted = sorted({int(link["REQUISITE_ID"]) for link in links})
    requisites = bitrix.get_by_ID("crm.requisite.get", wanted, ID_field_name="id")
    rows = bitrix.call("crm.item.productrow.list", [{"filter": {"=ownerType": "SI", "=ownerId": each}} for each in ids])
    return {"invoices": len(invoices), "rows": len(rows), "requisites": len(requisites)}


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message="It's better to use get_all", category=UserWarning)
    GetAllUserRequest.add_order_parameter = order_by_key
    counts, cost = measured(lambda: fetched(PortalSubprocess(**told()["portal"])))
    answer(cost, **counts)

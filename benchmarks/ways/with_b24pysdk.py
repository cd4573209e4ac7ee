"""``b24pysdk``, the portal maker's own library, as its documentation suggests: ``as_list`` for lists, ``call_batches``
for many keys. It packs calls into the portal's ``batch``, too. Order of the child: ``{"portal": PortalSubprocess}``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from b24pysdk import BitrixWebhook, Client  # type: ignore[import-untyped]
from b24pysdk.api.callers.call_method import _MethodCaller  # type: ignore[import-untyped]

from benchmarks.measuring import answer, measured, told
from benchmarks.ways.question import INVOICE, SELECT, period, slices
from demo_portal.subprocess import PortalSubprocess

KEYS_A_LIST = 500


def client_of(portal: PortalSubprocess) -> Any:
    """A client over the webhook. The library knows https only, the demo portal http only."""
    address = urlsplit(portal.webhook_url)
    _MethodCaller._base_url = property(lambda _: f"http://{address.netloc}/rest")  # noqa: SLF001 - no other way in
    token = address.path.removeprefix("/rest/").strip("/")
    return Client(BitrixWebhook(domain=address.netloc, webhook_token=token))


def fetched(portal: PortalSubprocess) -> dict[str, int]:
    """Everything of the period, kept in lists. → how much of what there was."""
    crm = (client := client_of(portal)).crm
    invoices = crm.item.list(entity_type_id=INVOICE, select=SELECT, filter=period(portal)).as_list().result
    ids = [invoice["id"] for invoice in invoices]
    links: list[dict[str, Any]] = []
    for some in slices(ids, KEYS_A_LIST):
        links += crm.requisite.link.list(filter={"ENTITY_TYPE_ID": INVOICE, "@ENTITY_ID": some}).as_list().result
    wanted = sorted({int(link["REQUISITE_ID"]) for link in links})
    requisites = crm.requisite.list(filter={"@ID": wanted}).as_list().result
    asked = [crm.item.productrow.list(filter={"=ownerType": "SI", "=ownerId": each}) for each in ids]
    answers = client.call_batches(asked).result.result
    lists = answers.values() if isinstance(answers, dict) else answers
    rows = [row for each in lists for row in each["productRows"]]
    return {"invoices": len(invoices), "rows": len(rows), "requisites": len(requisites)}


if __name__ == "__main__":
    counts, cost = measured(lambda: fetched(PortalSubprocess(**told()["portal"])))
    answer(cost, **counts)

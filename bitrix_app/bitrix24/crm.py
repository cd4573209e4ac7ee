"""Questions about invoices and what belongs to them.

Look-ups carry at most fifty keys a question. Records come as the portal writes them: ``crm.item.*`` in camelCase,
``crm.requisite.*`` in UPPER_CASE with texts for numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bitrix_app.bitrix24.habits import Spelling, Written, written
from bitrix_app.bitrix24.parsing import records, unexpected
from bitrix_app.bitrix24.questions import End, ListById, ListByNumber, Question, in_calls
from bitrix_app.bitrix24.types import Answer, Page

DEAL, CONTACT, COMPANY, INVOICE = 2, 3, 4, 31
"""Ids of entity types; ``INVOICE_OWNER_TYPE`` is the invoice's as an owner of product rows."""
INVOICE_OWNER_TYPE = "SI"

LATEST = 10
INVOICES = 2_000_000
"""Twice as many as a sheet has rows."""
PRODUCT_ROWS = 250_000
"""Of the invoices that are asked for together: a thousand an invoice. They are in memory together."""

_REQUISITE_FIELDS = (
    "ID",
    "ENTITY_TYPE_ID",
    "ENTITY_ID",
    "PRESET_ID",
    "NAME",
    "SORT",
    "ACTIVE",
    "ADDRESS_ONLY",
    "RQ_INN",
    "RQ_BIN",
    "RQ_IIN",
    "RQ_EDRPOU",
    "RQ_DRFO",
    "RQ_VAT_ID",
    "RQ_KPP",
    "RQ_COMPANY_NAME",
    "RQ_COMPANY_FULL_NAME",
    "RQ_NAME",
    "RQ_LAST_NAME",
    "RQ_FIRST_NAME",
    "RQ_SECOND_NAME",
)


def invoices(asked: Written) -> ListById:
    """Invoices, those among them that are added while they are read. [crm-item-list]"""
    return ListById(
        "crm.item.list",
        {"entityTypeId": INVOICE, **asked.params()},
        "id",
        key="items",
        end=End.NOTHING_FOLLOWS,
        most=INVOICES,
        shape=None if asked.names is None else asked.ours,
    )


def latest_invoices(asked: Written) -> Question[list[dict[str, Any]]]:
    """The invoices with the highest ids, newest first. [crm-item-list]"""
    listed = invoices(asked)
    page = listed.page()

    def read(answer: Answer) -> list[dict[str, Any]]:
        found = records(page.method, answer, listed.key)[:LATEST]
        return found if listed.shape is None else [listed.shape(each) for each in found]

    return Question(page.method, {**page.params, "order": {"id": "DESC"}}, read)


def count_invoices(asked: Written) -> Question[int]:
    """How many invoices match. [crm-item-list]"""
    page = invoices(asked).page(counted=True)

    def read(answer: Answer) -> int:
        total = page.read(answer).total
        if total is None:
            raise unexpected(page.method, "total is missing")
        return total

    return Question(page.method, page.params, read)


def invoices_by_id(ids: Collection[int]) -> list[Question[Page]]:
    """Invoices by their ids: ``id``. [crm-item-list]"""
    return [_items(INVOICE, ("id",), {"@id": some}).page() for some in in_calls(ids)]


def tries_spelling(name: str, spelling: Spelling, upper_names: Mapping[str, str]) -> Question[Page]:
    """A condition on this date field, so spelled, that no invoice fulfils: whether the portal takes it.
    [crm-item-list]"""
    nothing = {"=id": 1, f">={name}": "9999-12-31"}
    return invoices(written(nothing, ["id"], {name: spelling}, upper_names)).page()


def product_rows(owners: list[int] | int) -> ListById:
    """All product rows of a list of invoices or of one invoice, by the rows' ids. [crm-item-productrow-list]

    A genuine portal judges a list by the right to read invoice 1 (PHP makes 1 of any list), or takes no list at all;
    one invoice given as a number is judged by itself.
    """
    params = {"filter": {"=ownerType": INVOICE_OWNER_TYPE, "=ownerId": owners}}
    return ListById("crm.item.productrow.list", params, "id", key="productRows", end=End.COUNTED, most=PRODUCT_ROWS)


def requisite_links(invoice_ids: Collection[int]) -> list[ListByNumber]:
    """Links of these invoices; ``REQUISITE_ID`` is the buyer's, ``"0"`` for none. [crm-requisite-link-list]"""
    select = ["ENTITY_TYPE_ID", "ENTITY_ID", "REQUISITE_ID", "MC_REQUISITE_ID"]
    return [
        ListByNumber(
            "crm.requisite.link.list", {"select": select, "filter": {"=ENTITY_TYPE_ID": INVOICE, "@ENTITY_ID": ids}}
        )
        for ids in in_calls(invoice_ids)
    ]


def payments(invoice_id: int) -> ListByNumber:
    """Payments of an invoice, made and planned. [crm-item-payment-list]"""
    return ListByNumber("crm.item.payment.list", {"entityId": invoice_id, "entityTypeId": INVOICE})


def requisites(ids: Collection[int]) -> list[Question[Page]]:
    """Requisites by their ids. [crm-requisite-list]"""
    return [_requisites({"@ID": some}).page() for some in in_calls(ids)]


def requisites_of(entity_type_id: int, entity_ids: Collection[int]) -> list[ListById]:
    """All requisites of companies or contacts. [crm-requisite-list]"""
    return [_requisites({"=ENTITY_TYPE_ID": entity_type_id, "@ENTITY_ID": ids}) for ids in in_calls(entity_ids)]


def companies(ids: Collection[int]) -> list[Question[Page]]:
    """Companies by their ids: ``id``, ``title``. [crm-item-list]"""
    return [_items(COMPANY, ("id", "title"), {"@id": some}).page() for some in in_calls(ids)]


def contacts(ids: Collection[int]) -> list[Question[Page]]:
    """Contacts by their ids: ``id``, ``lastName``, ``name``, ``secondName``. [crm-item-list]"""
    select = ("id", "lastName", "name", "secondName")
    return [_items(CONTACT, select, {"@id": some}).page() for some in in_calls(ids)]


def deals(ids: Collection[int]) -> list[Question[Page]]:
    """Deals by their ids: ``id``, ``title``. [crm-item-list]"""
    return [_items(DEAL, ("id", "title"), {"@id": some}).page() for some in in_calls(ids)]


def deal_clients(deal_id: int) -> Question[Page]:
    """Whose a deal is: ``id``, ``companyId``, ``contactId``; nothing where the user may not see it. [crm-item-list]"""
    return _items(DEAL, ("id", "companyId", "contactId"), {"=id": deal_id}).page()


def companies_titled(part: str) -> Question[Page]:
    """The first customers' companies, by id, whose title holds ``part``: ``id``, ``title``. [crm-item-list]"""
    return _items(COMPANY, ("id", "title"), {"%title": part, "=isMyCompany": "N"}).page()


def company_requisites_numbered(part: str) -> Question[Page]:
    """The first requisites of companies, by id, whose ИНН begins with ``part``. [crm-requisite-list]"""
    return _requisites({"=ENTITY_TYPE_ID": COMPANY, "=%RQ_INN": f"{part}%"}).page()


def my_companies() -> ListById:
    """The portal owner's own companies: ``id``, ``title``. [crm-item-list]"""
    return _items(COMPANY, ("id", "title"), {"=isMyCompany": "Y"})


def _items(entity_type_id: int, select: Sequence[str], where: Mapping[str, Any]) -> ListById:
    params = {"entityTypeId": entity_type_id, "select": list(select), "filter": where}
    return ListById("crm.item.list", params, "id", key="items")


def _requisites(where: Mapping[str, Any]) -> ListById:
    return ListById("crm.requisite.list", {"select": list(_REQUISITE_FIELDS), "filter": where}, "ID")

"""Words about invoices and what belongs to them.

Keys per call: at most fifty, in rising order of ids. Records come as the portal writes them: ``crm.item.*`` in
camelCase, ``crm.requisite.*`` in UPPER_CASE with texts for numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bitrix_app.bitrix24.parsing import unexpected
from bitrix_app.bitrix24.questions import Reading, in_calls
from bitrix_app.bitrix24.types import Page

CONTACT, COMPANY, INVOICE = 3, 4, 31
INVOICE_OWNER_TYPE = "SI"

_REQUISITE_FIELDS = (
    "ID",
    "ENTITY_TYPE_ID",
    "ENTITY_ID",
    "PRESET_ID",
    "NAME",
    "SORT",
    "ADDRESS_ONLY",
    "RQ_INN",
    "RQ_KPP",
    "RQ_COMPANY_NAME",
    "RQ_COMPANY_FULL_NAME",
    "RQ_NAME",
    "RQ_LAST_NAME",
    "RQ_FIRST_NAME",
    "RQ_SECOND_NAME",
)


class CrmMethods(Reading):
    """Invoices, product rows, requisite links, requisites, companies, contacts.

    Every word raises PortalError; UnexpectedAnswerError for an answer of another shape than its method's page says.
    """

    def invoice_page(
        self,
        *,
        filter: Mapping[str, Any],
        select: Sequence[str],
        after_id: int | None,
        counted: bool,
    ) -> Page:
        """A page of invoices with ids above ``after_id``; ``counted`` tells the total. [crm-item-list]"""
        params = {"entityTypeId": INVOICE, "select": list(select), "filter": filter}
        return self._page("crm.item.list", params, id_field="id", key="items", after_id=after_id, counted=counted)

    def count_invoices(self, filter: Mapping[str, Any]) -> int:
        """How many invoices match. [crm-item-list]"""
        page = self.invoice_page(filter=filter, select=["id"], after_id=None, counted=True)
        if page.total is None:
            raise unexpected("crm.item.list", "total is missing")
        return page.total

    def product_row_page(self, invoice_ids: Collection[int], *, after_id: int | None, counted: bool) -> Page:
        """A page of the product rows of these invoices, by the rows' ids. [crm-item-productrow-list]

        Raises AccessDeniedError for the whole list when the user may not read one of the invoices.
        """
        if not invoice_ids:
            return Page([], 0 if counted else None)
        params = {"filter": {"=ownerType": INVOICE_OWNER_TYPE, "=ownerId": list(invoice_ids)}}
        return self._page(
            "crm.item.productrow.list", params, id_field="id", key="productRows", after_id=after_id, counted=counted
        )

    def requisite_links(self, invoice_ids: Collection[int]) -> list[dict[str, Any]]:
        """Links of these invoices; ``REQUISITE_ID`` is the buyer's, ``"0"`` for none. [crm-requisite-link-list]"""
        found = []
        for ids in in_calls(invoice_ids):
            where = {"=ENTITY_TYPE_ID": INVOICE, "@ENTITY_ID": ids}
            params = {"select": ["ENTITY_TYPE_ID", "ENTITY_ID", "REQUISITE_ID", "MC_REQUISITE_ID"], "filter": where}
            found += self._numbered_list("crm.requisite.link.list", params)
        return found

    def requisites(self, ids: Collection[int]) -> list[dict[str, Any]]:
        """Requisites by their ids. [crm-requisite-list]"""
        found = []
        for some in in_calls(ids):
            found += self._page("crm.requisite.list", _requisites({"@ID": some}), id_field="ID").items
        return found

    def requisites_of(self, entity_type_id: int, entity_ids: Collection[int]) -> list[dict[str, Any]]:
        """All requisites of companies (4) or contacts (3). [crm-requisite-list]"""
        found = []
        for ids in in_calls(entity_ids):
            params = _requisites({"=ENTITY_TYPE_ID": entity_type_id, "@ENTITY_ID": ids})
            found += self._list("crm.requisite.list", params, id_field="ID")
        return found

    def companies(self, ids: Collection[int]) -> list[dict[str, Any]]:
        """Companies by their ids: ``id``, ``title``. [crm-item-list]"""
        return self._items(COMPANY, ("id", "title"), ids)

    def contacts(self, ids: Collection[int]) -> list[dict[str, Any]]:
        """Contacts by their ids: ``id``, ``lastName``, ``name``, ``secondName``. [crm-item-list]"""
        return self._items(CONTACT, ("id", "lastName", "name", "secondName"), ids)

    def my_companies(self) -> list[dict[str, Any]]:
        """The portal owner's own companies: ``id``, ``title``. [crm-item-list]"""
        params = {"entityTypeId": COMPANY, "select": ["id", "title"], "filter": {"=isMyCompany": "Y"}}
        return self._list("crm.item.list", params, id_field="id", key="items")

    def _items(self, entity_type_id: int, select: Sequence[str], ids: Collection[int]) -> list[dict[str, Any]]:
        found = []
        for some in in_calls(ids):
            params = {"entityTypeId": entity_type_id, "select": list(select), "filter": {"@id": some}}
            found += self._page("crm.item.list", params, id_field="id", key="items").items
        return found


def _requisites(where: Mapping[str, Any]) -> dict[str, Any]:
    return {"select": list(_REQUISITE_FIELDS), "filter": where}

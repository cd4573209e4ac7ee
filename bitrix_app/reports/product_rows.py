"""Reading the product rows of many invoices with few calls.

Source of the rules: the portal's page ``api-reference/crm/universal/product-rows/crm-item-productrow-list``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.errors import AccessDeniedError
from bitrix_app.reports.lookups import key
from bitrix_app.reports.ports import PortalReader, Raw

PAGE = 50
OWNERS_A_CALL = 250
"""A page holds 50 rows whoever owns them, so long lists of owners waste fewer half-empty pages."""
DENIALS_IN_A_ROW = 12
"""So many refusals without one good answer: the user may not read product rows at all."""


@dataclass(slots=True)
class OwnedRows:
    """Product rows by invoice id, and the invoices whose rows the portal refused to show."""

    rows: dict[int, list[Raw]] = field(default_factory=lambda: defaultdict(list))
    refused: set[int] = field(default_factory=set)
    denials_in_a_row: int = 0


class ProductRowReader:
    """Reads rows of a list of invoices; tells ``advance`` how many invoices it is through with."""

    def __init__(self, portal: PortalReader, advance: Callable[[int], None]) -> None:
        self._portal = portal
        self._advance = advance

    def read(self, invoice_ids: Sequence[int]) -> OwnedRows:
        """All product rows of these invoices.

        The portal refuses a whole list for one owner that the user may not read (rights may change while we read):
        such a list is halved until the refused invoices are known. Raises AccessDeniedError when nothing is
        readable, and other PortalErrors as they come.
        """
        found = OwnedRows()
        self._read_into(found, invoice_ids)
        return found

    def _read_into(self, found: OwnedRows, invoice_ids: Sequence[int]) -> None:
        try:
            rows = self._read_list(invoice_ids)
        except AccessDeniedError:
            found.denials_in_a_row += 1
            if found.denials_in_a_row >= DENIALS_IN_A_ROW:
                raise
            self._read_halves(found, invoice_ids)
            return
        found.denials_in_a_row = 0
        for row in rows:
            found.rows[key(row.get("ownerId"))].append(row)

    def _read_halves(self, found: OwnedRows, invoice_ids: Sequence[int]) -> None:
        if len(invoice_ids) == 1:
            found.refused.update(invoice_ids)
            self._advance(1)
            return
        middle = len(invoice_ids) // 2
        self._read_into(found, invoice_ids[:middle])
        self._read_into(found, invoice_ids[middle:])

    def _read_list(self, invoice_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Reads on by id. The first page is counted, so that a last page that is just full ends the list: ids only
        grow, what existed when it was counted comes before anything added since."""
        page = self._portal.product_row_page(invoice_ids, after_id=None, counted=True)
        rows, total, told = list(page.items), page.total, 0
        while len(page.items) >= PAGE and (total is None or len(rows) < total):
            told = self._tell(len(invoice_ids), len(rows), total, told)
            page = self._portal.product_row_page(invoice_ids, after_id=key(rows[-1].get("id")), counted=False)
            rows.extend(page.items)
        self._advance(len(invoice_ids) - told)
        return rows

    def _tell(self, invoices: int, rows: int, total: int | None, told: int) -> int:
        share = invoices * rows // total if total else 0
        self._advance(max(share - told, 0))
        return max(share, told)

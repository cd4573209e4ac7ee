"""Reading the product rows of many invoices with few calls, while the portal's users go on working.

Source of the rules: the portal's pages ``api-reference/crm/universal/product-rows/crm-item-productrow-list`` and
``…/crm-item-productrow-set`` (all rows of an invoice are written anew, with new ids).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.errors import AccessDeniedError
from bitrix_app.processing import Raw
from bitrix_app.reports.lookups import id_in
from bitrix_app.reports.protocols import PortalReader

OWNERS_A_CALL = 250
"""A page holds 50 rows whoever owns them, so long lists of owners waste fewer half-empty pages."""
DENIALS_IN_A_ROW = 12
"""After so many refusals without one good answer the user may not read product rows at all."""


@dataclass(slots=True)
class OwnedRows:
    """Product rows by invoice id, and the invoices whose rows the portal refused to show."""

    rows: dict[int, list[Raw]] = field(default_factory=lambda: defaultdict(list))
    refused: set[int] = field(default_factory=set)


class ProductRowReader:
    """Reads rows of a list of invoices; tells ``advance`` how many invoices it is through with."""

    def __init__(self, portal: PortalReader, advance: Callable[[int], None]) -> None:
        self._portal = portal
        self._advance = advance

    def read(self, invoice_ids: Sequence[int]) -> OwnedRows:
        """All product rows of these invoices.

        The portal refuses a whole list for one owner that the user may not read, or that is gone. The portal is
        asked which of the invoices can still be seen, and the others are done without. A list that is refused though
        all of it can be seen is halved until the refused invoices are known. Raises AccessDeniedError when nothing
        is readable, and other PortalErrors as they come.
        """
        reading = _Reading(self._portal, _RowProgress(self._advance))
        reading.read(invoice_ids)
        return reading.found


class _RowProgress:
    """Progress that never runs back: invoices whose rows are read a second time are not counted a second time."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._through = 0
        self._told = 0

    def finish(self, invoices: int) -> None:
        """So many more invoices have all their rows."""
        self._through += invoices
        self.reach(0)

    def reach(self, share: int) -> None:
        """So many invoices of the list that is being read have their rows, by the share of rows that has come."""
        more = self._through + share - self._told
        if more > 0:
            self._told += more
            self._advance(more)


class _Reading:
    """The reading of the rows of one list of invoices."""

    def __init__(self, portal: PortalReader, progress: _RowProgress) -> None:
        self.found = OwnedRows()
        self._portal = portal
        self._progress = progress
        self._denials_in_a_row = 0

    def read(self, invoice_ids: Sequence[int]) -> None:
        try:
            rows = self._read_list(invoice_ids)
        except AccessDeniedError as denial:
            self._read_without_hidden(invoice_ids, denial)
            return
        self._denials_in_a_row = 0
        for row in rows:
            self.found.rows[id_in(row, "ownerId")].append(row)
        self._progress.finish(len(invoice_ids))

    def _read_without_hidden(self, invoice_ids: Sequence[int], denial: AccessDeniedError) -> None:
        seen = self._seen(invoice_ids)
        self._refuse([each for each in invoice_ids if each not in seen])
        left = [each for each in invoice_ids if each in seen]
        if len(left) == len(invoice_ids):
            self._read_halves(left, denial)
        elif left:
            self.read(left)

    def _read_halves(self, invoice_ids: Sequence[int], denial: AccessDeniedError) -> None:
        self._denials_in_a_row += 1
        if self._denials_in_a_row >= DENIALS_IN_A_ROW:
            raise denial
        if len(invoice_ids) == 1:
            self._refuse(invoice_ids)
            return
        middle = len(invoice_ids) // 2
        self.read(invoice_ids[:middle])
        self.read(invoice_ids[middle:])

    def _refuse(self, invoice_ids: Sequence[int]) -> None:
        self.found.refused.update(invoice_ids)
        self._progress.finish(len(invoice_ids))

    def _seen(self, invoice_ids: Sequence[int]) -> set[int]:
        """Those of the invoices that the user can still see."""
        return {id_in(each, "id") for each in self._portal.visible_invoices(invoice_ids)}

    def _read_list(self, invoice_ids: Sequence[int]) -> list[dict[str, Any]]:
        """All rows of the list, read once more when it has grown meanwhile: an invoice saved in between has its rows
        twice, under their old ids and under new ones."""
        rows, total = self._read_pages(invoice_ids)
        if total is not None and len(rows) > total:
            rows, total = self._read_pages(invoice_ids)
        return rows[:total]

    def _read_pages(self, invoice_ids: Sequence[int]) -> tuple[list[dict[str, Any]], int | None]:
        """The rows, and how many were counted before: what existed then comes before anything added since, for ids
        only grow."""
        rows: list[dict[str, Any]] = []
        total: int | None = None
        for page in self._portal.product_rows(invoice_ids):
            rows.extend(page.items)
            total = page.total if total is None else total
            self._progress.reach(len(invoice_ids) * min(len(rows), total) // total if total else 0)
        return rows, total

"""Reading the product rows of many invoices with few calls, while the portal's users go on working.

Source of the rules: the portal's pages ``api-reference/crm/universal/product-rows/crm-item-productrow-list`` and
``…/crm-item-productrow-set`` (all rows of an invoice are written anew, with new ids), and the portal's modules: a list
of owners is judged by the right to read invoice 1, and a later version takes no list. One owner is judged by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.errors import AccessDeniedError, InvalidArgumentError
from bitrix_app.processing import Raw
from bitrix_app.reports.lookups import id_in
from bitrix_app.reports.protocols import Page, PortalReader

OWNERS_A_CALL = 250
"""A page holds 50 rows whoever owns them, so long lists of owners waste fewer half-empty pages."""
DENIALS_IN_A_ROW = 12
"""After so many refusals without one good answer the user may not read product rows at all."""


@dataclass(slots=True)
class OwnedRows:
    """Product rows by invoice id, and the invoices whose rows the portal refused to show."""

    rows: dict[int, list[Raw]] = field(default_factory=lambda: defaultdict(list))
    refused: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Rights:
    """What a report has met of the user's right to product rows; several threads write it."""

    answered: bool = False
    denied: bool = False


class ProductRowReader:
    """Reads rows of a list of invoices; tells ``advance`` how many invoices it is through with."""

    def __init__(self, portal: PortalReader, advance: Callable[[int], None]) -> None:
        self._portal = portal
        self._advance = advance
        self._rights = _Rights()

    @property
    def denied(self) -> bool:
        """Whether the user may not read product rows at all: asked one by one, none was shown."""
        return self._rights.denied and not self._rights.answered

    def read(self, invoice_ids: Sequence[int]) -> OwnedRows:
        """All product rows of these invoices.

        The portal refuses a whole list for one owner that the user may not read, or that is gone, or for no fault of
        the owners at all. The portal is asked which of the invoices can still be seen, and the others are done
        without. Where a list is refused though all of it can be seen, lists don't work for this user, which the portal
        reader remembers: each invoice is asked for alone. Raises PortalErrors other than refusals as they come.
        """
        reading = _Reading(self._portal, _RowProgress(self._advance), self._rights)
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

    def __init__(self, portal: PortalReader, progress: _RowProgress, rights: _Rights) -> None:
        self.found = OwnedRows()
        self._portal = portal
        self._progress = progress
        self._rights = rights
        self._doubts = True

    def read(self, invoice_ids: Sequence[int]) -> None:
        if self._portal.owner_lists is False:
            self._read_one_by_one(invoice_ids)
            return
        try:
            rows = self._read_all(lambda: self._portal.product_rows(invoice_ids), len(invoice_ids))
        except AccessDeniedError:
            self._read_without_hidden(invoice_ids)
        except InvalidArgumentError:
            self._read_one_by_one(invoice_ids)
        else:
            self._portal.learn_owner_lists(answered=True)
            self._keep(rows, len(invoice_ids))

    def _read_without_hidden(self, invoice_ids: Sequence[int]) -> None:
        seen = self._seen(invoice_ids)
        self._refuse([each for each in invoice_ids if each not in seen])
        left = [each for each in invoice_ids if each in seen]
        if len(left) == len(invoice_ids) and not self._had_answers():
            self._read_one_by_one(left)
        elif left:
            self.read(left)

    def _had_answers(self) -> bool:
        """Whether lists were answered to this user: then one refusal more is asked about again, once a list."""
        doubted, self._doubts = self._doubts, False
        return doubted and self._portal.owner_lists is True

    def _read_one_by_one(self, invoice_ids: Sequence[int]) -> None:
        denials = 0
        for place, invoice_id in enumerate(invoice_ids):
            if denials >= DENIALS_IN_A_ROW and not self._rights.answered:
                self._refuse(invoice_ids[place:])
                return
            denials = 0 if self._read_one(invoice_id) else denials + 1

    def _read_one(self, invoice_id: int) -> bool:
        """→ whether its rows were shown."""
        try:
            rows = self._read_all(lambda: self._portal.product_rows_of(invoice_id), 1)
        except AccessDeniedError:
            self._rights.denied = True
            self._refuse([invoice_id])
            return False
        self._portal.learn_owner_lists(answered=False)
        self._keep(rows, 1)
        return True

    def _keep(self, rows: Sequence[Raw], invoices: int) -> None:
        self._rights.answered = True
        for row in rows:
            self.found.rows[id_in(row, "ownerId")].append(row)
        self._progress.finish(invoices)

    def _refuse(self, invoice_ids: Sequence[int]) -> None:
        self.found.refused.update(invoice_ids)
        self._progress.finish(len(invoice_ids))

    def _seen(self, invoice_ids: Sequence[int]) -> set[int]:
        """Those of the invoices that the user can still see."""
        return {id_in(each, "id") for each in self._portal.visible_invoices(invoice_ids)}

    def _read_all(self, pages: Callable[[], Iterator[Page]], invoices: int) -> list[dict[str, Any]]:
        """All rows of so many invoices, read once more when they have grown meanwhile: an invoice saved in between has
        its rows twice, under their old ids and under new ones."""
        rows, total = self._read_pages(pages(), invoices)
        if total is not None and len(rows) > total:
            rows, total = self._read_pages(pages(), invoices)
        return rows[:total]

    def _read_pages(self, pages: Iterator[Page], invoices: int) -> tuple[list[dict[str, Any]], int | None]:
        """The rows, and how many were counted before: what existed then comes before anything added since, for ids
        only grow."""
        rows: list[dict[str, Any]] = []
        total: int | None = None
        for page in pages:
            rows.extend(page.items)
            total = page.total if total is None else total
            self._progress.reach(invoices * min(len(rows), total) // total if total else 0)
        return rows, total

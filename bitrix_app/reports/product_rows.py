"""Reading the product rows of many invoices with few calls, while the portal's users go on working.

Source of the rules: the portal's pages ``api-reference/crm/universal/product-rows/crm-item-productrow-list`` and
``…/crm-item-productrow-set`` (all rows of an invoice are written anew, with new ids), and the portal's modules: a list
of owners is judged by the right to read invoice 1, and a later version takes no list. One owner is judged by itself.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.errors import AccessDeniedError, InvalidArgumentError
from bitrix_app.processing import ROW_FIELDS, Raw
from bitrix_app.reports.lookups import KeptRecords, id_in, weight_of
from bitrix_app.reports.protocols import Page, PortalReader

USUAL_ROWS, ENOUGH_INVOICES = 5.0, 30
"""Rows an invoice has as a rule, until so many have been seen."""
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
    gate: threading.Lock = field(default_factory=threading.Lock)


class _RowCounts:
    """How many rows an invoice has. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._invoices = 0
        self._rows = 0
        self._squares = 0

    def add(self, invoices: int, counts: Iterable[int]) -> None:
        """So many invoices, those of them that have rows with these numbers of them."""
        with self._lock:
            self._invoices += invoices
            for each in counts:
                self._rows += each
                self._squares += each * each

    def usual(self) -> tuple[float, float]:
        """The average and the standard deviation."""
        with self._lock:
            if self._invoices < ENOUGH_INVOICES:
                return USUAL_ROWS, 0.0
            average = self._rows / self._invoices
            return average, max(0.0, self._squares / self._invoices - average * average) ** 0.5


class ProductRowReader:
    """Reads rows of a list of invoices; tells ``advance`` how many invoices it is through with."""

    def __init__(self, portal: PortalReader, advance: Callable[[int], None], kept: KeptRecords | None = None) -> None:
        self._portal = portal
        self._advance = advance
        self._kept = kept or KeptRecords()
        self._rights = _Rights()
        self._counts = _RowCounts()

    @property
    def owners_together(self) -> int:
        """How many invoices are best asked for in one list."""
        return self._portal.owners_together(*self._counts.usual())

    @property
    def denied(self) -> bool:
        """Whether the user may not read product rows at all: asked one by one, none was shown."""
        return self._rights.denied and not self._rights.answered

    def read(self, invoice_ids: Sequence[int]) -> OwnedRows:
        """All product rows of these invoices.

        The portal refuses a whole list for one owner that the user may not read, or that is gone, or for no fault of
        the owners at all. The portal is asked which of the invoices can still be seen, and the others are done
        without. Where a list is refused though all of it can be seen, lists don't work for this user, which the portal
        reader remembers: each invoice is asked for alone. Raises PortalErrors other than refusals as they come, and
        AnswersTooHeavyError when more rows are held than memory is kept for.
        """
        reading = _Reading(self._portal, _RowProgress(self._advance), self._rights, self._kept)
        with _FirstList(self._portal, self._rights.gate) as first:
            reading.read(invoice_ids, first.is_known)
        self._counts.add(len(invoice_ids), map(len, reading.found.rows.values()))
        return reading.found

    def release(self, owned: OwnedRows) -> None:
        """These rows have been used: they are let go."""
        self._kept.release(sum(map(weight_of, owned.rows.values())))


class _FirstList:
    """One list alone finds out whether lists are answered to this user; the others wait until that is known."""

    def __init__(self, portal: PortalReader, gate: threading.Lock) -> None:
        self._portal = portal
        self._gate = gate
        self._holds = False

    def is_known(self) -> None:
        """It is known now: the others may go on."""
        if self._holds and self._portal.owner_lists is not None:
            self._holds = False
            self._gate.release()

    def __enter__(self) -> _FirstList:
        if self._portal.owner_lists is None:
            self._gate.acquire()
            self._holds = True
            self.is_known()
        return self

    def __exit__(self, *_: object) -> None:
        if self._holds:
            self._holds = False
            self._gate.release()


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

    def __init__(self, portal: PortalReader, progress: _RowProgress, rights: _Rights, kept: KeptRecords) -> None:
        self.found = OwnedRows()
        self._kept = kept
        self._portal = portal
        self._progress = progress
        self._rights = rights
        self._doubts = True
        self._is_known: Callable[[], None] = lambda: None

    def read(self, invoice_ids: Sequence[int], is_known: Callable[[], None] | None = None) -> None:
        """Reads them; ``is_known`` is called when something has been learnt of how lists are answered."""
        self._is_known = is_known or self._is_known
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
            self._learn(answered=True)
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
        self._learn(answered=False)
        self._keep(rows, 1)
        return True

    def _learn(self, *, answered: bool) -> None:
        self._portal.learn_owner_lists(answered=answered)
        self._is_known()

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
            self._kept.release(weight_of(rows))
            rows, total = self._read_pages(pages(), invoices)
        return rows[:total]

    def _read_pages(self, pages: Iterator[Page], invoices: int) -> tuple[list[dict[str, Any]], int | None]:
        """The rows, and how many were counted before: what existed then comes before anything added since, for ids
        only grow."""
        rows: list[dict[str, Any]] = []
        total: int | None = None
        for page in pages:
            rows.extend(self._kept.slim(page.items, ROW_FIELDS))
            total = page.total if total is None else total
            self._progress.reach(invoices * min(len(rows), total) // total if total else 0)
        return rows, total

"""Two files of rows (``workbook.rows``) side by side: invoices that came, went, or differ, matched by the portal's id.

SQLite joins the two files and keeps what it sorts on disk, so memory does not grow with the reports.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from bitrix_app.processing.columns import AMOUNT, COUNTERPARTY, CURRENCY, INVOICE_COLUMNS, Column, Kind, Value
from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.texts import tr

ADDED, GONE, CHANGED = "added", "gone", "changed"
FIRST = 20
"""Lines that a report's summary keeps."""
_TEXTS = {Kind.TEXT, Kind.LABEL}
_DATE = next(each for each in INVOICE_COLUMNS if each.code == "date")
_ALWAYS: Mapping[str, Column[ProcessedInvoice]] = {
    "amount": AMOUNT,
    "currency": CURRENCY,
    "counterparty": COUNTERPARTY,
    "day": _DATE,
}
"""What every file of rows has, whatever columns its report chose."""


class _Compared(NamedTuple):
    """A column of both files: its names in the earlier and the later one, and what it is called."""

    was: str
    now: str
    title: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Change:
    """A line: ``what`` is ADDED, GONE or CHANGED; ``field`` is the title of the column that differs, of kind ``kind``;
    ``currency`` that of the sums, now where the invoice is still there. An added or gone invoice tells its sum."""

    what: str
    invoice_id: int
    number: str
    counterparty: str | None
    field: str
    kind: Kind
    was: Value
    now: Value
    currency: str | None

    @property
    def difference(self) -> Decimal | None:
        """By how much a sum has grown; None where it is no sum, or of two currencies."""
        if self.kind is not Kind.MONEY or isinstance(self.was, str) or isinstance(self.now, str):
            return None
        return _sum(self.now) - _sum(self.was)


@dataclass(frozen=True, slots=True)
class ChangesFound:
    """``counts``: invoices by ADDED, GONE, CHANGED; ``sums``: currency → the sum of all invoices, was and now;
    ``first``: the first lines; ``not_compared``: titles of columns that only one of the reports has."""

    counts: Mapping[str, int]
    sums: Mapping[str | None, tuple[Decimal, Decimal]]
    first: tuple[Change, ...]
    not_compared: tuple[str, ...]


class Comparison:
    """Compares the rows of an earlier report, in the file ``was``, with those in ``now``, whose sheet has
    ``columns``."""

    def __init__(self, was: Path, now: Path, columns: Sequence[Column[Any]]) -> None:
        self._was = was
        self._now = now
        self._kinds = {each.code: each.kind for each in columns}

    def found(self) -> ChangesFound:
        """What there is to tell before the lines. Raises sqlite3.Error where a file cannot be read."""
        counts = dict.fromkeys((ADDED, GONE, CHANGED), 0)
        first: list[Change] = []
        latest: tuple[str, int] | None = None
        for change in self.changes():
            if (change.what, change.invoice_id) != latest:
                latest = change.what, change.invoice_id
                counts[change.what] += 1
            if len(first) < FIRST:
                first.append(change)
        with self._opened() as both:
            one_sided = _titles(both, "now", "was") + _titles(both, "was", "now")
            return ChangesFound(counts, _sums(both), tuple(first), tuple(dict.fromkeys(one_sided)))

    def changes(self) -> Iterator[Change]:
        """The lines: added invoices, gone ones, changed ones; each in the order of its report."""
        with self._opened() as both:
            yield from _one_sided(both, "now", "was", ADDED)
            yield from _one_sided(both, "was", "now", GONE)
            yield from _differing(both, self._compared(both))

    def _compared(self, both: sqlite3.Connection) -> list[_Compared]:
        always = [_Compared(name, name, tr(each.title), each.kind) for name, each in _ALWAYS.items()]
        known = {each.code for each in _ALWAYS.values()}
        shared = both.execute(
            "SELECT code, now.columns.title, was.columns.place, now.columns.place "
            "FROM now.columns JOIN was.columns USING (code) ORDER BY now.columns.place"
        )
        return always + [
            _Compared(f"c{was}", f"c{now}", title, self._kinds.get(code, Kind.TEXT))
            for code, title, was, now in shared
            if code not in known
        ]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect("file::memory:", uri=True)) as both:
            both.execute("PRAGMA temp_store = FILE")
            for name, path in (("was", self._was), ("now", self._now)):
                both.execute(f"ATTACH ? AS {name}", (f"{path.absolute().as_uri()}?mode=ro&immutable=1",))
            yield both


def _one_sided(both: sqlite3.Connection, here: str, there: str, what: str) -> Iterator[Change]:
    """Invoices that stand ``here`` and not ``there``."""
    found = both.execute(
        f"SELECT h.invoice_id, {_number(both, here, 'h')}, h.counterparty, h.amount, h.currency "  # noqa: S608
        f"FROM {here}.rows h LEFT JOIN {there}.rows t ON t.invoice_id = h.invoice_id "
        "WHERE t.invoice_id IS NULL AND h.invoice_id IS NOT NULL ORDER BY h.place"
    )
    for invoice_id, number, counterparty, stored, currency in found:
        amount = _value(stored, Kind.MONEY)
        was, now = (None, amount) if what == ADDED else (amount, None)
        named = number or f"ID {invoice_id}"
        yield Change(what, invoice_id, named, counterparty, tr(AMOUNT.title), AMOUNT.kind, was, now, currency)


def _differing(both: sqlite3.Connection, compared: Sequence[_Compared]) -> Iterator[Change]:
    """Invoices of both that differ, a line for each column that does."""
    values = ", ".join(f"w.{each.was}, n.{each.now}" for each in compared)
    differs = " OR ".join(f"w.{each.was} IS NOT n.{each.now}" for each in compared)
    found = both.execute(
        f"SELECT n.invoice_id, {_number(both, 'now', 'n')}, n.counterparty, w.currency, n.currency, {values} "  # noqa: S608
        f"FROM now.rows n JOIN was.rows w ON w.invoice_id = n.invoice_id WHERE {differs} ORDER BY n.place"
    )
    for invoice_id, number, counterparty, old_currency, currency, *cells in found:
        for place, each in enumerate(compared):
            was, now = (_value(cell, each.kind) for cell in cells[2 * place : 2 * place + 2])
            if was != now:
                of_sums = currency if old_currency == currency else None
                named = number or f"ID {invoice_id}"
                yield Change(CHANGED, invoice_id, named, counterparty, each.title, each.kind, was, now, of_sums)


def _number(both: sqlite3.Connection, file: str, alias: str) -> str:
    """The expression of an invoice's number: a report may have chosen columns without it."""
    found = both.execute(f"SELECT place FROM {file}.columns WHERE code = 'number'").fetchone()  # noqa: S608
    return f"{alias}.c{found[0]}" if found else "NULL"


def _titles(both: sqlite3.Connection, here: str, there: str) -> list[str]:
    found = both.execute(
        f"SELECT code, title FROM {here}.columns WHERE code NOT IN (SELECT code FROM {there}.columns) ORDER BY place"  # noqa: S608
    )
    known = {each.code for each in _ALWAYS.values()} | {"number"}
    return [title for code, title in found if code not in known]


def _sums(both: sqlite3.Connection) -> dict[str | None, tuple[Decimal, Decimal]]:
    sums: defaultdict[str | None, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for place, file in enumerate(("was", "now")):
        for currency, amount in both.execute(f"SELECT currency, amount FROM {file}.rows"):  # noqa: S608
            sums[currency][place] += _sum(_value(amount, Kind.MONEY))
    in_order = sorted(sums.items(), key=lambda each: each[0] or "")
    return {currency: (was, now) for currency, (was, now) in in_order}


def _value(stored: Any, kind: Kind) -> Value:
    """A cell as its column has it; as a text where the column was of another kind then, or says ``нет``."""
    if stored is None or kind in _TEXTS:
        return None if stored is None else str(stored)
    try:
        return date.fromisoformat(str(stored)) if kind is Kind.DATE else Decimal(str(stored))
    except (ValueError, InvalidOperation):
        return str(stored)


def _sum(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)

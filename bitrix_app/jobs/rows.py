"""The rows of a finished report: a part of them, searched and sorted, and the figures of its pictures.

They are read from the file that the export has left (``workbook.rows``), never asked of the portal again.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from heapq import nlargest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from weakref import WeakValueDictionary

from bitrix_app.reports import ROWS
from bitrix_app.storage import Files, ReportRecord

MOST_ROWS = 200
"""Of one answer."""
COPIES = 8
"""Files of an object store that a process keeps on its own disk."""
LARGEST = 10
_FIXED = "invoice_id, url, unpaid, problems"
_SCALE, _MOST = Decimal(10) ** 6, 2**63 - 1
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DIGITS = re.compile("[0-9]+")
_DAY = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_SPACES = re.compile(r"[\s\u00a0\u202f]")


@dataclass(frozen=True, slots=True)
class RowsColumn:
    """A column: ``type`` is ``text``, ``number`` or ``date``."""

    code: str
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """Which rows: ``limit`` after the first ``offset``, by the column ``sort`` (None: the report's order), where any
    cell holds ``text``; ``problems``: those of invoices with a problem only."""

    offset: int = 0
    limit: int = MOST_ROWS
    sort: str | None = None
    descending: bool = False
    text: str = ""
    problems: bool = False


@dataclass(frozen=True, slots=True)
class RowsSum:
    """What the rows of one currency come to, and what of it is paid."""

    currency: str | None
    amount: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class RowsPage:
    """``total``: how many rows answer the query in all; ``sums``: what these come to, the currency of most of them
    first, told with the first part alone; ``rows``: invoice id, address of its card, unpaid, number of its problems,
    then the cells: numbers as decimal texts, days as ISO 8601, None where nothing is known."""

    columns: tuple[RowsColumn, ...]
    total: int
    sums: tuple[RowsSum, ...] | None
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class CurrencyFigures:
    """Sums of one currency: of each month of the invoices' dates (``2026-10``; None: without one) what was invoiced and
    what of it is paid; the counterparties with the largest sums."""

    currency: str | None
    months: tuple[tuple[str | None, Decimal, Decimal], ...]
    counterparties: tuple[tuple[str | None, Decimal], ...]


class RowsMissingError(LookupError):
    """The report was built before rows were kept, or their file is gone."""


class UnknownSortError(ValueError):
    """The report has no such column."""


def rows_of(report: ReportRecord) -> str | None:
    """The name of the file of the report's rows; None where they were not kept."""
    return next((each.name for each in report.files if each.format == ROWS.name), None)


class ReportRows:
    """Reads the rows of reports; safe to use from several threads."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._fetching: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._folder: TemporaryDirectory[str] | None = None
        self._copies: OrderedDict[str, Path] = OrderedDict()

    def page(self, report: ReportRecord, query: RowsQuery) -> RowsPage:
        """The rows that answer ``query``. Raises RowsMissingError, UnknownSortError, StorageFullError."""
        with self._opened(report) as file:
            columns = _columns(file)
            codes = [each.code for each in columns]
            if query.sort is not None and query.sort not in codes:
                raise UnknownSortError(query.sort)
            cells = [f"c{place}" for place in range(len(columns))]
            where, values = _where(query, cells)
            total, sums = _counted(file, where, values, with_sums=query.offset == 0)
            order = "place"
            if query.sort is not None:
                key = f"sort_key(c{codes.index(query.sort)})"
                order = f"{key} IS NULL, {key} {'DESC' if query.descending else 'ASC'}, place"
            found = file.execute(
                f"SELECT {_FIXED}, {', '.join(cells)} FROM rows{where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
                (*values, query.limit, query.offset),
            )
            return RowsPage(columns, total, sums, tuple(found))

    def figures(self, report: ReportRecord) -> tuple[CurrencyFigures, ...]:
        """The figures of the report's pictures, the currency of most invoices first. Raises RowsMissingError,
        StorageFullError."""
        months: defaultdict[str | None, defaultdict[str | None, list[Decimal]]]
        months = defaultdict(lambda: defaultdict(lambda: [Decimal(0), Decimal(0)]))
        parties: defaultdict[str | None, defaultdict[tuple[str | None, str | None], Decimal]]
        parties = defaultdict(lambda: defaultdict(Decimal))
        counts = Counter[str | None]()
        with self._opened(report) as file:
            told = file.execute("SELECT currency, amount, paid, substr(day, 1, 7), party, counterparty FROM rows")
            names: dict[str | None, str | None] = {}
            for currency, amount, paid, month, party, counterparty in told:
                counts[currency] += 1
                of_month = months[currency][month]
                of_month[0] += Decimal(amount or 0)
                of_month[1] += Decimal(paid or 0)
                parties[currency][party, names.setdefault(party, counterparty)] += Decimal(amount or 0)
        return tuple(_figures(currency, months[currency], parties[currency]) for currency, _ in counts.most_common())

    def close(self) -> None:
        """Removes the copies."""
        with self._lock:
            self._copies.clear()
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None

    @contextmanager
    def _opened(self, report: ReportRecord) -> Iterator[sqlite3.Connection]:
        name = rows_of(report)
        if name is None:
            raise RowsMissingError
        try:
            path = self._files.local(name) or self._copy(name)
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        except (FileNotFoundError, sqlite3.OperationalError) as error:
            raise RowsMissingError from error
        with closing(connection) as file:
            file.create_function("fold", 1, _folded, deterministic=True)
            file.create_function("sort_key", 1, _sort_key, deterministic=True)
            file.create_aggregate("exact_sum", 1, _ExactSum)  # type: ignore[arg-type]  # typeshed knows numbers alone
            yield file

    def _copy(self, name: str) -> Path:
        """The file on this machine's disk, fetched once however many ask for it; others are not waited for."""
        with self._lock:
            fetching = self._fetching.setdefault(name, threading.Lock())
        with fetching:
            known = self._known(name)
            if known is not None:
                return known
            with self._lock:
                self._folder = self._folder or TemporaryDirectory(prefix="rows-")
                path = Path(self._folder.name, name)
            with self._files.open(name) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            self._keep(name, path)
            return path

    def _known(self, name: str) -> Path | None:
        with self._lock:
            if name in self._copies:
                self._copies.move_to_end(name)
            return self._copies.get(name)

    def _keep(self, name: str, path: Path) -> None:
        """The copy that was needed longest ago makes room."""
        with self._lock:
            self._copies[name] = path
            while len(self._copies) > COPIES:
                _, old = self._copies.popitem(last=False)
                with suppress(OSError):  # a reader of another thread may still hold it
                    old.unlink()


class _ExactSum:
    """SQL's ``exact_sum``: of sums as they are stored, digit for digit."""

    def __init__(self) -> None:
        self._sum = Decimal(0)

    def step(self, stored: str | None) -> None:
        if stored is not None:
            self._sum += Decimal(stored)

    def finalize(self) -> str:
        return str(self._sum)


def _counted(
    file: sqlite3.Connection, where: str, values: tuple[str, ...], *, with_sums: bool
) -> tuple[int, tuple[RowsSum, ...] | None]:
    """How many rows are found, and what they come to, in one reading: a search looks at every cell."""
    if not with_sums:
        [total] = file.execute(f"SELECT count(*) FROM rows{where}", values).fetchone()  # noqa: S608
        return total, None
    found = file.execute(
        f"SELECT count(*), currency, exact_sum(amount), exact_sum(paid) FROM rows{where} "  # noqa: S608
        "GROUP BY currency ORDER BY count(*) DESC, currency",
        values,
    ).fetchall()
    sums = tuple(RowsSum(currency, Decimal(amount), Decimal(paid)) for _, currency, amount, paid in found)
    return sum(count for count, *_ in found), sums


def _columns(file: sqlite3.Connection) -> tuple[RowsColumn, ...]:
    return tuple(RowsColumn(*each) for each in file.execute("SELECT code, title, type FROM columns ORDER BY place"))


def _where(query: RowsQuery, cells: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    conditions = ["problems > 0"] if query.problems else []
    texts = _spellings(query.text)
    if texts:
        row = " || char(10) || ".join(f"ifnull({each}, '')" for each in cells)
        conditions.append("(" + " OR ".join(f"instr(fold({row}), ?)" for _ in texts) + ")")
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), texts


def _spellings(text: str) -> tuple[str, ...]:
    """What is looked for: the text as it is, a sum also as it is stored (``1 234,50``, ``1,234.50``), a day too
    (``31.10.2026``)."""
    text = text.strip()
    if not text:
        return ()
    digits = _SPACES.sub("", text)
    numbers = [each for each in (digits.replace(",", "."), digits.replace(",", "")) if _NUMBER.fullmatch(each)]
    spellings = [_folded(text), *numbers, _DAY.sub(r"\3-\2-\1", text)]
    return tuple(dict.fromkeys(str(each) for each in spellings))


def _folded(value: Any) -> str | None:
    """Letters alike whatever their case, ``ё`` like ``е``."""
    return None if value is None else str(value).casefold().replace("ё", "е")


def _sort_key(value: Any) -> int | str | None:
    """A number by its value, to a millionth; a text by its letters, and by the value of numbers in it."""
    if value is None or value == "":
        return None
    text = str(value)
    if _NUMBER.fullmatch(text):
        return max(-_MOST, min(int(Decimal(text) * _SCALE), _MOST))
    return _DIGITS.sub(lambda found: found[0].zfill(12), str(_folded(text)))


def _figures(
    currency: str | None, months: dict[str | None, list[Decimal]], parties: dict[tuple[str | None, str | None], Decimal]
) -> CurrencyFigures:
    in_order = sorted(months.items(), key=lambda each: (each[0] is None, each[0] or ""))
    largest = nlargest(LARGEST, parties.items(), key=lambda each: each[1])
    counterparties = tuple((name, amount) for (_, name), amount in largest)
    return CurrencyFigures(currency, tuple((month, *sums) for month, sums in in_order), counterparties)  # type: ignore[misc]

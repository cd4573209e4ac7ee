"""A report compared with an earlier one: its sheet ``Изменения``, and what the summary tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from bitrix_app.processing import ProblemLine
from bitrix_app.processing.columns import Kind, Value
from bitrix_app.texts import tr
from bitrix_app.workbook import Sheet, in_language
from bitrix_app.workbook.changes import CHANGES, Change, Comparison, changes_sheet

_TYPES = {Kind.TEXT: "text", Kind.LABEL: "text", Kind.DATE: "date", Kind.MONEY: "money"}


@dataclass(frozen=True, slots=True)
class Earlier:
    """The report that a new one is compared with: its rows in the file ``path``, None where they are gone; which
    report it is in ``words``."""

    report_id: str
    path: Path | None
    words: str = ""


def lost(earlier: Earlier | None) -> tuple[ProblemLine, ...]:
    """The line of ``Проблемы`` that says why there is no comparison."""
    if earlier is None or earlier.path is not None:
        return ()
    message = tr(
        "Выгрузка, с которой нужно было сравнить, удалена: листа «Изменения» нет. Сравните с другой выгрузкой."
    )
    return (ProblemLine.of_report(CHANGES, message),)


def changes_since(
    earlier: Earlier | None, rows: Path, sheets: Sequence[Sheet[Any]]
) -> tuple[Sequence[Sheet[Any]], dict[str, Any]]:
    """The sheets of a report whose rows lie in the file ``rows``, ``Изменения`` the second of them, and what the
    summary gets: both without a comparison where there is none to make."""
    if earlier is None or earlier.path is None:
        return sheets, {}
    first, *others = sheets
    comparison = Comparison(earlier.path, rows, [*first.columns, *([first.seller] if first.seller else [])])
    found = comparison.found()
    told = {
        "with": earlier.report_id,
        **found.counts,
        "totals": [
            {"currency": currency, "was": str(was), "now": str(now), "difference": str(now - was)}
            for currency, (was, now) in found.sums.items()
        ],
        "first": [_told(each) for each in found.first],
        "not_compared": list(found.not_compared),
    }
    return (first, in_language(changes_sheet(comparison, found, earlier.words)), *others), {"changes": told}


def _told(change: Change) -> dict[str, Any]:
    return {
        "what": change.what,
        "invoice_id": change.invoice_id,
        "number": change.number,
        "counterparty": change.counterparty,
        "field": change.field,
        "type": _TYPES.get(change.kind, "number"),
        "was": _plain(change.was),
        "now": _plain(change.now),
        "currency": change.currency,
    }


def _plain(value: Value) -> str | int | None:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value

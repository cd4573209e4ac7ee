"""The sheet ``Изменения``: a line for what came, went or differs since an earlier report, and the sums before and
after."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any

from bitrix_app.processing.columns import AMOUNT, COUNTERPARTY, CURRENCY, NUMBER, Column, Kind
from bitrix_app.texts import quoted, tr
from bitrix_app.workbook.changes.comparison import ADDED, CHANGED, GONE, Change, ChangesFound, Comparison
from bitrix_app.workbook.sheets import Line, Sheet
from bitrix_app.workbook.styles import RowFormat

CHANGES = "Изменения"
WORDS = {ADDED: "Добавлен", GONE: "Исчез", CHANGED: "Изменён"}
CHANGE_COLUMNS: tuple[Column[Change], ...] = (
    Column("number", NUMBER.title, Kind.TEXT, attrgetter("number")),
    Column("what", "Что изменилось", Kind.LABEL, lambda change: tr(WORDS[change.what])),
    Column(COUNTERPARTY.code, COUNTERPARTY.title, Kind.TEXT, attrgetter("counterparty")),
    Column("field", "Поле", Kind.TEXT, attrgetter("field")),
    Column("was", "Было", Kind.MONEY, attrgetter("was")),
    Column("now", "Стало", Kind.MONEY, attrgetter("now")),
    Column("difference", "Разница", Kind.MONEY, attrgetter("difference")),
    Column(CURRENCY.code, CURRENCY.title, Kind.LABEL, attrgetter("currency")),
)
_FORMATS: Mapping[Hashable, RowFormat] = {kind: RowFormat(kinds={"was": kind, "now": kind}) for kind in Kind}
"""A day is shown as a day, a text as a text, whichever column differs."""


def changes_sheet(comparison: Comparison, found: ChangesFound, earlier: str) -> Sheet[Change]:
    """The sheet of a report that is compared with the one that the words ``earlier`` name."""
    return Sheet(
        CHANGES,
        tr(". Изменения с прошлой выгрузки"),
        CHANGE_COLUMNS,
        of_totals=lambda _totals: comparison.changes(),
        formats=_FORMATS,
        format_key=lambda change, _above, _today: change.kind,
        frozen="number",
        linked="number",
        invoice_id=attrgetter("invoice_id"),
        below=lambda _totals: _below(found),
        legend=_legend(found, earlier),
        widths={"what": (16, 18), "field": (14, 30), "was": (18, 40), "now": (18, 40), "difference": (16, 30)},
    )


def _legend(found: ChangesFound, earlier: str) -> str:
    counted = tr(
        "добавлено {added}, исчезло {gone}, изменилось {changed}",
        added=found.counts[ADDED],
        gone=found.counts[GONE],
        changed=found.counts[CHANGED],
    )
    left_out = ", ".join(quoted(each) for each in found.not_compared)
    rest = (
        tr(" Не сравнивались столбцы, которые есть только в одной из выгрузок: {left_out}.", left_out=left_out)
        if left_out
        else ""
    )
    return tr(
        "По сравнению с выгрузкой {earlier}: {counted}. Счета сопоставлены по ID в Битрикс24.{rest}",
        earlier=earlier,
        counted=counted,
        rest=rest,
    )


def _below(found: ChangesFound) -> Iterator[Line]:
    if not any(found.counts.values()):
        yield {}
        yield {COUNTERPARTY.code: tr("Изменений нет")}
    yield from _sums(found.sums.items())


def _sums(sums: Iterable[tuple[str | None, tuple[Any, Any]]]) -> Iterator[Line]:
    for currency, (was, now) in sums:
        yield {}
        yield {
            COUNTERPARTY.code: tr("Всего счетов на сумму"),
            "field": tr(AMOUNT.title),
            "was": was,
            "now": now,
            "difference": now - was,
            CURRENCY.code: currency,
        }

"""Texts of the portal as a report shows them: at most LONGEST_TEXT characters, and a problem where one was cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bitrix_app.processing.columns import INVOICE_COLUMNS, ROW_COLUMNS
from bitrix_app.processing.fields import FIELDS, PRODUCT, ROWS_NAMED
from bitrix_app.processing.model import Problem, ProcessedInvoice, ProductRow
from bitrix_app.texts import tr

LONGEST_TEXT = 1000
"""Characters (contract §9). A text stands in many rows and sheets: a long one would weigh many times its size."""

_TITLES: Mapping[str, str] = {
    "stage_id": FIELDS["stage_id"].title,
    "my_company": FIELDS["mycompany_id"].title,
    **{
        column.code: column.title
        for column in INVOICE_COLUMNS
        if column.code in {"number", "inn", "kpp", "counterparty", "currency", "stage", "responsible"}
    },
}
"""Texts of an invoice, and what problems call them."""
_UNIT_TITLE = next(column.title for column in ROW_COLUMNS if column.code == "unit")


def cut(text: str) -> str:
    """The beginning of a text."""
    return text[:LONGEST_TEXT]


def cut_texts(invoice: ProcessedInvoice, titles: Mapping[str, str]) -> tuple[ProcessedInvoice, tuple[Problem, ...]]:
    """The invoice with its texts cut, and a problem for each that was; ``titles`` of its extra values by code."""
    long = [name for name in _TITLES if _is_long(getattr(invoice, name))]
    long_extra = [code for code, value in invoice.extra.items() if _is_long(value)]
    rows, row_problems = _cut_rows(invoice.product_rows)
    if not long and not long_extra and not row_problems:
        return invoice, ()
    extra = {code: cut(value) if code in long_extra else value for code, value in invoice.extra.items()}
    shortened: dict[str, Any] = {name: cut(getattr(invoice, name)) for name in long}
    named = [*(_TITLES[name] for name in long), *(titles.get(code, code) for code in long_extra)]
    problems = (*(Problem(title, _is_cut()) for title in dict.fromkeys(named)), *row_problems)
    return replace(invoice, extra=extra, product_rows=rows, **shortened), problems


def _cut_rows(rows: Sequence[ProductRow]) -> tuple[tuple[ProductRow, ...], tuple[Problem, ...]]:
    places = {
        PRODUCT.title: [place for place, row in enumerate(rows, 1) if _is_long(row.name)],
        _UNIT_TITLE: [place for place, row in enumerate(rows, 1) if _is_long(row.unit)],
    }
    problems = tuple(Problem(title, _of_rows(found)) for title, found in places.items() if found)
    if not problems:
        return tuple(rows), ()
    return tuple(
        replace(row, name=row.name and cut(row.name), unit=row.unit and cut(row.unit)) for row in rows
    ), problems


def _of_rows(places: Sequence[int]) -> str:
    named = ", ".join(map(str, places[:ROWS_NAMED]))
    others = tr(" и ещё в строках: {count}", count=len(places) - ROWS_NAMED) if len(places) > ROWS_NAMED else ""
    return tr("Товары счёта, строка {named}{others}. {is_cut}", named=named, others=others, is_cut=_is_cut())


def _is_cut() -> str:
    return tr("Текст длиннее {count} знаков: в отчёте стоит его начало.", count=LONGEST_TEXT)


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > LONGEST_TEXT

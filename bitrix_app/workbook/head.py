"""What stands above a table: title and grey lines, the totals in short, what a filter leaves, the header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bitrix_app.processing.columns import CURRENCY, Kind, Value
from bitrix_app.processing.totals import CurrencyTotal, RegisterTotals
from bitrix_app.texts import tr, tr_many
from bitrix_app.workbook.header import RegisterHeader, title_lines
from bitrix_app.workbook.sheets import Sheet
from bitrix_app.workbook.stream import SheetStream
from bitrix_app.workbook.styles import FILTERED, SIZE, SMALL, SheetColumn, StyleBook

ABOVE: Mapping[str, Callable[[CurrencyTotal], Decimal]] = {
    "на сумму": lambda total: total.amount,
    "в т. ч. НДС": lambda total: total.vat,
    "оплачено": lambda total: total.paid,
    "не оплачено": lambda total: total.unpaid,
    "из них просрочено": lambda total: total.overdue,
}
"""The figures of a currency above the table."""
OVERPAID: Mapping[str, Callable[[CurrencyTotal], Decimal]] = {"переплата": lambda total: total.overpaid}
"""The one that stands there where there is any."""

_NARROWEST_TITLE = 60
"""The lines above a table of few columns go on over the empty cells beside it."""
_USUAL_WIDTH = 8
"""Of a column beyond the table."""
_CODE = re.compile("[A-Z]{3}")
_LONGEST_LABEL = 24
"""«RUB: 1000000 счетов» with room to spare; what somebody calls a currency otherwise is cut by the figures."""
_IN_COLUMNS = 2
"""So many figures stand over columns of their own."""
_VISIBLE_SUM = 109
"""SUBTOTAL's function that adds up the rows that are not hidden."""


class Head:
    """Writes what stands above one table, on each of its sheets."""

    def __init__(
        self,
        sheet: Sheet[Any],
        columns: Sequence[SheetColumn],
        header: RegisterHeader,
        totals: RegisterTotals,
        styles: StyleBook,
    ) -> None:
        self._sheet = sheet
        self._columns = columns
        self._places = {column.code: place for place, column in enumerate(columns)}
        self._header = header
        self._totals = totals
        self._currencies = totals.currencies()
        figures = {**ABOVE, **OVERPAID} if totals.has_overpaid else ABOVE
        self._figures = {tr(title): figure for title, figure in figures.items()}
        self._styles = styles

    def write(self, page: SheetStream, number: int) -> None:
        """The rows above the table on its ``number``-th sheet; the sums of what a filter leaves come in ``finish``."""
        styles = self._styles
        about = self._sheet.about + ("" if number == 1 else tr(" (продолжение, лист {number})", number=number))
        width = max(int(sum(column.narrow for column in self._columns) * SIZE / SMALL), _NARROWEST_TITLE)
        lines = title_lines(self._header, about, width, self._totals.own_companies(), self._sheet.legend)
        for index, line in enumerate(lines):
            page.add_line(line, styles.line if index else styles.title, 11.5 if index else 20)
        if self._sheet.figures_above and number == 1 and self._currencies:
            self._add_figures(page)
        page.add_line("", styles.line, height=6)
        if self._filters:
            page.leave_row()
        page.add_header(styles.header(self._columns))

    def finish(self, pages: Sequence[SheetStream]) -> None:
        """The sums of what a filter leaves, known to Excel when it opens the sheet; now where there is one sheet."""
        for page in pages if self._filters else ():
            page.late_row = self._filtered(page, cached=len(pages) == 1)

    @property
    def _filters(self) -> bool:
        """Sums of one currency alone mean anything; of several, they are those of the first."""
        filtered = self._sheet.filtered.keys() & self._places.keys()
        return bool(filtered and self._currencies) and (
            len(self._currencies) == 1
            or (CURRENCY.code in self._places and _CODE.fullmatch(self._currencies[0].currency or "") is not None)
        )

    def _add_figures(self, page: SheetStream) -> None:
        label = self._places.get(self._sheet.label, 0)
        names = {
            total: f"{total.currency or tr('Без валюты')}: {invoices_in_words(total.invoices)}"
            for total in self._currencies
        }
        label_end = self._end(label, min(max(map(len, names.values())), _LONGEST_LABEL) + 2)
        spans = list(self._spans(label_end + 1))
        titles = [
            (first, title, self._styles.figure_title) for (first, _), title in zip(spans, self._figures, strict=True)
        ]
        page.add_cells(
            [
                (
                    label,
                    tr("Итого по валютам") if len(self._currencies) > 1 else tr("Итого"),
                    self._styles.figures_title,
                ),
                *titles,
            ]
        )
        for total in self._currencies:
            cells: list[tuple[int, Value, int]] = [(label, names[total], self._styles.figure_label)]
            for (first, last), (title, figure) in zip(spans, self._figures.items(), strict=True):
                style = self._styles.figure_overdue if title == tr("из них просрочено") else self._styles.figure
                cells.append((first, figure(total), style))
                if first == last and first < len(self._columns):
                    page.widen(first, _length(figure(total)))
            page.add_cells(cells)
        for row in range(page.row - len(self._currencies), page.row + 1):
            page.merge(row, [(first, last) for first, last in [(label, label_end), *spans] if first < last])

    def _spans(self, place: int) -> Iterator[tuple[int, int]]:
        """First and last column of each figure: the first two stand in a column each where these hold money (those of
        sum and VAT in the usual order) and so widen with them, the others take as many as they need."""
        for index, (title, figure) in enumerate(self._figures.items()):
            needed = max(len(title), *(_length(figure(each)) * 4 / 3 for each in self._currencies)) + 2
            widens = index < _IN_COLUMNS and place < len(self._columns) and self._columns[place].kind is Kind.MONEY
            last = place if widens else self._end(place, needed)
            yield place, last
            place = last + 1

    def _end(self, place: int, needed: float) -> int:
        """The last of the columns from ``place`` on that are so wide together, at their narrowest."""
        room = self._narrow(place)
        while room < needed:
            place += 1
            room += self._narrow(place)
        return place

    def _narrow(self, place: int) -> float:
        return self._columns[place].narrow if place < len(self._columns) else _USUAL_WIDTH

    def _filtered(self, page: SheetStream, *, cached: bool) -> str:
        sheet, total = self._sheet, self._currencies[0]
        several = len(self._currencies) > 1
        styles = self._styles.row(self._columns, FILTERED)
        label = self._places.get(sheet.label, 0)
        text = tr("По отбору, {currency}", currency=total.currency) if several else tr("По отбору")
        cells = {label: page.cell(label, page.header_row - 1, styles[label], text)}
        rows = (page.header_row + 1, page.table_end)
        for code, figure in sheet.filtered.items():
            if code in self._places and rows[0] <= rows[1]:
                place = self._places[code]
                formula = self._formula(page.letters[place], rows, total.currency if several else None, page)
                known = f"<v>{getattr(total, figure):f}</v>" if cached else ""
                cells[place] = (
                    f'<c r="{page.letters[place]}{page.header_row - 1}" s="{styles[place]}"><f>{formula}</f>{known}</c>'
                )
        return f'<row r="{page.header_row - 1}">{"".join(cells[place] for place in sorted(cells))}</row>'

    def _formula(self, letter: str, rows: tuple[int, int], currency: str | None, page: SheetStream) -> str:
        first, last = rows
        cells = f"{letter}{first}:{letter}{last}"
        if currency is None:
            return f"SUBTOTAL({_VISIBLE_SUM},{cells})"
        in_currency = page.letters[self._places[CURRENCY.code]]
        one_by_one = f"OFFSET({letter}{first},ROW({cells})-{first},0,1,1)"
        return (
            f"SUMPRODUCT(SUBTOTAL({_VISIBLE_SUM},{one_by_one})*"
            f"({in_currency}{first}:{in_currency}{last}=&quot;{currency}&quot;))"
        )


def invoices_in_words(count: int) -> str:
    """``227 счетов``."""
    return f"{count} {tr_many(count, 'счёт', 'счёта', 'счетов')}"


def _length(figure: Decimal) -> int:
    return len(f"{figure:.2f}")

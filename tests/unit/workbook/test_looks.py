"""How the sheets look: formats, fills, what stays on the screen, what comes out of the printer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl.cell import Cell
from openpyxl.workbook import Workbook

from bitrix_app.processing.model import Problem, ProcessedInvoice, ProductRow
from tests.unit.workbook.builders import a_row, an_invoice
from tests.unit.workbook.conftest import Write
from tests.unit.workbook.reading import part, table, title_block

SHEETS = ["Краткий", "По контрагентам", "По ответственным", "Полный", "По ставкам НДС", "Проблемы"]
PROBLEM = Problem("ИНН", "Проверьте ИНН.")


def fill(cell: Cell) -> str | None:
    """The fill's colour; ``None`` where there is none."""
    return cell.fill.start_color.rgb if cell.fill.fill_type else None


@pytest.mark.parametrize(
    ("sheet", "title", "number_format"),
    [
        ("Краткий", "Номер", "@"),
        ("Краткий", "ИНН", "@"),
        ("Краткий", "КПП", "@"),
        ("Краткий", "Сумма", "#,##0.00"),
        ("Краткий", "НДС", "#,##0.00"),
        ("Краткий", "Дата отгрузки", "dd.mm.yyyy"),
        ("Краткий", "Валюта", "@"),
        ("Краткий", "Стадия", "@"),
        ("Краткий", "Ставка НДС", "@"),
        ("Полный", "Наименование товара", "@"),
        ("Полный", "Ед. изм.", "@"),
        ("Полный", "Ставка НДС", "@"),
        ("Полный", "Цена", "#,##0.00####"),
        ("Полный", "Сумма", "#,##0.00"),
        ("По ставкам НДС", "Счетов с этой ставкой", "#,##0"),
        ("По контрагентам", "Последняя оплата", "dd.mm.yyyy"),
        ("Проблемы", "Проблема", "@"),
    ],
)
def test_each_column_has_its_number_format(write: Write, sheet: str, title: str, number_format: str) -> None:
    """Money with kopecks, dates by day, texts as texts."""
    book = write([an_invoice(problems=(PROBLEM,))])
    assert table(book, sheet).rows[0][title].number_format == number_format


@pytest.mark.parametrize(
    ("quantity", "number_format"),
    [("5", "#,##0"), ("1000.000", "#,##0"), ("1E+3", "#,##0"), ("2.5", "#,##0.0#####"), ("0.125", "#,##0.0#####")],
)
def test_a_whole_quantity_is_shown_without_a_comma(write: Write, quantity: str, number_format: str) -> None:
    """``5``, not ``5,``; ``2,5`` where there is a fraction."""
    book = write([an_invoice(product_rows=(a_row(quantity=Decimal(quantity)),))])
    assert table(book, "Полный").rows[0]["Количество"].number_format == number_format


LATE = date(2026, 3, 1)
"""Before the day of the tests' header."""


@pytest.mark.parametrize(
    ("changes", "marked"),
    [
        ({}, {}),
        ({"paid": False}, {"Дата оплаты": "00FDE8E6", "Стадия": "00FDE8E6"}),
        ({"vat": None, "without_vat": True}, {"НДС": "00DDEBF7"}),
        (
            {"paid": False, "vat": None, "without_vat": True},
            {"НДС": "00DDEBF7", "Дата оплаты": "00FDE8E6", "Стадия": "00FDE8E6"},
        ),
    ],
    ids=["ordinary", "unpaid", "without VAT", "both"],
)
def test_unpaid_invoices_and_those_without_vat_are_marked_in_the_cells_that_say_so(
    write: Write, changes: dict[str, Any], marked: dict[str, str]
) -> None:
    """Each in its own way; the cells say it in words too: no payment date, the stage, «нет»."""
    row = table(write([an_invoice(**changes)]), "Краткий").rows[0]
    assert {title: fill(cell) for title, cell in row.items() if fill(cell)} == marked
    assert (row["НДС"].value == "нет") is ("without_vat" in changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({}, False), ({"due_date": LATE}, False), ({"due_date": LATE, "paid": False}, True), ({"paid": False}, False)],
    ids=["paid in time", "paid", "overdue", "not yet due"],
)
def test_an_overdue_date_is_bold_and_red(write: Write, changes: dict[str, Any], told: bool) -> None:
    """Of unpaid invoices alone."""
    due = table(write([an_invoice(**changes)]), "Краткий").rows[0]["Срок оплаты"]
    assert (bool(due.font.b), due.font.color is not None and due.font.color.rgb == "FFB42318") == (told, told)


def test_the_legend_explains_the_signs(write: Write) -> None:
    """In words, above the table."""
    (legend,) = (line for line in title_block(write([an_invoice()]), "Краткий") if line.startswith("Обозначения"))
    for sign in ("розов", "частично", "жирный", "нет", "голуб"):
        assert sign in legend


def test_alternate_invoices_are_shaded_on_the_full_sheet(write: Write) -> None:
    """All rows of one invoice alike; invoices without rows do not count."""
    invoices = [
        an_invoice(product_rows=(a_row(), a_row(quantity=Decimal("0.5")))),
        an_invoice(product_rows=()),
        an_invoice(product_rows=(a_row(), a_row(quantity=Decimal("0.5")))),
        an_invoice(product_rows=(a_row(),)),
    ]
    fills = [{fill(cell) for cell in row.values()} for row in table(write(invoices), "Полный").rows]
    assert fills == [{None}, {None}, {"00F3F6FA"}, {"00F3F6FA"}, {None}]


FROZEN = dict(zip(SHEETS, "DDBDCB", strict=True))
"""The first column that moves: number and counterparty, or whatever names a row, stay."""


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_header_is_bold_filled_frozen_and_has_the_filter(write: Write, sheet: str) -> None:
    """The filter covers the table and nothing under it."""
    found = table(write([an_invoice(problems=(PROBLEM,))]), sheet)
    cells = found.sheet[found.header_row]
    assert all(cell.font.bold and fill(cell) for cell in cells)
    assert found.sheet.freeze_panes == f"{FROZEN[sheet]}{found.header_row + 1}"
    assert found.sheet.auto_filter.ref == f"A{found.header_row}:{cells[-1].column_letter}{found.header_row + 1}"


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_hair_line_parts_the_rows_and_what_stands_around_the_table_has_none(write: Write, sheet: str) -> None:
    """Under each row; neither in the title block nor at the totals."""
    found = table(write([an_invoice(problems=(PROBLEM,), paid=False)]), sheet)
    lines = {
        row: {cell.border.bottom.style for cell in found.sheet[row] if cell.has_style}
        for row in range(1, found.sheet.max_row + 1)
    }
    assert (lines.pop(found.header_row), lines.pop(found.header_row + 1)) == ({"thin"}, {"hair"})
    assert set().union(*lines.values()) == {None}


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_title_stands_as_its_column_does(write: Write, sheet: str) -> None:
    """Right over figures, left over texts."""
    found = table(write([an_invoice(problems=(PROBLEM,))]), sheet)
    header = {cell.value: cell.alignment.horizontal for cell in found.sheet[found.header_row]}
    assert header == {title: cell.alignment.horizontal for title, cell in found.rows[0].items()}


@pytest.mark.parametrize("sheet", SHEETS)
def test_it_prints_on_a4_landscape_one_page_wide(write: Write, sheet: str) -> None:
    """The header row is repeated, pages are numbered."""
    found = table(write([an_invoice(problems=(PROBLEM,))]), sheet)
    setup = found.sheet.page_setup
    assert (setup.paperSize, setup.orientation) == (9, "landscape")
    assert found.sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (setup.fitToWidth, setup.fitToHeight) == (1, 0)
    assert found.sheet.print_title_rows == f"${found.header_row}:${found.header_row}"
    assert found.sheet.oddFooter.right.text == "Стр. &P из &N"
    assert found.sheet.oddFooter.left.text == "Реестр счетов · &A"
    assert {(part.font, part.size) for part in (found.sheet.oddFooter.left, found.sheet.oddFooter.right)} == {
        ("Arial,Regular", 8)
    }
    margins = found.sheet.page_margins
    assert (margins.left, margins.right, margins.top, margins.bottom) == (0.25, 0.25, 0.4, 0.55)
    assert (margins.header, margins.footer) == (0.25, 0.25)


_PAPER = 297 / 25.4 * 72 - 2 * 0.25 * 72
"""Points across A4 landscape between the margins."""
_DIGIT = 7 * 0.75
"""Points of a column's width of 1: a digit of the workbook's font has 7 px at 96 dpi."""


@pytest.mark.parametrize("sheet", SHEETS)
def test_it_is_printed_at_no_less_than_7_points(write: Write, sheet: str) -> None:
    """By the scale that one page's width makes of the columns, with contents as long as they are in practice."""
    long = an_invoice(
        number="СЧ-2026/00528",
        counterparty="Общество с ограниченной ответственностью «Торговый дом Электрощит Самара»",
        inn="770708389312",
        amount=Decimal("987654321.99"),
        vat=Decimal("178101598.98"),
        stage="Частично оплачен, ждём остаток",
        responsible="Константинопольская Александра",
        product_rows=(a_row(name="Щит распределительный навесной " * 3, quantity=Decimal("1234.125")),),
        problems=(PROBLEM,),
    )
    found = table(write([long]), sheet).sheet
    across = sum(each.width for each in found.column_dimensions.values()) * _DIGIT
    size = 10 * min(1, _PAPER / across)
    assert size >= 7, f"{size:.1f} pt"


def test_widths_follow_the_longest_content_of_any_row(write: Write) -> None:
    """Also of the last row, and of the figures under the table; names stop growing and wrap. A capital letter is wider
    than a digit."""
    invoices = [an_invoice(), an_invoice(number="С-0001/2026-03-31", amount=Decimal("9" * 12 + ".99"))]
    invoices.append(an_invoice(counterparty="Слово " * 50))
    dimensions = table(write(invoices), "Краткий").sheet.column_dimensions
    assert dimensions["A"].width == len("С-0001/2026-03-31") + 1 + 2
    assert dimensions["D"].width >= len("1 000 000 240 000,09") + 1
    assert dimensions["C"].width == 32


NOTHING_KNOWN = ProductRow(None, None, None, None, None, None, None, None, tax_rate_unknown=True)
NARROWEST = {
    "Краткий": [9, 14, 26, 12, 10, 11, 11, 11, 8.5, 12, 11, 11, 15.5, 12],
    "По контрагентам": [14, 11, 26, 8.5, 8.5, 12, 10, 12, 12, 12.5, 15, 11.5],
    "По ответственным": [24, 8.5, 8.5, 16, 16, 16, 16, 16],
    "Полный": [9, 14, 26, 28, 12.5, 8, 11, 12, 12, 10, 8.5, 11],
    "По ставкам НДС": [12, 22, 14, 20, 20, 20],
    "Проблемы": [11, 18, 80],
}
WIDEST = {
    "Краткий": [24, 20, 32, 30, 30, 12, 12, 12, 12, 18, 14, 12, 18, 14],
    "По контрагентам": [20, 14, 32, 12, 8.5, 30, 30, 30, 12, 12.5, 15, 12],
    "По ответственным": [36, 12, 8.5, 30, 30, 30, 16, 16],
    "Полный": [24, 20, 32, 50, 30, 14, 30, 30, 12, 30, 12, 12],
    "По ставкам НДС": [14, 22, 14, 30, 30, 20],
    "Проблемы": [44, 30, 110],
}


def widths(book: Workbook, sheet: str) -> list[float]:
    """The widths of a sheet's columns, whole characters."""
    found = table(book, sheet)
    columns = (cell.column_letter for cell in found.sheet[found.header_row])
    return [found.sheet.column_dimensions[letter].width for letter in columns]


@pytest.mark.parametrize("sheet", NARROWEST)
def test_an_empty_table_is_as_wide_as_its_headers_and_the_title_block_need(write: Write, sheet: str) -> None:
    """The narrowest that a table gets, whatever is unknown: every header can be read above its filter button."""
    unknown = ProcessedInvoice(id=1, product_rows=(NOTHING_KNOWN,), problems=(Problem("", ""),))
    assert widths(write([unknown]), sheet) == NARROWEST[sheet]


@pytest.mark.parametrize("sheet", WIDEST)
def test_no_content_makes_a_table_too_wide_to_be_read_on_one_page(write: Write, sheet: str) -> None:
    """The widest that a table gets: longer texts are wrapped."""
    text, money = "слово " * 60, Decimal("9" * 30 + ".99")
    row = a_row(name=text, quantity=money, unit=text, price=money, amount=money, vat=money)
    texts = dict.fromkeys(("number", "inn", "kpp", "counterparty", "currency", "stage", "responsible"), text)
    rates = tuple(map(Decimal, range(20)))
    problem = Problem(text, text)
    invoice = an_invoice(**texts, amount=money, vat=money, tax_rates=rates, product_rows=(row,), problems=(problem,))
    assert widths(write([invoice]), sheet) == WIDEST[sheet]


@pytest.mark.parametrize("sheet", SHEETS)
def test_title_and_header_stand_out_of_the_table(write: Write, sheet: str) -> None:
    """A large bold title, small grey lines, a light header of two lines; the cursor waits in the first row."""
    found = table(write([an_invoice(problems=(PROBLEM,))]), sheet)
    title, line, header = found.sheet["A1"], found.sheet["A2"], found.sheet[found.header_row][0]
    assert [(each.font.name, each.font.sz, bool(each.font.b)) for each in (title, line, header)] == [
        ("Arial", 14, True),
        ("Arial", 8, False),
        ("Arial", 8, True),
    ]
    assert fill(header) == "00EAF2FA"
    assert (header.alignment.vertical, header.alignment.wrap_text) == ("center", True)
    assert found.sheet.row_dimensions[found.header_row].height == 26
    assert found.sheet.sheet_view.selection[-1].activeCell == found.sheet.freeze_panes


def test_a_link_looks_like_one_and_wraps(write: Write) -> None:
    """Blue and underlined, a text in the grid of its table."""
    link = table(write([an_invoice(problems=(PROBLEM,))]), "Проблемы").rows[0]["Номер"]
    assert (link.font.color.rgb, link.font.u, link.font.sz, link.number_format) == ("FF0563C1", "single", 10, "@")
    assert (link.alignment.horizontal, link.alignment.vertical, link.alignment.wrap_text) == ("left", "top", True)
    assert link.border.bottom.style == "hair"


def test_only_the_tab_of_problems_is_coloured(write: Write) -> None:
    """It is the sheet that asks for something to be done."""
    book = write([an_invoice(problems=(PROBLEM,))])
    colours = {sheet.title: sheet.sheet_properties.tabColor for sheet in book}
    assert {name: colour.rgb for name, colour in colours.items() if colour} == {"Проблемы": "00FFC000"}


@pytest.mark.parametrize(
    ("sheet", "title", "horizontal"),
    [
        ("Краткий", "Контрагент", "left"),
        ("Краткий", "Сумма", "right"),
        ("Краткий", "Дата счёта", "center"),
        ("Краткий", "Валюта", "center"),
        ("Полный", "Количество", "right"),
        ("Полный", "Цена", "right"),
        ("По контрагентам", "Счетов", "right"),
    ],
)
def test_texts_lie_left_figures_right_dates_and_labels_in_the_middle(
    write: Write, sheet: str, title: str, horizontal: str
) -> None:
    """At the top of their row, where the eye follows a line of several heights."""
    cell = table(write([an_invoice()]), sheet).rows[0][title]
    assert (cell.alignment.horizontal, cell.alignment.vertical) == (horizontal, "top")


def test_a_figure_that_is_written_as_text_makes_no_row_higher(write: Write) -> None:
    """Its column is not wrapped: the text stays on one line."""
    found = table(write([an_invoice(amount=Decimal("9" * 300))]), "Краткий")
    assert isinstance(found.rows[0]["Сумма"].value, str)
    assert found.sheet.row_dimensions[found.header_row + 1].height is None


def test_no_row_is_higher_than_excel_allows(write: Write) -> None:
    """409 points; the rest of such a text is read in the cell itself."""
    found = table(write([an_invoice(counterparty="Слово " * 500)]), "Краткий")
    assert found.sheet.row_dimensions[found.header_row + 1].height == 409


def test_a_row_with_a_wrapped_name_is_high_enough(write: Write) -> None:
    """LibreOffice does not find heights itself; an ordinary row needs none."""
    found = table(write([an_invoice(), an_invoice(counterparty="Слово " * 20)]), "Краткий")
    heights = [found.sheet.row_dimensions[found.header_row + each].height for each in (1, 2)]
    assert heights == [None, 52]


@pytest.mark.parametrize(
    ("field", "title", "text"),
    [
        ("number", "Номер", "СЧ-2026/000123-ДОПСОГЛАШЕНИЕ-№7/2"),
        ("inn", "ИНН", "7701234560 (см. приложение)"),
        ("kpp", "КПП", "770101001/770102002"),
        ("currency", "Валюта", "рубли по курсу ЦБ"),
    ],
)
def test_a_text_too_long_for_its_column_is_wrapped_and_not_cut_by_the_next_cell(
    write: Write, field: str, title: str, text: str
) -> None:
    """On paper what the next cell covers is lost: the row grows instead, whatever the column."""
    found = table(write([an_invoice(**{field: text})]), "Краткий")
    (row,) = found.rows
    assert row[title].alignment.wrap_text
    assert found.sheet.row_dimensions[found.header_row + 1].height == 26


def test_every_column_of_texts_is_wrapped(write: Write) -> None:
    """Also units of measure and the rates of an invoice: ``22% / 20% / 10% / 0% / Без НДС`` is long."""
    rates = tuple(map(Decimal, (22, 20, 10, 0)))
    book = write([an_invoice(tax_rates=(*rates, None), product_rows=(a_row(unit="комплект из 12 штук"),))])
    (brief,), (full,) = table(book, "Краткий").rows, table(book, "Полный").rows
    assert brief["Ставка НДС"].alignment.wrap_text
    assert full["Ед. изм."].alignment.wrap_text


def test_the_document_says_what_it_is(write: Write) -> None:
    """Title, author and moment (UTC) among the file's properties."""
    properties = write([an_invoice()]).properties
    assert properties.title == "Реестр счетов"
    assert properties.creator == properties.lastModifiedBy == "Иванова Анна"
    assert properties.language == "ru-RU"
    assert properties.created.replace(tzinfo=UTC) == datetime(2026, 4, 1, 9, 30, tzinfo=UTC)


def test_excel_is_told_not_to_mark_numbers_kept_as_text(path: Path, write: Write) -> None:
    """No green corners on ИНН and КПП: the sign is off for the whole table, its header and last row included."""
    header_row = table(write([an_invoice(), an_invoice(id=2)]), "Краткий").header_row
    ignored = f'<ignoredError sqref="A{header_row}:N{header_row + 2}" numberStoredAsText="1"/>'.encode()
    assert ignored in part(path, "xl/worksheets/sheet1.xml")


def test_a_text_that_comes_again_looks_as_it_did(write: Write) -> None:
    """Also after more different ones than are kept ready."""
    name = "Общество с ограниченной ответственностью «Торговый дом «Северный ветер» и «Южный»"
    others = [an_invoice(counterparty=f"ООО «{each}»") for each in range(1_100)]
    long = [an_invoice(counterparty=name), an_invoice(counterparty=name)]
    found = table(write([*long, *others, *long]), "Краткий")
    rows = [0, 1, 1_102, 1_103]
    assert [found.rows[each]["Контрагент"].value for each in rows] == [name] * 4
    heights = [found.sheet.row_dimensions[found.header_row + 1 + each].height for each in range(1_104)]
    assert heights == [39, 39, *[None] * 1_100, 39, 39]
    assert [row["Контрагент"].value for row in found.rows[2:1_102]] == [each.counterparty for each in others]

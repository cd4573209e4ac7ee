"""Hostile names and figures: no cell breaks the file or the rows after it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitrix_app.processing.model import Problem
from bitrix_app.workbook import REGISTER_SHEETS, write_workbook
from bitrix_app.workbook.cells import clean
from tests.unit.workbook.builders import a_header, a_register, a_row, an_invoice
from tests.unit.workbook.conftest import Write
from tests.unit.workbook.reading import calamine_rows, digits, opened, table

HOSTILE = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+7 495 000-00-00",
    "-5",
    "@SUM(A1:A9)",
    "#N/A",
    "#REF!",
    "TRUE",
    "_x0041_",
    "_x0041_x0042_",
    "]]></t></is></c></row></sheetData>",
    "<b>&amp;</b>",
    "\"'`",
    "😀👨‍👩‍👧",
    "\u202eправо-налево\u202c",
    " пробелы  по краям ",
    "строка\nстрока\tтабуляция",
    "возврат\r\nкаретки",
    "\x00\x07\x1bуправляющие",
    "половина \ud83d эмодзи",
    "\ufffe\uffffне знаки",
    "00123",
]
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
MONEY = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**13), max_value=10**13)


def test_hostile_names_stay_text_and_the_rows_after_them_are_whole(path: Path, write: Write) -> None:
    """Read by openpyxl and by calamine: each name as typed, less what XML forbids; each sum in its place."""
    invoices = [an_invoice(number=text, counterparty=text, amount=Decimal(i)) for i, text in enumerate(HOSTILE)]
    brief = table(write(invoices), "Краткий")
    theirs = calamine_rows(path, "Краткий")[brief.header_row :]
    for index, (text, row) in enumerate(zip(HOSTILE, brief.rows, strict=True)):
        assert row["Контрагент"].data_type == "s"
        assert row["Контрагент"].value == clean(text)
        assert theirs[index][2] == clean(text)
        assert (row["Сумма"].value, theirs[index][3]) == (index, index)


def test_hostile_words_of_the_header_break_nothing(write: Write) -> None:
    """Titles, filters and names in the title block come from the portal too."""
    header = {"title": HOSTILE[10], "filters": tuple(HOSTILE), "built_by": "\ud83d<&>\x00" + "и" * 50_000}
    book = write([an_invoice()], **header, date_field_title="=1+1")
    assert len(table(book, "Краткий").rows) == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, MONEY), min_size=1, max_size=8))
def test_any_texts_and_sums_come_back(rows: list[tuple[str, Decimal]]) -> None:
    """Through the file and two readers; the digits of the sum in the XML are the Decimal."""
    invoices = [
        an_invoice(
            number=text,
            counterparty=text,
            amount=amount,
            product_rows=(a_row(name=text, unit=text, price=amount),),
            problems=(Problem(text, text),),
        )
        for text, amount in rows
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder, "register.xlsx")
        write_workbook(path, a_register(invoices), a_header(), REGISTER_SHEETS)
        brief, full = table(opened(path), "Краткий"), table(opened(path), "Полный")
        theirs = calamine_rows(path, "Полный")[full.header_row :]
        assert len(brief.rows) == len(full.rows) == len(rows)
        for index, (text, amount) in enumerate(rows):
            assert (brief.rows[index]["Номер"].value or "") == clean(text)
            assert (full.rows[index]["Наименование товара"].value or "") == clean(text)
            assert theirs[index][3] == clean(text)
            assert Decimal(digits(path, f"D{brief.header_row + 1 + index}") or "") == amount
            assert Decimal(digits(path, f"G{full.header_row + 1 + index}", sheet=4) or "") == amount


@pytest.mark.parametrize(
    ("price", "is_number"), [("1" + "0" * 254, True), ("0." + "3" * 253, True), ("0." + "3" * 254, False)]
)
def test_a_number_has_as_many_digits_as_a_spreadsheet_reads(write: Write, price: str, is_number: bool) -> None:
    """Up to 255 characters; a longer one is text, digit for digit."""
    book = write([an_invoice(product_rows=(a_row(price=Decimal(price)),))])
    (row,) = table(book, "Полный").rows
    assert isinstance(row["Цена"].value, int | float) is is_number
    assert ("Проблемы" in book.sheetnames) is not is_number


@pytest.mark.parametrize("price", ["NaN", "Infinity", "1E+999999", "1E-999999", "0." + "3" * 400])
def test_an_absurd_number_becomes_text_and_a_problem(write: Write, price: str) -> None:
    """The row keeps everything else."""
    book = write([an_invoice(product_rows=(a_row(price=Decimal(price)),))])
    (row,) = table(book, "Полный").rows
    assert row["Цена"].value == price
    assert row["Сумма"].value == 120000.10
    (problem,) = table(book, "Проблемы").values()
    assert problem["Поле"] == "Цена"

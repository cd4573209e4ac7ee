"""The rows of ``Краткий`` as CSV for 1С."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.workbook import REGISTER_SHEETS, write_csv
from bitrix_app.workbook.csv import csv_text
from tests.unit.workbook.builders import AN_INVOICE, a_header, a_register, an_invoice


def written(path: Path, *invoices: Any, detailed: bool = True) -> bytes:
    """The file's bytes."""
    write_csv(path, a_register(invoices), a_header(detailed=detailed), REGISTER_SHEETS)
    return path.read_bytes()


def test_it_is_utf8_with_bom_semicolons_and_crlf(path: Path) -> None:
    """A header and a line an invoice; decimal comma; dates as dd.mm.yyyy."""
    lines = written(path, AN_INVOICE, detailed=False).decode("utf-8").split("\r\n")
    assert lines == [
        "\ufeffНомер;ИНН;Контрагент;Сумма;НДС;Дата счёта;Дата отгрузки;Дата оплаты;Валюта;Стадия;КПП;Срок оплаты;"
        "Ответственный",
        "С-0001;7707083893;ООО «Ромашка»;120000,10;20000,02;30.03.2026;31.03.2026;02.04.2026;RUB;Оплачен;770701001;"
        "10.04.2026;Иванова Анна",
        "",
    ]


def test_it_has_the_columns_and_words_of_the_brief_sheet(path: Path) -> None:
    """``нет`` where there is no VAT, the rates when product rows were read, empty where nobody knows."""
    invoice = replace(AN_INVOICE, vat=None, without_vat=True, tax_rates=(Decimal(10), None), kpp=None)
    text = written(path, invoice).decode("utf-8-sig")
    (row,) = csv.DictReader(text.splitlines(), delimiter=";")
    assert (row["НДС"], row["Ставка НДС"], row["КПП"]) == ("нет", "10% / Без НДС", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("-5.50"), "-5,50"),
        (Decimal("999999999999.99"), "999999999999,99"),
        (Decimal("1E+3"), "1000"),
        (date(1899, 1, 2), "02.01.1899"),
        (date(2026, 3, 31), "31.03.2026"),
        (None, ""),
        ("0012345678", "0012345678"),
        ("=1+1", "'=1+1"),
        ("+7", "'+7"),
        ("-5", "'-5"),
        ("@x", "'@x"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "' =1"),
        ("\n=1", "' =1"),
        ("\x00=1+1", "'=1+1"),
        ("\ud800@x", "'@x"),
        ("＝1+1", "'＝1+1"),
        ("a=1", "a=1"),
        ("Ромашка,=1+1", "Ромашка,'=1+1"),
        ('Ромашка,"=1+1', "Ромашка,'\"=1+1"),
        ("a\t+7\t@x", "a\t'+7\t'@x"),
        ("a,-5,＝1", "a,'-5,'＝1"),
        ("a, - b", "a, - b"),
        ("две\r\nстроки", "две строки"),
    ],
)
def test_a_value_is_written_for_1c_and_runs_nowhere(value: Any, text: str) -> None:
    """A number keeps its minus; what a spreadsheet would run gets an apostrophe, also where a comma or a tab begins a
    cell: Excel goes by the separator of its own country."""
    assert csv_text(value) == text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1E+999999999"])
def test_an_absurd_number_does_not_eat_the_memory(number: str) -> None:
    """It is written as it was read."""
    assert csv_text(Decimal(number)) == number


def test_separators_and_quotes_inside_a_name_are_quoted(path: Path) -> None:
    """RFC 4180."""
    text = written(path, an_invoice(counterparty='ООО "Рога; копыта"')).decode("utf-8-sig")
    assert '"ООО ""Рога; копыта"""' in text


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_begins_as_a_formula_or_spans_lines(text: str) -> None:
    """Whatever the name is."""
    shown = csv_text(text)
    assert not any(cell.startswith(tuple("=+-@")) for cell in re.split("[,\t]", shown))
    assert not shown.startswith(("\t", "\r", "\n"))
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")

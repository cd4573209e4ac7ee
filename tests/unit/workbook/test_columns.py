"""Widths and heights that fit their contents."""

from __future__ import annotations

import pytest

from bitrix_app.processing.columns import Kind
from bitrix_app.workbook.styles import SheetColumn, shown_length

NAME = SheetColumn("counterparty", "Контрагент", Kind.TEXT, 10, 21, wrapped=True)
MONEY = SheetColumn("amount", "Сумма", Kind.MONEY, 13, 30, wrapped=False)


@pytest.mark.parametrize(
    ("longest", "width"),
    [(0, 13), (10, 14), (len("999999999999.99"), 20), (100, 30)],
)
def test_a_column_of_money_leaves_room_for_the_spaces_between_thousands(longest: int, width: int) -> None:
    """``999 999 999 999,99`` is three characters longer than its digits; a narrow cell would show ####."""
    assert MONEY.width(longest) == width


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 1),
        ("коротко", 1),
        ("два слова по пять", 1),
        ("двадцать букв здесь!", 1),
        ("двадцать одна буква!!", 2),
        ("двадцать одна буква!! двенадцатьбу", 2),
        ("двадцать одна буква!! тринадцатьбук", 3),
        ("слово " * 8, 3),
        ("а" * 18, 1),
        ("а" * 19, 2),
        ("а" * 38, 3),
        ("ш" * 18, 2),
        ("ЗАГЛАВНЫЕ ШИРЕ ИХ", 2),
        ("строка\nстрока", 2),
        ("\n\n", 3),
    ],
)
def test_a_wrapped_text_takes_as_many_lines_as_its_words_need(text: str, lines: int) -> None:
    """Some twenty letters a line here; words stay whole unless longer than a line; capitals are wider."""
    assert NAME.lines(text) == lines


def test_the_longest_line_decides_the_width() -> None:
    """A quarter more for each capital letter of a text in capitals."""
    assert shown_length("a\nbbb\ncc") == 3
    assert shown_length("ABCD") == 5
    assert shown_length("ABCD-00012345") == 14

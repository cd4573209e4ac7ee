"""The columns of every sheet: titles as the contract and the issue fix them, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from math import ceil

from openpyxl.utils import get_column_letter


class Kind(Enum):
    """What a column holds: its number format in Excel's own notation, and how the text lies in the cell.

    Every text is wrapped: one that is longer than its column would be cut by the next cell, on paper for good.
    """

    TEXT = ("@", "left", True)
    LABEL = ("@", "center", True)
    MONEY = ("#,##0.00", "right", False)
    PRICE = ("#,##0.00####", "right", False)
    WHOLE = ("#,##0", "right", False)
    QUANTITY = ("#,##0.0#####", "right", False)
    DATE = ("dd.mm.yyyy", "center", False)

    def __init__(self, number_format: str, horizontal: str, wrapped: bool) -> None:
        self.number_format = number_format
        self.horizontal = horizontal
        self.wrapped = wrapped


@dataclass(frozen=True, slots=True)
class Column:
    """``narrow`` and ``wide`` bound the width, in characters; between them it follows the contents."""

    title: str
    kind: Kind
    narrow: int = 8
    wide: int = 30

    def width(self, longest: int) -> float:
        """The width for contents of at most ``longest`` characters, with room for the edges and for the spaces between
        thousands."""
        spaces = max(longest - 4, 0) // 3 if self.kind.horizontal == "right" else 0
        return min(max(longest + spaces + 2, self.narrow), self.wide)

    def lines(self, text: str) -> int:
        """How many lines ``text`` takes in this column at its widest."""
        room = int((self.wide - 1) / _letter_width(text))
        return sum(_wrapped_lines(line, room) for line in text.split("\n"))


def shown_length(text: str) -> int:
    """The length of the longest line of ``text``, in digits, which the widths of columns are measured in."""
    return ceil(max(map(len, text.split("\n"))) * _letter_width(text))


def _letter_width(text: str) -> float:
    """In digits of the same font, on average: Cyrillic text of Arial takes 0.91 to 0.99 a letter, capitals 1.25; a
    document's number is mostly digits."""
    if not text.isupper():
        return 1.0
    return 1 + 0.25 * sum(map(str.isalpha, text)) / len(text)


def _wrapped_lines(line: str, room: int) -> int:
    lines, used = 1, 0
    for word in line.split(" "):
        length = len(word)
        if used and used + 1 + length > room:
            lines, used = lines + 1, 0
        used += length + (1 if used else 0)
        if used > room:  # a word longer than a line is broken
            lines, used = lines + (used - 1) // room, (used - 1) % room + 1
    return lines


NUMBER = Column("Номер", Kind.TEXT, 11, 24)
INN = Column("ИНН", Kind.TEXT, 14, 22)
KPP = Column("КПП", Kind.TEXT, 11, 14)
COUNTERPARTY = Column("Контрагент", Kind.TEXT, 29, 42)
AMOUNT = Column("Сумма", Kind.MONEY, 13)
VAT = Column("НДС", Kind.MONEY, 11)
CURRENCY = Column("Валюта", Kind.LABEL, 10, 12)
RATE = Column("Ставка НДС", Kind.LABEL, 13, 24)

BRIEF = (
    NUMBER,
    INN,
    COUNTERPARTY,
    AMOUNT,
    VAT,
    Column("Дата счёта", Kind.DATE, 13),
    Column("Дата отгрузки", Kind.DATE, 13),
    Column("Дата оплаты", Kind.DATE, 13),
    CURRENCY,
    Column("Стадия", Kind.TEXT, 12, 26),
    KPP,
    Column("Срок оплаты", Kind.DATE, 13),
    Column("Ответственный", Kind.TEXT, 17, 32),
)
"""``Краткий`` without product rows; ``RATE`` follows when they were read."""

FULL = (
    NUMBER,
    INN,
    COUNTERPARTY,
    Column("Наименование товара", Kind.TEXT, 30, 60),
    Column("Количество", Kind.WHOLE, 13),
    Column("Ед. изм.", Kind.LABEL, 10, 14),
    Column("Цена", Kind.PRICE, 12),
    AMOUNT,
    RATE,
    VAT,
)

RATES = (
    CURRENCY,
    Column("Ставка НДС", Kind.LABEL, 16, 24),
    Column("Счетов", Kind.WHOLE, 11),
    Column("Сумма", Kind.MONEY, 20),
    Column("НДС", Kind.MONEY, 20),
    Column("Сумма без НДС", Kind.MONEY, 20),
)

COUNTERPARTIES = (
    INN,
    KPP,
    COUNTERPARTY,
    CURRENCY,
    Column("Счетов", Kind.WHOLE, 10),
    AMOUNT,
    VAT,
    Column("Оплачено", Kind.MONEY, 13),
    Column("Не оплачено", Kind.MONEY, 13),
    Column("Первый неоплаченный срок", Kind.DATE, 22),
    Column("Последняя оплата", Kind.DATE, 13),
)

PROBLEMS = (
    replace(NUMBER, wide=44),  # the number is a link, and LibreOffice does not wrap links
    Column("Поле", Kind.TEXT, 20, 30),
    Column("Проблема", Kind.TEXT, 80, 110),
)


def place(columns: tuple[Column, ...], title: str) -> int:
    """Index of the column titled ``title``."""
    return next(index for index, column in enumerate(columns) if column.title == title)


def letters(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The letters of these columns in a sheet: ``("A", "B", …)``."""
    return tuple(get_column_letter(index) for index in range(1, len(columns) + 1))

"""The columns of every sheet: titles as the contract and the issue fix them, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from openpyxl.utils import get_column_letter


class Kind(Enum):
    """What a column holds: its number format in Excel's own notation, and how the text lies in the cell."""

    TEXT = ("@", "left", False)
    WRAPPED = ("@", "left", True)
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
        """The width for contents of at most ``longest`` shown characters, with room for the edges."""
        return min(max(longest + 2, self.narrow), self.wide)


NUMBER = Column("Номер", Kind.TEXT, 11, 24)
INN = Column("ИНН", Kind.TEXT, 14, 22)
KPP = Column("КПП", Kind.TEXT, 11, 14)
COUNTERPARTY = Column("Контрагент", Kind.WRAPPED, 29, 42)
AMOUNT = Column("Сумма", Kind.MONEY, 13)
VAT = Column("НДС", Kind.MONEY, 11)
CURRENCY = Column("Валюта", Kind.TEXT, 10, 12)
RATE = Column("Ставка НДС", Kind.TEXT, 11, 24)

BRIEF = (
    NUMBER,
    INN,
    COUNTERPARTY,
    AMOUNT,
    VAT,
    Column("Дата счёта", Kind.DATE, 12),
    Column("Дата отгрузки", Kind.DATE, 12),
    Column("Дата оплаты", Kind.DATE, 12),
    CURRENCY,
    Column("Стадия", Kind.WRAPPED, 12, 20),
    KPP,
    Column("Срок оплаты", Kind.DATE, 12),
    Column("Ответственный", Kind.WRAPPED, 17, 24),
)
"""``Краткий`` without product rows; ``RATE`` follows when they were read."""

FULL = (
    NUMBER,
    INN,
    COUNTERPARTY,
    Column("Наименование товара", Kind.WRAPPED, 30, 60),
    Column("Количество", Kind.WHOLE, 13),
    Column("Ед. изм.", Kind.TEXT, 10, 14),
    Column("Цена", Kind.PRICE, 12),
    AMOUNT,
    RATE,
    VAT,
)

RATES = (
    CURRENCY,
    Column("Ставка НДС", Kind.TEXT, 16, 24),
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
    Column("Первый неоплаченный срок", Kind.DATE, 17),
    Column("Последняя оплата", Kind.DATE, 13),
)

PROBLEMS = (
    NUMBER,
    Column("Поле", Kind.WRAPPED, 22, 30),
    Column("Проблема", Kind.WRAPPED, 80, 110),
)


def place(columns: tuple[Column, ...], title: str) -> int:
    """Index of the column titled ``title``."""
    return next(index for index, column in enumerate(columns) if column.title == title)


def letters(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The letters of these columns in a sheet: ``("A", "B", …)``."""
    return tuple(get_column_letter(index) for index in range(1, len(columns) + 1))

"""Product rows of an invoice, in the portal's order, each field read on its own.

Source: the portal's page ``api-reference/crm/data-types`` (``crm_item_product_row``): ``price`` includes discounts and
taxes, a ``taxRate`` of ``null`` is «без НДС».
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from bitrix_app.processing import words
from bitrix_app.processing.model import Problem, ProductRow, Raw
from bitrix_app.processing.money import rate_of, row_amount, row_vat
from bitrix_app.processing.numeric import number_of, order_of
from bitrix_app.processing.reading import UnreadableError, id_of, text_in, text_of

T = TypeVar("T")

MENTIONED = 3


class RowReader:
    """Reads the product rows of one invoice and gathers what is wrong with them, field by field."""

    def __init__(self) -> None:
        self._faults: dict[str, list[str]] = {}

    def read(self, raw_rows: Sequence[Raw]) -> tuple[ProductRow, ...]:
        """All rows, ordered by ``sort``, then ``id``; one that cannot be read at all is there with empty fields."""
        rows = sorted((each if isinstance(each, Mapping) else {} for each in raw_rows), key=_order)
        return tuple(self._row(place, raw) for place, raw in enumerate(rows, start=1))

    def problems(self) -> list[Problem]:
        """One problem a field, naming the first rows that have it."""
        return [Problem(field, _sentence(faults)) for field, faults in self._faults.items()]

    def _row(self, place: int, raw: Raw) -> ProductRow:
        name = self._value(words.PRODUCT, place, text_of, raw.get("productName"))
        price = self._needed(words.PRICE, place, raw.get("price"))
        quantity = self._needed(words.QUANTITY, place, raw.get("quantity"))
        amount = self._amount(place, price, quantity)
        tax_rate, unknown = self._rate(place, raw.get("taxRate"))
        vat = None if amount is None or tax_rate is None else row_vat(amount, tax_rate)
        unit = text_in(raw, "measureName")
        return ProductRow(id_of(raw.get("id")), name, quantity, unit, price, amount, tax_rate, vat, unknown)

    def _value(self, field: str, place: int, read: Callable[[Any], T | None], value: Any) -> T | None:
        try:
            return read(value)
        except UnreadableError as error:
            self._fault(field, f"в строке {place} не читается {error}")
            return None

    def _needed(self, field: str, place: int, value: Any) -> Decimal | None:
        """A number that every row must have."""
        try:
            number = number_of(value)
        except UnreadableError as error:
            self._fault(field, f"в строке {place} не читается {error}")
            return None
        if number is None:
            self._fault(field, f"в строке {place} не заполнено")
        return number

    def _amount(self, place: int, price: Decimal | None, quantity: Decimal | None) -> Decimal | None:
        if price is None or quantity is None:
            return None
        amount = row_amount(price, quantity)
        if amount is None:
            self._fault(words.AMOUNT, f"в строке {place} цена × количество слишком велика")
        return amount

    def _rate(self, place: int, value: Any) -> tuple[Decimal | None, bool]:
        """The rate, and whether it is there but unknown."""
        try:
            return rate_of(value), False
        except UnreadableError as error:
            self._fault(words.RATE, f"в строке {place} не читается {error}")
            return None, True

    def _fault(self, field: str, what: str) -> None:
        self._faults.setdefault(field, []).append(what)


def _order(row: Raw) -> tuple[object, ...]:
    return order_of(row.get("sort")), order_of(row.get("id"))


def _sentence(faults: Sequence[str]) -> str:
    mentioned = ", ".join(faults[:MENTIONED])
    others = f" и ещё в строках: {len(faults) - MENTIONED}" if len(faults) > MENTIONED else ""
    return f"Товары счёта: {mentioned}{others}. Исправьте товары в карточке счёта."

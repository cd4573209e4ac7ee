"""The fields of a raw invoice and of its product rows, each read on its own: a bad date does not cost the sum.

Sources: the portal's pages ``api-reference/crm/universal/object-fields`` (invoice) and ``api-reference/crm/data-types``
(``crm_item_product_row``): ``price`` includes discounts and taxes, a ``taxRate`` of ``null`` is «без НДС».
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from bitrix_app.processing import words
from bitrix_app.processing.model import Problem, ProductRow, Raw
from bitrix_app.processing.money import money_of, number_of, order_of, rate_of, row_amount, row_vat
from bitrix_app.processing.parsing import UnreadableError, date_of, id_of, is_set, text_in, text_of

T = TypeVar("T")

ROWS_NAMED = 3


class InvoiceFields:
    """What one raw invoice says. ``None`` is empty or unreadable; ``problems`` names the unreadable ones.

    ``vat`` is money above or below 0; ``without_vat`` is a ``taxValue`` that is empty or 0. ``dates`` are keyed by
    the invoice's field.
    """

    def __init__(self, raw: Raw, date_columns: Mapping[str, str]) -> None:
        self._raw = raw
        self.problems: list[Problem] = []
        self.id = id_of(raw.get("id"))
        self.number = self._read(words.NUMBER, text_of, "accountNumber")
        self.amount = self._read(words.AMOUNT, money_of, "opportunity")
        self.vat = self._read(words.VAT, money_of, "taxValue") or None
        self.without_vat = self.vat is None and words.VAT not in self.complained()
        self.currency = self._read(words.CURRENCY, text_of, "currencyId")
        self.stage_id = self._read(words.STAGE, text_of, "stageId")
        self.dates = {field: self._read(column, date_of, field) for field, column in date_columns.items()}
        self.responsible_id = id_of(raw.get("assignedById"))
        self.mycompany_id = id_of(raw.get("mycompanyId"))
        self.amount_by_hand = raw.get("isManualOpportunity") == "Y"

    def is_set(self, date_field: str) -> bool:
        """Whether a date field holds anything at all, readable or not."""
        return is_set(self._raw.get(date_field))

    def complained(self) -> frozenset[str]:
        """The columns whose value could not be read."""
        return frozenset(problem.field for problem in self.problems)

    def _read(self, column: str, read: Callable[[Any], T | None], field: str) -> T | None:
        try:
            return read(self._raw.get(field))
        except UnreadableError as error:
            self.problems.append(Problem(column, f"Не читается значение {error}. Исправьте это поле в карточке счёта."))
            return None


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
    mentioned = ", ".join(faults[:ROWS_NAMED])
    others = f" и ещё в строках: {len(faults) - ROWS_NAMED}" if len(faults) > ROWS_NAMED else ""
    return f"Товары счёта: {mentioned}{others}. Исправьте товары в карточке счёта."

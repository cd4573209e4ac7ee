"""The fields of an invoice and of its product rows: tables of what is read of the portal's record, and the readers.

Each field is read on its own: a bad date does not cost the sum. Sources: the portal's pages
``api-reference/crm/universal/object-fields`` (invoice) and ``api-reference/crm/data-types`` (``crm_item_product_row``):
``price`` includes discounts and taxes, a ``taxRate`` of ``null`` is «без НДС».
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from bitrix_app.processing.model import Entity, Field, FieldMapping, Problem, ProductRow, Raw
from bitrix_app.processing.money import money_of, number_of, order_of, rate_of, row_amount, row_vat
from bitrix_app.processing.parsing import (
    UnreadableError,
    date_of,
    id_of,
    moment_of,
    moment_reader,
    name_of,
    text_in,
    text_of,
)
from bitrix_app.processing.words import in_words, parts_reader, reference_reader, sellers_inn_of
from bitrix_app.texts import tr

ROWS_NAMED = 3


def _is_yes(value: Any) -> bool:
    return isinstance(value, str) and value == "Y"


INVOICE_DATE = Field("invoice_date", "begindate", "Дата счёта", date_of)
DUE_DATE = Field("due_date", "closedate", "Срок оплаты", date_of)

INVOICE_FIELDS = (
    Field("id", "id", "ID", id_of),
    Field("number", "accountNumber", "Номер", text_of),
    Field("amount", "opportunity", "Сумма", money_of),
    Field("amount_by_hand", "isManualOpportunity", "Сумма", _is_yes),
    Field("vat", "taxValue", "НДС", money_of),
    Field("currency", "currencyId", "Валюта", text_of),
    Field("stage_id", "stageId", "Стадия", text_of),
    INVOICE_DATE,
    DUE_DATE,
    Field("responsible_id", "assignedById", "Ответственный", id_of),
    Field("mycompany_id", "mycompanyId", "Наша компания", id_of),
)
"""What the rules look at: read of every invoice, whatever columns a report has."""

EXTRA_FIELDS = (
    Field("title", "title", "Тема", name_of),
    Field("created", "createdTime", "Дата создания", moment_of),
    Field("comment", "comments", "Комментарий", name_of),
    Field(
        "deal",
        "parentId2",
        "Сделка",
        parts_reader(reference_reader(Entity.DEAL)),
        resolve=in_words,
        entities=frozenset({Entity.DEAL}),
    ),
    Field(
        "my_company_inn",
        "mycompanyId",
        "ИНН нашей компании",
        id_of,
        resolve=sellers_inn_of,
        entities=frozenset({Entity.SELLER}),
    ),
)
"""What no rule looks at: asked for and read where a column shows it."""

_SHIPPED_DATE = Field("shipped_date", "", "Дата отгрузки", date_of)
_PAID_DATE = Field("paid_date", "", "Дата оплаты", date_of)
FIELDS: Mapping[str, Field] = {each.code: each for each in (*INVOICE_FIELDS, _SHIPPED_DATE, _PAID_DATE, *EXTRA_FIELDS)}
"""All fields by code; those without a name are chosen in the portal's settings."""

PRODUCT = Field("product", "productName", "Наименование товара", name_of)
PRICE = Field("price", "price", "Цена", number_of)
QUANTITY = Field("quantity", "quantity", "Количество", number_of)
RATE = Field("rate", "taxRate", "Ставка НДС", rate_of)


ROW_FIELDS = ("id", "ownerId", "sort", PRODUCT.name, PRICE.name, QUANTITY.name, "measureName", RATE.name)
"""What is read of a product row, and whose it is."""


def mapped_dates(mapping: FieldMapping) -> dict[str, Field]:
    """The date fields that a portal has chosen, by the portal's name, each once.

    One that stands for several dates is named by the first of these: the invoice's own, the due date, shipped, paid.
    The field of the period, when it is none of them, has the portal's title.
    """
    dates = {each.name: each for each in (INVOICE_DATE, DUE_DATE)}
    for each, name in ((_SHIPPED_DATE, mapping.shipped_field), (_PAID_DATE, mapping.paid_field)):
        if name:
            dates.setdefault(name, replace(each, name=name))
    name = mapping.date_field
    dates.setdefault(name, Field("date", name, mapping.titles.get(name) or name, date_of))
    return {name: replace(each, read=date_reader(mapping, name)) for name, each in dates.items()}


def date_reader(mapping: FieldMapping, name: str) -> Callable[[Any], date | None]:
    """The reader of a date field of this portal: of a date, or of a moment."""
    return moment_reader(mapping.zone) if name in mapping.datetime_fields else date_of


@dataclass(slots=True)
class InvoiceValues:
    """What one raw invoice says: values by field code; ``None`` is empty or unreadable.

    ``problems`` names the unreadable ones, ``unreadable`` holds their codes, ``dates`` the dates by the portal's name
    of their field.
    """

    values: dict[str, Any] = field(default_factory=dict)
    dates: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)


class InvoiceReader:
    """Reads the fields of many invoices: those of the rules, the mapped dates, and ``extra`` ones."""

    def __init__(self, mapping: FieldMapping, extra: Sequence[Field] = ()) -> None:
        self._dates = mapped_dates(mapping)
        self._others = [each for each in INVOICE_FIELDS if each not in {INVOICE_DATE, DUE_DATE}]
        at_home = moment_reader(mapping.zone)
        self._others.extend(replace(each, read=at_home) if each.read is moment_of else each for each in extra)
        self.date_field = self._dates[mapping.date_field]

    def read(self, raw: Raw) -> InvoiceValues:
        """The fields of one invoice. Raises nothing for what the portal may send."""
        found = InvoiceValues()
        for each in self._others:
            found.values[each.code] = _read(each, raw, found)
        for name, each in self._dates.items():
            found.dates[name] = _read(each, raw, found)
        return found

    def is_set(self, name: str, found: InvoiceValues) -> bool:
        """Whether a mapped date field of the invoice holds anything at all, readable or not."""
        return found.dates[name] is not None or self._dates[name].code in found.unreadable


def _read(field: Field, raw: Raw, found: InvoiceValues) -> Any:
    try:
        return field.read(raw.get(field.name))
    except UnreadableError as error:
        message = tr("Не читается значение {error}. Исправьте это поле в карточке счёта.", error=error)
        found.problems.append(Problem(field.title, message))
        found.unreadable.add(field.code)
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
        name = self._needed(PRODUCT, place, raw)
        price = self._needed(PRICE, place, raw)
        quantity = self._needed(QUANTITY, place, raw)
        amount = self._amount(place, price, quantity)
        tax_rate, unknown = self._rate(place, raw)
        vat = None if amount is None or tax_rate is None else row_vat(amount, tax_rate)
        unit = text_in(raw, "measureName")
        return ProductRow(id_of(raw.get("id")), name, quantity, unit, price, amount, tax_rate, vat, unknown)

    def _needed(self, field: Field, place: int, raw: Raw) -> Any:
        """A value that every row must have."""
        try:
            value = field.read(raw.get(field.name))
        except UnreadableError as error:
            self._fault(field, tr("в строке {place} не читается {error}", place=place, error=error))
            return None
        if value is None:
            self._fault(field, tr("в строке {place} не заполнено", place=place))
        return value

    def _amount(self, place: int, price: Decimal | None, quantity: Decimal | None) -> Decimal | None:
        if price is None or quantity is None:
            return None
        amount = row_amount(price, quantity)
        if amount is None:
            self._fault(FIELDS["amount"], tr("в строке {place} цена × количество слишком велика", place=place))
        return amount

    def _rate(self, place: int, raw: Raw) -> tuple[Decimal | None, bool]:
        """The rate, and whether it is there but unknown."""
        try:
            return RATE.read(raw.get(RATE.name)), False
        except UnreadableError as error:
            self._fault(RATE, tr("в строке {place} не читается {error}", place=place, error=error))
            return None, True

    def _fault(self, field: Field, what: str) -> None:
        self._faults.setdefault(field.title, []).append(what)


def _order(row: Raw) -> tuple[object, ...]:
    return order_of(row.get("sort")), order_of(row.get("id"))


def _sentence(faults: Sequence[str]) -> str:
    mentioned = ", ".join(faults[:ROWS_NAMED])
    others = tr(" и ещё в строках: {count}", count=len(faults) - ROWS_NAMED) if len(faults) > ROWS_NAMED else ""
    return tr(
        "Товары счёта: {mentioned}{others}. Исправьте товары в карточке счёта.", mentioned=mentioned, others=others
    )

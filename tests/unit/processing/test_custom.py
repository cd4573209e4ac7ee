"""A portal's own fields as columns: each type stays a type, several values are joined, what is missing is empty."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bitrix_app.processing import Column, CustomField, Kind, ProcessedInvoice, custom_column, type_of
from tests.unit.builders import an_invoice
from tests.unit.processing.helpers import fields_complained_of, processed

MOSCOW = ZoneInfo("Europe/Moscow")
KNOWN: dict[str, Any] = {
    "users": {5: "Иванов Иван"},
    "company_titles": {12: "ООО «Ромашка»"},
    "contacts": {7: {"id": 7, "lastName": "Петрова", "name": "Анна"}},
    "deal_titles": {3: "Поставка бумаги"},
}
ANY_CLIENT = frozenset({"COMPANY", "CONTACT"})


def own(kind: str, **more: Any) -> CustomField:
    return CustomField("ufCrm_1", "Поле", kind, **more)


def column(field: CustomField) -> Column[ProcessedInvoice]:
    found = custom_column(field, MOSCOW)
    assert found is not None
    return found


def cell(field: CustomField, value: Any, **invoice: Any) -> Any:
    shown = column(field)
    return shown.value(processed(an_invoice(ufCrm_1=value, **invoice), extra_fields=shown.fields, **KNOWN))


LIST = own("enumeration", words={"45": "Альфа", "46": "Бета"})


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        (own("string"), "А &amp; Б", "А & Б"),
        (own("string"), ["раз", "два"], "раз; два"),
        (own("string"), {"0": "раз", "2": "два"}, "раз; два"),
        (own("url"), "https://a.ru/?b=1", "https://a.ru/?b=1"),
        (own("integer"), 7, Decimal(7)),
        (own("integer"), "7", Decimal(7)),
        (own("double"), "1.5", Decimal("1.5")),
        (own("double"), ["1.5", "2"], "1.5; 2"),
        (own("boolean"), "Y", "да"),
        (own("boolean"), "N", "нет"),
        (own("boolean"), "0", "нет"),
        (own("boolean"), True, "да"),
        (own("boolean"), False, "нет"),
        (own("date"), "2026-03-31T03:00:00+03:00", date(2026, 3, 31)),
        (own("date"), ["2026-03-31T03:00:00+03:00", "2026-04-01T03:00:00+03:00"], "31.03.2026; 01.04.2026"),
        (own("datetime"), "2026-03-31T22:30:00+00:00", date(2026, 4, 1)),
        (LIST, 45, "Альфа"),
        (LIST, ["45", "46"], "Альфа; Бета"),
        (LIST, 99, "ID 99"),
        (own("employee"), 5, "Иванов Иван"),
        (own("employee"), ["5", 6], "Иванов Иван; ID 6"),
        (own("crm", links=ANY_CLIENT), ["CO_12", "C_7"], "ООО «Ромашка»; Петрова Анна"),
        (own("crm", links=frozenset({"COMPANY"})), "12", "ООО «Ромашка»"),
        (own("crm", links=frozenset({"CONTACT"})), 7, "Петрова Анна"),
        (own("crm", links=ANY_CLIENT | {"DEAL"}), "D_3", "Поставка бумаги"),
        (own("crm", links=ANY_CLIENT | {"LEAD"}), "L_3", "L_3"),
        (own("crm", links=ANY_CLIENT), "CO_13", None),
        (own("crm_company"), 12, "ООО «Ромашка»"),
        (own("crm_contact"), 7, "Петрова Анна"),
        (own("money"), "100.50|RUB", Decimal("100.50")),
        (own("money"), "100.50|USD", "100.50 USD"),
        (own("money"), "100.5", Decimal("100.50")),
        (own("money"), ["100|RUB", "20|USD"], "100.00 RUB; 20.00 USD"),
        (own("money"), "|RUB", None),
    ],
)
def test_a_value_keeps_its_type(field: CustomField, value: Any, shown: Any) -> None:
    assert cell(field, value) == shown
    assert type(cell(field, value)) is type(shown)


@pytest.mark.parametrize("kind", ["string", "double", "date", "datetime", "money", "enumeration", "employee", "url"])
@pytest.mark.parametrize("empty", [None, "", [], False])
def test_an_empty_value_is_an_empty_cell(kind: str, empty: Any) -> None:
    assert cell(own(kind), empty) is None


def test_money_is_a_number_in_the_currency_of_its_invoice() -> None:
    assert cell(own("money"), "100.50|USD", currencyId="USD") == Decimal("100.50")


@pytest.mark.parametrize(
    ("kind", "value"),
    [("double", "сто"), ("date", "завтра"), ("money", "сто|RUB"), ("boolean", "может быть"), ("employee", "Иванов")],
)
def test_what_cannot_be_read_is_a_problem_of_its_invoice(kind: str, value: Any) -> None:
    shown = column(own(kind))
    invoice = processed(an_invoice(ufCrm_1=value), extra_fields=shown.fields)
    assert shown.value(invoice) is None
    assert fields_complained_of(invoice) == ["Поле"]


@pytest.mark.parametrize("kind", ["file", "address", "iblock_element", "crm_status", "rest_7_type"])
def test_what_a_table_cannot_show_is_no_column(kind: str) -> None:
    assert custom_column(own(kind), MOSCOW) is None
    assert type_of(own(kind)) is None


def test_a_field_that_holds_neither_companies_nor_contacts_is_no_column() -> None:
    assert custom_column(own("crm", links=frozenset({"LEAD"})), MOSCOW) is None


def test_a_column_looks_as_its_type() -> None:
    kinds = {name: column(own(name)).kind for name in ("money", "double", "date", "datetime", "string")}
    assert kinds == {
        "money": Kind.MONEY,
        "double": Kind.QUANTITY,
        "date": Kind.DATE,
        "datetime": Kind.DATE,
        "string": Kind.TEXT,
    }

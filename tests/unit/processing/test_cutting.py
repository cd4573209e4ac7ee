"""Long texts: what a report shows of them, and what is said."""

from __future__ import annotations

from typing import Any

import pytest

from bitrix_app.processing import DataProcessor, Problem, ProcessingContext
from bitrix_app.processing.model import Field
from bitrix_app.processing.parsing import decoded, text_of

IS_CUT = "Текст длиннее 1000 знаков: в отчёте стоит его начало."


def processed(raw: dict[str, Any], **context: Any) -> Any:
    (found,) = DataProcessor(ProcessingContext(**context)).process_invoice_batch([{"id": 1, **raw}])
    return found


@pytest.mark.parametrize(
    ("name", "title", "raw"),
    [
        ("number", "Номер", lambda text: {"accountNumber": text}),
        ("currency", "Валюта", lambda text: {"currencyId": text}),
        ("counterparty", "Контрагент", lambda text: {"companyId": 5}),
        ("responsible", "Ответственный", lambda text: {"assignedById": 7}),
        ("my_company", "Наша компания", lambda text: {"mycompanyId": 5}),
    ],
)
def test_a_text_is_a_thousand_characters_long_at_most_and_the_problem_says_so(name: str, title: str, raw: Any) -> None:
    for length, said in ((1000, False), (1001, True)):
        text = "Я" * length
        found = processed(raw(text), company_titles={5: text}, users={7: text})
        assert getattr(found, name) == "Я" * 1000
        assert (Problem(title, IS_CUT) in found.problems) is said


def test_a_requisites_numbers_are_cut_as_well() -> None:
    requisite = {"ID": 3, "RQ_INN": "1" * 1500, "RQ_KPP": "2" * 1500, "RQ_COMPANY_NAME": "Ромашка"}
    found = processed({"companyId": 5}, company_requisites={5: (requisite,)})
    assert (found.inn, found.kpp) == ("1" * 1000, "2" * 1000)
    assert {each.field for each in found.problems if each.message == IS_CUT} == {"ИНН", "КПП"}


def test_a_custom_field_is_named_by_its_title() -> None:
    comment = Field("comment", "comments", "Комментарий", text_of)
    found = processed({"comments": "б" * 5000}, extra_fields=(comment,))
    assert found.extra["comment"] == "б" * 1000
    assert Problem("Комментарий", IS_CUT) in found.problems


@pytest.mark.parametrize(
    ("number", "named"),
    [(1, "2"), (3, "2, 3, 4"), (4, "2, 3, 4 и ещё в строках: 1"), (5, "2, 3, 4 и ещё в строках: 2")],
)
def test_product_rows_are_named_by_their_places(number: int, named: str) -> None:
    rows = [{"id": 9, "productName": "Болт", "price": 1, "quantity": 1, "measureName": "шт"}]
    long = [{**rows[0], "id": 10 + each, "productName": "Б" * 1001} for each in range(number)]
    found = processed({}, product_rows={1: [*rows, *long]})
    assert [len(each.name) for each in found.product_rows] == [4, *[1000] * number]
    said = f"Товары счёта, строка {named}. {IS_CUT}"
    assert Problem("Наименование товара", said) in found.problems


def test_a_name_encoded_a_thousand_times_costs_few_passes() -> None:
    assert decoded("&" + "amp;" * 2 + "quot;ООО&quot;") == '"ООО"'
    assert len(decoded("&" + "amp;" * 1000)) > 3000

"""What counts as a problem, and what does not: each check with its cases.

A problem names the workbook's column and says what to do in the portal.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.processing import FieldMapping, Stage
from tests.unit.builders import (
    ABSENT,
    COMPANY_PRESET,
    a_product_row,
    a_requisite,
    a_sole_traders_requisite,
    an_invoice,
)
from tests.unit.processing.helpers import fields_complained_of, problems_in, processed

SHIPPED = FieldMapping(shipped_field="ufCrmShipped")


def test_an_ordinary_invoice_has_no_problems() -> None:
    assert processed(an_invoice(), product_rows={1: [a_product_row()]}).problems == ()


@pytest.mark.parametrize(
    ("changed", "field", "beginning"),
    [
        ({"accountNumber": ""}, "Номер", "Нет номера."),
        ({"accountNumber": "  "}, "Номер", "Нет номера."),
        ({"accountNumber": ABSENT}, "Номер", "Нет номера."),
        ({"accountNumber": ["СЧ-1"]}, "Номер", "Не читается значение «список»."),
        ({"opportunity": None}, "Сумма", "Нет суммы"),
        ({"opportunity": ""}, "Сумма", "Нет суммы"),
        ({"opportunity": "сто"}, "Сумма", "Не читается значение «сто»."),
        ({"opportunity": True}, "Сумма", "Не читается значение «да»."),
        ({"taxValue": "НДС"}, "НДС", "Не читается значение «НДС»."),
        ({"currencyId": None}, "Валюта", "Нет валюты"),
        ({"currencyId": {}}, "Валюта", "Не читается значение «набор полей»."),
        ({"begindate": None}, "Дата счёта", "Нет даты."),
        ({"begindate": "вчера"}, "Дата счёта", "Не читается значение «вчера»."),
        ({"closedate": "завтра"}, "Срок оплаты", "Не читается значение «завтра»."),
        ({"id": None}, "Номер", "Портал не назвал ID счёта"),
        ({"companyId": 0}, "Контрагент", "Не указан клиент."),
    ],
)
def test_a_field_that_is_missing_or_unreadable_is_one_problem(
    changed: dict[str, Any], field: str, beginning: str
) -> None:
    invoice = processed(an_invoice(**changed))
    assert fields_complained_of(invoice) == [field]
    assert invoice.problems[0].message.startswith(beginning)


@pytest.mark.parametrize(
    "changed",
    [
        {"opportunity": 0, "taxValue": 0},
        {"opportunity": -1220, "taxValue": -220},
        {"taxValue": None},
        {"taxValue": ""},
        {"closedate": None},
        {"assignedById": None},
        {"stageId": None},
        {"mycompanyId": 0},
    ],
)
def test_what_may_be_empty_or_zero_is_no_problem(changed: dict[str, Any]) -> None:
    assert processed(an_invoice(**changed)).problems == ()


@pytest.mark.parametrize(
    ("requisite", "field", "message"),
    [
        (a_requisite(RQ_INN=""), "ИНН", "В реквизитах нет ИНН. Заполните ИНН в реквизитах клиента."),
        (a_requisite(RQ_INN="  "), "ИНН", "В реквизитах нет ИНН. Заполните ИНН в реквизитах клиента."),
        (
            a_requisite(RQ_INN="7707083890"),
            "ИНН",
            "Неверный ИНН «7707083890»: контрольные цифры не сходятся. Исправьте ИНН в реквизитах клиента.",
        ),
        (
            a_requisite(RQ_INN="0000000000"),
            "ИНН",
            "Неверный ИНН «0000000000»: он состоит из одних нулей. Исправьте ИНН в реквизитах клиента.",
        ),
        (
            a_sole_traders_requisite(RQ_INN="50010073225"),
            "ИНН",
            "Неверный ИНН «50010073225»: в нём знаков 11, а должно быть 10 или 12. Исправьте ИНН в реквизитах клиента.",
        ),
        (
            a_requisite(RQ_KPP="77360100"),
            "КПП",
            "Неверный КПП «77360100»: в нём знаков 8, а должно быть 9. Исправьте КПП в реквизитах клиента.",
        ),
    ],
)
def test_a_requisite_with_a_fault_is_named(requisite: dict[str, Any], field: str, message: str) -> None:
    invoice = processed(an_invoice(), company_requisites={10: [requisite]})
    assert [(problem.field, problem.message) for problem in invoice.problems] == [(field, message)]


def test_a_requisite_without_kpp_is_no_problem() -> None:
    assert processed(an_invoice(), company_requisites={10: [a_requisite(RQ_KPP="")]}).problems == ()


@pytest.mark.parametrize(
    ("fields", "changed", "complained"),
    [
        (FieldMapping("closedate"), {"closedate": None}, ["Срок оплаты"]),
        (FieldMapping("ufShip", shipped_field="ufShip"), {}, ["Дата отгрузки"]),
        (FieldMapping("ufPaid", paid_field="ufPaid"), {}, ["Дата оплаты"]),
        (FieldMapping("ufAct", titles={"ufAct": "Дата акта"}), {}, ["Дата акта"]),
        (FieldMapping("ufAct"), {"ufAct": ""}, ["ufAct"]),
        (FieldMapping("ufAct", titles={"ufAct": "Дата акта"}), {"ufAct": "скоро"}, ["Дата акта"]),
        (FieldMapping("ufAct"), {"ufAct": "2026-03-31"}, []),
        (FieldMapping("begindate", "ufShip", "ufPaid"), {}, []),
        (FieldMapping("ufShip", "ufShip"), {"begindate": None}, ["Дата счёта", "Дата отгрузки"]),
        (
            FieldMapping("ufDay", titles={"ufDay": "Дата счёта"}),
            {"begindate": None, "ufDay": "2026-03-31"},
            ["Дата счёта"],
        ),
        (FieldMapping("ufDay", titles={"ufDay": "Дата счёта"}), {"begindate": None}, ["Дата счёта", "Дата счёта"]),
        (
            FieldMapping("ufDay", titles={"ufDay": "Дата счёта"}),
            {"begindate": None, "ufDay": "скоро"},
            ["Дата счёта", "Дата счёта"],
        ),
        (
            FieldMapping("ufDay", titles={"ufDay": "Номер"}),
            {"accountNumber": None, "ufDay": "скоро"},
            ["Номер", "Номер"],
        ),
    ],
)
def test_the_chosen_date_and_the_invoices_own_must_be_there(
    fields: FieldMapping, changed: dict[str, Any], complained: list[str]
) -> None:
    assert fields_complained_of(processed(an_invoice(**changed), fields=fields)) == complained


@pytest.mark.parametrize(
    ("stages", "complained"),
    [
        ({}, []),
        ({"DT31_2:N": Stage("DT31_2:N", "Новый", "P", 2)}, []),
        ({"DT31_2:P": Stage("DT31_2:P", "Оплачен", "S", 2)}, ["Стадия"]),
    ],
)
def test_a_stage_must_be_among_the_portals_where_they_are_known(
    stages: dict[str, Stage], complained: list[str]
) -> None:
    assert fields_complained_of(processed(an_invoice(), stages=stages)) == complained


@pytest.mark.parametrize(
    ("amount", "rows", "agrees"),
    [
        ("1220.00", [("610", "2")], True),
        ("1220.01", [("610", "2")], True),
        ("1219.99", [("610", "2")], True),
        ("1220.02", [("610", "2")], False),
        ("1219.98", [("610", "2")], False),
        ("100.02", [("50", "1"), ("50", "1")], True),
        ("100.03", [("50", "1"), ("50", "1")], False),
        ("-1220.00", [("-610", "2")], True),
        ("-1220.02", [("-610", "2")], False),
        ("1000.50", [("10", "100")], True),
        ("1000.51", [("10", "100")], False),
        ("10.00", [("20", "0.5")], True),
    ],
)
def test_the_sum_may_differ_from_its_rows_by_half_a_kopeck_a_piece_and_row(
    amount: str, rows: list[tuple[str, str]], agrees: bool
) -> None:
    raw_rows = [a_product_row(price=price, quantity=quantity, taxRate=None) for price, quantity in rows]
    invoice = processed(an_invoice(opportunity=Decimal(amount), taxValue=0), product_rows={1: raw_rows})
    assert fields_complained_of(invoice) == ([] if agrees else ["Сумма"])


@pytest.mark.parametrize(
    ("currency", "amount", "agrees"),
    [("JPY", 101, True), ("JPY", 102, False), ("RUB", 101, False), ("KRW", 99, True), (None, 101, False)],
)
def test_a_currency_without_decimals_is_rounded_to_whole_units(currency: str | None, amount: int, agrees: bool) -> None:
    rows = {1: [a_product_row(price=100, quantity=1, taxRate=None)]}
    invoice = processed(an_invoice(currencyId=currency, opportunity=amount, taxValue=0), product_rows=rows)
    assert (problems_in(invoice, "Сумма") == []) is agrees


@pytest.mark.parametrize(
    ("by_hand", "beginning"), [("N", "Сумма счёта больше товаров:"), ("Y", "Сумма задана вручную:")]
)
@pytest.mark.parametrize("vat", ["220", "283.11"], ids=["delivery without VAT", "delivery with VAT"])
def test_a_sum_above_its_rows_makes_think_of_delivery_and_orders_nothing(
    by_hand: str, beginning: str, vat: str
) -> None:
    raw = an_invoice(opportunity=1570, isManualOpportunity=by_hand, taxValue=Decimal(vat))
    (problem,) = processed(raw, product_rows={1: [a_product_row()]}).problems
    assert problem.message.startswith(beginning)
    assert problem.message.endswith("Возможно, в неё входит доставка, в товарах её нет.")


@pytest.mark.parametrize("amount", [1220, 1440], ids=["in the price", "on top"])
@pytest.mark.parametrize("rate", [None, 0])
def test_taxes_by_location_are_not_held_against_the_rows(amount: int, rate: int | None) -> None:
    rows = {1: [a_product_row(taxRate=rate)]}
    assert processed(an_invoice(opportunity=amount, taxValue=220), product_rows=rows).problems == ()


@pytest.mark.parametrize(
    ("by_hand", "message"),
    [
        (
            "N",
            "Сумма счёта не сходится с товарами: 1 000,00, а товаров в нём на 1 220,00. "
            "Пересохраните товары или исправьте сумму в карточке счёта.",
        ),
        (
            "Y",
            "Сумма задана вручную: 1 000,00, а товаров в нём на 1 220,00. Проверьте, что так и задумано.",
        ),
    ],
)
def test_a_sum_set_by_hand_is_told_more_softly(by_hand: str, message: str) -> None:
    raw = an_invoice(opportunity=1000, isManualOpportunity=by_hand)
    (sentence,) = problems_in(processed(raw, product_rows={1: [a_product_row()]}), "Сумма")
    assert sentence.replace("\N{NO-BREAK SPACE}", " ") == message


@pytest.mark.parametrize(
    ("changed", "row"),
    [
        ({"opportunity": 5}, None),
        ({"opportunity": None}, a_product_row()),
        ({"opportunity": 5}, a_product_row(price=None)),
        ({"opportunity": 5}, a_product_row(quantity="?")),
    ],
    ids=["no rows", "no sum", "a row without price", "a row without quantity"],
)
def test_an_unknown_sum_is_not_compared(changed: dict[str, Any], row: dict[str, Any] | None) -> None:
    invoice = processed(an_invoice(**changed), product_rows={1: [row] if row else []})
    assert not any("не сходится" in problem.message for problem in invoice.problems)


def test_an_unreadable_vat_is_not_compared() -> None:
    invoice = processed(an_invoice(taxValue="НДС"), product_rows={1: [a_product_row()]})
    assert problems_in(invoice, "НДС") == ["Не читается значение «НДС». Исправьте это поле в карточке счёта."]


def test_rows_that_were_not_asked_for_are_not_compared() -> None:
    assert processed(an_invoice(opportunity=5, taxValue=3)).problems == ()


@pytest.mark.parametrize(
    ("tax_value", "rates", "agrees"),
    [
        ("220.00", [22], True),
        ("220.01", [22], True),
        ("220.02", [22], False),
        ("219.98", [22], False),
        (None, [22], False),
        (0, [22], False),
        (None, [None], True),
        (0, [0], True),
        ("220.00", [None], True),
    ],
)
def test_the_vat_may_differ_from_its_rows_by_rounding_and_not_for_taxes_by_location(
    tax_value: Any, rates: list[Any], agrees: bool
) -> None:
    rows = [a_product_row(taxRate=rate) for rate in rates]
    invoice = processed(an_invoice(taxValue=tax_value), product_rows={1: rows})
    assert fields_complained_of(invoice) == ([] if agrees else ["НДС"])


@pytest.mark.parametrize(
    ("tax_value", "beginning"),
    [
        (200, "НДС не сходится с товарами: в счёте 200,00, по товарам 220,00."),
        (0, "НДС не сходится с товарами: счёт без НДС, по товарам 220,00."),
    ],
)
def test_an_invoice_without_vat_is_named_so_as_its_cell_does(tax_value: int, beginning: str) -> None:
    (sentence,) = problems_in(processed(an_invoice(taxValue=tax_value), product_rows={1: [a_product_row()]}), "НДС")
    assert sentence.startswith(beginning)


@pytest.mark.parametrize(
    ("rate", "shipped", "invoiced", "message"),
    [
        (20, "2025-12-31", "2026-01-15", None),
        (22, "2026-01-01", "2025-12-15", None),
        (20, None, "2025-12-31", None),
        (22, None, "2026-01-01", None),
        (10, "2026-01-01", "2026-01-01", None),
        (22, None, None, None),
        (20, "2026-01-01", "2025-12-15", "Отгрузка 01.01.2026, а ставка 20% действовала по 31.12.2025."),
        (22, "2025-12-31", "2026-01-15", "Отгрузка 31.12.2025, а ставка 22% действует с 01.01.2026."),
        (20, None, "2026-04-02", "Счёт от 02.04.2026, а ставка 20% действовала по 31.12.2025."),
        (22, "", "2025-09-30", "Счёт от 30.09.2025, а ставка 22% действует с 01.01.2026."),
        (18, "2018-12-31", "2018-12-31", None),
        (18, "2026-01-15", "2026-01-15", "Отгрузка 15.01.2026, а ставка 18% действовала по 31.12.2018."),
        (5, "2025-01-01", "2025-01-01", None),
        (5, None, "2024-08-31", "Счёт от 31.08.2024, а ставка 5% действует с 01.01.2025."),
        (7, "2024-12-31", "2025-01-15", "Отгрузка 31.12.2024, а ставка 7% действует с 01.01.2025."),
    ],
)
def test_a_rate_must_be_in_force_when_the_goods_are_shipped(
    rate: int, shipped: str | None, invoiced: str | None, message: str | None
) -> None:
    raw = an_invoice(ufCrmShipped=shipped, begindate=invoiced)
    invoice = processed(raw, fields=SHIPPED, product_rows={1: [a_product_row(taxRate=rate)]})
    advice = " Исправьте ставку товаров в счёте."
    assert problems_in(invoice, "Ставка НДС") == ([message + advice] if message else [])


@pytest.mark.parametrize(
    ("rate", "invoiced"),
    [(22, "2025-12-15"), (22, "2025-10-01"), (20, "2026-01-01"), (20, "2026-04-01"), (5, "2024-12-31")],
)
def test_near_a_change_of_rate_an_unshipped_invoice_is_asked_about_and_not_ordered_to_change(
    rate: int, invoiced: str
) -> None:
    raw = an_invoice(ufCrmShipped=None, begindate=invoiced)
    (message,) = problems_in(
        processed(raw, fields=SHIPPED, product_rows={1: [a_product_row(taxRate=rate)]}), "Ставка НДС"
    )
    assert message.startswith("Счёт от ")
    assert message.endswith(("Отгрузка будет при этой ставке?", "Отгрузка была при этой ставке?"))
    assert "справьте" not in message


@pytest.mark.parametrize(
    ("country", "currency", "judged"),
    [
        (None, "RUB", True),
        (None, "BYN", False),
        (1, "RUB", True),
        (1, "USD", True),
        (4, "BYN", False),
        (4, "RUB", False),
    ],
)
@pytest.mark.parametrize("linked", [True, False])
def test_rates_are_judged_by_russian_law_where_the_seller_is_russian(
    country: int | None, currency: str, judged: bool, linked: bool
) -> None:
    own = a_requisite(ID="200", ENTITY_ID="7", PRESET_ID="9")
    requisites = {"company_requisites": {10: [a_requisite()], **({} if linked else {7: [own]})}}
    if linked:
        requisites |= {"own_requisite_links": {1: 200}, "requisites": {200: own}}
    rows = [a_product_row(taxRate=rate) for rate in (20, 7)]
    raw = an_invoice(currencyId=currency, begindate="2026-09-01")
    countries = {} if country is None else {9: country}
    invoice = processed(raw, product_rows={1: rows}, preset_countries=countries, **requisites)
    assert len(problems_in(invoice, "Ставка НДС")) == (2 if judged else 0)


@pytest.mark.parametrize(
    ("rates", "mixed"),
    [
        ([5], None),
        ([7, 7], None),
        ([5, None], None),
        ([5, 0], None),
        ([22, 10, 0, None], None),
        ([5, 22], "22% и 5%"),
        ([7, 10], "10% и 7%"),
        ([5, 7], "7% и 5%"),
        (["5.00", 10, 22], "22% и 10% и 5%"),
    ],
)
def test_five_and_seven_per_cent_do_not_stand_beside_another_rate(rates: list[Any], mixed: str | None) -> None:
    rows = [a_product_row(taxRate=rate) for rate in rates]
    found = problems_in(processed(an_invoice(), product_rows={1: rows}), "Ставка НДС")
    assert [message.split(":")[0] for message in found] == ([f"В одном счёте ставки {mixed}"] if mixed else [])


@pytest.mark.parametrize(
    ("context", "beginning"),
    [
        ({"product_rows": {}}, "В счёте нет товаров."),
        ({"product_rows": {1: []}}, "В счёте нет товаров."),
        ({"product_rows": {}, "unreadable_rows": frozenset({1})}, "Портал не показал товары счёта"),
        ({"product_rows": {1: [a_product_row()]}}, None),
        ({"product_rows": None}, None),
    ],
)
def test_product_rows_asked_for_must_be_there(context: dict[str, Any], beginning: str | None) -> None:
    found = problems_in(processed(an_invoice(), **context), "Наименование товара")
    assert len(found) == (1 if beginning else 0)
    assert beginning is None or found[0].startswith(beginning)


def test_every_problem_is_a_sentence_that_ends_with_advice() -> None:
    dirty = an_invoice(id=None, accountNumber=None, opportunity="x", taxValue="x", currencyId=None, begindate=None)
    mixed = an_invoice(opportunity=1, taxValue=1)
    rows = [a_product_row(taxRate=rate) for rate in (5, 20)]
    wrong = a_requisite(RQ_INN="1", RQ_KPP="1", PRESET_ID=str(COMPANY_PRESET))
    found = [
        *processed(dirty, company_requisites={}).problems,
        *processed(mixed, product_rows={1: rows}, company_requisites={10: [wrong]}).problems,
        *processed(an_invoice(), product_rows={}).problems,
    ]
    assert len(found) > len({problem.field for problem in found}) > 7
    for problem in found:
        assert problem.message[0].isupper()
        assert problem.message.endswith((".", "?"))
        assert ". " in problem.message


@pytest.mark.parametrize("day", ["2062-03-31", "2047-01-01", "1989-12-31", "1902-06-30"])
def test_a_year_that_is_a_typing_error_is_named_and_the_date_kept(day: str) -> None:
    """The report's day is 31 March 2026; what is far from it was typed wrong."""
    invoice = processed(an_invoice(closedate=None, ufCrmShipped=day), fields=SHIPPED, today=date(2026, 3, 31))
    assert fields_complained_of(invoice) == ["Дата отгрузки"]
    assert invoice.problems[0].message.startswith("Год похож на опечатку: ")
    assert invoice.shipped_date == date.fromisoformat(day)


@pytest.mark.parametrize("day", ["1990-01-01", "2046-12-31", "2026-03-31"])
def test_a_date_of_other_times_is_no_typing_error(day: str) -> None:
    assert not processed(an_invoice(begindate=day, closedate=None), today=date(2026, 3, 31)).problems


def test_the_invoices_own_date_is_named_once_though_the_period_goes_by_it() -> None:
    invoice = processed(an_invoice(begindate="2062-03-31"), today=date(2026, 3, 31))
    assert fields_complained_of(invoice) == ["Дата счёта"]

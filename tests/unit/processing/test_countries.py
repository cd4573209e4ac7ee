"""Payers' numbers by country, and which field of a requisite is the country's."""

from __future__ import annotations

from typing import Any

import pytest

from bitrix_app.processing.countries import BELARUS, ELSEWHERE, KAZAKHSTAN, RUSSIA, UKRAINE, number_fault
from tests.unit.builders import LEGAL_INN, OTHER_LEGAL_INN, PERSON_PRESET, a_requisite, an_invoice
from tests.unit.processing.helpers import problems_in, processed

BIN, IIN = "060140003721", "820101400016"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        (LEGAL_INN, RUSSIA),
        (LEGAL_INN, None),
        (BIN, KAZAKHSTAN),
        (IIN, KAZAKHSTAN),
        (BIN, None),
        ("190275968", BELARUS),
        ("MA1234567", BELARUS),
        (LEGAL_INN, BELARUS),
        (LEGAL_INN, KAZAKHSTAN),
        ("DE 123", ELSEWHERE),
        ("12345678", UKRAINE),
        ("что угодно", 122),
    ],
)
def test_right_numbers(number: str, country: int | None) -> None:
    assert number_fault(number, country) is None


@pytest.mark.parametrize(
    ("number", "country", "fault"),
    [
        (BIN, RUSSIA, "контрольные цифры не сходятся"),
        ("190275968", RUSSIA, "в нём знаков 9, а должно быть 10 или 12"),
        ("190275968", None, "в нём знаков 9, а должно быть 10 или 12"),
        ("060140003722", KAZAKHSTAN, "контрольная цифра не сходится"),
        ("06014000372", KAZAKHSTAN, "в нём должно быть 12 цифр"),
        ("0" * 12, KAZAKHSTAN, "он состоит из одних нулей"),
        ("19027596", BELARUS, "в нём знаков 8, а должно быть 9"),
        ("19027596-", BELARUS, "в нём есть не только цифры"),
    ],
)
def test_wrong_numbers(number: str, country: int | None, fault: str) -> None:
    assert number_fault(number, country) == fault


def test_a_check_digit_of_ten_is_reckoned_again_with_other_weights() -> None:
    """The first weights leave 10 of 11, which is no digit: the second ones decide."""
    first = sum(place * int(digit) for place, digit in enumerate("00000000010", start=1)) % 11
    assert first == 10
    assert number_fault("000000000101", KAZAKHSTAN) is None
    assert number_fault("000000000100", KAZAKHSTAN) == "контрольная цифра не сходится"


@pytest.mark.parametrize(
    ("country", "fields", "shown"),
    [
        (KAZAKHSTAN, {"RQ_BIN": BIN}, BIN),
        (KAZAKHSTAN, {"RQ_IIN": IIN}, IIN),
        (KAZAKHSTAN, {"RQ_INN": BIN}, BIN),
        (UKRAINE, {"RQ_EDRPOU": "12345678"}, "12345678"),
        (UKRAINE, {"RQ_DRFO": "1234567890"}, "1234567890"),
        (46, {"RQ_VAT_ID": "DE123456789"}, "DE123456789"),
        (46, {}, None),
        (None, {"RQ_BIN": BIN}, BIN),
        (RUSSIA, {"RQ_INN": OTHER_LEGAL_INN, "RQ_VAT_ID": "x"}, OTHER_LEGAL_INN),
        (None, {"RQ_INN": OTHER_LEGAL_INN, "RQ_BIN": BIN}, OTHER_LEGAL_INN),
    ],
)
def test_the_column_shows_the_countrys_number(country: int | None, fields: dict[str, Any], shown: str | None) -> None:
    requisite = a_requisite(PRESET_ID="9", **{"RQ_INN": "", **fields})
    countries = {} if country is None else {9: country}
    invoice = processed(an_invoice(), company_requisites={10: [requisite]}, preset_countries=countries)
    assert (invoice.inn, problems_in(invoice, "ИНН")) == (shown, [])


@pytest.mark.parametrize(
    ("preset", "shown"),
    [("Организация", BIN), ("ТОО", BIN), ("Индивидуальный предприниматель", IIN), ("Физ. лицо", IIN)],
)
def test_of_two_numbers_a_person_shows_the_persons(preset: str, shown: str) -> None:
    """A requisite holds both where the founder's number was filled in beside the company's."""
    requisite = a_requisite(PRESET_ID="9", RQ_INN="", RQ_BIN=BIN, RQ_IIN=IIN)
    known = {"preset_countries": {9: KAZAKHSTAN}, "preset_xml_ids": {}, "preset_names": {9: preset}}
    assert processed(an_invoice(), company_requisites={10: [requisite]}, **known).inn == shown


def test_the_only_number_of_a_requisite_tells_the_country_that_its_preset_does_not() -> None:
    """A БИН is looked at as a БИН, though nobody said that the client is in Kazakhstan."""
    requisite = a_requisite(PRESET_ID="9", RQ_INN="", RQ_BIN=BIN[:-1])
    invoice = processed(an_invoice(), company_requisites={10: [requisite]}, preset_countries={})
    assert ["12 цифр" in each for each in problems_in(invoice, "ИНН")] == [True]


@pytest.mark.parametrize(("country", "title"), [(RUSSIA, "ИНН"), (BELARUS, "УНП"), (KAZAKHSTAN, "БИН (ИИН)")])
def test_a_number_that_must_be_there_is_called_as_in_its_country(country: int, title: str) -> None:
    requisite = a_requisite(PRESET_ID="9", RQ_INN="")
    invoice = processed(an_invoice(), company_requisites={10: [requisite]}, preset_countries={9: country})
    assert problems_in(invoice, "ИНН") == [f"В реквизитах нет {title}. Заполните {title} в реквизитах клиента."]


def test_a_natural_person_needs_none() -> None:
    requisite = a_requisite(PRESET_ID=str(PERSON_PRESET), RQ_INN="")
    assert problems_in(processed(an_invoice(), company_requisites={10: [requisite]}), "ИНН") == []


@pytest.mark.parametrize(
    ("changed", "complained"),
    [
        ({"RQ_KPP": "нет"}, True),
        ({"RQ_KPP": "0", "RQ_INN": "500100732259"}, False),
        ({"RQ_KPP": "нет", "PRESET_ID": "9"}, False),
    ],
    ids=["a legal entity", "a sole trader", "of another country"],
)
def test_a_kpp_is_looked_at_where_there_must_be_one(changed: dict[str, str], complained: bool) -> None:
    requisite = a_requisite(**{"PRESET_ID": "8", **changed})
    invoice = processed(an_invoice(), company_requisites={10: [requisite]}, preset_countries={8: RUSSIA, 9: BELARUS})
    assert bool(problems_in(invoice, "КПП")) is complained

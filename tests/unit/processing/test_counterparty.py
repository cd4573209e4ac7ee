"""Who is billed: the linked requisite, else the company's first, else the contact's, else a bare name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.builders import (
    ABSENT,
    COMPANY_PRESET,
    LEGAL_INN,
    OTHER_LEGAL_INN,
    PERSON_PRESET,
    PERSONS_INN,
    SOLE_TRADER_PRESET,
    a_contact,
    a_product_row,
    a_requisite,
    a_sole_traders_requisite,
    an_invoice,
)
from tests.unit.processing.helpers import fields_complained_of, problems_in, processed

LINKED = a_requisite(ID="1", ENTITY_ID="11", RQ_COMPANY_NAME="Связанный", RQ_INN=OTHER_LEGAL_INN)
COMPANYS = a_requisite(ID="2", RQ_COMPANY_NAME="Компании")
CONTACTS = a_requisite(ID="3", ENTITY_TYPE_ID="3", ENTITY_ID="20", RQ_COMPANY_NAME="Контакта")
EVERYTHING: dict[str, Any] = {
    "requisite_links": {1: 1},
    "requisites": {1: LINKED},
    "company_requisites": {10: [COMPANYS]},
    "contact_requisites": {20: [CONTACTS]},
    "company_titles": {10: "Карточка компании"},
    "contacts": {20: a_contact()},
}


def without(*names: str) -> dict[str, Any]:
    return {**EVERYTHING, **{name: {} for name in names}}


@pytest.mark.parametrize(
    ("context", "name"),
    [
        (EVERYTHING, "Связанный"),
        (without("requisite_links"), "Компании"),
        (without("requisites"), "Компании"),
        ({**EVERYTHING, "requisite_links": {1: 0}}, "Компании"),
        ({**EVERYTHING, "requisite_links": {2: 1}}, "Компании"),
        (without("requisite_links", "company_requisites"), "Контакта"),
        ({**without("requisite_links"), "company_requisites": {10: []}}, "Контакта"),
        (without("requisite_links", "company_requisites", "contact_requisites"), "Карточка компании"),
        (
            without("requisite_links", "company_requisites", "contact_requisites", "company_titles"),
            "Петрова Анна Сергеевна",
        ),
        (
            {
                **without("requisite_links", "company_requisites", "contact_requisites"),
                "company_titles": {10: " "},
            },
            "Петрова Анна Сергеевна",
        ),
        (
            without("requisite_links", "company_requisites", "contact_requisites", "company_titles", "contacts"),
            None,
        ),
    ],
    ids=[
        "linked",
        "no link",
        "the linked one is gone",
        "linked to none",
        "another invoice's link",
        "the company has none",
        "the company's list is empty",
        "bare title",
        "bare contact",
        "blank title",
        "nothing",
    ],
)
def test_the_nearest_requisite_counts(context: dict[str, Any], name: str | None) -> None:
    assert processed(an_invoice(contactId=20), **context).counterparty == name


def test_the_first_requisite_is_by_sort_then_id_compared_as_numbers() -> None:
    requisites = [
        a_requisite(ID="9", SORT="1000", RQ_COMPANY_NAME="поздний"),
        a_requisite(ID="10", SORT="500", RQ_COMPANY_NAME="десятый"),
        a_requisite(ID="9", SORT="500", RQ_COMPANY_NAME="девятый"),
        a_requisite(ID="1", SORT="", RQ_COMPANY_NAME="без порядка"),
        a_requisite(ID="1", SORT="1", ADDRESS_ONLY="Y", RQ_COMPANY_NAME="только адрес"),
    ]
    assert processed(an_invoice(), company_requisites={10: requisites}).counterparty == "девятый"


def test_a_requisite_in_force_goes_before_a_switched_off_one() -> None:
    requisites = [
        a_requisite(ID="1", SORT="1", ACTIVE="N", RQ_COMPANY_NAME="прежний"),
        a_requisite(ID="2", SORT="500", ACTIVE="Y", RQ_COMPANY_NAME="нынешний"),
    ]
    assert processed(an_invoice(), company_requisites={10: requisites}).counterparty == "нынешний"
    assert processed(an_invoice(), company_requisites={10: requisites[:1]}).counterparty == "прежний"


def test_the_contact_is_the_first_one_named() -> None:
    invoice = an_invoice(companyId=0, contactId=None, contactIds=[20, 21])
    assert processed(invoice, contact_requisites={20: [CONTACTS]}).counterparty == "Контакта"


@pytest.mark.parametrize(
    ("requisite", "name"),
    [
        (a_requisite(), "ООО «Ромашка»"),
        (a_requisite(RQ_COMPANY_NAME=""), "Общество с ограниченной ответственностью «Ромашка»"),
        (a_requisite(RQ_LAST_NAME="Директоров"), "ООО «Ромашка»"),
        (a_requisite(RQ_COMPANY_NAME="", RQ_COMPANY_FULL_NAME="", RQ_NAME="Ромашка"), "Ромашка"),
        (a_requisite(RQ_COMPANY_NAME="  ООО «Два  пробела» "), "  ООО «Два  пробела» "),
        (a_requisite(RQ_INN=""), "ООО «Ромашка»"),
        (a_requisite(RQ_INN="123"), "ООО «Ромашка»"),
        (a_sole_traders_requisite(), "ИП Иванов Иван Иванович"),
        (a_sole_traders_requisite(RQ_SECOND_NAME=""), "ИП Иванов Иван"),
        (a_sole_traders_requisite(RQ_NAME="Иванов Иван И."), "ИП Иванов Иван И."),
        (a_sole_traders_requisite(RQ_NAME="ИП Иванов И. И."), "ИП Иванов И. И."),
        (a_sole_traders_requisite(RQ_NAME="Иванов И. И., ИП"), "Иванов И. И., ИП"),
        (a_sole_traders_requisite(RQ_NAME="Ипатов Иван"), "ИП Ипатов Иван"),
        (
            a_sole_traders_requisite(RQ_NAME="Индивидуальный предприниматель Иванов"),
            "Индивидуальный предприниматель Иванов",
        ),
        (a_sole_traders_requisite(RQ_INN="500100732258"), "ИП Иванов Иван Иванович"),
        (a_sole_traders_requisite(RQ_INN=" 500100732259 "), "ИП Иванов Иван Иванович"),
        (a_sole_traders_requisite(RQ_COMPANY_NAME="ИП Иванов И. И."), "ИП Иванов Иван Иванович"),
        (
            a_sole_traders_requisite(
                RQ_LAST_NAME="", RQ_FIRST_NAME="", RQ_SECOND_NAME="", RQ_COMPANY_NAME="ИП Сидоров"
            ),
            "ИП Сидоров",
        ),
        (a_sole_traders_requisite(PRESET_ID=str(PERSON_PRESET)), "Иванов Иван Иванович"),
        (a_sole_traders_requisite(PRESET_ID=str(PERSON_PRESET), NAME="ИП"), "Иванов Иван Иванович"),
        (
            a_sole_traders_requisite(
                PRESET_ID=str(PERSON_PRESET),
                RQ_LAST_NAME="",
                RQ_FIRST_NAME="",
                RQ_SECOND_NAME="",
                RQ_COMPANY_NAME="Сидоров Пётр",
            ),
            "Сидоров Пётр",
        ),
        (a_sole_traders_requisite(RQ_INN="двенадцать б"), "Иванов Иван Иванович"),
        (a_sole_traders_requisite(RQ_INN="двенадцатьбб"), "Иванов Иван Иванович"),
        (a_sole_traders_requisite(RQ_INN="١٢٣٤٥٦٧٨٩٠١٢"), "Иванов Иван Иванович"),
        (a_sole_traders_requisite(PRESET_ID=str(COMPANY_PRESET)), "Иванов Иван Иванович"),
        (
            a_sole_traders_requisite(PRESET_ID=str(COMPANY_PRESET), RQ_COMPANY_NAME="ИП Иванов"),
            "ИП Иванов Иван Иванович",
        ),
        (a_sole_traders_requisite(PRESET_ID=str(COMPANY_PRESET), NAME="Реквизиты ИП"), "ИП Иванов Иван Иванович"),
        (a_sole_traders_requisite(PRESET_ID=ABSENT), "ИП Иванов Иван Иванович"),
        (a_sole_traders_requisite(PRESET_ID="99"), "ИП Иванов Иван Иванович"),
    ],
)
def test_the_name_is_the_companys_or_the_persons_with_ip_for_sole_traders(requisite: dict[str, Any], name: str) -> None:
    assert processed(an_invoice(), company_requisites={10: [requisite]}).counterparty == name


@pytest.mark.parametrize(
    ("preset_name", "name"),
    [
        ("ИП", "ИП Иванов Иван Иванович"),
        ("Индивидуальный предприниматель", "ИП Иванов Иван Иванович"),
        ("Sole Proprietorship", "ИП Иванов Иван Иванович"),
        ("Физлицо", "Иванов Иван Иванович"),
        ("Нотариус", "Иванов Иван Иванович"),
        ("Самозанятые", "Иванов Иван Иванович"),
        ("ИП и физлица", "Иванов Иван Иванович"),
        ("Наш шаблон", "Иванов Иван Иванович"),
        ("Типография", "Иванов Иван Иванович"),
    ],
)
def test_a_preset_of_the_portals_own_is_told_by_its_name(preset_name: str, name: str) -> None:
    requisites = {10: [a_sole_traders_requisite(PRESET_ID="4")]}
    context = {"preset_xml_ids": {4: ""}, "preset_names": {4: preset_name}}
    assert processed(an_invoice(), company_requisites=requisites, **context).counterparty == name


def test_the_reserved_xml_id_outweighs_the_presets_name() -> None:
    invoice = processed(
        an_invoice(),
        company_requisites={10: [a_sole_traders_requisite(PRESET_ID=str(SOLE_TRADER_PRESET))]},
        preset_names={SOLE_TRADER_PRESET: "Физлицо"},
    )
    assert invoice.counterparty == "ИП Иванов Иван Иванович"


@pytest.mark.parametrize(
    ("requisite", "name"),
    [
        (a_requisite(ID="1", ENTITY_ID="11"), "Другая компания"),
        (a_requisite(ID="1", ENTITY_TYPE_ID="3", ENTITY_ID="20"), "Петрова Анна Сергеевна"),
        (a_requisite(ID="1", ENTITY_ID="404"), "Компания счёта"),
    ],
    ids=["its company's", "its contact's", "the invoice's, where its owner is unknown"],
)
def test_a_requisite_without_any_name_is_called_by_its_owners_title(requisite: dict[str, Any], name: str) -> None:
    nameless = {**requisite, "RQ_COMPANY_NAME": "", "RQ_COMPANY_FULL_NAME": ""}
    invoice = processed(
        an_invoice(),
        requisite_links={1: 1},
        requisites={1: nameless},
        company_titles={10: "Компания счёта", 11: "Другая компания"},
        contacts={20: a_contact()},
    )
    assert (invoice.counterparty, invoice.inn) == (name, LEGAL_INN)
    assert [(problem.field, problem.message) for problem in invoice.problems] == [
        (
            "Контрагент",
            "В реквизитах нет названия, показано название из карточки клиента. Заполните его в реквизитах клиента.",
        )
    ]


def test_inn_and_kpp_are_texts_as_they_stand() -> None:
    requisite = a_requisite(RQ_INN=" 0274 062111", RQ_KPP=" 027401001")
    invoice = processed(an_invoice(), company_requisites={10: [requisite]})
    assert (invoice.inn, invoice.kpp) == (" 0274 062111", " 027401001")
    assert fields_complained_of(invoice) == ["ИНН", "КПП"]


def test_an_inn_delivered_as_a_number_is_read() -> None:
    invoice = processed(an_invoice(), company_requisites={10: [a_requisite(RQ_INN=int(LEGAL_INN))]})
    assert invoice.inn == LEGAL_INN


@pytest.mark.parametrize(
    ("invoice", "context", "message"),
    [
        (an_invoice(), {"company_titles": {10: "Ромашка"}}, "Нет реквизитов."),
        (an_invoice(), {}, "Нет реквизитов."),
        (an_invoice(companyId=0), {}, "Не указан клиент."),
        (an_invoice(companyId=0, contactIds="garbage"), {}, "Не указан клиент."),
    ],
)
def test_without_requisite_there_is_a_problem_and_no_inn(
    invoice: dict[str, Any], context: dict[str, Any], message: str
) -> None:
    found = processed(invoice, company_requisites={}, **context)
    assert (found.inn, found.kpp) == (None, None)
    (sentence,) = problems_in(found, "Контрагент")
    assert sentence.startswith(message)


def test_a_requisite_without_name_whose_owner_has_none_is_a_problem() -> None:
    requisite = a_requisite(RQ_COMPANY_NAME=" ", RQ_COMPANY_FULL_NAME=None)
    invoice = processed(an_invoice(), company_requisites={10: [requisite]})
    assert invoice.counterparty is None
    assert problems_in(invoice, "Контрагент") == ["В реквизитах нет названия. Заполните его в реквизитах клиента."]


def test_the_persons_inn_of_the_builders_is_right() -> None:
    invoice = processed(an_invoice(), company_requisites={10: [a_sole_traders_requisite()]})
    assert (invoice.inn, invoice.kpp, invoice.problems) == (PERSONS_INN, None, ())


@pytest.mark.parametrize(
    "name",
    [
        "Ип Серов Пётр",
        "ип Серов Пётр",
        "И.П. Серов Пётр",
        "И. П. Серов Пётр",
        "И П Серов Пётр",
        "и.п. Серов Пётр",
        "И/П Серов Пётр",
        "«ИП Серов Пётр»",
        "Серов Пётр (ИП)",
        "Серов Пётр (И.П.)",
        "ПБОЮЛ Серов Пётр",
        "П.Б.О.Ю.Л. Серов",
        "ИПБОЮЛ Серов",
        "ЧП Серов",
        "Инд. предприниматель Серов",
        "Индивидуальный  предприниматель Серов",
        "ИНДИВИДУАЛЬНЫЙ ПРЕДПРИНИМАТЕЛЬ СЕРОВ",
        "Предприниматель Серов",
        "ИП ГКФХ Серов",
        "ИП Нотариусов Пётр",
    ],
)
def test_a_sole_trader_is_called_so_once_however_people_write_it(name: str) -> None:
    requisites = {10: [a_sole_traders_requisite(RQ_NAME=name)]}
    assert processed(an_invoice(), company_requisites=requisites).counterparty == name


@pytest.mark.parametrize(
    "name", ["Серов И.П.", "Ипполитов Пётр", "Нотариусов Пётр", "Адвокатова Анна", "Глава КФХ Серов", "Чпунов Пётр"]
)
def test_a_name_that_only_looks_so_gets_its_word(name: str) -> None:
    requisites = {10: [a_sole_traders_requisite(RQ_NAME=name)]}
    assert processed(an_invoice(), company_requisites=requisites).counterparty == f"ИП {name}"


@pytest.mark.parametrize(
    "name",
    [
        "нотариус Орлова Анна",
        "Серов Пётр, адвокат",
        "Самозанятая Орлова",
        "Арбитражный управляющий Серов",
        "Медиатор Орлова",
    ],
)
def test_a_private_practice_is_no_sole_trader(name: str) -> None:
    requisites = {10: [a_sole_traders_requisite(RQ_NAME=name)]}
    assert processed(an_invoice(), company_requisites=requisites).counterparty == name


def test_a_private_practice_may_be_told_by_the_requisites_name() -> None:
    requisites = {10: [a_sole_traders_requisite(NAME="Адвокат")]}
    assert processed(an_invoice(), company_requisites=requisites).counterparty == "Иванов Иван Иванович"


def test_a_practice_that_stands_in_the_companys_name_is_shown() -> None:
    requisites = {10: [a_sole_traders_requisite(RQ_COMPANY_NAME="Адвокатский кабинет Иванова")]}
    assert processed(an_invoice(), company_requisites=requisites).counterparty == "Адвокатский кабинет Иванова"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("ООО &quot;Ромашка&quot;", 'ООО "Ромашка"'),
        ("Болт &amp;amp; гайка", "Болт & гайка"),
        ("&laquo;Ромашка&raquo; &#8470; 1 &#x27;", "«Ромашка» № 1 '"),
        ("AT&T; R&D &copy &нет; &romashka; & ;", "AT&T; R&D &copy &нет; &romashka; & ;"),
        ("  ООО  «Два»  ", "  ООО  «Два»  "),
        ("&notit;", "&notit;"),
    ],
)
def test_entities_of_html_in_names_are_decoded_and_nothing_else_changes(stored: str, shown: str) -> None:
    rows = {1: [a_product_row(productName=stored)]}
    linked = processed(an_invoice(), company_requisites={10: [a_requisite(RQ_COMPANY_NAME=stored)]}, product_rows=rows)
    bare = processed(an_invoice(), company_requisites={}, company_titles={10: stored})
    own = processed(an_invoice(mycompanyId=7), company_titles={7: stored})
    assert (linked.counterparty, bare.counterparty, linked.product_rows[0].name) == (shown, shown, shown)
    assert own.my_company == shown


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ({}, {"ENTITY_ID": "11", "RQ_COMPANY_NAME": "Другое имя"}, True),
        ({}, {"RQ_KPP": "519043001"}, False),
        ({"RQ_INN": PERSONS_INN, "RQ_KPP": ""}, {"RQ_INN": PERSONS_INN, "RQ_KPP": "0"}, True),
        ({"RQ_INN": "нет"}, {"RQ_INN": "нет"}, False),
        ({"RQ_INN": ""}, {"RQ_INN": ""}, False),
    ],
    ids=["one ИНН on two cards", "a branch", "a sole trader has no КПП", "a wrong ИНН", "no ИНН"],
)
def test_counterparties_are_told_apart_by_inn_and_kpp_else_by_the_card(
    one: dict[str, str], another: dict[str, str], same: bool
) -> None:
    """Two companies, each with its requisite."""
    requisites = {10: [a_requisite(**one)], 11: [a_requisite(**another)]}
    first, second = (processed(an_invoice(companyId=each), company_requisites=requisites) for each in (10, 11))
    assert (first.counterparty_key == second.counterparty_key) is same


def test_two_of_one_name_without_requisites_are_two() -> None:
    titles = {"company_requisites": {}, "company_titles": {10: "Ромашка", 11: "Ромашка"}}
    people = {"contacts": {20: a_contact(), 21: a_contact()}}
    raw = [an_invoice(companyId=each) for each in (10, 11)]
    raw += [an_invoice(companyId=0, contactId=each) for each in (20, 21)]
    assert len({processed(each, **titles, **people).counterparty_key for each in raw}) == 4


def test_one_card_is_one_whichever_wrong_requisite_its_invoices_name() -> None:
    linked = {"requisites": {1: a_requisite(ID="1", RQ_INN="нет"), 2: a_requisite(ID="2", RQ_INN="0")}}
    first = processed(an_invoice(), requisite_links={1: 1}, **linked)
    assert first.counterparty_key == processed(an_invoice(), requisite_links={1: 2}, **linked).counterparty_key


def test_requisites_of_invoices_that_name_no_card_are_told_apart() -> None:
    linked = {"requisites": {1: a_requisite(ID="1", RQ_INN=""), 2: a_requisite(ID="2", RQ_INN="")}}
    nobody = an_invoice(companyId=0)
    first = processed(nobody, requisite_links={1: 1}, **linked)
    assert first.counterparty_key != processed(nobody, requisite_links={1: 2}, **linked).counterparty_key

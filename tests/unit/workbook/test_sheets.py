"""The sheets of a finished workbook: titles, order, values and types, as the contract names them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bitrix_app.processing.model import Problem, ProblemLine, ProcessedInvoice, ProductRow
from bitrix_app.workbook import REGISTER_SHEETS, ProblemLines, write_workbook
from tests.unit.workbook.builders import a_header, a_register, a_row, an_invoice
from tests.unit.workbook.conftest import Write
from tests.unit.workbook.reading import Table, calamine_rows, digits, opened, table, title_block

BRIEF = (
    "Номер ИНН Контрагент Сумма НДС|Дата счёта|Дата отгрузки|Дата оплаты|Валюта Стадия КПП|Срок оплаты|Ответственный"
)
FULL = "Номер ИНН Контрагент|Наименование товара|Количество|Ед. изм.|Цена Сумма|Ставка НДС|НДС|Валюта|Дата счёта"
RATES = "Валюта|Ставка НДС|Счетов с этой ставкой|Сумма НДС|Сумма без НДС"
FIGURES = "Валюта Счетов Сумма НДС Оплачено|Не оплачено|Просрочено"
COUNTERPARTIES = f"ИНН КПП Контрагент {FIGURES}|Первый неоплаченный срок|Последняя оплата"
RESPONSIBLES = f"Ответственный {FIGURES}"
SUMMARIES = ["Краткий", "По контрагентам", "По ответственным"]
PROBLEM = Problem("ИНН", "Проверьте ИНН.")
UNKNOWN = ProcessedInvoice(id=9)


def midnight(year: int, month: int, day: int) -> datetime:
    """A calendar date as openpyxl reads it."""
    return datetime(year, month, day)  # noqa: DTZ001 - a cell has no time zone


def named(titles: str) -> list[str]:
    """Titles of several words stand between bars."""
    words = (part if part in WITH_SPACES else part.split() for part in titles.split("|"))
    return [title for each in words for title in ([each] if isinstance(each, str) else each)]


WITH_SPACES = {
    "Дата счёта",
    "Дата отгрузки",
    "Дата оплаты",
    "Срок оплаты",
    "Наименование товара",
    "Ед. изм.",
    "Ставка НДС",
    "Сумма без НДС",
    "Счетов с этой ставкой",
    "Не оплачено",
    "Первый неоплаченный срок",
    "Последняя оплата",
}


@pytest.mark.parametrize(
    ("detailed", "problems", "sheets"),
    [
        (False, (), SUMMARIES),
        (True, (), [*SUMMARIES, "Полный", "По ставкам НДС"]),
        (True, (PROBLEM,), [*SUMMARIES, "Полный", "По ставкам НДС", "Проблемы"]),
    ],
)
def test_sheets_are_those_that_have_something_to_say(
    write: Write, detailed: bool, problems: tuple[Problem, ...], sheets: list[str]
) -> None:
    """Product rows bring ``Полный`` and the rates; a problem brings ``Проблемы``."""
    assert write([an_invoice(problems=problems)], detailed=detailed).sheetnames == sheets


@pytest.mark.parametrize(
    ("sheet", "detailed", "titles"),
    [
        ("Краткий", False, BRIEF),
        ("Краткий", True, BRIEF + "|Ставка НДС"),
        ("Полный", True, FULL),
        ("По ставкам НДС", True, RATES),
        ("По контрагентам", False, COUNTERPARTIES),
        ("По ответственным", False, RESPONSIBLES),
        ("Проблемы", False, "Номер Поле Проблема"),
    ],
)
def test_columns_are_titled_as_the_contract_says(write: Write, sheet: str, detailed: bool, titles: str) -> None:
    """In this order, and no others."""
    book = write([an_invoice(problems=(PROBLEM,))], detailed=detailed)
    assert table(book, sheet).titles == named(titles)


def test_a_row_of_the_brief_sheet_holds_values_not_texts(write: Write) -> None:
    """Numbers are numbers, dates are dates, ИНН and КПП and the number are text."""
    (row,) = table(write([an_invoice()]), "Краткий").values()
    assert row == {
        "Номер": "С-0001",
        "ИНН": "7707083893",
        "Контрагент": "ООО «Ромашка»",
        "Сумма": 120000.10,
        "НДС": 20000.02,
        "Дата счёта": midnight(2026, 3, 30),
        "Дата отгрузки": midnight(2026, 3, 31),
        "Дата оплаты": midnight(2026, 4, 2),
        "Валюта": "RUB",
        "Стадия": "Оплачен",
        "КПП": "770701001",
        "Срок оплаты": midnight(2026, 4, 10),
        "Ответственный": "Иванова Анна",
        "Ставка НДС": "20%",
    }


def test_a_row_of_the_full_sheet_holds_the_product_row(write: Write) -> None:
    """Invoice, counterparty, then the product row's own figures; the price is not rounded."""
    invoice = an_invoice(product_rows=(a_row(quantity=Decimal("2.5"), price=Decimal("33.333333")),))
    (row,) = table(write([invoice]), "Полный").values()
    assert row == {
        "Номер": "С-0001",
        "ИНН": "7707083893",
        "Контрагент": "ООО «Ромашка»",
        "Наименование товара": "Бумага А4",
        "Количество": 2.5,
        "Ед. изм.": "пач.",
        "Цена": 33.333333,
        "Сумма": 120000.10,
        "Ставка НДС": "20%",
        "НДС": 20000.02,
        "Валюта": "RUB",
        "Дата счёта": midnight(2026, 3, 30),
    }


@pytest.mark.parametrize(
    "row",
    [
        a_row(quantity=None, amount=None, vat=None),
        ProductRow(None, None, None, None, None, None, None, None, tax_rate_unknown=True),
    ],
    ids=["no quantity", "nothing known"],
)
def test_a_product_row_keeps_its_row_whatever_is_unknown_of_it(write: Write, row: ProductRow) -> None:
    """It stands beside the others, empty where nothing is known; the report goes on."""
    found = table(write([an_invoice(product_rows=(row, a_row()))]), "Полный").values()
    assert [each["Количество"] for each in found] == [None, 5]
    assert {each["Номер"] for each in found} == {"С-0001"}


@pytest.mark.parametrize("sheet", ["Краткий", "Проблемы"])
def test_what_is_unknown_is_an_empty_cell(write: Write, sheet: str) -> None:
    """Never 0, a dash or a word; the invoice keeps its row."""
    invoice = ProcessedInvoice(id=9, problems=(PROBLEM,))
    (row,) = table(write([invoice], detailed=False), sheet).values()
    shown = {title: value for title, value in row.items() if value is not None}
    assert set(shown) == ({"Поле", "Проблема"} if sheet == "Проблемы" else set())


@pytest.mark.parametrize(
    ("invoice", "shown"),
    [
        (an_invoice(vat=Decimal("20000.02")), 20000.02),
        (an_invoice(vat=None, without_vat=True), "нет"),
        (an_invoice(vat=None, without_vat=False), None),
        (an_invoice(vat=Decimal("-5.00")), -5),
    ],
    ids=["VAT", "without", "unknown", "credit"],
)
def test_vat_of_an_invoice_is_a_number_or_the_word_net(write: Write, invoice: ProcessedInvoice, shown: Any) -> None:
    """``нет`` where the invoice is without VAT; empty where nobody knows."""
    assert table(write([invoice]), "Краткий").rows[0]["НДС"].value == shown


@pytest.mark.parametrize(
    ("changes", "rate", "vat"),
    [
        ({"tax_rate": Decimal(22), "vat": Decimal("1.80")}, "22%", 1.8),
        ({"tax_rate": Decimal("5.5"), "vat": Decimal("0.52")}, "5,5%", 0.52),
        ({"tax_rate": Decimal(0), "vat": Decimal("0.00")}, "0%", 0),
        ({"tax_rate": None, "vat": None}, "Без НДС", "нет"),
        ({"tax_rate": None, "vat": None, "tax_rate_unknown": True}, None, None),
    ],
    ids=["22", "5.5", "zero", "without", "unread"],
)
def test_rate_and_vat_of_a_product_row(write: Write, changes: dict[str, Any], rate: str | None, vat: Any) -> None:
    """``0%`` is not ``Без НДС``, and a rate that could not be read is neither."""
    (row,) = table(write([an_invoice(product_rows=(a_row(**changes),))]), "Полный").values()
    assert (row["Ставка НДС"], row["НДС"]) == (rate, vat)


@pytest.mark.parametrize(
    ("rates", "shown"),
    [
        ((Decimal(22),), "22%"),
        ((Decimal(20), Decimal(10), None), "20% / 10% / Без НДС"),
        ((), None),
        (None, None),
    ],
)
def test_rates_of_an_invoice_stand_in_falling_order(write: Write, rates: Any, shown: str | None) -> None:
    """As the invoice gives them."""
    assert table(write([an_invoice(tax_rates=rates)]), "Краткий").rows[0]["Ставка НДС"].value == shown


def test_invoices_and_their_product_rows_keep_the_order_of_the_register(write: Write) -> None:
    """The writer sorts nothing."""
    invoices = [
        an_invoice(id=3, number="В", product_rows=(a_row(name="2"), a_row(name="1"))),
        an_invoice(id=1, number="А", product_rows=()),
        an_invoice(id=2, number="Б", product_rows=(a_row(name="3"),)),
    ]
    book = write(invoices)
    assert [row["Номер"] for row in table(book, "Краткий").values()] == ["В", "А", "Б"]
    full = [(row["Номер"], row["Наименование товара"]) for row in table(book, "Полный").values()]
    assert full == [("В", "2"), ("В", "1"), ("Б", "3")]


def test_totals_of_each_currency_stand_under_the_table(write: Write) -> None:
    """Label under ``Контрагент``, figure under ``Сумма``, currency under ``Валюта``; roubles first."""
    invoices = [
        an_invoice(amount=Decimal("10.00"), currency="USD"),
        an_invoice(amount=Decimal("120.00"), vat=Decimal("20.00")),
        an_invoice(amount=Decimal("0.07"), vat=None, without_vat=True),
        an_invoice(amount=None, vat=None),
    ]
    assert _block(table(write(invoices), "Краткий")) == [
        ("Всего счетов на сумму", 120.07, "RUB"),
        ("Счетов без НДС на сумму", 0.07, "RUB"),
        ("Счетов с НДС на сумму", 120, "RUB"),
        ("Всего НДС в счетах", 20, "RUB"),
        ("Всего счетов на сумму", 10, "USD"),
        ("Счетов без НДС на сумму", 0, "USD"),
        ("Счетов с НДС на сумму", 10, "USD"),
        ("Всего НДС в счетах", 20000.02, "USD"),
    ]


def test_an_empty_report_says_that_there_are_no_invoices(write: Write) -> None:
    """Headers stand, the filter covers the header alone."""
    brief = table(write([]), "Краткий")
    assert brief.rows == []
    assert _block(brief) == [("Счетов по условиям отчёта нет", None, None)]


def _block(sheet: Table) -> list[tuple[Any, ...]]:
    lines = ([row[title].value for title in ("Контрагент", "Сумма", "Валюта")] for row in sheet.below)
    return [tuple(line) for line in lines if line[0] is not None and "____" not in line[0]]


def test_above_the_table_stands_the_same_in_short(write: Write) -> None:
    """For each currency: invoices, sum, VAT, paid, unpaid, overdue; no word of it is a title of the table."""
    invoices = [
        an_invoice(amount=Decimal(100), vat=Decimal(20)),
        an_invoice(amount=Decimal(50), vat=None, paid=False, due_date=date(2026, 3, 1)),
        an_invoice(amount=Decimal(7), vat=None, paid=False, due_date=date(2027, 3, 1)),
        an_invoice(amount=Decimal(5), vat=Decimal(1), currency="USD"),
    ]
    brief = table(write(invoices), "Краткий")
    above = [
        [cell.value for cell in row if cell.value is not None]
        for row in brief.sheet.iter_rows(max_row=brief.header_row - 1)
    ]
    start = next(place for place, line in enumerate(above) if line and line[0] == "Итого по валютам")
    assert above[start : start + 3] == [
        ["Итого по валютам", "на сумму", "в т. ч. НДС", "оплачено", "не оплачено", "из них просрочено"],
        ["RUB: 3 счёта", 157, 20, 100, 57, 50],
        ["USD: 1 счёт", 5, 1, 5, 0, 0],
    ]
    assert not {value for line in above for value in line} & set(brief.titles)


@pytest.mark.parametrize("currencies", [("RUB",), ("RUB", "USD")])
def test_what_a_filter_leaves_is_summed_above_the_header(path: Path, write: Write, currencies: tuple[str, ...]) -> None:
    """By a formula with its value; of several currencies it sums the first."""
    invoices = [an_invoice(currency=each, amount=Decimal(10)) for each in (*currencies, "RUB")]
    brief = table(write(invoices), "Краткий")
    row = [cell.value for cell in brief.sheet[brief.header_row - 1]]
    assert row[2] == ("По отбору" if len(currencies) == 1 else "По отбору, RUB")
    assert "SUBTOTAL(109," in row[3]
    assert calamine_rows(path, "Краткий")[brief.header_row - 2][3] == 20


def test_the_printed_register_has_lines_to_sign_on(write: Write) -> None:
    """Under the totals: who built it, and the chief accountant."""
    signed = [str(row["Контрагент"].value) for row in table(write([an_invoice()]), "Краткий").below[-2:]]
    assert [line.split(" _")[0] for line in signed] == ["Составил", "Главный бухгалтер"]
    assert signed[0].endswith("_ Иванова Анна")


def test_the_number_leads_to_the_invoice(write: Write) -> None:
    """On the brief sheet too; an invoice without number has no link there."""
    first, second = table(write([an_invoice(id=5), an_invoice(id=6, number=None)]), "Краткий").rows
    assert first["Номер"].hyperlink.target == "https://portal.example/crm/type/31/details/5/"
    assert second["Номер"].hyperlink is None


def test_totals_that_do_not_fit_the_first_page_have_one_of_their_own(write: Write) -> None:
    """They are never torn apart by the end of a page."""
    small, large = (table(write([an_invoice()] * count), "Краткий") for count in (3, 60))
    assert [each.id for each in small.sheet.row_breaks.brk] == []
    assert [each.id for each in large.sheet.row_breaks.brk] == [large.header_row + 60]


def test_rates_and_counterparties_are_the_registers_totals(write: Write) -> None:
    """A row for each currency and rate, a row for each counterparty and currency."""
    invoices = [
        an_invoice(paid=False, paid_date=None, due_date=date(2026, 4, 9)),
        an_invoice(amount=Decimal("0.90"), product_rows=(a_row(tax_rate=None, vat=None, amount=Decimal("0.90")),)),
    ]
    book = write(invoices)
    assert [tuple(row.values()) for row in table(book, "По ставкам НДС").values()] == [
        ("RUB", "20%", 1, 120000.10, 20000.02, 100000.08),
        ("RUB", "Без НДС", 1, 0.9, 0, 0.9),
        ("RUB", "Вне строк товаров", 1, 0, 20000.02, -20000.02),
    ]
    figures = ("RUB", 2, 120001.0, 40000.04, 0.9, 120000.10, 0)
    (row,) = table(book, "По контрагентам").values()
    assert tuple(row.values()) == (
        *("7707083893", "770701001", "ООО «Ромашка»", *figures),
        *(midnight(2026, 4, 9), midnight(2026, 4, 2)),
    )
    (row,) = table(book, "По ответственным").values()
    assert tuple(row.values()) == ("Иванова Анна", *figures)


BY_HAND = an_invoice(amount=Decimal("150.00"), vat=Decimal("25.00"))
"""Its row says 120,000.10."""


@pytest.mark.parametrize(
    ("sheet", "label"),
    [
        ("Полный", "Контрагент"),
        ("По ставкам НДС", "Ставка НДС"),
        ("По контрагентам", "Контрагент"),
        ("По ответственным", "Ответственный"),
    ],
)
def test_every_sheet_with_sums_has_the_totals_of_the_brief_one(write: Write, sheet: str, label: str) -> None:
    """For each currency, to the kopeck, whatever the product rows say."""
    invoices = [an_invoice(), BY_HAND, an_invoice(product_rows=()), an_invoice(currency="USD", amount=Decimal(7))]
    below = [row for row in table(write(invoices), sheet).below if str(row[label].value).startswith("Всего")]
    assert [(row["Валюта"].value, row["Сумма"].value, row["НДС"].value) for row in below] == [
        ("RUB", 240150.20, 40025.04),
        ("USD", 7, 20000.02),
    ]


def test_the_full_sheet_tells_what_its_rows_do_not_explain(write: Write) -> None:
    """Only where there is anything: rows, the rest, the invoices."""
    explained, by_hand = write([an_invoice()]), write([an_invoice(), BY_HAND])
    titles = ("Контрагент", "Сумма", "НДС")
    lines = [
        [tuple(row[each].value for each in titles) for row in table(book, "Полный").below[1:]]
        for book in (explained, by_hand)
    ]
    assert lines == [
        [("Всего по счетам", 120000.10, 20000.02)],
        [
            ("Итого по строкам товаров", 240000.20, 40000.04),
            ("Вне строк товаров", -119850.10, -19975.02),
            ("Всего по счетам", 120150.10, 20025.02),
        ],
    ]


SELLERS = [
    an_invoice(mycompany_id=1, my_company="ООО «Первая»", amount=Decimal(10), vat=Decimal(1)),
    an_invoice(mycompany_id=2, my_company="ООО «Вторая»", amount=Decimal(20), vat=Decimal(2)),
    an_invoice(mycompany_id=2, my_company="ООО «Вторая»", amount=Decimal(5), vat=None, currency="USD"),
    an_invoice(amount=Decimal(3), vat=None),
]


def test_several_own_companies_are_told_apart_row_by_row_and_under_the_totals(write: Write) -> None:
    """The last column, and a line for each company and currency."""
    brief = table(write(SELLERS), "Краткий")
    assert brief.titles[-1] == "Наша компания"
    assert [row["Наша компания"].value for row in brief.rows] == ["ООО «Первая»", "ООО «Вторая»", "ООО «Вторая»", None]
    lines = [tuple(row[each].value for each in ("Контрагент", "Сумма", "НДС", "Валюта")) for row in brief.below]
    assert [line for line in lines if str(line[0]).startswith("в т. ч.")] == [
        ("в т. ч. ООО «Вторая»", 20, 2, "RUB"),
        ("в т. ч. ООО «Первая»", 10, 1, "RUB"),
        ("в т. ч. без нашей компании", 3, 0, "RUB"),
        ("в т. ч. ООО «Вторая»", 5, 0, "USD"),
    ]


def test_one_own_company_needs_no_column_and_no_lines(write: Write) -> None:
    """Nor do invoices of one beside some that name none."""
    brief = table(write([SELLERS[0], SELLERS[-1]]), "Краткий")
    assert "Наша компания" not in brief.titles
    assert not [row for row in brief.below if str(row["Контрагент"].value).startswith("в т. ч.")]


def test_an_unread_rate_is_named_apart_from_invoices_without_vat(write: Write) -> None:
    """Nobody should file it as «Без НДС»."""
    unread = a_row(tax_rate=None, vat=None, tax_rate_unknown=True)
    row, _ = table(write([an_invoice(product_rows=(unread,))]), "По ставкам НДС").values()
    assert row["Ставка НДС"] == "не прочитана"


def test_problems_name_the_invoice_and_link_to_it(write: Write) -> None:
    """The report's own notes first, then each invoice's lines, each with a link to the invoice's card."""
    invoices = [
        an_invoice(id=5, number="С-5", problems=(PROBLEM, Problem("КПП", "Проверьте КПП."))),
        an_invoice(id=6, number="С-6"),
        an_invoice(id=7, number="С-7", problems=(PROBLEM,)),
    ]
    book = write(invoices, notes=(ProblemLine.of_report("Дата отгрузки", "37 счетов без даты."),))
    rows = table(book, "Проблемы").rows
    assert [tuple(cell.value for cell in row.values()) for row in rows] == [
        (None, "Дата отгрузки", "37 счетов без даты."),
        ("С-5", "ИНН", "Проверьте ИНН."),
        ("С-5", "КПП", "Проверьте КПП."),
        ("С-7", "ИНН", "Проверьте ИНН."),
    ]
    links = [row["Номер"].hyperlink and row["Номер"].hyperlink.target for row in rows]
    card = "https://portal.example/crm/type/31/details/{}/".format
    assert links == [None, card(5), card(5), card(7)]


def test_an_invoice_without_number_is_told_by_its_id(write: Write) -> None:
    """``Номер`` stays empty; the message names the id, and the link stands on the field's name."""
    book = write([an_invoice(id=5, number=None, problems=(Problem("Номер", "Нет номера."),))])
    (row,) = table(book, "Проблемы").rows
    assert row["Номер"].value is None
    assert row["Проблема"].value == "Нет номера. Счёт без номера, его ID в Битрикс24 — 5."
    assert row["Поле"].hyperlink.target == "https://portal.example/crm/type/31/details/5/"


@pytest.mark.parametrize(
    "address", [None, "javascript:alert(1)", "https://portal.example/" + "a" * 3000, "https://portal.example/\x00"]
)
def test_a_link_that_excel_would_not_follow_is_left_out(write: Write, address: str | None) -> None:
    """The line stays as text."""
    make = None if address is None else lambda _: address
    (row,) = table(write([an_invoice(problems=(PROBLEM,))], invoice_url=make), "Проблемы").rows
    assert row["Номер"].value == "С-0001"
    assert row["Номер"].hyperlink is None


def test_only_sheets_with_links_have_relations(write: Write, path: Path) -> None:
    """An empty list of relations is a part that the sheet does not name."""
    write([an_invoice(problems=())], invoice_url=None)
    with ZipFile(path) as package:
        assert [name for name in package.namelist() if "worksheets/_rels" in name] == []


def test_an_address_with_markup_in_it_stays_what_it_is(write: Write) -> None:
    """Ampersands and quotes do not break the relations."""
    address = 'https://portal.example/?a=1&b="2"&c=_x0041_'
    (row,) = table(write([an_invoice(problems=(PROBLEM,))], invoice_url=lambda _: address), "Проблемы").rows
    assert row["Номер"].hyperlink.target == address


def test_what_excel_cannot_hold_becomes_a_problem_of_the_invoice_once(path: Path) -> None:
    """A name too long is cut on every sheet and told in one line; a date before 1900 stays readable as text."""
    invoice = an_invoice(counterparty="я" * 40_000, due_date=date(1, 1, 1), product_rows=(a_row(), a_row()))
    lines = write_workbook(path, a_register([invoice]), a_header(), REGISTER_SHEETS)
    book = opened(path)
    problems = [(row["Номер"], row["Поле"]) for row in table(book, "Проблемы").values()]
    assert problems == [("С-0001", "Контрагент"), ("С-0001", "Срок оплаты")]
    assert [(line.number, line.field) for line in lines.first] == problems
    assert lines.count == 2
    row = table(book, "Краткий").values()[0]
    assert row["Контрагент"] == "я" * 32_767
    assert row["Срок оплаты"] == "01.01.0001"


def test_what_stands_on_problems_is_handed_back(path: Path) -> None:
    """The number of its lines and the first five: notes of the report, then problems of invoices in their order."""
    many = [an_invoice(id=each, number=None, problems=(PROBLEM,)) for each in range(2, 9)]
    lines = write_workbook(
        path,
        a_register([an_invoice(), *many]),
        a_header(notes=(ProblemLine(None, None, PROBLEM.field, PROBLEM.message),)),
        REGISTER_SHEETS,
    )
    assert lines.count == len(table(opened(path), "Проблемы").rows) == 8
    assert [line.invoice_id for line in lines.first] == [None, 2, 3, 4, 5]
    assert lines.first[1] == ProblemLine(2, None, PROBLEM.field, PROBLEM.message)
    assert write_workbook(path, a_register(), a_header(), REGISTER_SHEETS) == ProblemLines(0, ())


@pytest.mark.parametrize(
    ("amount", "vat"),
    [("999999999999.99", "0.07"), ("9270.36", "1545.06"), ("-120000.10", "-20000.02"), ("0.00", "0.01")],
)
def test_money_stands_in_the_file_digit_for_digit(path: Path, write: Write, amount: str, vat: str) -> None:
    """No float touches it: the XML holds the decimal text."""
    header_row = table(write([an_invoice(amount=Decimal(amount), vat=Decimal(vat))]), "Краткий").header_row
    assert Decimal(digits(path, f"D{header_row + 1}") or "") == Decimal(amount)
    assert digits(path, f"E{header_row + 1}") == vat


@pytest.mark.parametrize("sheet", [*SUMMARIES, "Полный", "По ставкам НДС", "Проблемы"])
def test_every_sheet_begins_with_the_title_block(write: Write, sheet: str) -> None:
    """Company, period, filters, author stand above the header of each."""
    lines = title_block(write([an_invoice(problems=(PROBLEM,))]), sheet)
    assert lines[0].startswith("Реестр счетов")
    assert any("Период: с 01.01.2026 по 31.03.2026 включительно, по полю «Дата отгрузки»" in line for line in lines)
    assert any("7736050003" in line for line in lines)
    assert any("Обозначения" in line for line in lines) == (sheet == "Краткий")


@pytest.mark.parametrize("sheet", [*SUMMARIES, "Полный", "По ставкам НДС", "Проблемы"])
def test_calamine_reads_the_same_values_as_openpyxl(path: Path, write: Write, sheet: str) -> None:
    """Two readers that share no code."""
    invoices = [an_invoice(problems=(PROBLEM,)), UNKNOWN, an_invoice(vat=None, without_vat=True, paid=False)]
    book = write(invoices)
    theirs = calamine_rows(path, sheet)
    for row, cells in enumerate(book[sheet].iter_rows(values_only=True)):
        if any(str(value).startswith("=") for value in cells):
            continue  # the sums of what a filter leaves
        ours = [value.date() if isinstance(value, datetime) else value for value in cells]
        assert [value if value != "" else None for value in theirs[row]] == ours

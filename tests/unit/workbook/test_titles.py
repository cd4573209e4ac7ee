"""The title block in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from bitrix_app.workbook import OwnCompany
from bitrix_app.workbook.header import SENTENCE_LINES, moment_text, title_lines
from tests.unit.workbook.builders import a_header


def test_the_block_says_what_for_whom_when_and_by_whom() -> None:
    """What the report is, the own company with its ИНН, the period and its field, the filters, who and when."""
    assert list(title_lines(a_header(), ". По счетам", 150, legend="Обозначения")) == [
        "Реестр счетов. По счетам",
        "Наша компания: ООО «Продавец», ИНН 7736050003 · "
        "Период: с 01.01.2026 по 31.03.2026 включительно, по полю «Дата отгрузки»",
        "Отбор: Стадии: Новый, Оплачен; Валюта: RUB",
        "Составлено: Иванова Анна, 01.04.2026 12:30 (UTC+3)",
        "Обозначения",
    ]


def test_what_was_not_chosen_has_no_line() -> None:
    """No own company, no filters, no legend: title, period, author."""
    lines = list(title_lines(a_header(company=None, filters=()), "По счетам", 120))
    assert len(lines) == 3


def test_a_company_without_inn_is_named_alone() -> None:
    """No empty «ИНН»."""
    lines = list(title_lines(a_header(company=OwnCompany("ИП Петров")), "По счетам", 120))
    assert lines[1].startswith("Наша компания: ИП Петров · ")


@pytest.mark.parametrize(
    ("sellers", "named"),
    [
        ((), "Период"),
        (("ООО «А»",), "Наша компания: ООО «А» · Период"),
        (("А", "Б"), "Наши компании: А, Б · Период"),
    ],
)
def test_the_sellers_are_named_where_no_own_company_was_chosen(sellers: tuple[str, ...], named: str) -> None:
    """Whose invoices they are."""
    lines = list(title_lines(a_header(company=None), "", 150, sellers))
    assert lines[1].startswith(named)


def test_a_register_that_may_be_partial_says_whose_view_it_is() -> None:
    """With the name."""
    lines = list(title_lines(a_header(partial=True), "", 150))
    assert lines[-1] == "По счетам, доступным тому, кто составил: Иванова Анна, 01.04.2026 12:30 (UTC+3)"


def test_a_report_of_one_invoice_has_no_period() -> None:
    """The invoice has its date in the title."""
    assert not [line for line in title_lines(a_header(of_period=False), "", 150) if "Период" in line]


def test_no_line_runs_past_the_table_and_the_block_stays_small() -> None:
    """Long filters are broken into lines, and cut where they would push the table off the screen."""
    lines = list(title_lines(a_header(filters=("Стадии: " + "Новый, " * 500, "ш" * 5000)), "По счетам", 80))
    assert max(map(len, lines)) <= 80
    assert len(lines) == 4 + SENTENCE_LINES


@pytest.mark.parametrize(
    ("offset", "written"),
    [
        (timedelta(hours=3), "(UTC+3)"),
        (timedelta(0), "(UTC+0)"),
        (timedelta(hours=-3, minutes=-30), "(UTC-3:30)"),
        (timedelta(hours=5, minutes=45), "(UTC+5:45)"),
    ],
)
def test_a_moment_names_its_zone(offset: timedelta, written: str) -> None:
    """Hours, and minutes where there are any."""
    assert moment_text(datetime(2026, 4, 1, 9, 5, tzinfo=timezone(offset))) == f"01.04.2026 09:05 {written}"

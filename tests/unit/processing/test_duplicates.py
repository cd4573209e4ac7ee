"""The same number twice within one own company and year."""

from __future__ import annotations

import tracemalloc
from datetime import date

import pytest

from bitrix_app.processing import DuplicateNumbers, ProcessedInvoice


def invoice(
    id_: int | None, number: str | None, mycompany_id: int | None = 7, day: date | None = date(2026, 3, 31)
) -> ProcessedInvoice:
    return ProcessedInvoice(id=id_, number=number, mycompany_id=mycompany_id, invoice_date=day)


def messages(*invoices: ProcessedInvoice) -> list[list[str]]:
    duplicates = DuplicateNumbers()
    for each in invoices:
        duplicates.add(each)
    return [[problem.message for problem in duplicates.problems_of(each)] for each in invoices]


def test_each_of_two_names_the_other() -> None:
    advice = ". Оставьте номер одному счёту, другим дайте новые."
    assert messages(invoice(1, "СЧ-1"), invoice(2, "СЧ-2"), invoice(3, "СЧ-1")) == [
        ["Такой же номер у других счетов: ID 3" + advice],
        [],
        ["Такой же номер у других счетов: ID 1" + advice],
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (invoice(1, "СЧ-1", 7), invoice(2, "СЧ-1", 8)),
        (invoice(1, "СЧ-1", 7), invoice(2, "СЧ-1", None)),
        (invoice(1, "СЧ-1", day=date(2025, 12, 31)), invoice(2, "СЧ-1", day=date(2026, 1, 1))),
        (invoice(1, "СЧ-1"), invoice(2, "сч-1")),
        (invoice(1, "10"), invoice(2, "1")),
        (invoice(1, "0"), invoice(2, "00-1")),
        (invoice(1, None), invoice(2, None)),
        (invoice(1, "СЧ-1"), invoice(1, "СЧ-1")),
        (invoice(None, "СЧ-1"), invoice(2, "СЧ-1")),
    ],
    ids=[
        "companies",
        "no company",
        "years",
        "case",
        "zeros behind",
        "a nought",
        "no numbers",
        "the same invoice twice",
        "no id",
    ],
)
def test_these_are_not_the_same_number_of_two_invoices(one: ProcessedInvoice, other: ProcessedInvoice) -> None:
    assert messages(one, other) == [[], []]


@pytest.mark.parametrize("company", [7, None])
def test_spaces_around_do_not_make_another_number(company: int | None) -> None:
    first, second = messages(invoice(1, "СЧ-1 ", company), invoice(2, " СЧ-1", company))
    assert len(first) == len(second) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [(date(2026, 1, 1), date(2026, 12, 31)), (None, None)],
    ids=["from the first day to the last", "no dates"],
)
def test_within_a_year_a_number_stands_once(one: date | None, other: date | None) -> None:
    first, second = messages(invoice(1, "СЧ-1", day=one), invoice(2, "СЧ-1", day=other))
    assert len(first) == len(second) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("СЧ-1", "CЧ-1"),
        ("СЧ-1", "СЧ - 1"),
        ("СЧ-1", "СЧ-001"),
        ("1", "01"),
        ("2026/7", "2026/07"),
        ("a1", "а1"),
        ("СЧ\N{NO-BREAK SPACE}1", "СЧ1"),
    ],
)
def test_numbers_that_look_alike_are_told_as_twins_and_as_a_question(one: str, other: str) -> None:
    (first,), (second,) = messages(invoice(1, one), invoice(2, other))
    advice = " Разница только в пробелах, нулях в начале или похожих буквах: проверьте, не один ли это номер."
    assert first == f"Похожий номер у других счетов: «{other}» (ID 2)." + advice
    assert second == f"Похожий номер у других счетов: «{one}» (ID 1)." + advice


def test_the_same_and_a_like_number_are_told_apart() -> None:
    same, alike = messages(invoice(1, "СЧ-1"), invoice(2, "СЧ-1"), invoice(3, "СЧ-01"))[0]
    assert same.startswith("Такой же номер у других счетов: ID 2.")
    assert alike.startswith("Похожий номер у других счетов: «СЧ-01» (ID 3).")


def test_of_many_twins_the_first_five_are_named() -> None:
    found = messages(*(invoice(each, "СЧ-1") for each in range(1, 10)))
    assert "ID 1, ID 2, ID 4, ID 5, ID 6 и ещё 3." in found[2][0]


def test_a_hundred_thousand_numbers_take_little_memory() -> None:
    duplicates = DuplicateNumbers()
    tracemalloc.start()
    for each in range(100_000):
        duplicates.add(invoice(each + 1, f"СЧ-{each}"))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 25 * 2**20

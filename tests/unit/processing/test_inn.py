"""ИНН by its check digits, КПП by its form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing.countries import inn_fault, kpp_fault

OTHER_SIGNS = "в нём должны быть цифры, и только пятый и шестой знаки могут быть заглавными латинскими буквами"
RIGHT = ("7707083893", "7736207543", "7830002293", "500100732259", "0274062111")


@pytest.mark.parametrize("inn", RIGHT)
def test_an_inn_with_right_check_digits_is_right(inn: str) -> None:
    assert inn_fault(inn) is None


@pytest.mark.parametrize(
    ("inn", "fault"),
    [
        ("7707083890", "контрольные цифры не сходятся"),
        ("500100732258", "контрольные цифры не сходятся"),
        ("500100732269", "контрольные цифры не сходятся"),
        ("500100732266", "контрольные цифры не сходятся"),  # only the eleventh is wrong
        ("0000000000", "он состоит из одних нулей"),
        ("000000000000", "он состоит из одних нулей"),
        ("770708389", "в нём знаков 9, а должно быть 10 или 12"),
        ("77070838931", "в нём знаков 11, а должно быть 10 или 12"),
        ("7707083893 ", "в нём есть не только цифры"),
        ("7707 083893", "в нём есть не только цифры"),
        ("ИНН7707083893", "в нём есть не только цифры"),
        ("٧٧٠٧٠٨٣٨٩٣", "в нём есть не только цифры"),
        ("7707083893\n", "в нём есть не только цифры"),
        ("", "в нём есть не только цифры"),
    ],
)
def test_the_fault_of_a_wrong_inn_is_named(inn: str, fault: str) -> None:
    assert inn_fault(inn) == fault


@pytest.mark.parametrize("kpp", ["773601001", "770701001", "1234AZ567", "010101001"])
def test_a_kpp_of_nine_signs_is_right(kpp: str) -> None:
    assert kpp_fault(kpp) is None


@pytest.mark.parametrize(
    ("kpp", "fault"),
    [
        ("77360100", "в нём знаков 8, а должно быть 9"),
        ("7736010011", "в нём знаков 10, а должно быть 9"),
        ("", "в нём знаков 0, а должно быть 9"),
        *((kpp, OTHER_SIGNS) for kpp in ("7736 0100", "ABCD01001", "1234az567", "1234АБ567", "77360100O", "٧٧٣٦٠١٠٠١")),
    ],
)
def test_a_kpp_of_another_form_is_told_what_is_wrong_with_it(kpp: str, fault: str) -> None:
    assert kpp_fault(kpp) == fault


@given(st.sampled_from(RIGHT), st.integers(min_value=0, max_value=11), st.integers(min_value=1, max_value=9))
def test_one_mistyped_check_digit_is_found(inn: str, place: int, shift: int) -> None:
    place = len(inn) - 1 - place % (1 if len(inn) == 10 else 2)
    mistyped = inn[:place] + str((int(inn[place]) + shift) % 10) + inn[place + 1 :]
    assert inn_fault(mistyped) is not None


@given(st.text(max_size=20) | st.text("0123456789", min_size=10, max_size=12))
def test_only_ten_or_twelve_digits_can_be_right(text: str) -> None:
    assert inn_fault(text) is not None or (text.isascii() and text.isdigit() and len(text) in {10, 12})

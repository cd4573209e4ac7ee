"""ИНН and КПП: the form that the law gives them.

Source: the order of the Federal Tax Service on assigning ИНН and КПП (ММВ-7-6/435@): check digits of an ИНН are
weighted sums modulo 11 modulo 10; a КПП is four digits, two digits or capital Latin letters, three digits.
"""

from __future__ import annotations

import re

_DIGITS = re.compile(r"[0-9]+")
_KPP = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")
_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def inn_fault(inn: str) -> str | None:
    """What is wrong with an ИНН, a clause for a Russian sentence («он состоит из одних нулей»); ``None`` if right."""
    if not _DIGITS.fullmatch(inn):
        return "в нём есть не только цифры"
    if len(inn) not in {10, 12}:
        return f"в нём знаков {len(inn)}, а должно быть 10 или 12"
    if not inn.strip("0"):
        return "он состоит из одних нулей"
    return None if _check_digits_fit(inn) else "контрольные цифры не сходятся"


def kpp_fault(kpp: str) -> str | None:
    """What is wrong with a КПП, a clause as ``inn_fault``'s; ``None`` if it has its form: ``7707 01 001`` without the
    spaces, letters allowed in the fifth and sixth place."""
    if _KPP.fullmatch(kpp):
        return None
    if len(kpp) != 9:
        return f"в нём знаков {len(kpp)}, а должно быть 9"
    return "в нём должны быть цифры, и только пятый и шестой знаки могут быть заглавными латинскими буквами"


def _check_digits_fit(inn: str) -> bool:
    digits = [int(each) for each in inn]
    checked = (9,) if len(inn) == 10 else (10, 11)
    return all(digits[place] == _check_digit(digits[:place]) for place in checked)


def _check_digit(digits: list[int]) -> int:
    weights = _WEIGHTS[-len(digits) :]
    return sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11 % 10

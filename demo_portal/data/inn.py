"""Numbers of Russian organisations with right check digits: ИНН, КПП, ОГРН.

Rule: приказ ФНС (порядок присвоения ИНН), weights of the check digits.
"""

from __future__ import annotations

from random import Random

_TEN = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_ELEVENTH = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_TWELFTH = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def _check(digits: str, weights: tuple[int, ...]) -> str:
    return str(sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11 % 10)


def legal_entity_inn(region: str, number: int) -> str:
    """Ten digits: region and inspection (``7701``), a number, the check digit."""
    digits = f"{region}{number:05d}"
    return digits + _check(digits, _TEN)


def person_inn(region: str, number: int) -> str:
    """Twelve digits of a natural person: region and inspection, a number, two check digits."""
    digits = f"{region}{number:06d}"
    digits += _check(digits, _ELEVENTH)
    return digits + _check(digits, _TWELFTH)


def kpp(region: str) -> str:
    """КПП of the head office in an inspection."""
    return f"{region}01001"


def ogrn(region: str, random: Random) -> str:
    """ОГРН of 13 digits with its check digit."""
    digits = f"1{random.randint(2, 24):02d}{region[:2]}{random.randint(1, 9_999_999):07d}"
    return digits + str(int(digits) % 11 % 10)

"""Payers' numbers: ИНН and КПП of Russia, those of other countries; which field of a requisite holds one, its form.

A requisite's country is its preset's ``COUNTRY_ID``. Sources: the order of the Federal Tax Service on assigning ИНН and
КПП (ММВ-7-6/435@: check digits of an ИНН are weighted sums modulo 11 modulo 10; a КПП is four digits, two digits or
capital Latin letters, three digits); the portal's ``crm/lib/entityrequisite.php`` (ids of countries, fields), contract
§4; БИН and ИИН: the Kazakh government's rules on national registers of identification numbers (check digit); УНП: nine
signs, the first two may be letters for natural persons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bitrix_app.texts import tr

RUSSIA, BELARUS, KAZAKHSTAN, UKRAINE = 1, 4, 6, 14
ELSEWHERE = 0
"""A country without a rule of its own: its numbers stay as they stand."""

_REGIONS: Mapping[str, int] = {"RU": RUSSIA, "BY": BELARUS, "KZ": KAZAKHSTAN, "UA": UKRAINE}
_PRESET_XML_ID = re.compile(r"#CRM_REQUISITE_PRESET_DEF_([A-Z]{2})_[A-Z]+#")

FIELDS_ELSEWHERE: Mapping[str, int] = {
    "RQ_BIN": KAZAKHSTAN,
    "RQ_IIN": KAZAKHSTAN,
    "RQ_EDRPOU": UKRAINE,
    "RQ_DRFO": UKRAINE,
    "RQ_VAT_ID": ELSEWHERE,
}
"""Fields of a requisite with a payer's number besides ``RQ_INN``, and the country whose field it is."""

NUMBER_TITLES: Mapping[int, str] = {RUSSIA: "ИНН", BELARUS: "УНП", KAZAKHSTAN: "БИН (ИИН)"}
"""What the payer's number is called where each payer must have one."""

_DIGITS = re.compile(r"[0-9]+")
_KPP = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")
_INN_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_UNP = re.compile(r"[0-9A-ZАВСЕНКМ]{2}[0-9]{7}")
_BIN = re.compile(r"[0-9]{12}")
_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_WEIGHTS_AGAIN = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


def inn_fault(inn: str) -> str | None:
    """What is wrong with an ИНН, a clause for a Russian sentence («он состоит из одних нулей»); ``None`` if right."""
    if not _DIGITS.fullmatch(inn):
        return tr("в нём есть не только цифры")
    if len(inn) not in {10, 12}:
        return tr("в нём знаков {count}, а должно быть 10 или 12", count=len(inn))
    if not inn.strip("0"):
        return tr("он состоит из одних нулей")
    return None if _check_digits_fit(inn) else tr("контрольные цифры не сходятся")


def kpp_fault(kpp: str) -> str | None:
    """What is wrong with a КПП, a clause as ``inn_fault``'s; ``None`` if it has its form: ``7707 01 001`` without the
    spaces, letters allowed in the fifth and sixth place."""
    if _KPP.fullmatch(kpp):
        return None
    if len(kpp) != 9:
        return tr("в нём знаков {count}, а должно быть 9", count=len(kpp))
    return tr("в нём должны быть цифры, и только пятый и шестой знаки могут быть заглавными латинскими буквами")


def _check_digits_fit(inn: str) -> bool:
    digits = [int(each) for each in inn]
    checked = (9,) if len(inn) == 10 else (10, 11)
    return all(digits[place] == _check_digit(digits[:place]) for place in checked)


def _check_digit(digits: list[int]) -> int:
    weights = _INN_WEIGHTS[-len(digits) :]
    return sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11 % 10


def country_of_xml_id(xml_id: str) -> int | None:
    """The country of a preset that the portal made, by its reserved ``XML_ID``; ``None`` for one of its own."""
    found = _PRESET_XML_ID.fullmatch(xml_id)
    return _REGIONS.get(found.group(1), ELSEWHERE) if found else None


def number_fault(number: str, country: int | None) -> str | None:
    """What is wrong with a payer's number, a clause as ``inn_fault``'s; ``None`` if right, and where no rule is known.

    A right ИНН is right in a Belarusian or Kazakh preset too (a client from Russia), a right БИН where the country is
    unknown.
    """
    fault = inn_fault(number)
    if country == BELARUS:
        return fault and _unp_fault(number)
    if country == KAZAKHSTAN:
        return fault and _bin_fault(number)
    if country is None:
        return fault if _bin_fault(number) else None
    return fault if country == RUSSIA else None


def is_certain(number: str, country: int | None) -> bool:
    """Whether a number tells its owner from all others: it is right by a rule that is known."""
    return country in {RUSSIA, BELARUS, KAZAKHSTAN, None} and number_fault(number, country) is None


def _unp_fault(number: str) -> str | None:
    if len(number) != 9:
        return tr("в нём знаков {count}, а должно быть 9", count=len(number))
    return None if _UNP.fullmatch(number) else tr("в нём есть не только цифры")


def _bin_fault(number: str) -> str | None:
    if not _BIN.fullmatch(number):
        return tr("в нём должно быть 12 цифр")
    if not number.strip("0"):
        return tr("он состоит из одних нулей")
    *digits, check = map(int, number)
    rest = _weighted(digits, _WEIGHTS)
    if rest == 10:
        rest = _weighted(digits, _WEIGHTS_AGAIN)
    return None if rest == check else tr("контрольная цифра не сходится")


def _weighted(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11

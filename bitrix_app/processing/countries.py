"""Payers' numbers of other countries: which field of a requisite holds it, which form it has.

A requisite's country is its preset's ``COUNTRY_ID``. Sources: the portal's ``crm/lib/entityrequisite.php`` (ids of
countries, fields), contract §4; БИН and ИИН: the Kazakh government's rules on national registers of identification
numbers (check digit); УНП: nine signs, the first two may be letters for natural persons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bitrix_app.processing.inn import inn_fault

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

_UNP = re.compile(r"[0-9A-ZАВСЕНКМ]{2}[0-9]{7}")
_BIN = re.compile(r"[0-9]{12}")
_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_WEIGHTS_AGAIN = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


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
        return f"в нём знаков {len(number)}, а должно быть 9"
    return None if _UNP.fullmatch(number) else "в нём есть не только цифры"


def _bin_fault(number: str) -> str | None:
    if not _BIN.fullmatch(number):
        return "в нём должно быть 12 цифр"
    if not number.strip("0"):
        return "он состоит из одних нулей"
    *digits, check = map(int, number)
    rest = _weighted(digits, _WEIGHTS)
    if rest == 10:
        rest = _weighted(digits, _WEIGHTS_AGAIN)
    return None if rest == check else "контрольная цифра не сходится"


def _weighted(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11

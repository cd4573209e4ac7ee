"""Requisite presets that a portal makes for its country, and the field that holds the payer's number there.

Source: crm/lib/entityrequisite.php (country ids, XML ids), crm.requisite.preset.list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_XML_ID = re.compile(r"#CRM_REQUISITE_PRESET_DEF_([A-Z]{2})_[A-Z]+#")


@dataclass(frozen=True, slots=True)
class Country:
    """A country: ``presets`` are ``(XML suffix, name, field of the payer's number or "")``."""

    id: int
    currency: str
    presets: tuple[tuple[str, str, str], ...]

    def xml_ids(self, region: str) -> list[str]:
        """XML ids of its presets, in their order."""
        return [f"#CRM_REQUISITE_PRESET_DEF_{region.upper()}_{suffix}#" for suffix, _, _ in self.presets]


COUNTRIES: dict[str, Country] = {
    "ru": Country(
        1,
        "RUB",
        (("COMPANY", "Организация", "RQ_INN"), ("INDIVIDUAL", "ИП", "RQ_INN"), ("PERSON", "Физ. лицо", "")),
    ),
    "by": Country(
        4,
        "BYN",
        (("LEGALENTITY", "Юр. лицо", "RQ_INN"), ("INDIVIDUAL", "ИП", "RQ_INN"), ("PERSON", "Физ. лицо", "")),
    ),
    "kz": Country(
        6,
        "KZT",
        (("INDIVIDUAL", "ИП", "RQ_IIN"), ("LEGALENTITY", "Юр. лицо", "RQ_BIN"), ("PERSON", "Физ. лицо", "RQ_IIN")),
    ),
    "ua": Country(14, "UAH", (("LEGALENTITY", "Юр. особа", "RQ_EDRPOU"), ("PERSON", "Фіз. особа", "RQ_DRFO"))),
    "de": Country(46, "EUR", (("LEGALENTITY", "Firma", "RQ_VAT_ID"), ("PERSON", "Person", "RQ_VAT_ID"))),
    "pl": Country(110, "PLN", (("LEGALENTITY", "Firma", "RQ_VAT_ID"), ("PERSON", "Osoba", "RQ_VAT_ID"))),
    "us": Country(122, "USD", (("LEGALENTITY", "Company", "RQ_VAT_ID"), ("PERSON", "Person", "RQ_VAT_ID"))),
}


def country_of(xml_id: str) -> int:
    """The country's id of a preset's XML id; Russia for a preset of one's own."""
    found = _XML_ID.fullmatch(xml_id)
    country = COUNTRIES.get(found.group(1).lower()) if found else None
    return (country or COUNTRIES["ru"]).id

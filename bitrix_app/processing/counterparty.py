"""Who is billed: the requisite that counts for an invoice, and the name that the register shows.

Source of the rules: the contract of the workbook and the issue on it; fields of a requisite are on the portal's page
``api-reference/crm/requisites/universal``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from bitrix_app.entities import decoded
from bitrix_app.processing.countries import (
    BELARUS,
    FIELDS_ELSEWHERE,
    KAZAKHSTAN,
    RUSSIA,
    country_of_xml_id,
    is_certain,
)
from bitrix_app.processing.model import ProcessingContext, Raw
from bitrix_app.processing.money import order_of
from bitrix_app.processing.parsing import id_of, is_blank, name_in, text_in
from bitrix_app.texts import tr

SOLE_TRADER = "ИП"
LEGAL_ENTITY_DIGITS, PERSON_DIGITS = 10, 12
_CONTACT, _COMPANY = 3, 4

BUYER_FIELDS = ("companyId", "contactId", "contactIds")
"""What ``buyer_of`` reads of an invoice."""

REQUISITE_FIELDS = (
    *("ID", "ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID", "NAME", "SORT", "ACTIVE", "ADDRESS_ONLY"),
    *("RQ_INN", "RQ_KPP", *FIELDS_ELSEWHERE),
    *("RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_NAME", "RQ_LAST_NAME", "RQ_FIRST_NAME", "RQ_SECOND_NAME"),
)
COMPANY_FIELDS = ("id", "title")
CONTACT_FIELDS = ("id", "lastName", "name", "secondName")
"""What is read of a requisite, a company, a contact."""

_SAYS_SOLE_TRADER = re.compile(
    r"""
    (?<!\w)(?:ип|и/п|ипбоюл|пбоюл|п\.\s?б\.\s?о\.\s?ю\.\s?л\.|ип\s?гкфх)(?!\w)
    | ^\W*(?:и\.\s?п\.|и\s+п\s|предприниматель(?!\w)|чп(?!\w)|жк(?!\w))
    | \(\s*и\.\s?п\.\s*\)
    | (?<!\w)(?:индивидуальн\w*|индивид\.|инд\.|частн\w+)\s*предпр
    | жеке\s+кәсіпкер
    | individual\s+entrepreneur
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""«ИП» as people write it. «И.П.» counts at the beginning only: after a surname these are initials."""
_SAYS_PRIVATE_PRACTICE = re.compile(
    r"""
    (?<!\w)(?:
        нотариус|нотариальн\w+\s+контор\w*|адвокат|адвокатск\w+\s+кабинет|арбитражн\w+\s+управляющ\w+
        |самозанят\w+|плательщик\s+(?:нпд|налога\s+на\s+профессиональный\s+доход)|патентн\w+\s+поверенн\w+|медиатор
    )(?!\w)
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Persons with an ИНН who are no sole traders, whatever preset was taken for them."""
_PRESET_XML_ID = re.compile(r"#CRM_REQUISITE_PRESET_DEF_[A-Z]{2}_(COMPANY|LEGALENTITY|INDIVIDUAL|PERSON)#")
_SOLE_TRADERS_COUNTRIES = frozenset({RUSSIA, BELARUS, KAZAKHSTAN})
"""Where a person in business is called «ИП»."""
_SOLE_TRADERS_PRESET = re.compile(r"(?<!\w)ИП(?!\w)|предпринимател|entrepreneur|sole (propr|trader)", re.IGNORECASE)
_PERSONS_PRESET = re.compile(r"(?<!\w)физ|самозанят|нотариус|адвокат", re.IGNORECASE)


class Preset(Enum):
    """Type of a requisite's owner, told by its preset (the portal's template of a requisite)."""

    LEGAL_ENTITY = "a legal entity"
    SOLE_TRADER = "a sole trader"
    PERSON = "a natural person"
    SAYS_NOTHING = "a preset of the portal's own, named otherwise"
    UNKNOWN = "no preset, or one that the portal did not show"


_RESERVED = {
    "COMPANY": Preset.LEGAL_ENTITY,
    "LEGALENTITY": Preset.LEGAL_ENTITY,
    "INDIVIDUAL": Preset.SOLE_TRADER,
    "PERSON": Preset.PERSON,
}


@dataclass(frozen=True, slots=True)
class Counterparty:
    """The party that an invoice bills: name, ИНН and КПП as they stand; ``None`` is unknown. ``inn`` is the payer's
    number of the requisite's country, whatever it is called there.

    - ``has_requisite``: they come from a requisite; otherwise only the name can be known.
    - ``requisite_has_name``: the name is the requisite's; otherwise it is the title of a company or contact.
    - ``has_buyer``: the invoice names a company or contact.
    - ``is_hidden``: its card was asked for and not shown: whether it has requisites is unknown.
    - ``key``: tells it from all others: ИНН and КПП where the ИНН is right, else the card (company, else contact).
    - ``country``: the requisite's (``COUNTRY_ID`` of its preset); ``None`` is unknown.
    - ``preset``: what the requisite's preset says of its owner.
    """

    name: str | None = None
    inn: str | None = None
    kpp: str | None = None
    has_requisite: bool = False
    requisite_has_name: bool = False
    has_buyer: bool = False
    is_hidden: bool = False
    key: str | None = None
    country: int | None = None
    preset: Preset = Preset.UNKNOWN

    @property
    def is_russian(self) -> bool:
        """Whether Russian rules count: there, and where the country is unknown."""
        return self.country in {RUSSIA, None}

    @property
    def is_legal_entity(self) -> bool:
        """Whether the requisite is a legal entity's, by its preset or its ИНН."""
        return self.preset is Preset.LEGAL_ENTITY or _digits(self.inn) == LEGAL_ENTITY_DIGITS


def buyer_of(raw: Raw) -> tuple[int | None, int | None]:
    """The ids of the company and of the contact that a raw invoice names; of several contacts the first."""
    others = raw.get("contactIds")
    contacts = [raw.get("contactId"), *(others if isinstance(others, list) else ())]
    return id_of(raw.get("companyId")), next((each for each in map(id_of, contacts) if each), None)


def counterparty_of(raw: Raw, context: ProcessingContext) -> Counterparty:
    """The counterparty of a raw invoice (``id``, ``companyId``, ``contactId``, ``contactIds``)."""
    company_id, contact_id = buyer_of(raw)
    is_hidden = _is_hidden(company_id, contact_id, context)
    requisite = (
        _linked(id_of(raw.get("id")), context.requisite_links, context)
        or _first(context.company_requisites, company_id)
        or _first(context.contact_requisites, None if company_id and is_hidden else contact_id)
    )
    has_buyer = bool(company_id or contact_id)
    card = f"company {company_id}" if company_id else f"contact {contact_id}" if contact_id else None
    if requisite is None:
        name = None if is_hidden else owners_name(company_id, contact_id, context)
        return Counterparty(name, has_buyer=has_buyer, is_hidden=is_hidden, key=card)
    preset, country = preset_of(requisite, context), country_of(requisite, context)
    inn = _number_in(requisite, country, preset)
    name = _name_in(requisite, preset, is_persons=_is_persons(inn, country, preset))
    kpp = text_in(requisite, "RQ_KPP")
    return Counterparty(
        name or _name_of_owner(requisite, company_id, contact_id, context),
        inn,
        kpp,
        has_requisite=True,
        requisite_has_name=name is not None,
        has_buyer=has_buyer,
        key=_key(inn, kpp, country) or card or f"requisite {requisite.get('ID')}",
        country=country,
        preset=preset,
    )


def _is_hidden(company_id: int | None, contact_id: int | None, context: ProcessingContext) -> bool:
    """Whether the card of the company, without one of the contact, was asked for and not shown; not where the portal
    refused all of them. A contact stands in for no hidden company: the invoice bills the company."""
    if company_id:
        return company_id in context.hidden_companies and not context.companies_refused
    return contact_id in context.hidden_contacts and not context.contacts_refused


def sellers_country(raw: Raw, context: ProcessingContext) -> int | None:
    """The country of the own company that bills: of its linked requisite, else of its first; ``None`` is unknown."""
    requisite = _sellers_requisite(raw, context)
    return None if requisite is None else country_of(requisite, context)


def sellers_inn(raw: Raw, context: ProcessingContext) -> str | None:
    """The payer's number of the own company that bills: of its linked requisite, else of its first."""
    requisite = _sellers_requisite(raw, context)
    if requisite is None:
        return None
    return _number_in(requisite, country_of(requisite, context), preset_of(requisite, context))


def _sellers_requisite(raw: Raw, context: ProcessingContext) -> Raw | None:
    return _linked(id_of(raw.get("id")), context.own_requisite_links, context) or _first(
        context.company_requisites, id_of(raw.get("mycompanyId"))
    )


def _key(inn: str | None, kpp: str | None, country: int | None) -> str | None:
    """ИНН and КПП where they tell their owner; a wrong ИНН («нет», ten zeros) may stand in many requisites. A КПП tells
    branches of a Russian legal entity apart; others have none, whatever was typed in its field."""
    if inn is None or not is_certain(inn, country):
        return None
    has_kpp = country in {RUSSIA, None} and len(inn) == LEGAL_ENTITY_DIGITS
    return f"number {inn} {(kpp or '').strip()}" if has_kpp else f"number {inn}"


def preset_of(requisite: Raw, context: ProcessingContext) -> Preset:
    """The owner's type by the reserved ``XML_ID`` of the preset, else by the preset's name."""
    preset_id = id_of(requisite.get("PRESET_ID"))
    if preset_id is None:
        return Preset.UNKNOWN
    xml_id, name = context.preset_xml_ids.get(preset_id), context.preset_names.get(preset_id)
    if reserved := _PRESET_XML_ID.fullmatch(str(xml_id or "")):
        return _RESERVED[reserved.group(1)]
    return Preset.UNKNOWN if xml_id is None and name is None else _preset_by_name(str(name or ""))


def country_of(requisite: Raw, context: ProcessingContext) -> int | None:
    """The country of a requisite: its preset's, else that of the only number it has; ``None`` is unknown."""
    preset_id = id_of(requisite.get("PRESET_ID"))
    if preset_id is not None:
        country = context.preset_countries.get(preset_id)
        if country is None:
            country = country_of_xml_id(str(context.preset_xml_ids.get(preset_id) or ""))
        if country is not None:
            return country
    if text_in(requisite, "RQ_INN") is not None:
        return None
    return next((each for name, each in FIELDS_ELSEWHERE.items() if text_in(requisite, name) is not None), None)


def _number_in(requisite: Raw, country: int | None, preset: Preset) -> str | None:
    """The payer's number: the country's own field before ``RQ_INN``, which people fill in everywhere."""
    own = [name for name, where in FIELDS_ELSEWHERE.items() if where == country]
    if preset in {Preset.SOLE_TRADER, Preset.PERSON}:  # the second of a country's fields is a person's
        own.reverse()
    others = () if country == RUSSIA else FIELDS_ELSEWHERE
    return next((text for name in (*own, "RQ_INN", *others) if (text := text_in(requisite, name)) is not None), None)


def _is_persons(inn: str | None, country: int | None, preset: Preset) -> bool:
    """Whether the number is a person's: of twelve digits in Russia, by the preset elsewhere."""
    if country in {RUSSIA, None}:
        return _digits(inn) == PERSON_DIGITS
    if country in _SOLE_TRADERS_COUNTRIES:
        return preset in {Preset.SOLE_TRADER, Preset.PERSON}
    return preset is Preset.PERSON


def _preset_by_name(name: str) -> Preset:
    sole_traders, persons = bool(_SOLE_TRADERS_PRESET.search(name)), bool(_PERSONS_PRESET.search(name))
    if sole_traders == persons:  # neither, or «ИП и физлица»
        return Preset.SAYS_NOTHING
    return Preset.SOLE_TRADER if sole_traders else Preset.PERSON


def _linked(invoice_id: int | None, links: Mapping[int, int], context: ProcessingContext) -> Raw | None:
    if invoice_id is None:
        return None
    requisite_id = links.get(invoice_id)
    found = context.requisites.get(requisite_id) if requisite_id else None
    return found if isinstance(found, Mapping) else None


def _first(by_owner: Mapping[int, Sequence[Raw]], owner_id: int | None) -> Raw | None:
    """The owner's first requisite by ``SORT``, then ``ID``; a switched-off one after those in force, one that only
    holds an address after all others."""
    found = by_owner.get(owner_id) if owner_id else None
    return min((each for each in found or () if isinstance(each, Mapping)), key=_requisite_order, default=None)


def _requisite_order(requisite: Raw) -> tuple[object, ...]:
    only_address = requisite.get("ADDRESS_ONLY") == "Y"
    switched_off = requisite.get("ACTIVE") == "N"
    return only_address, switched_off, order_of(requisite.get("SORT")), order_of(requisite.get("ID"))


def _name_in(requisite: Raw, preset: Preset, *, is_persons: bool) -> str | None:
    company = name_in(requisite, "RQ_COMPANY_NAME") or name_in(requisite, "RQ_COMPANY_FULL_NAME")
    person = name_in(requisite, "RQ_NAME") or _joined(requisite, "RQ_LAST_NAME", "RQ_FIRST_NAME", "RQ_SECOND_NAME")
    if not is_persons:
        return company or person
    practice = next((each for each in (person, company) if each and _SAYS_PRIVATE_PRACTICE.search(each)), None)
    if practice is not None and not _says_sole_trader(practice):
        return practice
    if _SAYS_PRIVATE_PRACTICE.search(name_in(requisite, "NAME") or ""):
        return person or company
    if _is_sole_trader(preset, requisite):
        return _as_sole_trader(person) if person else company
    return (person or company) if preset is Preset.PERSON else (company or person)


def _digits(inn: str | None) -> int:
    """How many digits an ИНН has when it is nothing but digits and spaces, else 0."""
    text = "".join((inn or "").split())
    return len(text) if text.isascii() and text.isdigit() else 0


def _is_sole_trader(preset: Preset, requisite: Raw) -> bool:
    if preset in {Preset.SOLE_TRADER, Preset.UNKNOWN}:
        return True
    names = ("NAME", "RQ_NAME", "RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME")
    return preset is not Preset.PERSON and any(_says_sole_trader(name_in(requisite, each)) for each in names)


def _says_sole_trader(name: str | None) -> bool:
    return name is not None and _SAYS_SOLE_TRADER.search(name) is not None


def _as_sole_trader(name: str) -> str:
    return name if _says_sole_trader(name) else f"{tr(SOLE_TRADER)} {name}"


def _name_of_owner(
    requisite: Raw, company_id: int | None, contact_id: int | None, context: ProcessingContext
) -> str | None:
    """The title of whoever the nameless requisite belongs to, else of the invoice's company or contact."""
    owner_type, owner_id = id_of(requisite.get("ENTITY_TYPE_ID")), id_of(requisite.get("ENTITY_ID"))
    own = owners_name(
        owner_id if owner_type == _COMPANY else None, owner_id if owner_type == _CONTACT else None, context
    )
    return own or owners_name(company_id, contact_id, context)


def owners_name(company_id: int | None, contact_id: int | None, context: ProcessingContext) -> str | None:
    """The title of the company, else the name of the contact; ``None`` where neither is known."""
    title = context.company_titles.get(company_id) if company_id else None
    if isinstance(title, str) and not is_blank(title):
        return decoded(title)
    contact = context.contacts.get(contact_id) if contact_id else None
    return _joined(contact, "lastName", "name", "secondName") if isinstance(contact, Mapping) else None


def _joined(record: Raw, *names: str) -> str | None:
    """Parts of a person's name with a space between; ``None`` when there is none."""
    parts = (name_in(record, name) for name in names)
    return " ".join(part.strip() for part in parts if part) or None

"""How names of custom fields are written in a filter of ``crm.item.list`` so that the portal takes them.

Source: the portal's modules of two versions (``crm/lib/Service/Converter.php``, ``main/lib/engine/response/
converter.php``). They turn a key into UPPER_CASE together with its prefix, and part it at each digit and capital:
``>=ufCrm_A_17`` is refused, ``>=uf_crm_a_17`` taken; digits beside letters stand no parting and need
``useOriginalUfNames``, which an older version lacks and which loses all other fields unless ``*`` is selected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from bitrix_app.bitrix24.types import Raw

_CUSTOM = re.compile(r"(?=.*[\d_])uf", re.IGNORECASE)
_OPERATORS = "<>=!@%"


class Spelling(Enum):
    """How a field's name is written in a filter, in the order in which it is tried."""

    LOWER = auto()
    ORIGINAL = auto()
    AS_GIVEN = auto()
    NONE = auto()
    """Every spelling is refused."""


TRIED = (Spelling.LOWER, Spelling.ORIGINAL, Spelling.AS_GIVEN)


@dataclass(slots=True)
class Spellings:
    """What is known of one portal; several threads may write what they have met.

    ``upper_names``: the portal's own name of each field by its name in answers; ``found``: which spelling is taken.
    """

    upper_names: Mapping[str, str] = field(default_factory=dict)
    found: dict[str, Spelling] = field(default_factory=dict)

    def learn(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        """The fields as ``crm.item.fields`` tells them."""
        self.upper_names = {name: str(each["upperName"]) for name, each in fields.items() if each.get("upperName")}


def name_in(key: str) -> str:
    """The name of the field in a filter's key."""
    return key.lstrip(_OPERATORS)


def needs_spelling(name: str) -> bool:
    """Whether the portal may not take this name as it stands: a custom field's, unless it is letters alone."""
    return _CUSTOM.match(name) is not None


@dataclass(frozen=True, slots=True)
class Written:
    """A filter and a selection as one call writes them; ``names``, where the answer's names are not ours: theirs by
    ours."""

    filter: Mapping[str, Any]
    select: Sequence[str]
    names: Mapping[str, str] | None = None

    def params(self) -> dict[str, Any]:
        """Parameters of the call."""
        original = {} if self.names is None else {"useOriginalUfNames": "Y"}
        return {"select": list(self.select), "filter": self.filter, **original}

    def ours(self, record: Raw) -> dict[str, Any]:
        """A record of the answer under our names."""
        if self.names is None:
            return dict(record)
        return {ours: record[theirs] for ours, theirs in self.names.items() if theirs in record}


def written(
    conditions: Mapping[str, Any],
    select: Sequence[str],
    spelled: Mapping[str, Spelling],
    upper_names: Mapping[str, str],
) -> Written:
    """The call for these conditions, given the spelling of each custom field among them."""
    named: dict[str, Any] = {}
    for key, value in conditions.items():
        name = name_in(key)
        upper = upper_names.get(name, name)
        prefix = key[: len(key) - len(name)]
        forms = {Spelling.LOWER: upper.lower(), Spelling.ORIGINAL: upper}
        # without a prefix the name as given is right, and lower case is not
        named[prefix + (forms.get(spelled.get(name, Spelling.AS_GIVEN), name) if prefix else name)] = value
    if Spelling.ORIGINAL not in spelled.values():
        return Written(named, select)
    names = {each: upper_names.get(each, each) if each[:2] == "uf" else each for each in select}
    return Written(named, ["*"], names)

"""How a portal takes questions: how names of custom fields are written in a filter of ``crm.item.list``, and what was
learnt of the portal's ways, kept beyond one piece of work so that a refusal is met once.

Source: the portal's modules of two versions (``crm/lib/Service/Converter.php``, ``main/lib/engine/response/
converter.php``); where two ways are possible, one is tried and the other taken when the portal refuses. A filter's key
is turned into UPPER_CASE together with its prefix, and parted at each digit and capital: ``>=ufCrm_A_17`` is refused,
``>=uf_crm_a_17`` taken; digits beside letters stand no parting and need ``useOriginalUfNames``, which an older version
lacks and which loses all other fields unless ``*`` is selected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import islice
from typing import Any

from bitrix_app.bitrix24.types import Raw

_CUSTOM = re.compile(r"(?=.*[\d_])uf", re.IGNORECASE)
MOST_NAMES, LONGEST_NAMES = 1000, 200
"""Custom fields whose names are kept, and characters of a field's two names."""
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

    ``upper_names``: the portal's own name of each field by its name in answers; ``found``: which spelling was taken
    last, stored by ``keep`` under the field's name.
    """

    upper_names: Mapping[str, str] = field(default_factory=dict)
    found: dict[str, Spelling] = field(default_factory=dict)
    keep: Callable[[str, str | None], None] = lambda _name, _value: None

    def learn_spelling(self, name: str, spelling: Spelling) -> None:
        """Which spelling of a field's name the portal takes."""
        if self.found.get(name) is not spelling:
            self.found[name] = spelling
            self.keep(name, spelling.name)

    def learn(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        """The fields as ``crm.item.fields`` tells them: custom ones, for only their names are written otherwise."""
        known = ((name, str(each.get("upperName") or "")) for name, each in fields.items() if name[:2] == "uf")
        self.upper_names = dict(
            islice(((name, upper) for name, upper in known if upper and len(name + upper) <= LONGEST_NAMES), MOST_NAMES)
        )


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


class FieldNames:
    """Writes names of custom fields as the portal takes them, for one piece of work; a spelling is sought once.

    ``spellings``: what is known beyond it; ``read_fields`` makes them learn the portal's fields; ``is_taken`` asks the
    portal whether it takes a name so spelled.
    """

    def __init__(
        self,
        spellings: Spellings,
        read_fields: Callable[[], object],
        is_taken: Callable[[str, Spelling, Mapping[str, str]], bool],
    ) -> None:
        self._spellings = spellings
        self._read_fields = read_fields
        self._is_taken = is_taken
        self._found: dict[str, Spelling] = {}

    def written(self, conditions: Mapping[str, Any], select: Sequence[str]) -> Written:
        """The call for these conditions. Raises what its questions to the portal raise, as ``spelling`` does."""
        names = {name_in(key) for key in conditions}
        spelled = {name: self.spelling(name) for name in names if needs_spelling(name)}
        return written(conditions, select, spelled, self._spellings.upper_names)

    def spelling(self, name: str) -> Spelling:
        """How the portal takes the name of this date field."""
        known = self._found.get(name)
        if known is None:
            known = self._found[name] = self._sought(name)
        return known

    def _sought(self, name: str) -> Spelling:
        """What is remembered is tried first: a portal that was updated may refuse it. A field that the portal does not
        have is left as it is, for the portal to refuse."""
        remembered = self._spellings.found.get(name)
        if remembered is Spelling.NONE:
            return remembered
        if name not in self._spellings.upper_names:
            self._read_fields()
        upper_names = self._spellings.upper_names
        if name not in upper_names:
            return Spelling.AS_GIVEN
        in_turn = sorted(TRIED, key=lambda each: each is not remembered)
        taken = next((each for each in in_turn if self._is_taken(name, each, upper_names)), Spelling.NONE)
        self._spellings.learn_spelling(name, taken)
        return taken


OWNER_LISTS, BATCH, REFUSED = "owner_lists", "batch", "refused"

Keep = Callable[[str, str | None], None]
"""Stores what was learnt under a name; None: it holds no longer."""


def _keep_nothing(_name: str, _value: str | None) -> None:
    """Where nothing outlives the process."""


@dataclass(slots=True)
class Habits:
    """How a portal takes the questions of one user; several threads may write what they have met.

    ``owner_lists``: whether lists of owners of product rows are answered; None as long as nobody knows.
    ``spellings``: how the portal takes names of fields, shared by its users. ``keep`` stores what concerns the user.
    ``batch``: False where the method ``batch`` was refused.
    """

    owner_lists: bool | None = None
    spellings: Spellings = field(default_factory=Spellings)
    keep: Keep = _keep_nothing
    batch: bool | None = None

    def refuse_batch(self) -> None:
        """Remembers that the method ``batch`` was refused."""
        if self.batch is not False:
            self.batch = False
            self.keep(BATCH, REFUSED)

    def learn_owner_lists(self, *, answered: bool) -> None:
        """Remembers it. Only a refusal is stored: that lists are answered is seen by asking for one."""
        if answered is not self.owner_lists:
            was_refused, self.owner_lists = self.owner_lists is False, answered
            if was_refused or not answered:
                self.keep(OWNER_LISTS, None if answered else REFUSED)


def stored_spellings(kept: Mapping[str, str], keep: Keep) -> Spellings:
    """Spellings as they were stored: the field's name → the name of a ``Spelling``."""
    known = Spelling.__members__
    return Spellings(found={name: known[value] for name, value in kept.items() if value in known}, keep=keep)

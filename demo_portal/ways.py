"""The genuine ways of a portal: what the portal's own source does and its pages don't say, each a switch.

The defaults are a genuine portal's; a test switches one off, or chooses another version. The sources are named in
README.md here, "Genuine ways".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import tzinfo
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

OwnerLists = Literal["each", "first", "refused"]
LostReferences = Literal["deepest", "empty"]


@dataclass(frozen=True, slots=True)
class Ways:
    """How one portal behaves; ``portal.behave(filter_keys=True)`` changes single ways.

    version: of its modules, "24.300" or "26.250" (or what lies between): it decides the properties below.
    filter_keys: keys of crm.item.list's filter become UPPER_CASE together with their prefix, so that most custom
        fields are refused in camelCase. Off: the name alone is converted, whatever the prefix.
    owner_lists: what crm.item.productrow.list does with a list of owners: "each" owner is judged; only the "first"
        thinkable one, invoice 1, is (PHP makes 1 of any list); or lists are "refused" to everybody (after 26.250).
    lost_references: a reference in a batch that leads nowhere becomes the "deepest" part of the results that exists
        (an array: most methods refuse it), or is left "empty" (the condition is gone: a list begins from the start).
    unknown_select: names in ``select`` that are no fields are dropped in silence. Off: INVALID_ARG_VALUE.
    requisite_rights: crm.requisite.list is refused with an empty code to who may read neither companies nor contacts,
        and narrows to what one right shows. Off: the right to companies alone decides.
    hidden_people: user.get shows ordinary users only people who belong to a department.
    dotted_hosts: a handler whose host has no dot (``localhost``) is refused.
    fixed_sliders: the frame of an application in a slider keeps its height: ``resizeWindow`` does nothing there.
    mobile: the portal is looked at in the mobile application, where ``BX24.openPath`` is refused.
    server_zone: dates go out as midnight in UTC, datetimes as they are, both at this zone's offset. None: as stored.
    """

    version: str = "26.250"
    filter_keys: bool = True
    owner_lists: OwnerLists = "first"
    lost_references: LostReferences = "deepest"
    unknown_select: bool = True
    requisite_rights: bool = True
    hidden_people: bool = True
    dotted_hosts: bool = True
    fixed_sliders: bool = True
    mobile: bool = False
    server_zone: tzinfo | None = None

    @property
    def original_names(self) -> bool:
        """Whether ``useOriginalUfNames`` is known."""
        return self._at_least(25, 0)

    @property
    def recurring(self) -> bool:
        """Whether invoices have the field ``isRecurring`` (templates of recurring ones)."""
        return self._at_least(25, 725)

    @property
    def full_forms(self) -> bool:
        """Whether forms carry APPLICATION_TOKEN, SERVER_ENDPOINT and APPLICATION_SCOPE."""
        return self._at_least(25, 0)

    def _at_least(self, *version: int) -> bool:
        return tuple(int(part) for part in self.version.split(".")) >= version


def parsed(texts: Iterable[str]) -> dict[str, Any]:
    """Ways given as texts (``filter_keys=on``, ``version=24.300``, ``server_zone=America/New_York``), for a command
    line. Raises ValueError for an unknown one or a value that it does not take."""
    kinds = {each.name: each.type for each in fields(Ways)}
    ways: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        kind = kinds.get(name)
        if kind == "bool" and value in {"on", "off"}:
            ways[name] = value == "on"
        elif (kind == "OwnerLists" and value in get_args(OwnerLists)) or (
            kind == "LostReferences" and value in get_args(LostReferences)
        ):
            ways[name] = value
        elif name == "server_zone":
            ways[name] = ZoneInfo(value)
        elif name == "version":
            ways[name] = value
        else:
            raise ValueError(f"unknown way or value: {text}; ways are {', '.join(kinds)}")
    return ways

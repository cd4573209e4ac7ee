"""Names of fields in a call of crm.item.*: what select, filter and order mean, and under which names the answer tells.

Source: crm/lib/controller/item.php, base.php and validator/filter.php, versions 24.300 and 26.250.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from demo_portal.crm.fields import Field
from demo_portal.crm.names import upper_name
from demo_portal.crm.query import Record
from demo_portal.errors import InvalidArgument

ENTITY_TYPE = "entityTypeId"

_PREFIXES = frozenset(("", *"=%><@!", "!@", "!=", "!%", "><", ">=", "<=", "=%", "%=", "!><", "!=%", "!%="))
_LISTS = frozenset(("@", "!@", "!=", "=", ""))
_OPERATORS = "<>=!@%"


def sent_date(value: str, kind: str, zone: tzinfo) -> str:
    """A date as a server in ``zone`` sends it: midnight shifted by its own offset, thus midnight in UTC; a datetime is
    the same moment there (rest/classes/general/rest_util.php)."""
    if kind == "date":
        return datetime.combine(date.fromisoformat(value[:10]), time(), UTC).astimezone(zone).isoformat()
    return datetime.fromisoformat(value).astimezone(zone).isoformat()


class Naming:
    """Names as one call writes them.

    ``original``: custom fields by original names (``useOriginalUfNames``). ``with_prefix``: a key of a filter is
    converted together with its prefix, as the portal does; else the name alone may be meant, too. ``server_zone``:
    dates of the answer are sent in it.
    """

    def __init__(
        self, fields: list[Field], *, original: bool, with_prefix: bool, server_zone: tzinfo | None = None
    ) -> None:
        self._camel = {each.upper_name: each.name for each in fields}
        self._system = {each.name: each.upper_name for each in fields if not each.custom}
        self._customs = [each.upper_name for each in fields if each.custom]
        self._outer = {each.name: each.upper_name for each in fields if each.custom} if original else {}
        self._dates = {each.name: each.type for each in fields if each.type in {"date", "datetime"}}
        self._zone = server_zone
        self._original, self._with_prefix = original, with_prefix

    # --- select and the answer --------------------------------------------------------------------------------

    def selected(self, select: list[str], *, strict: bool) -> list[str] | None:
        """Inner names of ``select``; None: all. A name that is no field is dropped, or InvalidArgument if strict.

        With original names system fields are lost unless ``*`` is asked for: the answer is cut by upper-case names.
        """
        if not select or "*" in select:
            return None
        names = [upper_name(ENTITY_TYPE), *self._camel]
        found: list[str] = []
        for each in select:
            upper = self._upper(each)
            if upper in names:
                found.append(upper)
            elif each == "UF_*":
                found += self._customs
            elif strict:
                raise InvalidArgument(f"Invalid select: field '{each}' is not allowed in select")
        kept = [each for each in found if each in self._customs] if self._original and self._with_prefix else found
        return [self._camel.get(each, ENTITY_TYPE) for each in kept]

    def renderer(self, names: list[str] | None) -> Callable[[Record], Any]:
        """How a record goes out. An item without fields arrives as ``[]``."""
        outer = self._outer
        known = {*self._camel.values(), ENTITY_TYPE}
        if names is None:
            return lambda record: {
                outer.get(name, name): self._sent(name, value) for name, value in record.items() if name in known
            }
        pairs = [(name, outer.get(name, name)) for name in names]
        return lambda record: {shown: self._sent(name, record.get(name)) for name, shown in pairs} or []

    def _sent(self, name: str, value: Any) -> Any:
        kind = self._dates.get(name)
        return sent_date(value, kind, self._zone) if self._zone and kind and value else value

    # --- filter and order -------------------------------------------------------------------------------------

    def condition(self, where: Mapping[str, Any], *, nested: bool = False) -> dict[str, Any]:
        """A filter by inner names. Raises InvalidArgument for a key that is no field with a prefix.

        Below the first level original names are not known with a prefix.
        """
        named: dict[str, Any] = {}
        for key, value in where.items():
            name = key.lstrip(_OPERATORS)
            prefix = key[: len(key) - len(name)]
            if name.lower() == "logic" or key.isdigit():
                named[key] = self.condition(value, nested=True) if isinstance(value, Mapping) else value
                continue
            kept = self._original and (key if nested and self._with_prefix else name).startswith("UF_")
            upper = key if kept else upper_name(key) if prefix else self._upper(name)
            if not self._with_prefix and upper.removeprefix(prefix) not in self._camel:
                upper = prefix + self._upper(name)
            found = self._camel.get(upper.removeprefix(prefix))
            if found is None or prefix not in _PREFIXES or not upper.startswith(prefix):
                shown = upper if self._with_prefix or not prefix else name
                raise InvalidArgument(f"Invalid filter: field '{shown}' is not allowed in filter")
            if isinstance(value, (list, Mapping)) and prefix not in _LISTS:
                raise InvalidArgument(f"Invalid filter: field '{upper}' has invalid value")
            named[prefix + found] = value
        return named

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """An order by inner names; a name that is no field stays as it is, for the table to refuse."""
        return {self._camel.get(self._upper(name), name): direction for name, direction in order.items()}

    def _upper(self, name: str) -> str:
        if name in self._system.values() or (self._original and name.startswith("UF_")):
            return name
        return self._system.get(name) or upper_name(name)

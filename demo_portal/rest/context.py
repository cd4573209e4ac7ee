"""What a REST method gets and gives: the call, the answer, and paging by 50."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from demo_portal.crm.fields import CONTACT, DEAL, INVOICE
from demo_portal.crm.query import Comparing, Record
from demo_portal.crm.table import Table, Visible
from demo_portal.errors import InvalidArgument, PortalFault
from demo_portal.people import App, User

if TYPE_CHECKING:
    from demo_portal.portal import Portal

PAGE = 50


@dataclass(frozen=True, slots=True)
class Call:
    """One call on behalf of ``user`` by ``app``; ``params`` without ``auth``."""

    portal: Portal
    user: User
    app: App
    scopes: frozenset[str]
    method: str
    params: Mapping[str, Any]
    by_webhook: bool = False

    def text(self, *names: str) -> str:
        """The first of these parameters that is given, as text; "" when none is."""
        for name in names:
            if (value := self.params.get(name)) not in (None, ""):
                return str(value)
        return ""

    def number(self, *names: str) -> int | None:
        """The first of these parameters that is given, as a whole number. Raises PortalFault when it is none."""
        text = self.text(*names)
        try:
            return int(text) if text else None
        except ValueError:
            raise PortalFault("100", f"Invalid value {{{text}}} to match with parameter {{{names[0]}}}") from None

    def mapping(self, *names: str) -> Mapping[str, Any]:
        """The first of these parameters that is given, as an object; ``[]`` is an empty one."""
        for name in names:
            value = self.params.get(name)
            if isinstance(value, Mapping):
                return value
            if isinstance(value, list):
                return {str(index): each for index, each in enumerate(value)}
        return {}

    def names(self, *names: str) -> list[str]:
        """The first of these parameters that is given, as a list of texts."""
        for name in names:
            value = self.params.get(name)
            if isinstance(value, Mapping):
                value = list(value.values())
            if isinstance(value, str) and value:
                value = [value]
            if isinstance(value, list):
                return [str(each) for each in value]
        return []

    def flag(self, name: str) -> bool:
        """Whether a Y/N parameter is on."""
        return str(self.params.get(name, "")).upper() in {"Y", "1", "TRUE"}

    def need_admin(self) -> None:
        """Raise PortalFault unless the user is an administrator."""
        if not self.user.admin:
            raise PortalFault("ACCESS_DENIED", "Access denied!")


@dataclass(slots=True)
class Answer:
    """``result`` and, for lists, ``total`` and ``next``."""

    result: Any
    total: int | None = None
    next: int | None = None

    def body(self) -> dict[str, Any]:
        """The answer's body without its ``time``."""
        body: dict[str, Any] = {"result": self.result}
        if self.next is not None:
            body["next"] = self.next
        if self.total is not None:
            body["total"] = self.total
        return body


Method = Callable[[Call], Answer]


def visible_invoices(call: Call) -> Visible | None:
    """Which invoices the user may read; None: all."""
    if call.user.sees == "all":
        return None
    user_id = call.user.id
    return Visible(f"own {user_id}", lambda record: record.get("assignedById") == user_id)


def visible_items(call: Call, entity_type_id: int) -> Visible | None:
    """Which items of a type the user may read; None: all."""
    if entity_type_id == INVOICE:
        return visible_invoices(call)
    if entity_type_id == DEAL:
        return None if call.user.sees_deals else Visible("nothing", lambda _: False)
    seen = call.user.sees_contacts if entity_type_id == CONTACT else call.user.sees_companies
    return None if seen else Visible("nothing", lambda _: False)


def paged(
    call: Call,
    table: Table,
    *,
    visible: Visible | None = None,
    render: Callable[[Record], Any],
    wrap: Callable[[list[Any]], Any] = lambda records: records,
    uncounted_total: int | None = None,
    where: Mapping[str, Any] | None = None,
    order: Mapping[str, Any] | None = None,
) -> Answer:
    """A page of 50 of what the call's ``filter`` matches, in its ``order``, from its ``start``.

    ``start`` -1: the first 50 without counting (``total`` is then ``uncounted_total``).
    """
    start = call.number("start", "START") or 0
    chosen = call.mapping("filter", "FILTER") if where is None else where
    sorting = call.mapping("order", "ORDER") if order is None else order
    offset = max(start, 0) // PAGE * PAGE
    with table.lock:
        selection = table.select(chosen, sorting, Comparing(table.types, call.portal.zone), visible)
        records = selection.page(offset, PAGE)
        total = selection.total
    result = wrap([render(each) for each in records])
    if start < 0:
        return Answer(result, uncounted_total)
    following = offset + PAGE
    return Answer(result, total, following if following < total else None)


def checked_select(select: list[str], known: Mapping[str, str]) -> list[str]:
    """The names to show: ``select`` itself, all for none or ``*``. Raises InvalidArgument for an unknown one."""
    if not select or "*" in select:
        return list(known)
    for name in select:
        if name not in known:
            raise InvalidArgument(f"Invalid select: field '{name}' is not allowed in select")
    return select


def upper_case(record: Record, names: list[str]) -> dict[str, Any]:
    """A record in the old style: every value a text, null where there is none."""
    return {name: _text(record.get(name)) for name in names}


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, bool, dict, list)) else str(value)

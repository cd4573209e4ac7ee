"""Parts that several pages share: paging, money, dates, tabs with applications in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from demo_portal.crm.query import Comparing
from demo_portal.crm.table import Table, Visible
from demo_portal.installation import Placement
from demo_portal.pages.layout import Viewer, attribute_json, e
from demo_portal.server.http import Request

_PAGE = 25
Record = Mapping[str, Any]


def placements(viewer: Viewer, code: str) -> list[Placement]:
    """Handlers at a place; none until the application is installed."""
    installation = viewer.portal.installation()
    return [each for each in installation.placements if each.code == code] if installation.installed else []


def visible_to(viewer: Viewer) -> Visible | None:
    """Which invoices the viewer may see; None: all."""
    user = viewer.user
    if user.sees == "all":
        return None
    return Visible(f"own {user.id}", lambda record: record.get("assignedById") == user.id)


def chosen(
    viewer: Viewer, table: Table, request: Request, where: dict[str, Any], order: dict[str, str]
) -> tuple[Sequence[Record], int, int]:
    """One page of a list: its records, how many there are in all, the page's number."""
    number = max(1, int(str(request.query.get("page", "1")) or 1))
    visible = visible_to(viewer) if table is viewer.portal.crm.invoices else None
    with table.lock:
        selection = table.select(where, order, Comparing(table.types, viewer.portal.zone), visible)
        return selection.page((number - 1) * _PAGE, _PAGE), selection.total, number


def pages_of(viewer: Viewer, path: str, total: int, number: int) -> str:
    """Links to the pages of a list."""
    last = max(1, -(-total // _PAGE))
    shown = sorted({1, last, *range(max(1, number - 2), min(last, number + 2) + 1)})
    links = (
        f"<b>{each}</b>" if each == number else f'<a href="{viewer.link(path, page=each)}">{each}</a>' for each in shown
    )
    return f'<div class="pages">{"".join(links)} <span>{viewer.word("total")}: {total}</span></div>'


def money(value: Any, currency: Any = "") -> str:
    """An amount with its currency, as people write it."""
    if value is None:
        return "—"
    text = f"{Decimal(value):,.2f}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
    return f"{text}\N{NO-BREAK SPACE}{e(currency)}"


def day(value: Any) -> str:
    """A portal's date as 31.03.2026."""
    text = str(value or "")[:10]
    return ".".join(reversed(text.split("-"))) if text else "—"


def empty(viewer: Viewer) -> str:
    """What a menu says when no application has added anything."""
    return f'<div class="empty">{viewer.word("no_apps")}</div>'


def tabs(viewer: Viewer, panes: list[tuple[str, str, str]], code: str, record_id: int) -> str:
    """Tabs of a card: ``(key, title, html)`` and after them the applications at ``code``."""
    heads, bodies = [], []
    for place, (key, title, html) in enumerate(panes):
        chosen = str(not place).lower()
        heads.append(f'<button type="button" role="tab" data-tab="{key}" aria-selected="{chosen}">{title}</button>')
        bodies.append(f'<div data-pane="{key}" role="tabpanel"{" hidden" if place else ""}>{html}</div>')
    for place, each in enumerate(placements(viewer, code)):
        key = f"app{place}"
        heads.append(
            f'<button type="button" role="tab" data-tab="{key}" data-placement-tab="{code}" aria-selected="false">'
            f"{e(each.title_in(viewer.lang))}</button>"
        )
        bodies.append(
            f'<div data-pane="{key}" role="tabpanel" hidden data-lazy-embed="{code}" '
            f'data-handler="{e(each.handler)}" data-options="{attribute_json({"ID": str(record_id)})}"></div>'
        )
    return f'<div class="tabs" role="tablist">{"".join(heads)}</div>{"".join(bodies)}'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and values (both HTML)."""
    return f'<dl class="facts">{"".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in pairs)}</dl>'

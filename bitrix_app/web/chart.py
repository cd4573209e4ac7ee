"""The company card's drawing: two bars a month, drawn here as SVG. Colours follow the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from bitrix_app.portals import MonthSums

WIDTH, HEIGHT = 640, 200
LEFT, TOP, BOTTOM = 8, 12, 24
BAR_SHARE = 0.36
COLOURS = {"invoiced": "var(--chart-invoiced, #1587fa)", "paid": "var(--chart-paid, #1bce7b)"}


def draw_chart(months: Sequence[MonthSums]) -> str:
    """An SVG picture: bars of class ``invoiced`` and ``paid``, month labels below; empty without months."""
    highest = max((max(month.invoiced, month.paid) for month in months), default=Decimal(0))
    step = (WIDTH - 2 * LEFT) / max(1, len(months))
    bars = "".join(_month(month, LEFT + index * step, step, highest) for index, month in enumerate(months))
    floor = HEIGHT - BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f'<line class="axis" x1="{LEFT}" y1="{floor}" x2="{WIDTH - LEFT}" y2="{floor}" stroke="currentColor"/>'
        f"{bars}</svg>"
    )


def _month(month: MonthSums, left: float, step: float, highest: Decimal) -> str:
    width = step * BAR_SHARE
    middle = left + step / 2
    place = f'x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle" font-size="11" fill="currentColor"'
    label = f"<text {place}>{escape(month.month)}</text>"
    invoiced = _bar("invoiced", middle - width, width, month.invoiced, highest)
    return invoiced + _bar("paid", middle, width, month.paid, highest) + label


def _bar(name: str, left: float, width: float, amount: Decimal, highest: Decimal) -> str:
    share = max(Decimal(0), amount) / highest if highest > 0 else Decimal(0)
    height = float(share) * (HEIGHT - TOP - BOTTOM)
    top = HEIGHT - BOTTOM - height
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{name}" fill="{COLOURS[name]}" {place}><title>{amount:.2f}</title></rect>'

"""The company card's drawing: two bars a month, drawn here as SVG. Colours follow the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from html import escape

from babel.numbers import format_compact_decimal, format_currency

from bitrix_app.portals import MonthSums
from bitrix_app.portals.overview import CURRENCY

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 12, 24
FLOOR = HEIGHT - BOTTOM
BAR_SHARE = 0.36
COLOURS = {"invoiced": "var(--chart-invoiced, #1587fa)", "paid": "var(--chart-paid, #1bce7b)"}
LINES = 4
ROUND_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


def draw_chart(months: Sequence[MonthSums], lang: str) -> str:
    """An SVG picture: a scale of round sums in ``lang``, bars of class ``invoiced`` and ``paid``, months below.

    Bars that are zero have no height; without anything to draw only the axis is there.
    """
    highest = max((max(month.invoiced, month.paid) for month in months), default=Decimal(0))
    scale = round_scale(highest)
    top = scale[-1] if scale else Decimal(0)
    step = (WIDTH - LEFT - RIGHT) / max(1, len(months))
    lines = "".join(_line(amount, top, lang) for amount in scale)
    bars = "".join(_month(month, LEFT + index * step, step, top, lang) for index, month in enumerate(months))
    labels = "".join(_label(month, LEFT + (index + 0.5) * step) for index, month in enumerate(months))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f'<line class="axis" x1="{LEFT}" y1="{FLOOR}" x2="{WIDTH - RIGHT}" y2="{FLOOR}" stroke="currentColor"/>'
        f'{lines}{bars}<g class="months">{labels}</g></svg>'
    )


def round_scale(highest: Decimal) -> list[Decimal]:
    """At most LINES round sums, evenly apart, the last of which is no less than ``highest``; none for nothing."""
    if highest <= 0:
        return []
    rough = max(highest / LINES, Decimal(1))
    unit = Decimal(1).scaleb(rough.adjusted())
    step = next(factor * unit for factor in ROUND_STEPS if factor * unit >= rough)
    count = int((highest / step).to_integral_value(ROUND_CEILING))
    return [step * number for number in range(1, count + 1)]


def _line(amount: Decimal, top: Decimal, lang: str) -> str:
    y = FLOOR - _height(amount, top)
    text = escape(format_compact_decimal(amount, locale=lang, fraction_digits=2))
    return (
        f'<line class="axis" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="currentColor"/>'
        f'<text class="scale" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" font-size="11" '
        f'fill="currentColor">{text}</text>'
    )


def _month(month: MonthSums, left: float, step: float, top: Decimal, lang: str) -> str:
    width = step * BAR_SHARE
    middle = left + step / 2
    bars = (
        _bar(name, corner, width, _height(amount, top), format_currency(amount, CURRENCY, locale=lang))
        for name, corner, amount in (("invoiced", middle - width, month.invoiced), ("paid", middle, month.paid))
    )
    return "".join(bars)


def _label(month: MonthSums, middle: float) -> str:
    place = f'x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle" font-size="11" fill="currentColor"'
    return f'<text class="month" {place}>{escape(month.month)}</text>'


def _bar(name: str, left: float, width: float, height: float, title: str) -> str:
    place = f'x="{left:.1f}" y="{FLOOR - height:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{name}" fill="{COLOURS[name]}" {place}><title>{escape(title)}</title></rect>'


def _height(amount: Decimal, top: Decimal) -> float:
    share = max(Decimal(0), amount) / top if top > 0 else Decimal(0)
    return float(share) * (FLOOR - TOP)

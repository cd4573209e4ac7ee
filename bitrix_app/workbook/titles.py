"""The title block above each table: what the report is, for whom, for which period, who built it and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from textwrap import shorten, wrap

from bitrix_app.workbook.cells import date_text
from bitrix_app.workbook.header import RegisterHeader

LEGEND = (
    "Обозначения: курсив на розовом — счёт не оплачен; «нет» в столбце «НДС», голубой фон — счёт без НДС "
    "(у неоплаченного голубая только эта ячейка)."
)


SENTENCE_LINES = 4
"""Lines that one sentence may take: the block stays above the table on the screen, however long a filter is."""


def title_lines(header: RegisterHeader, about: str, width: int, legend: str | None = None) -> Iterator[str]:
    """The lines of the block, the first one is its title; none is longer than ``width`` characters.

    ``about`` says what this sheet shows.
    """
    yield shorten(f"{header.title}. {about}", width, placeholder="…")
    for sentence in (*_sentences(header), *([legend] if legend else [])):
        yield from wrap(sentence, width, max_lines=SENTENCE_LINES, placeholder=" …")


def _sentences(header: RegisterHeader) -> Iterator[str]:
    if header.company is not None:
        yield _company(header.company.name, header.company.inn)
    yield _period(header.date_from, header.date_to, header.date_field_title)
    if header.filters:
        yield f"Отбор: {'; '.join(each.rstrip('.') for each in header.filters)}"
    yield f"Составлено: {header.built_by}, {moment_text(header.built_at)}"


def _company(name: str, inn: str | None) -> str:
    return f"Наша компания: {name}, ИНН {inn}" if inn else f"Наша компания: {name}"


def _period(first: date, last: date, field_title: str) -> str:
    return f"Период: с {date_text(first)} по {date_text(last)} включительно, по полю «{field_title}»"


def moment_text(moment: datetime) -> str:
    """An aware moment as ``dd.mm.yyyy HH:MM (UTC+3)``."""
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    zone = f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
    return f"{date_text(moment.date())} {moment:%H:%M} ({zone})"

"""The title block above each table: what the report is, for whom, for which period, who built it and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from textwrap import shorten, wrap
from typing import NamedTuple

from bitrix_app.processing.model import Problem
from bitrix_app.processing.parsing import date_in_words

SENTENCE_LINES = 4
"""Most lines of one sentence: a long filter must not push the table off the screen."""


class OwnCompany(NamedTuple):
    """The portal's own company that the report was narrowed to."""

    name: str
    inn: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterHeader:
    """The report in words, for the title block, and what shapes the workbook.

    - ``title``: «Реестр счетов»; ``company``: one's own company when one was chosen.
    - ``date_from``, ``date_to``: the period, both ends included; ``date_field_title``: the portal's title of the
      field that the period goes by («Дата отгрузки»).
    - ``filters``: how the report was narrowed, one sentence each, in Russian.
    - ``built_by``: the user's name; ``built_at``: aware, in the portal's time zone.
    - ``invoice_url``: invoice id → address of its card in the portal; ``None`` leaves the links out.
    - ``detailed``: product rows were read: ``Полный`` and ``По ставкам НДС`` are written.
    - ``notes``: lines for ``Проблемы`` that belong to the whole report, not to one invoice.
    """

    title: str
    company: OwnCompany | None
    date_from: date
    date_to: date
    date_field_title: str
    built_by: str
    built_at: datetime
    detailed: bool
    filters: tuple[str, ...] = ()
    invoice_url: Callable[[int], str] | None = None
    notes: tuple[Problem, ...] = ()


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
    return f"Период: с {date_in_words(first)} по {date_in_words(last)} включительно, по полю «{field_title}»"


def moment_text(moment: datetime) -> str:
    """An aware moment as ``dd.mm.yyyy HH:MM (UTC+3)``."""
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    zone = f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
    return f"{date_in_words(moment.date())} {moment:%H:%M} ({zone})"
